"""How many people tell the same: callers who repeat, anonymous ones, bursts, pranks."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from sms_service.domain.corroboration import BURST, MAY_BE_ONE, SAME_REPORTER, Heard, tier, weigh

NOW = datetime(2026, 11, 21, 1, 0, tzinfo=UTC)
STORY = "Dia minta uang lima ratus ribu kepada orang tua dan janji kerja di Malaysia"


def heard(number: int, minutes: float = 0, **given: object) -> Heard:
    district = str(given.pop("district", "53.04"))
    channel = str(given.pop("channel", "ussd"))
    at = NOW + timedelta(minutes=minutes)
    return Heard(number, at, district=district, channel=channel, **given)  # type: ignore[arg-type]


def test_three_known_callers_are_three() -> None:
    found = weigh([heard(n, n, reporter=f"caller{n}") for n in range(3)], 3)
    assert (found.independent, found.counted, found.flags) == (3, 3, {})


def test_the_same_caller_ten_times_is_one() -> None:
    found = weigh([heard(n, 60 * 24 * n, reporter="caller") for n in range(10)], 3)
    assert (found.independent, found.counted) == (1, 10)
    assert all(found.flags[n] == (SAME_REPORTER,) for n in range(10))


def test_fifty_anonymous_reports_in_one_minute_are_one_and_flagged() -> None:
    found = weigh([heard(n, n / 60) for n in range(50)], 3)
    assert found.independent == 1
    assert all(BURST in found.flags[n] and MAY_BE_ONE in found.flags[n] for n in range(50))


def test_a_burst_spread_over_an_hour_is_one_too() -> None:
    found = weigh([heard(n, 11 * n) for n in range(6)], 3)
    assert found.independent == 1
    assert all(found.flags[n] == (BURST,) for n in range(6))


def test_anonymous_reports_alone_never_reach_the_threshold() -> None:
    far_apart = [heard(n, 60 * 24 * n, district=f"53.0{n + 1}") for n in range(8)]
    assert weigh(far_apart, 3).independent == 2
    assert weigh([*far_apart, heard(9, reporter="caller")], 3).independent == 3


def test_two_anonymous_of_one_district_within_ten_minutes_may_be_one() -> None:
    near = weigh([heard(1), heard(2, 9)], 3)
    assert (near.independent, near.flags) == (1, {1: (MAY_BE_ONE,), 2: (MAY_BE_ONE,)})
    assert weigh([heard(1), heard(2, 11)], 3).independent == 2
    assert weigh([heard(1), heard(2, 9, channel="sms")], 3).independent == 2
    assert weigh([heard(1), heard(2, 9, district="53.21")], 3).independent == 2


def test_nearly_the_same_story_is_the_same_person_unless_both_are_known() -> None:
    retold = STORY.replace("lima ratus", "500")
    anonymous = weigh([heard(1, story=STORY), heard(2, 60 * 24, story=retold + "!", district="53.21")], 3)
    assert anonymous.independent == 1
    beside_known = weigh(
        [heard(1, story=STORY, reporter="caller"), heard(2, 60 * 24, story=STORY, district="53.21")], 3
    )
    assert (beside_known.independent, beside_known.flags) == (1, {2: (MAY_BE_ONE,)})
    known = [heard(n, 60 * 24 * n, story=STORY, reporter=f"caller{n}") for n in range(2)]
    assert weigh(known, 3).independent == 2


def test_unfounded_reports_do_not_count_and_merged_ones_count_once() -> None:
    callers = [heard(n, reporter=f"caller{n}") for n in range(2)]
    assert weigh([*callers, heard(5, reporter="liar", outcome="unfounded")], 3).independent == 2
    assert weigh([*callers, heard(5, reporter="caller5", duplicate_of=0)], 3).independent == 2


def test_emptied_reports_count_once_together() -> None:
    emptied = [heard(n, 60 * 24 * n, is_emptied=True, district=f"53.0{n + 1}") for n in range(5)]
    assert weigh(emptied, 3).independent == 1


def test_nothing_counts_as_nothing() -> None:
    assert weigh([], 3).independent == 0


@pytest.mark.parametrize(
    ("independent", "counted", "threshold", "is_confirmed", "expected"),
    [
        (1, 1, 3, False, "single"),
        (1, 10, 3, False, "repeated"),
        (2, 2, 3, False, "repeated"),
        (3, 3, 3, False, "corroborated"),
        (1, 1, 3, True, "confirmed"),
        (0, 0, 3, False, "single"),
    ],
)
def test_the_tier(independent: int, counted: int, threshold: int, is_confirmed: bool, expected: str) -> None:
    assert tier(independent, counted, threshold, is_confirmed) == expected
