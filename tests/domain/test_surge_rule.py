"""When a day is more than the past suggests."""

from __future__ import annotations

import pytest

from sms_service.domain.surge_rule import MISSES, REPORTS, expected, is_surge, tail


@pytest.mark.parametrize(
    ("count", "past", "surge"),
    [
        (4, 0, False),  # too few, whatever the past
        (5, 0, True),
        (5, 28, False),  # one a day is usual
        (6, 28, True),
        (10, 280, False),  # ten a day are usual
        (30, 280, True),
        (100_000, 28, True),
    ],
)
def test_a_name_that_is_asked_for(count: int, past: int, surge: bool) -> None:
    assert is_surge(count, past, MISSES) is surge


@pytest.mark.parametrize(
    ("count", "past", "surge"), [(2, 0, False), (3, 0, True), (3, 20, False), (8, 28, True)]
)
def test_reports_of_one_person(count: int, past: int, surge: bool) -> None:
    assert is_surge(count, past, REPORTS) is surge


def test_the_usual_day_has_a_floor() -> None:
    assert expected(0, MISSES) == 0.5
    assert expected(56, MISSES) == 2.0


def test_the_tail_is_that_of_poisson() -> None:
    assert tail(0, 1.0) == 1.0
    assert tail(1, 1.0) == pytest.approx(0.632, abs=0.001)
    assert tail(3, 1.0) == pytest.approx(0.0803, abs=0.0001)
    assert tail(200, 150.0) == pytest.approx(0.00005, abs=0.0001)
    assert tail(10**9, 0.5) == 0.0
