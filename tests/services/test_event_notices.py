"""News of an event: planned with the change, told once by a job in slices, taken back by later news."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import select, update

from sms_service.services.events import life as events
from sms_service.services.events import news as event_news
from sms_service.services.events import notices as event_notices
from sms_service.store.engine import Store
from sms_service.store.models import Event, EventNotice, Message, Registration
from tests.event_office import (
    DAY,
    HOUR,
    NOW,
    START,
    TEXTS,
    at_once,
    change,
    make_event,
    register,
    statuses,
    tell,
    texts,
    unregister,
)


def plan_change(store: Store, event: Event, now=NOW, **given: object) -> None:  # type: ignore[no-untyped-def]
    """The officer's call alone; nobody is told yet."""
    with store.transaction() as tx:
        events.change(tx, event.id, given, None, now, TEXTS)


def die_in_a_slice(store: Store) -> None:
    with store.transaction() as tx:
        event_news.work_off(tx, TEXTS, NOW, 3)
        raise RuntimeError("power cut")


def notices(store: Store, event: Event) -> list[EventNotice]:
    with store.read() as tx:
        return event_notices.list_notices(tx, event.id)


@pytest.fixture
def event(store: Store) -> Event:
    """An event with seven people registered."""
    event = make_event(store)
    for n in range(7):
        register(store, event, n)
    return event


def test_the_officers_call_writes_one_row_and_no_text(store: Store, event: Event) -> None:
    with store.transaction() as tx:
        events.change(tx, event.id, {"venue": "Gereja"}, None, NOW, TEXTS)
        assert event_notices.JOB in tx.wakes
    assert texts(store) == []
    with store.read() as tx:
        assert event_notices.has_due(tx)
    assert tell(store, chunk=3) == 3
    assert sorted(n for n, _ in texts(store)) == list(range(7))
    (row,) = notices(store, event)
    assert (row.word, row.status, row.recipients) == ("elsewhere", "done", 7)
    with store.read() as tx:
        assert not event_notices.has_due(tx)


def test_told_twice_is_told_once(store: Store, event: Event) -> None:
    change(store, event, venue="Gereja")
    tell(store)
    with store.transaction() as tx:
        (row,) = event_notices.list_notices(tx, event.id)
        assert event_news.tell(tx, row.id, TEXTS, NOW)
        row.status, row.last_registration_id = "planned", 0  # as if the mark had been lost
    tell(store)
    assert len(texts(store, status=None)) == 7


def test_many_workers_at_once_tell_each_person_once(store: Store, event: Event) -> None:
    plan_change(store, event, venue="Gereja")
    at_once(*[lambda: tell(store, chunk=2) for _ in range(4)])
    tell(store, chunk=2)
    assert sorted(n for n, _ in texts(store)) == list(range(7))
    assert notices(store, event)[0].recipients == 7


def test_a_crash_in_a_slice_costs_the_slice(store: Store, event: Event) -> None:
    plan_change(store, event, venue="Gereja")
    with store.transaction() as tx:
        assert event_news.work_off(tx, TEXTS, NOW, 3)
    with pytest.raises(RuntimeError):
        die_in_a_slice(store)
    assert len(texts(store)) == 3
    tell(store)
    assert sorted(n for n, _ in texts(store)) == list(range(7))


def test_a_second_change_before_the_first_was_told_tells_only_the_second(store: Store, event: Event) -> None:
    plan_change(store, event, starts_at=START + DAY)
    with store.transaction() as tx:
        event_news.work_off(tx, TEXTS, NOW, 3)
    change(store, event, starts_at=START + 2 * DAY)
    assert [row.status for row in notices(store, event)] == ["superseded", "done"]
    told = texts(store)
    assert sorted(n for n, _ in told) == list(range(7))
    assert all("Sen 7 Des" in body for _, body in told)
    assert len(texts(store, status="expired")) == 3


