"""Events at the desk: made after a look, changed by two at once, people, groups, lists, partners."""

from __future__ import annotations

import io
import re
from datetime import UTC, datetime
from typing import Any

import pytest
from sqlalchemy import func, select, update

from sms_service.services.events import life as events
from sms_service.services.events import registrations
from sms_service.services.events.texts import EventTexts
from sms_service.store.models import (
    AuditEntry,
    Community,
    Event,
    EventGroup,
    EventNotice,
    Registration,
    Reminder,
    Staff,
)
from sms_service.web.console import PAGES
from tests.event_office import NOW, fields, number
from tests.people_files import csv_file
from tests.web.console.conftest import Browser, Desk, csrf

TYPED = {
    "title_id": "Konsultasi kerja luar negeri",
    "title_en": "Consultation on work abroad",
    "starts_day": "2026-12-05",
    "starts_time": "09:00",
    "ends_time": "12:00",
    "venue": "Aula kantor camat",
    "district": "53.04",
    "capacity": "2",
    "reminders": ["7d", "1d", "2h"],
}


@pytest.fixture
def office(desk: Desk) -> Desk:
    """The desk on a Saturday two weeks before the event, with a partner of one community and one of none."""
    desk.runtime.clock.shift = NOW - datetime.now(UTC)
    with desk.runtime.store.transaction() as tx:
        tx.add(Community(id=7, name="Paroki Contoh", created_at=NOW))
        tx.flush()
        tx.execute(update(Staff).where(Staff.name == "partner").values(community_id=7))
    return desk


def texts(desk: Desk) -> EventTexts:
    return EventTexts.of(desk.runtime.settings, desk.runtime.menu)


def make(desk: Desk, community: int | None = None, status: str = "planned", **given: Any) -> int:
    with desk.runtime.store.transaction() as tx:
        made = events.create(tx, fields(**given), None, NOW, status=status, community_id=community)
        return made.id


def register(desk: Desk, event_id: int, n: int) -> int:
    with desk.runtime.store.transaction() as tx:
        registrations.register(tx, event_id, number(n), "id", "sms", NOW, texts(desk))
        found = tx.scalar(select(func.max(Registration.id)))
        assert found
        return found


def upload(browser: Browser, path: str, data: bytes, **form: object) -> Any:
    token = csrf(browser.get(path).text)
    sent = {"csrf_token": token, "file": (io.BytesIO(data), "list.csv"), **form}
    return browser.client.post(f"/console{path}", data=sent, content_type="multipart/form-data")


def below(location: str) -> str:
    return location.removeprefix("/console")


def test_an_event_is_looked_at_before_it_is_made_and_made_once(office: Desk) -> None:
    officer = office.browser("officer")
    once = re.search(r'name="once" value="([^"]+)"', officer.get("/events/new").text)
    assert once
    form = {**TYPED, "once": once[1]}
    looked = officer.post("/events/new", do="look", **form)
    assert looked.status_code == 200
    assert "Sat, 28 Nov 2026 09:00 WITA" in looked.text  # a week before
    assert "Sat, 5 Dec 2026 07:00 WITA" in looked.text
    assert "Sab 5 Des Konsultasi kerja luar negeri" in looked.text  # in the list on the phone
    with office.runtime.store.read() as tx:
        assert tx.scalar(select(func.count()).select_from(Event)) == 0
    made = [officer.post("/events/new", do="save", **form).location for _twice in range(2)]
    assert made[0] == made[1]
    with office.runtime.store.read() as tx:
        event = tx.scalars(select(Event)).one()
        assert (event.status, event.capacity, event.reminder_plan) == ("planned", 2, None)
        assert event.starts_at == datetime(2026, 12, 5, 1, 0, tzinfo=UTC)
        assert event.ends_at == datetime(2026, 12, 5, 4, 0, tzinfo=UTC)
    page = officer.get(below(made[0])).text
    assert event.code in page
    assert "places taken of 2" in page


def test_a_refused_form_keeps_what_was_typed_and_says_per_field_what_to_do(office: Desk) -> None:
    officer = office.browser("officer")
    wrong = {**TYPED, "starts_day": "2026-11-01", "venue": "", "capacity": "many"}
    refused = officer.post("/events/new", do="save", **wrong)
    assert refused.status_code == 422
    assert 'value="Konsultasi kerja luar negeri"' in refused.text
    assert 'id="e-venue"' in refused.text
    assert 'id="e-capacity"' in refused.text
    past = officer.post("/events/new", do="look", **{**TYPED, "starts_day": "2026-11-01"})
    assert past.status_code == 422
    assert 'id="e-starts_day"' in past.text


