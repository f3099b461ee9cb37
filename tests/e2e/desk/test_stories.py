"""What the office does from morning to evening, told five times with real browsers on the running service.

Elements are found by names and addresses, so that each story is told in both languages.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from urllib.parse import urljoin

import pytest
from playwright.sync_api import Page, expect
from sqlalchemy import select

from sms_service.services.subscribers import communities
from sms_service.store.models import Broadcast, Report
from tests.e2e.desk.browser_phone import BrowserPhone
from tests.e2e.desk.conftest import WIDTHS, Office, Visitor
from tests.people_files import csv_file

PATIENCE = 30_000  # milliseconds, for what other processes do
RECEIPT = re.compile(r"(\d{4} \d{4})\D+(\d{4})\b")
AGREED = "formulir kertas,2026-01-10"
LIST_HEAD = "nama perusahaan,nomor izin,status,berlaku sampai,telepon,cabang ntt"


@dataclass(frozen=True)
class Scene:
    """Where a story is told: the office, the language, the width, and numbers that no other scene uses."""

    office: Office
    language: str
    width: int

    @property
    def first(self) -> int:
        return 2000 if self.language == "id" else 3000

    @property
    def district(self) -> str:
        return "53.04" if self.language == "id" else "53.21"

    def number(self, n: int) -> str:
        return f"+628120000{self.first + n}"

    def seat(self, role: str, community: int | None = None) -> Visitor:
        return self.office.seat(role, self.width, self.language, community)

    def phone(self, visitor: Visitor, n: int) -> BrowserPhone:
        phone = BrowserPhone(visitor.page, self.office.address, self.number(n), self.language)
        phone.take()
        return phone


@pytest.fixture(params=["id-phone", "en-desk"])
def scene(request: pytest.FixtureRequest, office: Office) -> Scene:
    """An officer with a small phone who reads Indonesian; one with a desk who reads English."""
    language, _, kind = str(request.param).partition("-")
    return Scene(office, language, WIDTHS[kind])


def press(page: Page, action: str, within: str = "") -> None:
    """The button of the form that goes to `action`, a path below /console."""
    page.locator(f"form[action='/console/{action}']{within} button[type=submit]").first.click()


def number_of(page: Page) -> int:
    """The number at the end of the address."""
    found = re.search(r"/(\d+)(?:[?#]|$)", page.url)
    assert found, f"{page.url}: {page.inner_text('main')}"
    return int(found[1])


# --- (a) an event, a registration, a reminder


def test_an_event_made_at_the_desk_is_registered_for_by_phone_and_reminded_of(scene: Scene) -> None:
    officer = scene.seat("officer")
    title = f"CONTOH Malam {scene.first}"
    event_id = make_event(scene, officer, title)
    phone = scene.phone(officer, 1)
    phone.await_screen(re.escape(title), "4", "2")
    phone.type(phone.choose(title), "1", "1")
    phone.await_text(title, 1)
    phone.shift_clock("1d")
    try:
        phone.await_text(title, 2)
    finally:
        phone.shift_clock("back")
    officer.go(f"/console/events/{event_id}/people")
    assert phone.number[-3:] in officer.text()
    assert phone.number not in officer.page.content()
    officer.check_access()


def make_event(scene: Scene, officer: Visitor, title: str) -> int:
    """The form, the look, the event. It begins in two days less a minute: its reminder of one day is due
    as soon as the clock has moved by one day."""
    page = officer.page
    officer.go("/console/events/new")
    starts = (datetime.now(UTC) + timedelta(days=2)).astimezone(scene.office.settings.zone)
    page.fill("[name=title_id]", title)
    page.fill("[name=title_en]", title)
    page.fill("[name=starts_day]", starts.date().isoformat())
    page.fill("[name=starts_time]", f"{starts:%H:%M}")
    page.fill("[name=venue]", "Aula Contoh")
    page.select_option("[name=district]", scene.district)
    expect(page.locator("#look .bubble").first).to_contain_text(title, timeout=PATIENCE)
    officer.check_access()
    page.click("#event button[name=do][value=look]")
    page.click("main button[name=do][value=save]")
    return number_of(page)


# --- (b) a warning, from the draft to the last text


def test_a_warning_is_written_approved_by_a_second_person_paused_and_sent(scene: Scene) -> None:
    officer, approver = scene.seat("officer"), scene.seat("approver")
    people = 90
    import_subscribers(scene, officer, people)
    broadcast = write_warning(scene, officer, people)
    page = approver.page
    approver.go("/console/broadcasts")
    page.click(f"main a[href^='/console/broadcasts/{broadcast}']")
    page.click(f"main a[href='/console/broadcasts/{broadcast}/approve']")
    approver.check_access()
    press(page, f"broadcasts/{broadcast}/approve")
    expect(page.locator("#live svg.progress")).to_be_visible(timeout=PATIENCE)
    press(page, f"broadcasts/{broadcast}/pause")
    resume = page.locator(f"form[action='/console/broadcasts/{broadcast}/resume'] button")
    expect(resume).to_be_visible(timeout=PATIENCE)
    approver.check_access()
    assert status_of(scene, broadcast) == "paused"
    resume.click()
    expect(page.locator("#live .state.good")).to_be_visible(timeout=2 * PATIENCE)
    assert status_of(scene, broadcast) == "done"
    phone = scene.phone(officer, 100)
    phone.await_text(f"CONTOH peringatan {scene.first}")


def import_subscribers(scene: Scene, officer: Visitor, people: int) -> None:
    """People of one district; one whose name no simple phone can show, another with a long one."""
    names = {0: "Ñgũyễn", 1: "Maria " * 9 + "Contoh"}
    lines = [
        f"{scene.number(100 + n)},{scene.district},{scene.language},{AGREED},{names.get(n, 'Contoh')}"
        for n in range(people)
    ]
    head = "no hp,kabupaten,bahasa,sumber persetujuan,tanggal persetujuan,nama"
    send_file(officer, "subscribers/import", csv_file(head, *lines))
    assert str(people) in officer.page.inner_text("main .figures")
    officer.check_access()
    officer.page.click("main form button[type=submit]")
    expect(officer.page.locator("main .said")).to_be_visible()


def write_warning(scene: Scene, officer: Visitor, people: int) -> int:
    """Typed with the phone beside it, looked at, submitted."""
    page = officer.page
    officer.go("/console/broadcasts/new")
    page.select_option("[name=kind]", "warning")
    words = f"CONTOH peringatan {scene.first}: jangan bayar dulu, {{nama}}. Tanya {{kantor}}."
    page.fill("[name=text_id]", words)
    expect(page.locator("#glance")).to_contain_text(f"CONTOH peringatan {scene.first}", timeout=PATIENCE)
    page.locator(f"details:has([name=districts][value='{scene.district}']) summary").click()
    page.check(f"[name=districts][value='{scene.district}']")
    officer.check_access()
    page.click("#compose button[name=do][value=keep]")
    figures = page.inner_text("main .figures")
    assert str(people) in figures, officer.text()
    assert "Rp" in figures
    assert "ễ" in page.inner_html("main table:has(code.sign)")
    broadcast = number_of(page)
    officer.check_access()
    press(page, f"broadcasts/{broadcast}/submit")
    assert status_of(scene, broadcast) == "submitted"
    return broadcast


def status_of(scene: Scene, broadcast: int) -> str:
    with scene.office.store.read() as tx:
        return tx.get_one(Broadcast, broadcast).status


# --- (c) a report, from the first call to the answer


def test_a_report_is_dropped_finished_triaged_answered_and_read_by_its_caller(scene: Scene) -> None:
    worker = scene.seat("case_officer")
    phone = scene.phone(worker, 2)
    phone.dial("2", "2", "1", f"PT CONTOH 0812000{scene.first}9")
    phone.drop()
    phone.dial("2", "1", "Silawan Belu", "1", "1", "1")
    receipt = RECEIPT.search(phone.screen())
    assert receipt, phone.screen()
    report = newest_report(scene)
    work_on(worker, report)
    phone.take()
    phone.dial("2", "3", receipt[1].replace(" ", ""), receipt[2])
    assert "CONTOH jawaban" in phone.leaf("CONTOH jawaban")


def newest_report(scene: Scene) -> int:
    with scene.office.store.read() as tx:
        found: list[int] = list(tx.scalars(select(Report.id).order_by(Report.id.desc()).limit(1)))
    return found[0]


def work_on(worker: Visitor, report: int) -> None:
    """Take the case, look at it, answer."""
    page = worker.page
    worker.go("/console/reports")
    worker.check_access()
    page.click(f"main a[href='/console/reports/{report}']")
    press(page, f"reports/{report}", ":has([name=do][value=take])")
    press(page, f"reports/{report}", ":has([name=status][value=triaged])")
    page.fill("[name=reply]", "CONTOH jawaban kantor")
    press(page, f"reports/{report}", ":has([name=reply])")
    expect(page.locator("ol.steps .reply")).to_contain_text("CONTOH jawaban kantor")
    worker.check_access()


# --- (d) a list of recruiters with faults


def test_a_list_with_faults_is_looked_at_taken_in_and_answers_the_next_call(scene: Scene) -> None:
    officer = scene.seat("officer")
    page, name = officer.page, f"PT CONTOH MUSIM {scene.first}"
    rows = [f"PT CONTOH LAIN {n},SIP-{scene.first}-{n},aktif,31-12-2029,,tidak" for n in range(5)]
    rows += [
        f"{name},SIP-{scene.first}-77,dicabut,31-12-2029,,ya",
        f"PT CONTOH RUSAK,SIP-{scene.first}-78,mungkin,kapan-kapan,,ya",
    ]
    send_file(
        officer, "recruiters/import", csv_file(LIST_HEAD, *rows), as_of_day=str(datetime.now(UTC).date())
    )
    officer.check_access()
    assert name in officer.text()
    assert page.locator("main .figures .urgent").inner_text().startswith("1")
    page.click("main form button[type=submit]")
    assert "/import/" in page.url  # bad rows are not left out silently
    page.check("[name=skip_bad_rows]")
    page.click("main form button[type=submit]")
    if page.locator("[name=force]").count():
        page.check("[name=skip_bad_rows]")
        page.check("[name=force]")
        page.click("main form button[type=submit]")
    expect(page.locator("main .said")).to_be_visible()
    officer.check_access()
    phone = scene.phone(officer, 3)
    phone.await_screen("dicabut|revoked", "1", name)
    assert name in phone.screen()


# --- (e) a partner


def test_a_partner_sees_only_its_own_and_sends_nothing_alone(scene: Scene) -> None:
    with scene.office.store.transaction() as tx:
        community = communities.create(tx, f"Paroki Contoh {scene.first}", None, datetime.now(UTC)).id
    partner = scene.seat("partner", community)
    page = partner.page
    for path in ("reports", "clusters", "people", "audit", "system", "subscribers", "recruiters", "content"):
        assert refused(partner, f"/console/{path}") == 403, path
        assert page.locator(f"header nav a[href='/console/{path}']").count() == 0
        partner.check_access()
    assert refused(partner, "/console/events/1") == 404  # the office's own
    proposed = make_event(scene, partner, f"CONTOH Usul {scene.first}")
    assert page.locator(f"form[action='/console/events/{proposed}/approve']").count() == 0
    assert sent_by_hand(partner, f"/console/events/{proposed}/approve", version="1") == 403
    is_on_no_phone(scene, f"CONTOH Usul {scene.first}")
    writes_only_to_its_own(scene, partner)


def is_on_no_phone(scene: Scene, title: str) -> None:
    """No page of the list has it, though the list holds what was made after it."""
    officer, later = scene.seat("officer"), f"CONTOH Siang {scene.first}"
    make_event(scene, officer, later)
    phone = scene.phone(officer, 4)
    phone.await_screen(re.escape(later), "4", "2")
    phone.drop()
    phone.dial("4", "2")
    assert title not in phone.leaf(title)


def writes_only_to_its_own(scene: Scene, partner: Visitor) -> None:
    """A draft with somebody else's district is no way around; nor is an approval of one's own."""
    page = partner.page
    partner.go("/console/broadcasts/new")
    assert page.locator("[name=numbers]").count() == 0
    page.fill("[name=text_id]", "CONTOH kabar paroki")
    page.click("#compose button[name=do][value=keep]")
    broadcast = number_of(page)
    press(page, f"broadcasts/{broadcast}/submit")
    assert sent_by_hand(partner, f"/console/broadcasts/{broadcast}/approve", version="2") == 403
    assert status_of(scene, broadcast) == "submitted"


def refused(visitor: Visitor, path: str) -> int:
    """The status of a page that somebody may not see; it says so in the frame of the desk."""
    answer = visitor.page.goto(urljoin(visitor.office.address, path))
    assert answer is not None
    return answer.status


def sent_by_hand(visitor: Visitor, path: str, **form: str) -> int:
    """A form that no page of this person holds, with a token of its own session."""
    token = visitor.page.locator("[name=csrf_token]").first.input_value()
    answer = visitor.page.request.post(
        urljoin(visitor.office.address, path), form={"csrf_token": token, **form}, max_redirects=0
    )
    return answer.status


def send_file(visitor: Visitor, path: str, content: bytes, **fields: str) -> None:
    """Upload a list and wait for the look at it."""
    visitor.go(f"/console/{path}")
    visitor.check_access()
    for name, value in fields.items():
        visitor.page.fill(f"[name={name}]", value)
    file = {"name": "daftar.csv", "mimeType": "text/csv", "buffer": content}
    visitor.page.set_input_files("[name=file]", file)  # type: ignore[arg-type]
    visitor.page.click("main form button[type=submit]")
    expect(visitor.page).to_have_url(re.compile(rf"/{path}/."))
