"""The life of a report as a case: its statuses, the legal moves, its priorities and its clock.

A closed case may be opened again: what comes of a case is often known long after it was closed, and a new
case would cut its history, its receipt and its links in two. Nothing goes back to `new`: it has been seen.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from types import MappingProxyType

NEW = "new"  # nobody has looked at it
TRIAGED = "triaged"  # looked at: priority and person are given
VERIFYING = "verifying"  # somebody asks, compares, visits
REFERRED = "referred"  # handed to another authority, whose word is awaited
CLOSED = "closed"  # with an outcome

MOVES: Mapping[str, frozenset[str]] = MappingProxyType(
    {
        NEW: frozenset({TRIAGED, CLOSED}),
        TRIAGED: frozenset({VERIFYING, REFERRED, CLOSED}),
        VERIFYING: frozenset({REFERRED, CLOSED}),
        REFERRED: frozenset({VERIFYING, CLOSED}),
        CLOSED: frozenset({VERIFYING}),  # opened again
    }
)
STATUSES: tuple[str, ...] = tuple(MOVES)
OPEN: tuple[str, ...] = tuple(status for status in STATUSES if status != CLOSED)

OUTCOMES = (
    "acted",  # the office or the police did something about it
    "handed_over",  # another authority has it for good
    "not_enough",  # too little to go on
    "unfounded",  # looked into, and nothing wrong was found
    "prank",
)

URGENT, HIGH, USUAL, LOW = 1, 2, 3, 4
PRIORITIES = (URGENT, HIGH, USUAL, LOW)

_HOUR, _DAY = timedelta(hours=1), timedelta(days=1)
# How soon the next step shall follow, by status and priority. A first look at a report of danger: within
# the hour in which a boat can still be met; ferries to the border leave on most days, so high means a working
# day. The rest follows from one week of a small office. The office's to change, in this one place.
STEP_WITHIN: Mapping[str, Mapping[int, timedelta]] = MappingProxyType(
    {
        NEW: {URGENT: _HOUR, HIGH: 8 * _HOUR, USUAL: 3 * _DAY, LOW: 7 * _DAY},
        TRIAGED: {URGENT: 4 * _HOUR, HIGH: _DAY, USUAL: 7 * _DAY, LOW: 14 * _DAY},
        VERIFYING: {URGENT: _DAY, HIGH: 3 * _DAY, USUAL: 14 * _DAY, LOW: 30 * _DAY},
        REFERRED: {URGENT: 3 * _DAY, HIGH: 7 * _DAY, USUAL: 30 * _DAY, LOW: 60 * _DAY},
    }
)


def may_move(current: str, new: str) -> bool:
    """True when a case may go from status `current` to `new`. Unknown words may go nowhere."""
    return new in MOVES.get(current, frozenset())


def due_at(status: str, priority: int, since: datetime) -> datetime:
    """When the next step is due for a case that came to `status` at `since`. Closed: then; nothing is due."""
    return since + STEP_WITHIN.get(status, {}).get(priority, timedelta())


def is_overdue(status: str, due: datetime, now: datetime) -> bool:
    """True when the next step of an open case is late."""
    return status != CLOSED and due < now
