"""When reminders are due, until when they help, and how times read."""

from __future__ import annotations

from datetime import UTC, datetime, time, timedelta, timezone
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sms_service.domain.quiet_hours import Quiet
from sms_service.domain.schedules import (
    late_rule,
    local_clock,
    local_date,
    local_time,
    plan_reminders,
    read_plan,
)
from sms_service.errors import Invalid

WITA = ZoneInfo("Asia/Makassar")
START = datetime(2026, 12, 5, 1, 0, tzinfo=UTC)  # Saturday, 09.00 WITA
DAY, HOUR = timedelta(days=1), timedelta(hours=1)


def plans(now: datetime) -> dict[str, str]:
    return {reminder.plan: reminder.dropped for reminder in plan_reminders(START, now)}


def test_the_plan_is_seven_days_one_day_and_two_hours_before() -> None:
    planned = plan_reminders(START, START - 30 * DAY)
    assert [(r.plan, START - r.due_at) for r in planned] == [("7d", 7 * DAY), ("1d", DAY), ("2h", 2 * HOUR)]
    assert not any(r.dropped for r in planned)


def test_each_reminder_ends_when_the_next_is_due_and_the_last_at_the_start() -> None:
    week, day, hours = plan_reminders(START, START - 30 * DAY)
    assert week.expires_at == day.due_at
    assert day.expires_at == hours.due_at
    assert hours.expires_at == START


@pytest.mark.parametrize(
    ("ahead", "kept"),
    [
        (8 * DAY, {"7d", "1d", "2h"}),
        (7 * DAY, {"7d", "1d", "2h"}),
        (7 * DAY - timedelta(seconds=1), {"1d", "2h"}),
        (3 * HOUR, {"2h"}),
        (HOUR, set()),
        (-HOUR, set()),
    ],
)
def test_reminders_already_past_at_planning_are_dropped_with_a_reason(
    ahead: timedelta, kept: set[str]
) -> None:
    planned = plans(START - ahead)
    assert {plan for plan, dropped in planned.items() if not dropped} == kept
    assert all("past" in dropped for dropped in planned.values() if dropped)


LATER = {
    "7d": [("1d", START - 2 * HOUR), ("2h", START)],
    "1d": [("2h", START)],
    "2h": [],
}


@pytest.mark.parametrize(
    ("plan", "now", "verdict"),
    [
        ("7d", START - 7 * DAY, "send"),
        ("7d", START - 3 * DAY, "send"),
        ("7d", START - DAY, "replaced"),
        ("7d", START - HOUR, "replaced"),
        ("1d", START - 3 * HOUR, "send"),
        ("1d", START - 2 * HOUR, "replaced"),
        ("2h", START - timedelta(seconds=1), "send"),
        ("2h", START, "dropped"),
        ("7d", START, "dropped"),
        ("1d", START + DAY, "dropped"),
    ],
)
def test_a_late_reminder_is_sent_replaced_or_dropped_by_rule(plan: str, now: datetime, verdict: str) -> None:
    expires = {"7d": START - DAY, "1d": START - 2 * HOUR, "2h": START}[plan]
    decided = late_rule(expires, LATER[plan], now)
    assert decided.name == verdict
    assert (decided.reason == "") is (verdict == "send")


def test_the_replacement_named_is_the_next_one_that_still_helps() -> None:
    assert "1d" in late_rule(START - DAY, LATER["7d"], START - DAY).reason
    assert "2h" in late_rule(START - DAY, LATER["7d"], START - HOUR).reason


@given(st.timedeltas(-2 * DAY, 10 * DAY))
def test_at_any_moment_at_most_one_reminder_may_go(ahead: timedelta) -> None:
    now = START - ahead
    planned = plan_reminders(START, START - 30 * DAY)
    due = [r for r in planned if r.due_at <= now]
    sent = []
    for reminder in due:
        later = [(r.plan, r.expires_at) for r in planned if r.due_at > reminder.due_at]
        if late_rule(reminder.expires_at, later, now).name == "send":
            sent.append(reminder.plan)
    assert len(sent) == (1 if timedelta() < ahead <= 7 * DAY else 0)


def test_times_read_as_people_there_write_them() -> None:
    assert local_time(START, WITA, "id") == "Sab 5 Des 09.00 WITA"
    assert local_time(START, WITA, "en") == "Sat 5 Dec 09:00 WITA"
    assert local_date(datetime(2026, 8, 16, 16, 30, tzinfo=UTC), WITA, "id") == "Sen 17 Agu"


