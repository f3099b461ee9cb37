"""Reminders arrive once and in time, or not at all, and the row says why."""

from __future__ import annotations

import threading
from dataclasses import replace
from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import select

from sms_service.domain.quiet_hours import Quiet
from sms_service.services.events import life as events
from sms_service.services.events import reminders
from sms_service.store.engine import Store
from sms_service.store.models import Event, Message, Reminder
from tests.event_office import (
    DAY,
    HOUR,
    NOW,
    START,
    TEXTS,
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

WEEK_BEFORE, DAY_BEFORE, HOURS_BEFORE = START - 7 * DAY, START - DAY, START - 2 * HOUR


def work_off(store: Store, now: datetime, chunk: int = 500) -> int:
    """What the worker does: chunk by chunk until nothing is due. Returns the number of transactions."""
    rounds = 0
    while True:
        with store.transaction() as tx:
            due = reminders.claim_due(tx, now)
            if due is None:
                return rounds
            reminders.fan_out(tx, due, TEXTS, now, chunk)
        rounds += 1


def states(store: Store, event: Event) -> dict[str, str]:
    return {plan: row.status for plan, row in reminder_rows(store, event).items()}


@pytest.fixture
def event(store: Store) -> Event:
    """An event two weeks ahead with three people registered."""
    event = make_event(store)
    for n in (1, 2, 3):
        register(store, event, n, language="en" if n == 2 else "id")
    return event


def test_each_reminder_goes_to_everybody_registered_in_their_language(store: Store, event: Event) -> None:
    work_off(store, WEEK_BEFORE)
    told = dict(texts(store, "reminder"))
    assert set(told) == {1, 2, 3}
    assert told[1].startswith("Ingat acara: Konsultasi kerja luar negeri, Sab 5 Des 09.00 WITA")
    assert told[2].startswith("Reminder: Consultation on work abroad, Sat 5 Dec 09:00 WITA")
    assert states(store, event) == {"7d": "done", "1d": "planned", "2h": "planned"}
    work_off(store, DAY_BEFORE)
    work_off(store, HOURS_BEFORE)
    assert len(texts(store, "reminder")) == 9
    assert {row.recipients for row in reminder_rows(store, event).values()} == {3}


def test_nothing_is_due_before_its_time(store: Store, event: Event) -> None:
    with store.read() as tx:
        assert not reminders.has_due(tx, WEEK_BEFORE - timedelta(seconds=1))
        assert reminders.has_due(tx, WEEK_BEFORE)
    assert work_off(store, WEEK_BEFORE - timedelta(seconds=1)) == 0


def test_twice_is_once(store: Store, event: Event) -> None:
    work_off(store, WEEK_BEFORE)
    work_off(store, WEEK_BEFORE)
    row = reminder_rows(store, event)["7d"]
    with store.transaction() as tx:
        assert reminders.fan_out(tx, row.id, TEXTS, WEEK_BEFORE)
        assert reminders.fan_out(tx, 999_999, TEXTS, WEEK_BEFORE)
    assert len(texts(store)) == 3


def test_many_workers_at_once_write_each_text_once(store: Store) -> None:
    event = make_event(store)
    for n in range(40):
        register(store, event, n)
    threads = [threading.Thread(target=work_off, args=(store, WEEK_BEFORE, 3)) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(n for n, _ in texts(store)) == list(range(40))
    # With another worker's lock passed over, a worker may leave early: the last one finishes.
    work_off(store, WEEK_BEFORE, 3)
    assert reminder_rows(store, event)["7d"].recipients == 40


class Crash(Exception):
    """The worker dies."""


def die_within_a_chunk(store: Store, now: datetime) -> None:
    with store.transaction() as tx:
        due = reminders.claim_due(tx, now)
        assert due is not None
        reminders.fan_out(tx, due, TEXTS, now, 3)
        raise Crash


def test_a_crash_costs_a_chunk_and_doubles_nothing(store: Store) -> None:
    event = make_event(store)
    for n in range(7):
        register(store, event, n)
    with store.transaction() as tx:
        due = reminders.claim_due(tx, WEEK_BEFORE)
        assert due is not None
        assert not reminders.fan_out(tx, due, TEXTS, WEEK_BEFORE, 3)
    with pytest.raises(Crash):
        die_within_a_chunk(store, WEEK_BEFORE)
    assert len(texts(store)) == 3
    work_off(store, WEEK_BEFORE + HOUR, 3)
    assert sorted(n for n, _ in texts(store)) == list(range(7))
    assert reminder_rows(store, event)["7d"].recipients == 7


def test_who_said_no_to_reminders_who_waits_and_who_left_get_none(store: Store) -> None:
    event = make_event(store, capacity=3)
    for n in (1, 2, 3, 4):
        register(store, event, n)
    subscriber(store, 1, reminders_on=False)
    subscriber(store, 2, language="en")
    unregister(store, event, 3)
    unregister(store, event, 4)
    register(store, event, 5)
    register(store, event, 6)
    work_off(store, WEEK_BEFORE)
    told = dict(texts(store, "reminder"))
    assert set(told) == {2, 5}
    assert told[2].startswith("Reminder:")
    assert reminder_rows(store, event)["7d"].recipients == 2


def test_who_gives_the_place_back_gets_no_reminder_that_still_waits(store: Store, event: Event) -> None:
    work_off(store, WEEK_BEFORE)
    unregister(store, event, 2, now=WEEK_BEFORE)
    assert [n for n, _ in texts(store, "reminder")] == [1, 3]


def test_an_event_without_people_finishes_its_reminders(store: Store) -> None:
    event = make_event(store)
    work_off(store, WEEK_BEFORE)
    assert states(store, event)["7d"] == "done"


# --- late


def test_after_an_outage_a_late_reminder_is_still_sent_while_it_helps(store: Store, event: Event) -> None:
    work_off(store, START - 3 * DAY)
    assert states(store, event)["7d"] == "done"
    assert len(texts(store)) == 3


def test_after_a_long_outage_only_the_next_sensible_one_goes(store: Store, event: Event) -> None:
    work_off(store, START - 3 * HOUR)
    rows = reminder_rows(store, event)
    assert states(store, event) == {"7d": "replaced", "1d": "done", "2h": "planned"}
    assert "1d" in rows["7d"].reason
    assert rows["7d"].done_at == START - 3 * HOUR
    assert len(texts(store)) == 3


def test_two_hours_before_the_last_one_replaces_all_others(store: Store, event: Event) -> None:
    work_off(store, START - HOUR)
    assert states(store, event) == {"7d": "replaced", "1d": "replaced", "2h": "done"}
    assert len(texts(store)) == 3


@pytest.mark.parametrize("late", [timedelta(), HOUR, 365 * DAY])
def test_from_the_start_on_nothing_is_sent(store: Store, event: Event, late: timedelta) -> None:
    work_off(store, START + late)
    assert set(states(store, event).values()) == {"dropped"}
    assert all("begun" in row.reason for row in reminder_rows(store, event).values())
    assert texts(store) == []


def test_an_outage_in_the_middle_tells_the_rest_nothing_that_is_too_late(store: Store) -> None:
    event = make_event(store)
    for n in range(5):
        register(store, event, n)
    with store.transaction() as tx:
        due = reminders.claim_due(tx, HOURS_BEFORE)  # 7d: replaced
        assert due is not None
        reminders.fan_out(tx, due, TEXTS, WEEK_BEFORE, 2)
    work_off(store, START)
    rows = reminder_rows(store, event)
    assert (rows["7d"].status, rows["7d"].recipients) == ("done", 2)
    assert "too late for those" in rows["7d"].reason
    assert len(texts(store)) == 2


def test_each_text_dies_with_its_reminder(store: Store, event: Event) -> None:
    work_off(store, WEEK_BEFORE)
    with store.read() as tx:
        assert set(tx.scalars(select(Message.expires_at))) == {DAY_BEFORE}


def test_a_clock_that_jumps_ahead_and_back_doubles_nothing(store: Store, event: Event) -> None:
    work_off(store, DAY_BEFORE + HOUR)
    before = texts(store)
    work_off(store, WEEK_BEFORE - DAY)
    work_off(store, WEEK_BEFORE)
    work_off(store, DAY_BEFORE + 2 * HOUR)
    assert texts(store) == before
    assert states(store, event) == {"7d": "replaced", "1d": "done", "2h": "planned"}


# --- after the event has changed


def test_a_new_time_moves_the_reminders_and_reminds_again(store: Store, event: Event) -> None:
    work_off(store, WEEK_BEFORE)
    change(store, event, now=WEEK_BEFORE + HOUR, starts_at=START + 14 * DAY)
    rows = reminder_rows(store, event)
    assert [rows[plan].due_at for plan in ("7d", "1d", "2h")] == [
        START + 7 * DAY,
        START + 13 * DAY,
        START + 14 * DAY - 2 * HOUR,
    ]
    assert set(states(store, event).values()) == {"planned"}
    assert texts(store, "reminder") == []  # those with the old time were taken back
    work_off(store, START + 7 * DAY)
    assert sorted(n for n, _ in texts(store, "reminder")) == [1, 2, 3]
    assert "Sab 19 Des" in texts(store, "reminder")[0][1]


def test_a_time_moved_nearer_drops_what_is_past_with_the_reason(store: Store, event: Event) -> None:
    change(store, event, starts_at=NOW + 3 * HOUR)
    rows = reminder_rows(store, event)
    assert states(store, event) == {"7d": "dropped", "1d": "dropped", "2h": "planned"}
    assert "past" in rows["7d"].reason
    work_off(store, NOW + HOUR)
    assert len(texts(store, "reminder")) == 3


def test_a_time_moved_there_and_back_reminds_once(store: Store, event: Event) -> None:
    work_off(store, WEEK_BEFORE)
    change(store, event, now=WEEK_BEFORE, starts_at=START + DAY)
    change(store, event, now=WEEK_BEFORE, starts_at=START)
    work_off(store, WEEK_BEFORE)
    # The texts of the first round were taken back; this second, at the very same moment, has their keys.
    assert len(texts(store, "reminder", status=None)) == 3


def test_another_place_takes_back_reminders_with_the_old_one(store: Store, event: Event) -> None:
    work_off(store, WEEK_BEFORE)
    change(store, event, now=WEEK_BEFORE + HOUR, venue="Gereja Katedral")
    assert texts(store, "reminder") == []
    assert len(texts(store, "notice")) == 3
    work_off(store, DAY_BEFORE)
    assert all("Gereja Katedral" in body for _, body in texts(store, "reminder"))


def test_a_cancelled_event_reminds_nobody(store: Store, event: Event) -> None:
    work_off(store, WEEK_BEFORE)
    call_off(store, event, now=WEEK_BEFORE + HOUR)
    assert states(store, event) == {"7d": "done", "1d": "dropped", "2h": "dropped"}
    assert "cancelled" in reminder_rows(store, event)["1d"].reason
    work_off(store, DAY_BEFORE)
    assert texts(store, "reminder") == []


def test_cancelling_while_a_worker_is_half_way_stops_the_rest(store: Store) -> None:
    event = make_event(store)
    for n in range(6):
        register(store, event, n)
    with store.transaction() as tx:
        due = reminders.claim_due(tx, WEEK_BEFORE)
        assert due is not None
        reminders.fan_out(tx, due, TEXTS, WEEK_BEFORE, 2)
    call_off(store, event, now=WEEK_BEFORE)
    work_off(store, WEEK_BEFORE)
    assert texts(store, "reminder") == []
    row: Reminder = reminder_rows(store, event)["7d"]
    assert (row.status, row.recipients) == ("dropped", 2)


def test_two_reminders_of_two_events_are_worked_off_in_the_order_in_which_they_were_due(store: Store) -> None:
    later = make_event(store, starts_at=START + HOUR)
    sooner = make_event(store)
    with store.transaction() as tx:
        due = reminders.claim_due(tx, START - 6 * DAY)
    assert due == reminder_rows(store, sooner)["7d"].id
    assert due != reminder_rows(store, later)["7d"].id


# --- quiet hours and plans of one's own

QUIET = replace(TEXTS, quiet=Quiet(ZoneInfo("Asia/Makassar"), (time(20), time(7)), (time(6), time(10))))
SUNDAY = datetime(2026, 12, 6, 1, 0, tzinfo=UTC)  # 09.00 WITA


def sunday_event(store: Store) -> Event:
    """An event on a Sunday morning with two people."""
    with store.transaction() as tx:
        event = events.create(tx, fields(starts_at=SUNDAY), None, NOW, QUIET.quiet)
    for n in (1, 2):
        register(store, event, n)
    return event


def fan_out(store: Store, now: datetime) -> None:
    with store.transaction() as tx:
        while (due := reminders.claim_due(tx, now)) is not None:
            reminders.fan_out(tx, due, QUIET, now)


def test_before_a_sunday_morning_the_last_reminder_comes_the_evening_before(store: Store) -> None:
    event = sunday_event(store)
    row = reminder_rows(store, event)["2h"]
    assert row.due_at == SUNDAY - 14 * HOUR  # Saturday 19.00
    assert "before the quiet hours" in row.reason
    fan_out(store, row.due_at)
    row = reminder_rows(store, event)["2h"]
    assert (row.status, row.recipients) == ("done", 2)
    assert "before the quiet hours" in row.reason


def test_an_outage_into_the_night_drops_what_could_only_leave_after_the_start(store: Store) -> None:
    event = sunday_event(store)
    fan_out(store, SUNDAY - 11 * HOUR)  # Saturday 22.00
    rows = reminder_rows(store, event)
    assert {row.status for row in rows.values()} == {"dropped"}
    assert all("quiet hours" in row.reason for row in rows.values())
    assert texts(store) == []


def test_a_plan_that_changes_keeps_what_was_told_and_drops_what_it_no_longer_names(
    store: Store, event: Event
) -> None:
    work_off(store, WEEK_BEFORE)
    change(store, event, now=WEEK_BEFORE + HOUR, reminder_plan=("7d", "3d"))
    rows = reminder_rows(store, event)
    assert {plan: row.status for plan, row in rows.items()} == {
        "7d": "done", "3d": "planned", "1d": "dropped", "2h": "dropped",
    }  # fmt: skip
    assert "plan" in rows["1d"].reason
    assert len(texts(store, "reminder")) == 3  # not taken back
    assert texts(store, "notice") == []
    work_off(store, START - 3 * DAY)
    assert len(texts(store, "reminder")) == 6
    change(store, event, now=START - 2 * DAY, reminder_plan=None)
    assert states(store, event) == {"7d": "done", "3d": "done", "1d": "planned", "2h": "planned"}


def test_a_plan_that_changes_in_the_middle_of_a_reminder_doubles_nothing(store: Store) -> None:
    event = make_event(store)
    for n in range(5):
        register(store, event, n)
    with store.transaction() as tx:
        due = reminders.claim_due(tx, WEEK_BEFORE)
        assert due is not None
        reminders.fan_out(tx, due, TEXTS, WEEK_BEFORE, 2)
    change(store, event, now=WEEK_BEFORE, reminder_plan=("7d", "1d"))
    work_off(store, WEEK_BEFORE)
    assert sorted(n for n, _ in texts(store, "reminder", status=None)) == list(range(5))
    assert reminder_rows(store, event)["7d"].recipients == 5


def test_an_event_without_a_plan_reminds_nobody(store: Store) -> None:
    event = make_event(store, reminder_plan=())
    register(store, event, 1)
    assert reminder_rows(store, event) == {}
    assert work_off(store, START - HOUR) == 0
