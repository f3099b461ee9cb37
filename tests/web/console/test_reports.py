"""Reports at the desk: the queue, one case, what two officers do at once, duplicates, the number."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import event, select

from sms_service.services.reports import cases as report_cases
from sms_service.services.subscribers import person as subscribers
from sms_service.store.models import AuditEntry, Message, Report, ReportNote
from tests import cluster_office as office
from tests.web.console.conftest import Browser, Desk

STORY = "Uang muka untuk orang tua, berangkat minggu depan."


def told(desk: Desk, **given: Any) -> int:
    """A report of a known caller who may be texted, unless said otherwise; received an hour ago."""
    usual: dict[str, Any] = {
        "caller": office.number(1), "name": "Pak Contoh", "phone": office.RECRUITER, "story": STORY,
        "place": "Desa Contoh", "texts_allowed": True, "at": desk.runtime.clock.now() - office.HOUR,
    }  # fmt: skip
    return office.report(desk.runtime.store, **{**usual, **given})


def report(desk: Desk, report_id: int) -> Report:
    with desk.runtime.store.read() as tx:
        return tx.get_one(Report, report_id)


def acts(desk: Desk, act: str) -> list[dict[str, object]]:
    with desk.runtime.store.read() as tx:
        return list(
            tx.scalars(select(AuditEntry.details).where(AuditEntry.act == act).order_by(AuditEntry.id))
        )


def do(browser: Browser, report_id: int, act: str, **form: Any) -> Any:
    """Send one of the forms on the page of a case, as it stands there."""
    path = f"/reports/{report_id}"
    version = re.search(r'name="version" value="(\d+)"', browser.get(path).text)
    assert version
    return browser.post(path, do=act, **{"version": version[1], **form})


# --- the queue


def test_the_queue_shows_urgent_ones_first_and_what_is_overdue(desk: Desk) -> None:
    now = desk.runtime.clock.now()
    usual = told(desk, at=now - 9 * office.DAY, due_at=now - office.DAY)
    urgent = told(desk, priority=1, is_urgent=True, due_at=now + office.HOUR)
    page = desk.browser("case_officer").get("/reports").text
    assert re.findall(r'<a href="/console/reports/(\d+)">', page) == [str(urgent), str(usual)]
    assert page.count(">overdue</span>") == 1
    assert "in danger</span>" in page
    assert STORY not in page
    assert "Pak Contoh" not in page


def test_the_queue_is_filtered(desk: Desk) -> None:
    now = desk.runtime.clock.now()
    mine = told(desk, assignee_id=desk.people["case_officer"].id, district="53.07")
    late = told(desk, due_at=now - office.DAY)
    closed = told(desk, status="closed", outcome="prank", closed_at=now)
    urgent = told(desk, priority=1, is_urgent=True)
    browser = desk.browser("case_officer")

    def shown(query: str) -> list[int]:
        page = browser.get(f"/reports?{query}").text
        return [int(one) for one in re.findall(r'<a href="/console/reports/(\d+)">', page)]

    assert shown("") == [urgent, mine, late]
    assert shown("assignee=me") == [mine]
    assert shown("assignee=nobody") == [urgent, late]
    assert shown(f"assignee={desk.people['case_officer'].id}") == [mine]
    assert shown("overdue=1") == [late]
    assert shown("urgent=1") == [urgent]
    assert shown("district=53.07") == [mine]
    assert shown("status=closed") == [closed]
    assert set(shown("status=all")) == {mine, late, closed, urgent}
    assert shown("cluster=77") == []
    nonsense = "status=x&district=99&assignee=%00&cluster=99999999999&after=1~2~3"
    assert shown(nonsense) == [urgent, mine, late]


def test_the_queue_is_paged_and_counted_and_every_look_is_kept(desk: Desk) -> None:
    now = desk.runtime.clock.now()
    with desk.runtime.store.transaction() as tx:
        tx.add_all([office.row(tx, at=now - timedelta(minutes=n)) for n in range(120)])
    browser, seen, path = desk.browser("case_officer"), [], "/reports"
    while path:
        page = browser.get(path).text
        seen += re.findall(r'<a href="/console/reports/(\d+)">', page)
        following = re.search(r'rel="next" href="([^"]+)"', page)
        path = f"/reports{following[1].replace('&amp;', '&')}" if following else ""
    assert len(seen) == len(set(seen)) == 120
    assert [look["shown"] for look in acts(desk, "report.list")] == [51, 51, 20]
    assert "Reports: 120." in page


def test_a_count_goes_no_further_than_it_must(desk: Desk) -> None:
    for n in range(5):
        told(desk, at=desk.runtime.clock.now() - n * office.HOUR)
    with desk.runtime.store.read() as tx:
        assert report_cases.count_cases(tx, report_cases.Filters(), desk.runtime.clock.now(), most=3) == 3


# --- one case


def test_a_case_shows_what_was_told_and_no_number_in_full(desk: Desk) -> None:
    story = f"{STORY} Nomornya {office.RECRUITER}, saya {office.number(1)}."
    one = told(desk, story=story, name=f"Pak Contoh {office.number(55)}")
    page = desk.browser("case_officer").get(f"/reports/{one}").text
    assert STORY in page
    assert "Desa Contoh" in page
    assert "Pak Contoh" in page
    assert not re.search(r"\d{8}", re.sub(r'value="[^"]*"|content=.*|hx-headers=.*', "", page))
    assert len(acts(desk, "report.read")) == 1


def test_a_look_that_cannot_be_recorded_does_not_happen(desk: Desk) -> None:
    one, browser = told(desk), desk.browser("case_officer")

    def refuse(_connection: Any, _cursor: Any, statement: str, *_rest: Any) -> None:
        if "INSERT INTO audit_entries" in statement:
            raise OSError("the disk is full")

    event.listen(desk.runtime.store.engine, "before_cursor_execute", refuse)
    try:
        answer = browser.get(f"/reports/{one}")
    finally:
        event.remove(desk.runtime.store.engine, "before_cursor_execute", refuse)
    assert answer.status_code == 500
    assert STORY not in answer.text


def test_a_case_is_taken_moved_and_closed_with_an_outcome(desk: Desk) -> None:
    one, browser = told(desk), desk.browser("case_officer")
    do(browser, one, "take")
    assert report(desk, one).assignee_id == desk.people["case_officer"].id
    assert "You work on it." in browser.get(f"/reports/{one}").text
    do(browser, one, "move", status="triaged")
    without = do(browser, one, "move", status="closed", outcome="")
    assert without.status_code == 422
    assert "fill this in" in without.text
    assert "<details open>" in without.text
    assert report(desk, one).status == "triaged"
    do(browser, one, "move", status="closed", outcome="acted")
    page = browser.get(f"/reports/{one}").text
    assert "closed: something was done about it" in page
    assert "Open it again" in page
    steps = re.findall(r"<p>(Status|Worked on by|Outcome): ([^<]+)</p>", page)
    assert steps == [
        ("Worked on by", "case_officer"), ("Status", "looked at"), ("Status", "closed"),
        ("Outcome", "something was done about it"),
    ] or {("Status", "closed"), ("Worked on by", "case_officer")} <= set(steps)  # fmt: skip


def test_a_case_is_given_to_a_colleague_and_weighed(desk: Desk) -> None:
    one, browser = told(desk), desk.browser("case_officer")
    do(browser, one, "assign", assignee=str(desk.people["admin"].id))
    assert report(desk, one).assignee_id == desk.people["admin"].id
    refused = do(browser, one, "assign", assignee=str(desk.people["viewer"].id))
    assert refused.status_code == 422
    do(browser, one, "priority", priority="1")
    assert report(desk, one).priority == 1
    assert do(browser, one, "priority", priority="9").status_code == 422
    do(browser, one, "assign", assignee="")
    assert report(desk, one).assignee_id is None


def test_an_act_that_is_not_on_the_page_changes_nothing(desk: Desk) -> None:
    one, browser = told(desk), desk.browser("case_officer")
    assert do(browser, one, "erase").status_code == 422
    assert report(desk, one).version == 1


def test_the_second_officer_sees_what_changed_and_keeps_what_was_typed(desk: Desk) -> None:
    one, first, second = told(desk), desk.browser("case_officer"), desk.browser("admin")
    path = f"/reports/{one}"
    do(first, one, "move", status="triaged")
    do(first, one, "priority", priority="2")
    late = second.post(path, do="priority", version="1", priority="4")
    assert late.status_code == 409
    assert "Status is now: looked at (case_officer)." in late.text
    assert "Priority is now: high (case_officer)." in late.text
    assert '<option value="4" selected>' in late.text
    assert report(desk, one).priority == 2
    now = re.search(r'name="version" value="(\d+)"', late.text)
    assert now
    assert second.post(path, do="priority", version=now[1], priority="4").status_code == 303
    assert report(desk, one).priority == 4


# --- notes and replies


def test_notes_and_replies_stand_in_order_between_the_acts(desk: Desk) -> None:
    one, browser = told(desk), desk.browser("case_officer")
    do(browser, one, "note", note="Desa sudah ditelepon.", seen="0")
    do(browser, one, "move", status="triaged")
    do(browser, one, "reply", reply="Kami sedang memeriksa.", seen="1")
    page = browser.get(f"/reports/{one}").text
    line = page[page.index('class="steps"') :]
    order = ["The report came in.", "Desa sudah ditelepon.", "Status: looked at", "Kami sedang memeriksa."]
    places = [line.index(words) for words in order]
    assert places == sorted(places)
    assert "the text waits" in line


@pytest.mark.parametrize(
    ("given", "words", "texts"),
    [
        ({}, "goes to the reporter at once", 1),
        ({"texts_allowed": False}, "wants none", 0),
        ({"caller": None}, "it is anonymous", 0),
    ],
)
def test_before_a_reply_is_sent_it_is_said_how_it_travels(
    desk: Desk, given: dict[str, Any], words: str, texts: int
) -> None:
    one, browser = told(desk, **given), desk.browser("case_officer")
    assert words in browser.get(f"/reports/{one}").text
    do(browser, one, "reply", reply="Kami sedang memeriksa.", seen="0")
    with desk.runtime.store.read() as tx:
        assert len(list(tx.scalars(select(Message).where(Message.report_id == one)))) == texts
    assert ("has said already" in browser.get(f"/reports/{one}").text) == bool(texts)


def test_after_stop_it_is_said_that_no_text_goes(desk: Desk) -> None:
    one = told(desk)
    with desk.runtime.store.transaction() as tx:
        subscribers.opt_out(tx, office.number(1), "sms", desk.runtime.clock.now())
    assert "has said STOP" in desk.browser("case_officer").get(f"/reports/{one}").text


def test_a_form_sent_twice_or_past_a_colleague_writes_once_and_keeps_the_words(desk: Desk) -> None:
    one, first, second = told(desk), desk.browser("case_officer"), desk.browser("admin")
    do(first, one, "reply", reply="Kami sedang memeriksa.", seen="0")
    for browser in (first, second):
        late = do(browser, one, "reply", reply="Jawaban kedua.", seen="0")
        assert late.status_code == 409
        assert "Jawaban kedua." in late.text
        assert "read that first" in late.text
    with desk.runtime.store.read() as tx:
        assert len(list(tx.scalars(select(ReportNote)))) == 1


def test_a_reply_that_no_simple_phone_can_show_is_refused_with_its_words(desk: Desk) -> None:
    one, browser = told(desk), desk.browser("case_officer")
    refused = do(browser, one, "reply", reply="Kami datang 😀", seen="0")
    assert refused.status_code == 422
    assert "Kami datang 😀" in refused.text
    assert "U+1F600" in refused.text
    assert do(browser, one, "reply", reply="a" * 481, seen="0").status_code == 422
    assert do(browser, one, "note", note=" ", seen="0").status_code == 422


# --- duplicates


def test_two_reports_are_seen_side_by_side_before_one_is_merged(desk: Desk) -> None:
    main, twin = told(desk), told(desk, caller=office.number(2), story="Cerita yang kedua.")
    browser, path = desk.browser("case_officer"), f"/reports/{twin}/merge"
    both = browser.get(f"{path}?into={main}").text
    assert STORY in both
    assert "Cerita yang kedua." in both
    assert report(desk, twin).duplicate_of_id is None
    assert browser.post(path, page=f"{path}?into={main}", into=main, version="1").status_code == 303
    assert report(desk, twin).duplicate_of_id == main
    assert f"Report {twin} was merged into this one." in browser.get(f"/reports/{main}").text
    assert "work goes on in the main one" in browser.get(f"/reports/{twin}").text
    do(browser, twin, "apart")
    assert report(desk, twin).duplicate_of_id is None


@pytest.mark.parametrize("into", ["", "x", "0", "self", "99999999999", "4711"])
def test_a_merge_into_nothing_is_refused_politely(desk: Desk, into: str) -> None:
    one, browser = told(desk), desk.browser("case_officer")
    path, into = f"/reports/{one}/merge", str(one) if into == "self" else into
    assert browser.get(f"{path}?into={into}").status_code in (200, 404)
    assert browser.post(path, into=into, version="1").status_code in (404, 422)
    assert report(desk, one).duplicate_of_id is None


def test_what_was_suggested_as_alike_is_offered_for_merging(desk: Desk) -> None:
    one, other = told(desk), told(desk, caller=office.number(2))
    office.link_all(desk.runtime.store)
    page = desk.browser("case_officer").get(f"/reports/{one}/merge").text
    assert f"/console/reports/{one}/merge?into={other}" in page
    assert "same number" in page


# --- the number


def test_the_reporters_number_is_shown_once_for_a_reason_that_is_kept(desk: Desk) -> None:
    one, browser = told(desk), desk.browser("case_officer")
    path = f"/reports/{one}/reveal"
    assert office.number(1) not in browser.get(path).text
    assert browser.post(path, whose="reporter", reason="perlu").status_code == 422
    shown = browser.post(path, whose="reporter", reason="Untuk menelepon soal paspor yang ditahan")
    assert office.number(1) in shown.text
    assert shown.headers["Cache-Control"] == "no-store"
    assert acts(desk, "report.reveal") == [{"reason": "Untuk menelepon soal paspor yang ditahan"}]
    after = browser.get(f"/reports/{one}").text
    assert office.number(1) not in after
    assert "Untuk menelepon soal paspor yang ditahan" in after


def test_the_recruiters_number_is_shown_once_for_a_reason_that_is_kept(desk: Desk) -> None:
    one, browser = told(desk), desk.browser("case_officer")
    assert '/reveal?whose=recruiter"' in browser.get(f"/reports/{one}").text
    path, reason = f"/reports/{one}/reveal", "Untuk diserahkan kepada polisi"
    assert office.RECRUITER not in browser.get(f"{path}?whose=recruiter").text
    assert browser.post(path, whose="anybody", reason=reason).status_code == 422
    shown = browser.post(path, whose="recruiter", reason=reason).text
    assert office.RECRUITER in shown
    assert office.number(1) not in shown
    assert (acts(desk, "report.reveal_recruiter"), acts(desk, "report.reveal")) == ([{"reason": reason}], [])
    after = browser.get(f"/reports/{one}").text
    assert office.RECRUITER not in after
    assert reason in after


@pytest.mark.parametrize("role", ["approver", "officer", "viewer", "partner"])
def test_nobody_else_sees_reports_or_numbers(desk: Desk, role: str) -> None:
    one, browser = told(desk), desk.browser(role)
    for path in ("/reports", f"/reports/{one}", f"/reports/{one}/reveal", f"/reports/{one}/merge"):
        assert browser.get(path).status_code == 403
        reason = "Untuk menelepon soal paspor"
        assert browser.post(path, page="/account", do="take", reason=reason).status_code == 403
    assert report(desk, one).version == 1
    assert acts(desk, "report.reveal") == []


def test_of_an_anonymous_report_no_number_can_be_seen(desk: Desk) -> None:
    one, browser = told(desk, caller=None), desk.browser("case_officer")
    assert '/reveal"' not in browser.get(f"/reports/{one}").text
    asked = {"whose": "reporter", "reason": "Untuk menelepon soal paspor"}
    assert browser.post(f"/reports/{one}/reveal", **asked).status_code == 409


# --- what it costs


@pytest.mark.parametrize("path", ["/reports", "/reports/{one}", "/reports/{one}/merge?into={other}"])
def test_no_page_asks_the_database_more_than_twelve_questions(desk: Desk, path: str) -> None:
    one, other = told(desk), told(desk, caller=office.number(2))
    browser = desk.browser("case_officer")
    do(browser, one, "note", note="Satu catatan.", seen="0")
    do(browser, one, "take")
    asked = statements(desk, browser, path.format(one=one, other=other))
    assert len(asked) <= 12, asked


def statements(desk: Desk, browser: Browser, path: str) -> list[str]:
    """What a page asks the database."""
    asked: list[str] = []

    def note(_connection: Any, _cursor: Any, statement: str, *_rest: Any) -> None:
        asked.append(statement)

    event.listen(desk.runtime.store.engine, "before_cursor_execute", note)
    try:
        assert browser.get(path).status_code == 200
    finally:
        event.remove(desk.runtime.store.engine, "before_cursor_execute", note)
    return asked
