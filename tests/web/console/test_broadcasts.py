"""Broadcasts at the desk: written, looked at, approved by somebody else, watched; and a partner's own."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from html import unescape
from typing import Any

import pytest
from sqlalchemy import event as sql_event
from sqlalchemy import insert, update

from sms_service.domain import texts
from sms_service.errors import Invalid
from sms_service.services.broadcasts import (
    life as broadcasts,
)
from sms_service.services.broadcasts import (
    preview as broadcast_preview,
)
from sms_service.services.broadcasts import (
    sending as broadcast_sending,
)
from sms_service.services.broadcasts.audience import Audience
from sms_service.services.broadcasts.life import BroadcastFields
from sms_service.services.broadcasts.texts import Words
from sms_service.services.staff.accounts import Person
from sms_service.store.models import Broadcast, Community, CommunityMember, Event, Message, Staff
from tests.broadcast_office import number, settle, subscribers
from tests.web.console.conftest import Browser, Desk, csrf

TEXT = "Halo {nama}, awas perekrut palsu di {kabupaten}. Tanya {kantor} dulu."
FORM = {"kind": "warning", "text_id": TEXT, "text_en": "", "starts": "", "do": "keep"}


def write(browser: Browser, **given: Any) -> int:
    """Write a draft by the form; returns its id."""
    answer = browser.post("/broadcasts/new", **{**FORM, **given})
    assert answer.status_code == 303, main(answer.text)
    return int(answer.location.rsplit("/", 1)[1])


def main(page: str) -> str:
    """The words of a page as people read them."""
    return " ".join(unescape(re.sub(r"<[^>]+>", " ", page.partition("<main")[2] or page)).split())


def do(browser: Browser, broadcast: int, act: str, **form: Any) -> Any:
    return browser.post(f"/broadcasts/{broadcast}/{act}", page="/account", **form)


def status(desk: Desk, broadcast: int) -> str:
    with desk.runtime.store.read() as tx:
        return broadcasts.get_broadcast(tx, broadcast).status


def submitted(desk: Desk, **given: Any) -> int:
    officer = desk.browser("officer")
    broadcast = write(officer, **given)
    do(officer, broadcast, "submit", version=1)
    assert status(desk, broadcast) == "submitted"
    return broadcast


def running(desk: Desk) -> int:
    """A broadcast to thirty people, on its way."""
    subscribers(desk.runtime.store, range(30))
    broadcast = submitted(desk)
    do(desk.browser("approver"), broadcast, "approve", version=2)
    runtime = desk.runtime
    words = Words.of(runtime.settings, runtime.menu)
    more = True
    while more:
        with runtime.store.transaction() as tx:
            more = broadcast_sending.work(tx, words, runtime.settings, runtime.clock.now())
    assert status(desk, broadcast) in ("canary", "running")
    return broadcast


def parish(desk: Desk, members: range = range(0)) -> Browser:
    """The partner of the parish, whose people are subscribers of ours."""
    ids = subscribers(desk.runtime.store, members) if members else []
    with desk.runtime.store.transaction() as tx:
        tx.add(Community(id=7, name="Paroki Contoh", created_at=datetime.now(UTC)))
        tx.flush()
        if ids:
            rows = [{"community_id": 7, "subscriber_id": one, "added_at": datetime.now(UTC)} for one in ids]
            tx.execute(insert(CommunityMember), rows)
        tx.execute(update(Staff).where(Staff.name == "partner").values(community_id=7))
    desk.people["partner"] = replace(desk.people["partner"], community_id=7)
    return desk.browser("partner")


# --- writing


def test_a_refused_form_keeps_everything_and_says_per_field_what_to_do(desk: Desk) -> None:
    officer = desk.browser("officer")
    typed = {
        **FORM,
        "kind": "urgent",
        "text_id": "Halo {nam}",
        "text_en": "Hello {name}",
        "districts": ["53.04", "53.21"],
        "topics": "jobs",
        "numbers": f"{number(1)}\n\nabc",
        "starts": "at",
        "send_day": "2026-13-01",
        "send_time": "09:15",
        "expires_day": "2027-01-02",
        "expires_time": "10:30",
        "resend_unknown": "1",
    }
    refused = officer.post("/broadcasts/new", **typed)
    assert refused.status_code == 422
    page = refused.text
    for kept in (
        "Halo {nam}",
        "Hello {name}",
        number(1),
        "abc",
        "2026-13-01",
        "09:15",
        "2027-01-02",
        "10:30",
    ):
        assert kept in page, kept
    for box in ("53.04", "53.21", "jobs"):
        assert re.search(rf'value="{box}" checked', page), box
    assert re.search(r'name="resend_unknown" value="1" checked', page)
    assert re.search(r'name="starts" value="at" checked', page)
    assert '<option value="urgent" selected' in page
    assert "line 1 is not the number of a subscriber; line 3 is not a phone number" in main(page)
    assert "a date as 2026-12-31" in main(page)
    again = officer.post("/broadcasts/new", **{**typed, "numbers": "", "send_day": "2026-12-01"})
    assert "The word in braces at character 6 is not one of those named above." in main(again.text)


def test_without_scripts_a_button_looks_and_keeps_the_form(desk: Desk) -> None:
    officer = desk.browser("officer")
    subscribers(desk.runtime.store, range(3))
    looked = officer.post("/broadcasts/new", **{**FORM, "do": "look", "districts": "53.04"})
    assert looked.status_code == 200
    assert "Halo Saudara, awas perekrut palsu di Belu. Tanya" in looked.text
    assert "It would reach 3 people now." in main(looked.text)
    assert TEXT in looked.text
    with desk.runtime.store.read() as tx:
        assert broadcasts.list_broadcasts(tx, 5) == []


@pytest.mark.parametrize(
    "text",
    ["Halo", TEXT, "x" * 150 + "{kabupaten}", "Awas \u201cagen\u201d", "[" * 80 + "a", "{nama} " * 30],
)
def test_the_phone_beside_the_form_shows_what_the_preview_says(desk: Desk, text: str) -> None:
    officer, runtime = desk.browser("officer"), desk.runtime
    subscribers(runtime.store, range(2))
    token = csrf(officer.get("/broadcasts/new").text)
    form = {"csrf_token": token, **FORM, "text_id": text, "districts": "53.04"}
    part = officer.client.post("/console/broadcasts/glance", data=form)
    assert part.status_code == 200
    assert "<html" not in part.text
    fields = BroadcastFields(kind="warning", text_id=text.strip(), audience=Audience(districts=("53.04",)))
    words = Words.of(runtime.settings, runtime.menu)
    with runtime.store.read() as tx:
        seen = broadcast_preview.preview(tx, fields, words, runtime.settings, runtime.clock.now())
    body = seen.sample[0].body
    drawn = re.search(r'<div class="screen">([^<]*)</div>', part.text)
    assert drawn
    assert unescape(drawn[1]) == body.text
    left = texts.room_left(body.text)
    assert f"{seen.segments_max} SMS for each person, {left} signs left before one more" in main(part.text)
    assert f"It would reach {seen.recipients} people now." in main(part.text)
    for sign, instead in seen.characters.get("id", {}).items():
        assert f"{sign} write {instead}" in main(part.text)


def test_a_half_typed_text_is_answered_with_its_fault_not_with_a_refusal(desk: Desk) -> None:
    officer = desk.browser("officer")
    token = csrf(officer.get("/broadcasts/new").text)
    for given in (
        {"text_id": "Halo {nam"},
        {"text_id": ""},
        {"districts": "99.99"},
        {"event": "x"},
        {"kind": ""},
    ):
        form = {"csrf_token": token, **FORM, **given}
        part = officer.client.post("/console/broadcasts/glance", data=form)
        assert part.status_code == 200, given
        assert "counted once" in part.text or "people now" in part.text or "nobody" in part.text
    assert 'class="said error"' not in officer.get("/broadcasts").text


def test_of_two_officers_the_second_sees_what_changed_and_loses_nothing(desk: Desk) -> None:
    first, second = desk.browser("officer"), desk.browser("approver")
    broadcast = write(first)
    path = f"/broadcasts/{broadcast}/edit"
    assert first.post(path, **{**FORM, "text_id": "Yang pertama", "version": "1"}).status_code == 303
    late = second.post(path, **{**FORM, "text_id": "Yang kedua", "version": "1"})
    assert late.status_code == 409
    assert "Yang pertama" in late.text
    assert ">Yang kedua</textarea>" in late.text
    assert "Somebody else has changed this" in main(late.text)
    assert 'name="version" value="2"' in late.text
    assert second.post(path, **{**FORM, "text_id": "Yang kedua", "version": "2"}).status_code == 303


def test_what_was_submitted_meanwhile_is_changed_no_more_but_the_words_stay(desk: Desk) -> None:
    officer = desk.browser("officer")
    broadcast = write(officer)
    token = csrf(officer.get(f"/broadcasts/{broadcast}/edit").text)
    do(officer, broadcast, "submit", version=1)
    form = {"csrf_token": token, **FORM, "text_id": "Terlambat", "version": "1"}
    late = officer.client.post(f"/console/broadcasts/{broadcast}/edit", data=form)
    assert late.status_code == 409
    assert ">Terlambat</textarea>" in late.text
    assert "Keep and see" not in late.text
    assert officer.get(f"/broadcasts/{broadcast}/edit").status_code == 409


def test_people_named_one_by_one_stay_when_the_draft_is_changed_and_no_number_is_shown(desk: Desk) -> None:
    officer = desk.browser("officer")
    ids = subscribers(desk.runtime.store, range(3))
    broadcast = write(officer, numbers=f"{number(0)}\n{number(2)}\n")
    page = officer.get(f"/broadcasts/{broadcast}").text + officer.get(f"/broadcasts/{broadcast}/edit").text
    assert number(0) not in page
    assert "2 people" in main(page)
    officer.post(f"/broadcasts/{broadcast}/edit", **{**FORM, "version": "1", "numbers": number(1)})
    with desk.runtime.store.read() as tx:
        kept = broadcasts.fields_of(broadcasts.get_broadcast(tx, broadcast)).audience
        assert kept.subscribers == tuple(sorted(ids))
    officer.post(f"/broadcasts/{broadcast}/edit", **{**FORM, "version": "2", "drop_named": "1"})
    with desk.runtime.store.read() as tx:
        assert broadcasts.fields_of(broadcasts.get_broadcast(tx, broadcast)).audience.subscribers is None


def test_the_time_of_the_form_is_the_offices(desk: Desk) -> None:
    officer = desk.browser("officer")
    day = (datetime.now(UTC) + timedelta(days=9)).date().isoformat()
    broadcast = write(officer, starts="at", send_day=day, send_time="09:30")
    with desk.runtime.store.read() as tx:
        row = broadcasts.get_broadcast(tx, broadcast)
        assert row.send_at is not None
        assert row.send_at.isoformat() == f"{day}T01:30:00+00:00"
    edit = officer.get(f"/broadcasts/{broadcast}/edit").text
    assert f'value="{day}"' in edit
    assert 'value="09:30"' in edit


# --- the second person


def test_the_preview_says_who_gets_what_and_what_it_costs(desk: Desk) -> None:
    store = desk.runtime.store
    subscribers(store, range(4), name="Maria")
    subscribers(store, range(4, 6), name="Nguy\u1ec5n")
    subscribers(store, range(6, 9), warnings_on=False)
    officer = desk.browser("officer")
    page = main(officer.get(f"/broadcasts/{write(officer)}").text)
    assert "6 people" in page
    assert "2 people get the dearer kind of SMS" in page
    assert "3 people have not agreed to texts of this kind." in page
    assert "2 people whose name makes it dearer" in page
    assert "A hint only" in page
    assert "Halo Maria, awas perekrut palsu di Belu." in page


def test_the_author_is_told_that_somebody_else_must_approve_and_cannot(desk: Desk) -> None:
    broadcast = submitted(desk)
    for name in ("officer", "partner"):
        refused = do(desk.browser(name), broadcast, "approve", version=2)
        assert refused.status_code == 403
    assert "approver who has not written" not in main(
        desk.browser("officer").get(f"/broadcasts/{broadcast}").text
    )
    approver = desk.browser("approver")
    own = write(approver)
    do(approver, own, "submit", version=1)
    page = approver.get(f"/broadcasts/{own}/approve").text
    assert "somebody else must approve it" in main(page)
    assert 'name="override_quiet_hours"' not in page
    assert f'action="/console/broadcasts/{own}/approve"' not in page
    refused = do(approver, own, "approve", version=2)
    assert refused.status_code == 403
    assert status(desk, own) == "submitted"
    assert do(desk.browser("admin"), own, "approve", version=2).status_code == 303


def test_whoever_has_changed_a_word_is_an_author_too(desk: Desk) -> None:
    officer, approver = desk.browser("officer"), desk.browser("approver")
    broadcast = write(officer)
    approver.post(f"/broadcasts/{broadcast}/edit", **{**FORM, "text_id": "Lain", "version": "1"})
    do(officer, broadcast, "submit", version=2)
    assert "yours to decide" not in approver.get("/broadcasts").text
    assert do(approver, broadcast, "approve", version=3).status_code == 403
    assert status(desk, broadcast) == "submitted"


def test_a_second_person_reads_it_and_approves(desk: Desk) -> None:
    subscribers(desk.runtime.store, range(5), name="Maria")
    broadcast = submitted(desk)
    approver = desk.browser("approver")
    assert f"/console/broadcasts/{broadcast}/approve" in approver.get("/broadcasts").text
    page = approver.get(f"/broadcasts/{broadcast}/approve").text
    for words in ("Halo Maria, awas", "Written by officer", "Approve: send it to 5 people", "Quiet hours"):
        assert words in main(page), words
    assert 'name="override_quiet_hours"' not in page  # it is not urgent
    done = approver.post(f"/broadcasts/{broadcast}/approve", version="2")
    assert done.status_code == 303
    assert status(desk, broadcast) == "scheduled"


def test_what_is_approved_is_what_was_read(desk: Desk) -> None:
    broadcast = submitted(desk)
    officer, approver, admin = desk.browser("officer"), desk.browser("approver"), desk.browser("admin")
    do(admin, broadcast, "reject", reason="Kurang jelas")
    officer.post(f"/broadcasts/{broadcast}/edit", **{**FORM, "text_id": "Lain sekali", "version": "3"})
    do(officer, broadcast, "submit", version=4)
    stale = do(approver, broadcast, "approve", version=2)
    assert stale.status_code == 409
    assert "Lain sekali" in stale.text
    assert status(desk, broadcast) == "submitted"


def test_the_override_of_the_quiet_hours_is_a_tick_of_its_own_and_kept(desk: Desk) -> None:
    one, other = submitted(desk, kind="urgent"), submitted(desk, kind="urgent")
    approver = desk.browser("approver")
    assert "I answer for that" in approver.get(f"/broadcasts/{one}/approve").text
    do(approver, one, "approve", version=2, override_quiet_hours="1")
    do(approver, other, "approve", version=2)
    with desk.runtime.store.read() as tx:
        rows = [broadcasts.get_broadcast(tx, number) for number in (one, other)]
        assert [row.override_by for row in rows] == [desk.people["approver"].id, None]
    assert "In the quiet hours too." in approver.get(f"/broadcasts/{one}").text


def test_it_is_sent_back_with_a_reason_and_not_without(desk: Desk) -> None:
    broadcast = submitted(desk)
    approver = desk.browser("approver")
    nothing = do(approver, broadcast, "reject", reason=" ")
    assert nothing.status_code == 422
    assert "fill this in" in nothing.text
    assert status(desk, broadcast) == "submitted"
    do(approver, broadcast, "reject", reason="Tulis lebih pendek")
    officer = desk.browser("officer")
    for path in (f"/broadcasts/{broadcast}", f"/broadcasts/{broadcast}/edit"):
        assert "Tulis lebih pendek" in officer.get(path).text
    late = do(desk.browser("admin"), broadcast, "reject", reason="x")
    assert late.status_code == 409


# --- watching


def test_it_is_paused_goes_on_and_is_called_off_with_a_reason(desk: Desk) -> None:
    broadcast = running(desk)
    officer, page = desk.browser("officer"), f"/broadcasts/{broadcast}"
    before = status(desk, broadcast)
    assert officer.post(f"{page}/pause", page=page).status_code == 303
    assert status(desk, broadcast) == "paused"
    assert "Nothing goes out until somebody lets it go on" in main(officer.get(page).text)
    assert do(officer, broadcast, "pause").status_code == 303  # back to the page, which says so
    assert "the broadcast is paused" in officer.get(page).text
    assert officer.post(f"{page}/resume", page=page).status_code == 303
    assert status(desk, broadcast) == before
    assert do(officer, broadcast, "cancel", reason="").status_code == 422
    assert status(desk, broadcast) == before
    assert officer.post(f"{page}/cancel", reason="Salah alamat").status_code == 303
    over = main(officer.get(page).text)
    assert "Called off." in over
    assert "Salah alamat" in over
    assert "called off before they went out" in over


def test_the_live_part_counts_and_stops_when_it_is_over(desk: Desk) -> None:
    broadcast = running(desk)
    store, officer = desk.runtime.store, desk.browser("officer")
    settle(store, broadcast, "delivered", 12, datetime.now(UTC))
    settle(store, broadcast, "failed", 3, datetime.now(UTC))
    page = officer.get(f"/broadcasts/{broadcast}").text
    again = re.search(r'hx-get="([^"]+)" hx-trigger="every 2s"', page)
    assert again
    part = officer.get(unescape(again[1]).removeprefix("/console"))
    assert part.status_code == 200
    assert "<html" not in part.text
    assert "15 of 30 are through" in main(part.text)
    assert re.search(r'<rect class="is-delivered" x="0.0" y="0" width="40.0"', part.text)
    assert "style=" not in part.text
    assert 'id="acts"' not in part.text  # the buttons stay where they are
    with store.transaction() as tx:
        tx.execute(update(Message).where(Message.status == "queued").values(status="delivered"))
        tx.get_one(Broadcast, broadcast).status = "done"
        tx.get_one(Broadcast, broadcast).version += 1
    last = officer.get(unescape(again[1]).removeprefix("/console")).text
    assert "hx-get" not in last
    assert 'id="acts" class="acts" hx-swap-oob="true"' in last
    assert "/pause" not in last
    assert "htmx.min.js" not in officer.get(f"/broadcasts/{broadcast}").text


def test_the_rate_and_the_time_left_come_from_what_was_seen_before(desk: Desk) -> None:
    broadcast = running(desk)
    settle(desk.runtime.store, broadcast, "delivered", 20, datetime.now(UTC))
    officer = desk.browser("officer")
    ago = int((datetime.now(UTC) - timedelta(seconds=30)).timestamp() * 1000)
    part = main(officer.get(f"/broadcasts/{broadcast}/live?since={ago}&tried=10&rate=0").text)
    assert re.search(r"\b(19|20) texts a minute", part)
    assert "1 min left" in part
    for odd in (
        "since=x&tried=1",
        "since=99999999999999999&tried=1",
        f"since={ago}&tried=999",
        "since=\u0661&tried=1",
    ):
        assert "- texts a minute" in main(officer.get(f"/broadcasts/{broadcast}/live?{odd}&rate=nan").text)


def test_what_the_service_halted_says_why(desk: Desk) -> None:
    broadcast = running(desk)
    told = "8 of 30 texts failed or got lost at the gateway (26.7 %; the limit is 20 %)"
    with desk.runtime.store.transaction() as tx:
        row = tx.get_one(Broadcast, broadcast)
        row.status, row.resume_to, row.halted_reason = "halted", "running", told
    page = main(desk.browser("officer").get(f"/broadcasts/{broadcast}").text)
    assert "8 of 30 texts failed or got lost. More than 20 % stops a broadcast." in page
    assert "Let it go on" in page


# --- the list


def test_the_list_shows_what_is_under_way_first_and_goes_on_page_by_page(desk: Desk) -> None:
    officer = desk.people["officer"]
    wanted = {"done": 20, "draft": 30, "running": 25, "submitted": 28}
    with desk.runtime.store.transaction() as tx:
        for state, count in wanted.items():
            for one in range(count):
                fields = BroadcastFields("info", f"{state} {one}")
                row = broadcasts.create_draft(tx, officer, fields, datetime.now(UTC))
                row.status = state
    browser, path = desk.browser("approver"), "/broadcasts"
    seen: list[str] = []
    while path:
        page = browser.get(path).text
        seen += re.findall(r'<a href="/console/broadcasts/\d+">(\w+ \d+)</a>', page)
        following = re.search(r'rel="next" href="([^"]+)"', page)
        path = f"/broadcasts{unescape(following[1])}" if following else ""
    order = ("running", "submitted", "draft", "done")
    assert seen == [f"{state} {one}" for state in order for one in reversed(range(wanted[state]))]
    only = browser.get("/broadcasts?group=waiting&kind=info").text
    assert len(re.findall("yours to decide", only)) == 28
    assert browser.get("/broadcasts?group=x&kind=%00&after=9999999999-1").status_code == 200


# --- a partner


def test_a_partner_writes_to_the_own_community_and_the_office_approves(desk: Desk) -> None:
    subscribers(desk.runtime.store, range(50, 60))
    partner = parish(desk, range(3))
    form = partner.get("/broadcasts/new").text
    assert "Paroki Contoh" in form
    assert 'name="numbers"' not in form
    assert 'name="communities"' not in form
    # What is not in the form counts for nothing.
    broadcast = write(partner, communities="999", numbers=number(50))
    with desk.runtime.store.read() as tx:
        row = broadcasts.get_broadcast(tx, broadcast)
        assert broadcasts.fields_of(row).audience == Audience(communities=(7,))
        assert row.community_id == 7
    assert "3 people" in main(partner.get(f"/broadcasts/{broadcast}").text)
    do(partner, broadcast, "submit", version=1)
    assert partner.get(f"/broadcasts/{broadcast}/approve").status_code == 403
    assert do(partner, broadcast, "approve", version=2).status_code == 403
    assert status(desk, broadcast) == "submitted"
    assert "Paroki Contoh" in desk.browser("approver").get("/broadcasts").text
    assert do(desk.browser("approver"), broadcast, "approve", version=2).status_code == 303


def test_a_partner_finds_nothing_of_others(desk: Desk) -> None:
    partner = parish(desk)
    of_office = submitted(desk, text_id="Rahasia kantor")
    draft = write(desk.browser("officer"), text_id="Rahasia kantor juga")
    assert "Rahasia" not in partner.get("/broadcasts").text
    for broadcast in (of_office, draft):
        for path in ("", "/edit", "/live", "/cancel"):
            answer = partner.get(f"/broadcasts/{broadcast}{path}")
            assert answer.status_code == 404, path
            assert "Rahasia" not in answer.text
        for act in ("submit", "pause", "resume"):
            do(partner, broadcast, act, version=1)
        assert do(partner, broadcast, "cancel", reason="x").status_code == 404
        assert do(partner, broadcast, "edit", **FORM, version=1).status_code == 404
    assert (status(desk, of_office), status(desk, draft)) == ("submitted", "draft")
    token = csrf(partner.get("/broadcasts/new").text)
    form = {"csrf_token": token, **FORM, "broadcast": str(draft)}
    assert partner.client.post("/console/broadcasts/glance", data=form).status_code == 404


def test_a_partner_without_a_community_sees_and_writes_nothing(desk: Desk) -> None:
    submitted(desk, text_id="Rahasia kantor")
    subscribers(desk.runtime.store, range(4))
    partner = desk.browser("partner")
    assert "Rahasia" not in partner.get("/broadcasts").text
    assert "people now" not in partner.get("/broadcasts/new").text
    refused = partner.post("/broadcasts/new", **FORM)
    assert refused.status_code == 403
    assert TEXT in refused.text


def test_a_partner_asks_for_registrants_of_own_events_only(desk: Desk) -> None:
    partner = parish(desk, range(2))
    soon = datetime.now(UTC) + timedelta(days=3)
    with desk.runtime.store.transaction() as tx:
        for code, community in (("1111", 7), ("2222", None)):
            known = {"title_id": f"Acara {code}", "title_en": "x", "venue": "Aula", "district": "53.04"}
            times = {"starts_at": soon, "created_at": soon, "updated_at": soon}
            tx.add(Event(code=code, community_id=community, status="planned", **known, **times))
        tx.flush()
        of_others = tx.query(Event).filter_by(code="2222").one().id
    page = partner.get("/broadcasts/new").text
    assert "1111" in page
    assert "2222" not in page
    refused = partner.post("/broadcasts/new", **FORM, event=str(of_others))
    assert refused.status_code == 422
    person = Person(desk.people["partner"].id, "partner", "partner", 0, None, 7)
    fields = BroadcastFields("info", "Halo", audience=Audience(event=of_others, communities=(7,)))
    with desk.runtime.store.transaction() as tx, pytest.raises(Invalid, match="cannot be accepted"):
        broadcasts.create_draft(tx, person, fields, datetime.now(UTC))


def test_a_partner_does_not_judge_what_the_service_has_halted(desk: Desk) -> None:
    partner = parish(desk, range(2))
    broadcast = write(partner)
    with desk.runtime.store.transaction() as tx:
        row = tx.get_one(Broadcast, broadcast)
        row.status, row.resume_to, row.halted_reason = "halted", "running", "why"
    assert "/resume" not in partner.get(f"/broadcasts/{broadcast}").text
    do(partner, broadcast, "resume")
    assert status(desk, broadcast) == "halted"
    do(desk.browser("officer"), broadcast, "resume")
    assert status(desk, broadcast) == "running"


# --- what it costs to look


def test_no_page_of_broadcasts_asks_the_database_more_than_twelve_times(desk: Desk) -> None:
    subscribers(desk.runtime.store, range(40, 45))
    draft, waits, live = write(desk.browser("officer")), submitted(desk, kind="info"), running(desk)
    approver = desk.browser("approver")
    statements: list[str] = []

    def note(_connection: Any, _cursor: Any, statement: str, *_rest: Any) -> None:
        statements.append(statement)

    engine = desk.runtime.store.engine
    sql_event.listen(engine, "before_cursor_execute", note)
    try:
        for path in (
            "",
            "/new",
            f"/{draft}",
            f"/{draft}/edit",
            f"/{waits}/approve",
            f"/{live}",
            f"/{live}/live",
        ):
            statements.clear()
            assert approver.get(f"/broadcasts{path}").status_code == 200
            asked = [
                one for one in statements if one.lstrip().upper().startswith(("SELECT", "UPDATE", "INSERT"))
            ]
            assert len(asked) <= 12, (path, len(asked), [one[:90] for one in asked])
    finally:
        sql_event.remove(engine, "before_cursor_execute", note)
