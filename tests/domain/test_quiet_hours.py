"""Quiet hours by local time: nights, Sunday mornings, windows that touch, clocks that change."""

from __future__ import annotations

from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sms_service.domain.quiet_hours import HELD_KINDS, Quiet, release_at

MAKASSAR = ZoneInfo("Asia/Makassar")
NIGHT = (time(20), time(7))
SUNDAY = (time(6), time(10))


def local(text: str, zone: ZoneInfo = MAKASSAR) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=zone)


@pytest.mark.parametrize(
    ("now", "release"),
    [
        ("2026-11-20 12:00", None),  # a Friday
        ("2026-11-20 19:59", None),
        ("2026-11-20 20:00", "2026-11-21 07:00"),
        ("2026-11-20 23:59", "2026-11-21 07:00"),
        ("2026-11-21 00:00", "2026-11-21 07:00"),
        ("2026-11-21 06:59", "2026-11-21 07:00"),
        ("2026-11-21 07:00", None),
        ("2026-11-21 22:00", "2026-11-22 10:00"),  # Saturday night runs into Sunday morning
        ("2026-11-22 06:30", "2026-11-22 10:00"),
        ("2026-11-22 09:59", "2026-11-22 10:00"),
        ("2026-11-22 10:00", None),
        ("2026-11-22 21:00", "2026-11-23 07:00"),
    ],
)
def test_the_office_s_windows(now: str, release: str | None) -> None:
    expected = local(release) if release else None
    assert release_at(local(now), MAKASSAR, NIGHT, SUNDAY) == expected


def test_the_zone_decides_and_not_the_server() -> None:
    now = datetime(2026, 11, 20, 12, 30, tzinfo=UTC)  # 20:30 in Makassar, 19:30 in Jakarta
    assert release_at(now, MAKASSAR, NIGHT, None) == local("2026-11-21 07:00")
    assert release_at(now, ZoneInfo("Asia/Jakarta"), NIGHT, None) is None


def test_no_windows_hold_nothing() -> None:
    assert release_at(local("2026-11-22 03:00"), MAKASSAR, None, None) is None


def test_a_window_of_no_length_is_none() -> None:
    assert release_at(local("2026-11-20 07:00"), MAKASSAR, (time(7), time(7)), None) is None


def test_a_window_within_one_day() -> None:
    siesta = (time(12), time(14))
    assert release_at(local("2026-11-20 13:00"), MAKASSAR, siesta, None) == local("2026-11-20 14:00")
    assert release_at(local("2026-11-20 14:00"), MAKASSAR, siesta, None) is None


def test_a_sunday_window_past_midnight_belongs_to_the_sunday_it_starts_on() -> None:
    late = (time(22), time(2))
    assert release_at(local("2026-11-23 01:00"), MAKASSAR, None, late) == local("2026-11-23 02:00")
    assert release_at(local("2026-11-22 01:00"), MAKASSAR, None, late) is None


def test_a_night_in_which_the_clock_is_put_forward_still_ends_at_seven() -> None:
    berlin = ZoneInfo("Europe/Berlin")
    release = release_at(local("2026-03-28 22:00", berlin), berlin, NIGHT, None)
    assert release == local("2026-03-29 07:00", berlin)
    assert release - local("2026-03-28 22:00", berlin).astimezone(UTC) == timedelta(hours=8)


def test_answers_and_notices_never_wait() -> None:
    assert set(HELD_KINDS) == {"reminder", "info", "warning", "urgent"}


# Hypothesis wants its limits without a zone, and adds it to what it makes up.
FIRST, LAST = (datetime(year, 1, 1, tzinfo=UTC).replace(tzinfo=None) for year in (2020, 2035))
WINDOWS = st.none() | st.tuples(st.times(), st.times())


@given(
    st.datetimes(FIRST, LAST, timezones=st.just(UTC)),
    st.sampled_from(["Asia/Makassar", "UTC", "America/St_Johns", "Europe/Berlin", "Pacific/Apia"]),
    WINDOWS,
    WINDOWS,
)
def test_at_the_release_nothing_holds_texts_any_more(now, name, nightly, sunday) -> None:
    zone = ZoneInfo(name)
    release = release_at(now, zone, nightly, sunday)
    if release is not None:
        assert now < release <= now + timedelta(days=3)
        assert release_at(release, zone, nightly, sunday) is None


@pytest.mark.parametrize(
    ("moment", "began"),
    [
        (datetime(2026, 12, 5, 4, 0, tzinfo=UTC), None),  # Saturday noon
        (datetime(2026, 12, 5, 12, 0, tzinfo=UTC), datetime(2026, 12, 5, 12, 0, tzinfo=UTC)),  # 20.00
        (datetime(2026, 12, 5, 18, 0, tzinfo=UTC), datetime(2026, 12, 5, 12, 0, tzinfo=UTC)),
        (datetime(2026, 12, 6, 0, 30, tzinfo=UTC), datetime(2026, 12, 5, 12, 0, tzinfo=UTC)),  # Sunday 08.30
        (datetime(2026, 12, 6, 2, 0, tzinfo=UTC), None),  # Sunday 10.00
    ],
)
def test_quiet_hours_that_touch_began_with_the_first_of_them(
    moment: datetime, began: datetime | None
) -> None:
    quiet = Quiet(ZoneInfo("Asia/Makassar"), (time(20), time(7)), (time(6), time(10)))
    assert quiet.began_at(moment) == began
    assert (quiet.release_at(moment) is None) is (began is None)


def test_windows_that_follow_each_other_without_a_gap_are_one() -> None:
    quiet = Quiet(ZoneInfo("UTC"), (time(20), time(6)), (time(6), time(10)))
    assert quiet.began_at(datetime(2026, 12, 6, 9, 0, tzinfo=UTC)) == datetime(2026, 12, 5, 20, 0, tzinfo=UTC)


def test_quiet_hours_round_the_clock_end_the_search() -> None:
    quiet = Quiet(ZoneInfo("UTC"), (time(0), time(23, 59)), None)
    assert quiet.began_at(datetime(2026, 12, 6, 9, 0, tzinfo=UTC)) == datetime(2026, 12, 6, tzinfo=UTC)
