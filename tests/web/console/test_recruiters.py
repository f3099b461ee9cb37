"""The recruiter list at the desk: taken in after a look, looked up as callers do, warned of, its misses."""

from __future__ import annotations

import io
import re
from datetime import UTC, date, datetime
from typing import Any

import pytest
from sqlalchemy import func, select

from sms_service.services.recruiters import directory as recruiters
from sms_service.services.recruiters.list_import import import_list, read_list
from sms_service.store.models import AuditEntry, Recruiter, RecruiterList
from tests.event_office import NOW, number
from tests.people_files import csv_file
from tests.web.console.conftest import Browser, Desk, csrf

HEAD = "name,license_number,status,valid_until,address,phone,branch_in_ntt"
FIRST = csv_file(
    HEAD,
    "PT CONTOH MAJU JAYA,C-0001,active,2027-12-31,Jl. Contoh 1,,yes",
    "PT CONTOH LAMA,C-0002,active,2027-12-31,,,no",
)
SECOND = csv_file(
    HEAD,
    "PT CONTOH MAJU JAYA,C-0001,revoked,2027-12-31,Jl. Contoh 1,,yes",
    "PT CONTOH BARU,C-0003,active,2028-12-31,,,no",
    "PT CONTOH SALAH,C-0004,perhaps,2028-12-31,,,no",
)


@pytest.fixture
def office(desk: Desk) -> Desk:
    """The desk with a list in force."""
    desk.runtime.clock.shift = NOW - datetime.now(UTC)
    with desk.runtime.store.transaction() as tx:
        import_list(tx, read_list(FIRST, "first.csv"), date(2026, 11, 1), "tests", NOW)
    return desk


def send(browser: Browser, data: bytes, as_of: str = "2026-11-20") -> Any:
    token = csrf(browser.get("/recruiters/import").text)
    form = {"csrf_token": token, "as_of_day": as_of, "file": (io.BytesIO(data), "second.csv")}
    return browser.client.post("/console/recruiters/import", data=form, content_type="multipart/form-data")


def below(location: str) -> str:
    return location.removeprefix("/console")


def company(desk: Desk, licence: str) -> Recruiter:
    with desk.runtime.store.read() as tx:
        return tx.scalars(select(Recruiter).where(Recruiter.license_number == licence)).one()


def test_a_list_is_looked_at_with_faults_and_changes_and_then_in_force(office: Desk) -> None:
    officer = office.browser("officer")
    page = below(send(officer, SECOND).location)
    looked = officer.get(page).text
    assert '<td class="number">4</td>' in looked  # the row that cannot be read
    assert "active → revoked" in looked
    assert "PT CONTOH BARU" in looked
    assert "PT CONTOH LAMA" in looked
    assert officer.post(page).status_code == 422
    with office.runtime.store.read() as tx:
        assert tx.scalar(select(func.count()).select_from(RecruiterList)) == 1
    assert officer.post(page, skip_bad_rows="1").status_code == 303
    assert company(office, "C-0001").status == "revoked"
    history = officer.get("/recruiters/imports").text
    newest = re.search(r'href="/console(/recruiters/imports/\d+)"', history)
    assert newest
    changes = officer.get(newest[1]).text
    assert "active → revoked" in changes
    assert "PT CONTOH LAMA" not in officer.get(f"{newest[1]}?change=added").text
    assert "active → revoked" in officer.get(f"/recruiters/{company(office, 'C-0001').id}").text
    with office.runtime.store.read() as tx:
        assert tx.scalar(select(AuditEntry.id).where(AuditEntry.act == "recruiters.import"))


def test_an_older_list_is_refused_until_somebody_says_that_it_is_right(office: Desk) -> None:
    officer = office.browser("officer")
    page = below(send(officer, SECOND, "2026-10-01").location)
    assert "The list in force is newer" in officer.get(page).text
    assert officer.post(page, skip_bad_rows="1").status_code == 422
    assert officer.post(page, skip_bad_rows="1", force="1").status_code == 303


def test_a_file_without_its_date_or_that_is_no_list_is_refused_in_the_form(office: Desk) -> None:
    officer = office.browser("officer")
    undated = send(officer, SECOND, "")
    assert undated.status_code == 422
    assert 'id="e-as_of_day"' in undated.text
    no_list = send(officer, b"what is this")
    assert no_list.status_code == 422
    assert 'value="2026-11-20"' in no_list.text
    assert send(officer, b"").status_code == 422


def test_a_name_badly_spelt_is_looked_up_as_callers_do(office: Desk) -> None:
    officer = office.browser("officer")
    assert "PT CONTOH MAJU JAYA" in officer.get("/recruiters?q=contho+maju+jaya").text
    assert "Nothing is found" in officer.get("/recruiters?q=xyzzy+abadi").text
    assert "PT CONTOH LAMA" in officer.get("/recruiters?status=active").text
    assert "No company fits" in officer.get("/recruiters?status=revoked").text


def test_an_approver_sets_and_clears_a_warning_that_callers_read_at_once(office: Desk) -> None:
    approver, officer = office.browser("approver"), office.browser("officer")
    number_of = company(office, "C-0001").id
    page = f"/recruiters/{number_of}/warning"
    assert officer.get(page).status_code == 403
    words = "Minta uang muka di desa. Tanya kantor dahulu."
    assert approver.post(page, warning=words, reason="", seen="").status_code == 422
    assert approver.post(page, warning=words, reason="laporan", seen="").status_code == 303
    shown = officer.get(f"/recruiters/{number_of}").text
    assert shown.count(words) == 2  # the warning, and the caller's screen
    assert "PT CONTOH MAJU JAYA" in officer.get("/recruiters?status=warned").text
    late = approver.post(page, warning="lain", reason="x", seen="")
    assert late.status_code == 409
    assert words in late.text
    assert approver.post(page, warning="", reason="selesai", seen=words).status_code == 303
    with office.runtime.store.read() as tx:
        kept = tx.scalars(select(AuditEntry).where(AuditEntry.act == "recruiters.warning")).all()
        assert [entry.details["to"] for entry in kept] == [words, ""]
        assert recruiters.load_directory(tx).details(number_of).warning == ""


@pytest.mark.parametrize("words", ["telepon 0812 0000 0001", "警告", "x" * 161])
def test_a_warning_that_a_phone_cannot_show_or_that_names_a_number_is_refused(
    office: Desk, words: str
) -> None:
    approver = office.browser("approver")
    page = f"/recruiters/{company(office, 'C-0001').id}/warning"
    assert approver.post(page, warning=words, reason="x", seen="").status_code == 422
    assert company(office, "C-0001").office_warning == ""


def test_misses_are_listed_most_asked_first_since_when_and_without_numbers(office: Desk) -> None:
    with office.runtime.store.transaction() as tx:
        for text, times in (("PT BUKAN CONTOH", 3), (number(7), 5)):
            for _time in range(times):
                recruiters.record_miss(tx, text, NOW.date(), NOW)
    page = office.browser("officer").get("/recruiters/misses").text
    assert page.index("a phone number") < page.index("bukan contoh")
    assert "0000007" not in page
    assert "21 Nov 2026" in page