@pytest.mark.parametrize(
    ("zone", "text"),
    [
        (ZoneInfo("Asia/Jakarta"), "08.00 WIB"),
        (ZoneInfo("Asia/Pontianak"), "08.00 WIB"),
        (ZoneInfo("Asia/Jayapura"), "10.00 WIT"),
        (ZoneInfo("Asia/Kuala_Lumpur"), "09.00 UTC+8"),
        (ZoneInfo("Europe/Berlin"), "02.00 CET"),
        (ZoneInfo("Asia/Kathmandu"), "06.45 UTC+5:45"),
        (UTC, "01.00 UTC"),
        (timezone(-timedelta(hours=3, minutes=30)), "21.30 UTC-3:30"),
    ],
)
def test_zones_have_the_names_that_people_use(zone: timezone | ZoneInfo, text: str) -> None:
    assert local_clock(START, zone, "id") == text


# --- quiet hours

QUIET = Quiet(WITA, (time(20), time(7)), (time(6), time(10)))


def at(day: int, hour: int, minute: int = 0) -> datetime:
    """A time in WITA in December 2026; the 6th is a Sunday."""
    return datetime(2026, 12, day, hour, minute, tzinfo=WITA).astimezone(UTC)


def planned(start: datetime, *names: str, now: datetime | None = None) -> dict[str, tuple[datetime, str]]:
    reminders = plan_reminders(start, now or start - 40 * DAY, names or ("7d", "1d", "2h"), QUIET)
    return {one.plan: (one.due_at, one.dropped or one.moved) for one in reminders}


def test_two_hours_before_a_sunday_morning_the_reminder_comes_the_evening_before() -> None:
    found = planned(at(13, 9))
    assert found["2h"] == (at(12, 19), "moved to before the quiet hours")
    assert found["1d"] == (at(12, 9), "")
    assert found["7d"] == (at(6, 10), "moved to the end of the quiet hours")


def test_a_reminder_that_still_helps_after_the_night_waits_for_the_morning() -> None:
    assert planned(at(9, 8))["2h"] == (at(9, 7), "moved to the end of the quiet hours")


def test_one_that_would_help_nobody_after_the_night_comes_the_evening_before() -> None:
    assert planned(at(9, 7, 30))["2h"] == (at(8, 19), "moved to before the quiet hours")


def test_two_that_would_come_together_are_one() -> None:
    due, why = planned(at(9, 7, 30), "12h", "2h")["2h"]
    assert due == at(8, 19)
    assert "12h" in why
    found = planned(at(13, 9), "3h", "2h")
    assert found["3h"] == (at(12, 19), "moved to before the quiet hours")
    assert "3h" in found["2h"][1]


def test_out_of_quiet_hours_nothing_is_moved() -> None:
    assert planned(at(9, 14)) == {"7d": (at(2, 14), ""), "1d": (at(8, 14), ""), "2h": (at(9, 12), "")}


def test_a_reminder_moved_into_the_past_is_dropped() -> None:
    assert planned(at(13, 9), now=at(12, 19, 30))["2h"][1].startswith("already past")


@given(
    st.timedeltas(timedelta(), 20 * DAY),
    st.lists(st.sampled_from(["1h", "2h", "3h", "6h", "12h", "1d", "2d", "7d"]), max_size=6, unique=True),
)
def test_no_reminder_is_due_in_quiet_hours_or_after_its_deadline(ahead: timedelta, names: list[str]) -> None:
    start = START + ahead
    found = plan_reminders(start, start - 40 * DAY, names, QUIET)
    assert {one.plan for one in found} == set(names)
    kept = [one for one in found if not one.dropped]
    assert bool(kept) is bool(names)
    for one in kept:
        assert QUIET.release_at(one.due_at) is None
        assert one.due_at < one.expires_at <= start
    for one, following in pairwise(kept):
        assert one.expires_at == following.due_at


def test_in_quiet_hours_what_could_not_leave_in_time_is_replaced_or_dropped() -> None:
    now, morning = at(8, 23), at(9, 7)
    assert late_rule(at(9, 8), [], now, morning).name == "send"
    assert late_rule(at(9, 6), [("1h", at(9, 8))], now, morning).name == "replaced"
    dropped = late_rule(at(9, 6), [], now, morning)
    assert (dropped.name, dropped.reason) == ("dropped", "quiet hours until the event has begun")


# --- plans of one's own


def test_a_plan_is_read_earliest_first() -> None:
    assert read_plan(["1h", "30d", "2d"]) == ("30d", "2d", "1h")
    assert read_plan([]) == ()


@pytest.mark.parametrize(
    "names",
    [
        *(
            ["0h"],
            ["31d"],
            ["1w"],
            ["h"],
            ["2 h"],
            ["-1d"],
            ["24h", "1d"],
            ["1d", "1d"],
            ["100h"],
            ["\u0661h"],
        ),
        [f"{n}h" for n in range(1, 8)],
    ],
)
def test_a_plan_that_makes_no_sense_is_refused(names: list[str]) -> None:
    with pytest.raises(Invalid):
        read_plan(names)
