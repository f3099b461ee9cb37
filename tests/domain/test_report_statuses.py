"""The life of a case: legal moves only, and a clock for each step."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from sms_service.domain import report_statuses as statuses

NOW = datetime(2026, 11, 21, 1, 0, tzinfo=UTC)
LEGAL = {
    ("new", "triaged"),
    ("new", "closed"),
    ("triaged", "verifying"),
    ("triaged", "referred"),
    ("triaged", "closed"),
    ("verifying", "referred"),
    ("verifying", "closed"),
    ("referred", "verifying"),
    ("referred", "closed"),
    ("closed", "verifying"),
}


def test_only_legal_moves_are_possible() -> None:
    words = (*statuses.STATUSES, "nonsense")
    assert {(a, b) for a in words for b in words if statuses.may_move(a, b)} == LEGAL


def test_every_open_status_has_a_clock_for_every_priority_and_urgent_is_first() -> None:
    for status in statuses.OPEN:
        steps = [statuses.due_at(status, priority, NOW) for priority in statuses.PRIORITIES]
        assert steps == sorted(set(steps))
        assert steps[0] > NOW


def test_a_closed_case_is_never_overdue() -> None:
    late = NOW - timedelta(days=1)
    assert statuses.is_overdue("new", late, NOW)
    assert not statuses.is_overdue("new", NOW, NOW)
    assert not statuses.is_overdue("closed", late, NOW)
