"""Events: made, changed and called off, and everybody concerned told once."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import insert, select

from sms_service.domain.districts import DISTRICTS
from sms_service.domain.event_codes import free_codes, is_code
from sms_service.errors import Conflict, Invalid, NotFound
from sms_service.services.events import life as events
from sms_service.store.engine import Store
from sms_service.store.models import AuditEntry, Event
from tests.event_office import (
    DAY,
    HOUR,
    NOW,
    START,
    TEXTS,
    at_once,
    call_off,
    change,
    fields,
    make_event,
    register,
    reminder_rows,
    subscriber,
    texts,
    unregister,
)

# --- making and changing


def test_a_new_event_has_a_code_and_three_reminders(store: Store) -> None:
    event = make_event(store)
    assert is_code(event.code)
    assert set(reminder_rows(store, event)) == {"7d", "1d", "2h"}


def test_events_made_at_once_never_share_a_code(store: Store) -> None:
    made = at_once(*[lambda: make_event(store).code for _ in range(6)])
    assert len(set(made)) == 6


def test_two_events_that_reach_for_the_last_short_code_at_once_both_get_one(store: Store) -> None:
    *taken, last = free_codes(())
    with store.transaction() as tx:
        told = {"title_id": "x", "title_en": "x", "venue": "x", "district": "53.04", "starts_at": START}
        tx.execute(insert(Event), [{**told, "code": c, "created_at": NOW, "updated_at": NOW} for c in taken])
    made = at_once(*[lambda: make_event(store).code for _ in range(2)])
    assert last in made
    assert sorted(len(str(code)) for code in made) == [4, 5]


@pytest.mark.parametrize(
    ("wrong", "field"),
    [
        ({"title_id": ""}, "title_id"),
        ({"title_en": "x" * 81}, "title_en"),
        ({"title_id": "Acara \U0001f600"}, "title_id"),
        ({"venue": "  "}, "venue"),
        ({"venue": "\u0645\u0631\u062d\u0628\u0627"}, "venue"),
        ({"starts_at": NOW}, "starts_at"),
        ({"starts_at": NOW - DAY}, "starts_at"),
        ({"starts_at": NOW + 4 * 366 * DAY}, "starts_at"),
        ({"ends_at": START}, "ends_at"),
        ({"ends_at": START + 40 * DAY}, "ends_at"),
        ({"capacity": 0}, "capacity"),
        ({"capacity": -1}, "capacity"),
        ({"capacity": 100_001}, "capacity"),
        ({"district": "99.99"}, "district"),
    ],
)
def test_an_event_that_makes_no_sense_is_refused_by_field(
    store: Store, wrong: dict[str, object], field: str
) -> None:
    with pytest.raises(Invalid) as refused:
        make_event(store, **wrong)
    assert list(refused.value.errors) == [field]


def test_of_two_officers_who_edit_at_once_the_second_is_told(store: Store) -> None:
    event = make_event(store)
    change(store, event, version=1, venue="Gereja Katedral Atambua")
    with pytest.raises(Conflict):
        change(store, event, version=1, venue="Aula lain")
    with store.read() as tx:
        assert events.get_event(tx, event.id).venue == "Gereja Katedral Atambua"


def test_a_change_that_changes_nothing_tells_nobody(store: Store) -> None:
    event = make_event(store)
    register(store, event, 1)
    assert change(store, event, venue=event.venue).version == 1
    assert texts(store) == []


def test_an_unknown_event_is_not_found(store: Store) -> None:
    with pytest.raises(NotFound), store.read() as tx:
        events.get_event(tx, 1)
    with pytest.raises(NotFound), store.transaction() as tx:
        events.change(tx, 1, {"venue": "x"}, None, NOW, TEXTS)
    with pytest.raises(NotFound), store.transaction() as tx:
        events.cancel(tx, 1, "", None, NOW, TEXTS)


def test_another_time_moves_the_end_along_and_is_told_in_each_language(store: Store) -> None:
    event = make_event(store, ends_at=START + 3 * HOUR, capacity=2)
    register(store, event, 1)
    register(store, event, 2, language="en")
    register(store, event, 3)  # waits, and waits for a date
    register(store, event, 4)
    unregister(store, event, 4)
    changed = change(store, event, starts_at=START + DAY)
    assert changed.ends_at == START + DAY + 3 * HOUR
    told = dict(texts(store, "notice"))
    assert set(told) == {1, 2, 3}
    assert "WAKTU BARU" in told[1]
    assert "Min 6 Des 09.00 WITA" in told[1]
    assert "NEW TIME" in told[2]
    assert "Sun 6 Dec 09:00 WITA" in told[2]


def test_the_language_that_a_person_has_chosen_since_counts(store: Store) -> None:
    event = make_event(store)
    register(store, event, 1)
    subscriber(store, 1, language="en")
    change(store, event, venue="Gereja")
    assert texts(store)[0][1].startswith("NEW PLACE")


def test_a_second_change_takes_back_news_that_has_not_left(store: Store) -> None:
    event = make_event(store)
    register(store, event, 1)
    change(store, event, starts_at=START + DAY)
    change(store, event, starts_at=START + 2 * DAY, venue="Gereja")
    assert len(texts(store)) == 1
    assert "Sen 7 Des" in texts(store)[0][1]
    assert len(texts(store, status="expired")) == 1


def test_another_title_or_capacity_is_told_to_nobody(store: Store) -> None:
    event = make_event(store, capacity=5)
    register(store, event, 1)
    change(store, event, title_id="Judul baru", capacity=6)
    assert texts(store) == []


def test_a_cancellation_is_told_at_once_and_only_once(store: Store) -> None:
    event = make_event(store, capacity=1)
    for n in (1, 2):
        register(store, event, n)
    call_off(store, event)
    again = call_off(store, event)
    assert again.version == 2
    told = texts(store, "notice")
    assert sorted(n for n, _ in told) == [1, 2]
    assert all("DIBATALKAN" in body for _, body in told)
    assert all(row.status == "dropped" for row in reminder_rows(store, event).values())


def test_cancelling_twice_at_once_tells_everybody_once(store: Store) -> None:
    event = make_event(store)
    register(store, event, 1)
    at_once(lambda: call_off(store, event), lambda: call_off(store, event))
    assert len(texts(store)) == 1


def test_a_cancelled_or_past_event_is_not_changed(store: Store) -> None:
    event = make_event(store)
    call_off(store, event)
    with pytest.raises(Conflict):
        change(store, event, venue="Gereja")
    other = make_event(store)
    with pytest.raises(Conflict):
        change(store, other, now=START + HOUR, starts_at=START + 30 * DAY)
    with pytest.raises(Conflict):
        call_off(store, other, now=START + HOUR)


def test_every_change_is_in_the_audit_trail_with_before_and_after(store: Store) -> None:
    event = make_event(store)
    change(store, event, venue="Gereja")
    call_off(store, event)
    with store.read() as tx:
        entries = list(tx.scalars(select(AuditEntry).order_by(AuditEntry.id)))
    assert [entry.act for entry in entries] == ["event.create", "event.change", "event.cancel"]
    assert entries[1].details == {"venue": {"from": "Aula kantor camat Atambua", "to": "Gereja"}}


def test_the_districts_of_events_are_those_of_the_list(store: Store) -> None:
    for district in DISTRICTS[:3]:
        assert make_event(store, district=district.code).district == district.code


def test_lists_go_by_start_and_go_on_after_the_last_one_shown(store: Store) -> None:
    made = [make_event(store, starts_at=START + timedelta(days=n % 2)) for n in range(5)]
    expected = [e.id for e in sorted(made, key=lambda e: (e.starts_at, e.id))]
    found: list[int] = []
    with store.read() as tx:
        page = events.list_events(tx, 2)
        while page:
            found += [event.id for event in page]
            page = events.list_events(tx, 2, after=(page[-1].starts_at, page[-1].id))
        assert found == expected
        assert events.list_events(tx, 9, district="53.21") == []
        assert len(events.list_events(tx, 9, starts_from=START + DAY)) == 2


def test_what_is_said_of_an_event_is_kept_as_it_was_said(store: Store) -> None:
    given_fields = fields(organiser="J-RUK Kupang", audience="Mahasiswa", capacity=100, ends_at=START + HOUR)
    with store.transaction() as tx:
        event = events.create(tx, given_fields, None, NOW)
    with store.read() as tx:
        assert events.fields_of(events.get_event(tx, event.id)) == given_fields