def test_of_two_officers_the_second_sees_what_changed_and_loses_nothing(office: Desk) -> None:
    event_id = make(office)
    first, second = office.browser("officer"), office.browser("approver")
    page = f"/events/{event_id}/edit"
    form = {**TYPED, "version": "1"}
    assert first.post(page, do="save", **{**form, "venue": "Gereja Atambua"}).status_code == 303
    late = second.post(page, do="save", **{**form, "organiser": "J-RUK Contoh"})
    assert late.status_code == 409
    assert "Gereja Atambua" in late.text
    assert 'value="J-RUK Contoh"' in late.text
    assert 'name="version" value="2"' in late.text
    assert second.post(page, do="save", **{**form, "version": "2"}).status_code == 303


def test_a_change_of_place_says_beforehand_how_many_are_told(office: Desk) -> None:
    event_id = make(office)
    for n in range(3):
        register(office, event_id, n)
    officer = office.browser("officer")
    form = {**TYPED, "capacity": "", "version": "1"}
    looked = officer.post(f"/events/{event_id}/edit", do="look", **{**form, "venue": "Gereja"})
    assert "3 people are told" in looked.text
    same = {**form, "venue": "Aula kantor camat Atambua", "ends_time": ""}
    assert "are told" not in officer.post(f"/events/{event_id}/edit", do="look", **same).text


def test_calling_off_needs_a_reason_and_says_how_many_are_told(office: Desk) -> None:
    event_id = make(office)
    register(office, event_id, 1)
    officer = office.browser("officer")
    page = f"/events/{event_id}/cancel"
    assert "1 people are told" in officer.get(page).text
    assert officer.post(page, reason="").status_code == 422
    assert officer.post(page, reason="banjir").status_code == 303
    assert "called off" in officer.get(f"/events/{event_id}").text
    with office.runtime.store.read() as tx:
        assert tx.scalar(select(EventNotice.word)) == "called_off"


def test_people_are_listed_masked_by_state_and_page(office: Desk) -> None:
    event_id = make(office)
    for n in range(60):
        register(office, event_id, n)
    officer = office.browser("officer")
    first = officer.get(f"/events/{event_id}/people").text
    assert "0000000" not in first.replace(" ", "")
    assert first.count("/people/") >= 50
    following = re.search(r'rel="next" href="([^"]+)"', first)
    assert following
    rest = officer.get(f"/events/{event_id}/people{following[1].replace('&amp;', '&')}").text
    assert len(re.findall(r'href="/console/events/\d+/people/\d+"', rest)) == 10
    assert "Nobody fits" in officer.get(f"/events/{event_id}/people?status=waiting").text


def test_somebody_at_the_door_without_a_phone_is_noted_and_the_absent_are_counted(office: Desk) -> None:
    event_id = make(office)
    here, _absent = register(office, event_id, 1), register(office, event_id, 2)
    officer = office.browser("officer")
    person = f"/events/{event_id}/people/{here}"
    assert officer.post(f"{person}/present", page=person).status_code == 303
    assert "doors are not open" in officer.get(person).text
    office.runtime.clock.shift = datetime(2026, 12, 5, 1, 30, tzinfo=UTC) - datetime.now(UTC)
    officer.post(f"{person}/present", page=person)
    office.runtime.clock.shift = datetime(2026, 12, 6, 1, 30, tzinfo=UTC) - datetime.now(UTC)
    page = officer.get(f"/events/{event_id}/people").text
    assert "had a place and did not come" in page
    assert "50 %" in page