def test_who_has_read_neither_change_is_told_of_both(store: Store, event: Event) -> None:
    plan_change(store, event, starts_at=START + DAY)
    change(store, event, venue="Gereja")
    assert all(body.startswith("WAKTU DAN TEMPAT BARU") for _, body in texts(store))
    # Written and still waiting is not read either.
    change(store, event, starts_at=START + 3 * DAY)
    assert all(body.startswith("WAKTU DAN TEMPAT BARU") for _, body in texts(store))


def test_who_has_read_of_the_new_time_is_told_of_the_new_place_alone(store: Store, event: Event) -> None:
    change(store, event, starts_at=START + DAY)
    with store.transaction() as tx:
        tx.execute(update(Message).values(status="sent"))
    change(store, event, venue="Gereja")
    assert all(body.startswith("TEMPAT BARU") for _, body in texts(store))


def test_a_cancellation_ends_all_other_news(store: Store, event: Event) -> None:
    plan_change(store, event, starts_at=START + DAY)
    with store.transaction() as tx:
        events.cancel(tx, event.id, "banjir", None, NOW, TEXTS)
    tell(store)
    told = texts(store)
    assert len(told) == 7
    assert all("DIBATALKAN" in body for _, body in told)


def test_who_comes_after_the_change_knows_it_and_who_left_needs_no_news(store: Store, event: Event) -> None:
    plan_change(store, event, starts_at=START + DAY)
    register(store, event, 8)
    unregister(store, event, 2)
    tell(store)
    assert sorted(n for n, _ in texts(store)) == [0, 1, 3, 4, 5, 6]


def test_news_that_comes_after_the_start_is_dropped_with_the_reason(store: Store, event: Event) -> None:
    plan_change(store, event, now=START - 3 * HOUR, venue="Gereja")
    tell(store, now=START + timedelta(minutes=1))
    (row,) = notices(store, event)
    assert (row.status, row.recipients) == ("dropped", 0)
    assert "begun" in row.reason
    assert texts(store) == []


def test_a_number_that_no_key_opens_keeps_nobody_else_from_being_told(store: Store, event: Event) -> None:
    with store.transaction() as tx:
        tx.execute(update(Registration).where(Registration.position == 2).values(number_sealed=b"gone"))
    change(store, event, venue="Gereja")
    (row,) = notices(store, event)
    assert (row.status, row.recipients) == ("done", 6)
    assert "DATA_KEY" in row.reason


def test_a_change_while_a_worker_writes_leaves_only_the_newest_news(store: Store, event: Event) -> None:
    plan_change(store, event, venue="Gereja")
    at_once(
        lambda: tell(store, chunk=1),
        lambda: plan_change(store, event, venue="Aula paroki"),
        lambda: tell(store, chunk=1),
    )
    tell(store)
    told = texts(store)
    assert sorted(n for n, _ in told) == list(range(7))
    assert all("Aula paroki" in body for _, body in told)


def test_many_free_places_at_once_are_given_in_slices_and_in_order(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sms_service.services.events.registrations.MOVE_AT_ONCE", 3)
    event = make_event(store, capacity=1)
    for n in range(11):
        register(store, event, n)
    plan_change(store, event, capacity=9)
    assert list(statuses(store, event).values()).count("registered") == 4
    at_once(lambda: tell(store), lambda: tell(store))
    found = list(statuses(store, event).values())
    assert found == ["registered"] * 9 + ["waiting"] * 2
    assert sorted(n for n, _ in texts(store)) == list(range(1, 9))
    with store.read() as tx:
        assert set(tx.scalars(select(Message.lane))) == {"fast", "bulk"}


def test_free_places_are_not_given_once_the_event_is_off(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sms_service.services.events.registrations.MOVE_AT_ONCE", 1)
    event = make_event(store, capacity=1)
    for n in range(5):
        register(store, event, n)
    plan_change(store, event, capacity=5)
    with store.transaction() as tx:
        events.cancel(tx, event.id, "", None, NOW, TEXTS)
    tell(store)
    assert list(statuses(store, event).values()).count("registered") == 2