def test_groups_are_set_people_placed_and_one_moved_by_hand(office: Desk) -> None:
    event_id = make(office)
    someone = register(office, event_id, 1)
    officer = office.browser("officer")
    page = f"/events/{event_id}/groups"
    seen = re.search(r'name="seen" value="(\w+)"', officer.get(page).text)
    assert seen
    rows = {
        "topic": ["costs", "", ""],
        "destination": ["", "my", ""],
        "day": ["2026-12-05"] * 3,
        "time": ["09:00", "10:30", "09:00"],
        "room": ["A", "B", ""],
        "capacity": ["20", "20", ""],
    }
    assert officer.post(page, seen=seen[1], **rows).status_code == 303
    late = officer.post(page, seen=seen[1], **{**rows, "room": ["C", "D", ""]})
    assert late.status_code == 409
    assert 'value="D"' in late.text
    assert officer.post(f"{page}/place", page=page).status_code == 303
    person = f"/events/{event_id}/people/{someone}"
    assert officer.post(f"{person}/group", page=person, group="2").status_code == 303
    assert "placed by hand" in officer.get(person).text
    assert officer.post(f"{page}/place", page=page, redo="1").status_code == 303  # without the tick
    with office.runtime.store.read() as tx:
        groups = tx.scalars(select(EventGroup).order_by(EventGroup.position)).all()
        assert [(one.topic, one.destination, one.room) for one in groups] == [
            ("costs", "", "A"),
            ("", "my", "B"),
        ]
        assert tx.get_one(Registration, someone).group_id == groups[1].id
    wrong = officer.post(page, seen="", **{**rows, "time": ["03:00", "10:30", "09:00"]})
    assert wrong.status_code == 422
    assert "lies within the event" in wrong.text


HEAD = "No HP,Nama,Universitas"


def test_a_list_of_registrants_is_looked_at_and_then_taken_in_once(office: Desk) -> None:
    event_id = make(office, capacity=2)
    officer = office.browser("officer")
    data = csv_file(HEAD, *[f"{number(n)},Mahasiswa {n},Universitas Contoh" for n in range(3)], "salah,X,Y")
    sent = upload(officer, f"/events/{event_id}/import", data)
    assert sent.status_code == 303
    page = below(sent.location)
    looked = officer.get(page).text
    assert "is not one phone number" in looked
    assert '<td class="number">5</td>' in looked
    with office.runtime.store.read() as tx:
        assert tx.scalar(select(func.count()).select_from(Registration)) == 0
    refused = officer.post(page)
    assert refused.status_code == 422
    assert officer.post(page, skip_bad_rows="1").status_code == 303
    with office.runtime.store.read() as tx:
        states = tx.scalars(select(Registration.status).order_by(Registration.position)).all()
    assert states == ["registered", "registered", "waiting"]
    assert officer.get(page).status_code == 303  # it is not kept any more


def test_a_kept_file_is_only_its_senders_and_is_sent_again_when_redis_was_emptied(office: Desk) -> None:
    event_id = make(office)
    officer, colleague = office.browser("officer"), office.browser("approver")
    page = below(upload(officer, f"/events/{event_id}/import", csv_file(HEAD, f"{number(1)},A,B")).location)
    assert colleague.get(page).location.endswith(f"/events/{event_id}/import")
    kept = [office.runtime.redis.get(key) for key in office.runtime.redis.keys("upload:*")]
    assert len(kept) == 1
    assert number(1).encode() not in kept[0]
    assert 0 < office.runtime.redis.ttl(office.runtime.redis.keys("upload:*")[0]) <= 900
    token = csrf(officer.get(page).text)
    office.runtime.redis.flushall()
    again = officer.client.post(f"/console{page}", data={"csrf_token": token})
    assert again.status_code == 303
    assert "send it again" in officer.get(f"/events/{event_id}/import").text
    nothing = upload(officer, f"/events/{event_id}/import", b"no list at all")
    assert nothing.status_code == 422


def test_calendar_file_and_code_for_the_door(office: Desk) -> None:
    event_id = make(office)
    officer = office.browser("officer")
    file = officer.get(f"/events/{event_id}/calendar.ics")
    assert file.mimetype == "text/calendar"
    assert b"BEGIN:VEVENT" in file.data
    with office.runtime.store.read() as tx:
        code = tx.get_one(Event, event_id).code
    assert f"HADIR {code}" in officer.get(f"/events/{event_id}/door").text


def test_the_list_is_paged_both_ways_and_filtered(office: Desk) -> None:
    for n in range(55):
        make(office, title_en=f"Event {n}", district="53.04" if n % 2 else "53.21")
    officer = office.browser("officer")

    def walk(path: str) -> list[str]:
        seen = []
        while path:
            page = officer.get(path).text
            seen += re.findall(r'<td><a href="/console/events/(\d+)">', page)
            following = re.search(r'rel="next" href="([^"]+)"', page)
            path = f"/events{following[1].replace('&amp;', '&')}" if following else ""
        return seen

    assert len(walk("/events")) == len(set(walk("/events"))) == 55
    assert len(walk("/events?district=53.21")) == 28
    assert walk("/events?when=past") == []
    office.runtime.clock.shift = datetime(2027, 1, 5, tzinfo=UTC) - datetime.now(UTC)
    assert len(set(walk("/events?when=past"))) == 55
    assert walk("/events") == []


# --- partners


def test_what_a_partner_makes_is_proposed_for_its_community_and_unknown_to_callers(office: Desk) -> None:
    partner, officer = office.browser("partner"), office.browser("officer")
    made = partner.post("/events/new", do="save", **TYPED)
    event_id = int(made.location.rsplit("/", 1)[1])
    with office.runtime.store.transaction() as tx:
        event = tx.get_one(Event, event_id)
        assert (event.status, event.community_id) == ("proposed", 7)
        assert tx.scalar(select(func.count()).select_from(Reminder)) == 0
        done = registrations.register(tx, event.code, number(1), "id", "sms", NOW, texts(office))
        assert (done.name, done.event) == ("not_found", None)
    page = f"/events/{event_id}"
    assert partner.post(f"{page}/approve", page=page).status_code == 403
    changed = partner.post(f"{page}/edit", do="save", **{**TYPED, "venue": "Gereja", "version": "1"})
    assert changed.status_code == 303
    stale = officer.post(f"{page}/approve", page=page, version="1")
    assert stale.status_code == 303
    with office.runtime.store.read() as tx:
        assert tx.get_one(Event, event_id).status == "proposed"
    assert officer.post(f"{page}/approve", page=page, version="2").status_code == 303
    with office.runtime.store.read() as tx:
        assert tx.get_one(Event, event_id).status == "planned"
        assert tx.scalar(select(func.count()).select_from(Reminder)) == 3
        assert tx.scalar(select(AuditEntry.id).where(AuditEntry.act == "event.approve"))


def test_once_the_office_has_approved_a_partner_changes_nothing_that_people_are_told_of(office: Desk) -> None:
    event_id = make(office, community=7)
    register(office, event_id, 1)
    partner, page = office.browser("partner"), f"/events/{event_id}"
    assert partner.get(page).status_code == 200
    form = {**TYPED, "venue": "Gereja", "version": "1"}
    assert partner.post(f"{page}/edit", do="save", **form).status_code == 403
    assert partner.post(f"{page}/cancel", reason="x").status_code == 403
    with office.runtime.store.read() as tx:
        event = tx.get_one(Event, event_id)
        assert (event.venue, event.status) == ("Aula kantor camat Atambua", "planned")


EVENT_PAGES = [page for page in PAGES if "<int:event_id>" in page.path]


@pytest.mark.parametrize("community", [None, 8], ids=["the office's", "another community's"])
def test_somebody_elses_event_is_not_found_by_a_partner_on_any_page(
    office: Desk, community: int | None
) -> None:
    event_id = make(office, community=community)
    person = register(office, event_id, 1)
    partner = office.browser("partner")
    token = csrf(partner.get("/account").text)
    for page in EVENT_PAGES:
        path = page.path.replace("<int:event_id>", str(event_id))
        path = path.replace("<int:registration_id>", str(person)).replace("<key>", "x")
        if page.show:
            assert partner.get(path).status_code in (403, 404), path
        if page.act:
            form = {"csrf_token": token, **TYPED, "do": "save", "version": "1", "reason": "x", "sure": "1"}
            answer = partner.client.post(f"/console{path}", data=form)
            seen = partner.client.get(answer.location) if answer.status_code == 303 else answer
            assert seen.status_code in (403, 404), path
    assert "Konsultasi" not in partner.get("/events").text
    with office.runtime.store.read() as tx:
        event = tx.get_one(Event, event_id)
        assert (event.version, event.status) == (1, "planned")
        assert tx.get_one(Registration, person).status == "registered"


def test_a_partner_without_a_community_sees_and_makes_nothing(office: Desk) -> None:
    office.add("lone", "partner")
    make(office, community=7)
    lone = office.browser("lone")
    assert "No event fits" in lone.get("/events").text
    assert lone.post("/events/new", do="save", **TYPED).status_code == 403
