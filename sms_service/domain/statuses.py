"""The life of a text out: its statuses and the only moves between them.

A final status is never left, so counts by status always add up to the number of texts. Used by
services/texts/messages.py and its neighbours, and by whoever shows or counts texts.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

QUEUED = "queued"  # waits for its time, its lane, its budget
SENDING = "sending"  # claimed by a worker, under a lease
SENT = "sent"  # a gateway has taken it
DELIVERED = "delivered"  # it has reached the phone
FAILED = "failed"  # it will not reach the phone
EXPIRED = "expired"  # its deadline passed first: late is worse than never
OPTED_OUT = "opted_out"  # the person said STOP first
UNKNOWN = "unknown"  # a gateway may have it; never sent again by itself

MOVES: Mapping[str, frozenset[str]] = MappingProxyType(
    {
        QUEUED: frozenset({SENDING, EXPIRED, OPTED_OUT}),
        # Back to queued only when it certainly did not go out.
        SENDING: frozenset({QUEUED, SENT, FAILED, UNKNOWN, OPTED_OUT}),
        SENT: frozenset({DELIVERED, FAILED}),
        UNKNOWN: frozenset({SENT, DELIVERED, FAILED}),
        DELIVERED: frozenset(),
        FAILED: frozenset(),
        EXPIRED: frozenset(),
        OPTED_OUT: frozenset(),
    }
)
STATUSES: tuple[str, ...] = tuple(MOVES)
FINAL = frozenset(status for status, onward in MOVES.items() if not onward)

# Kinds of text. What a kind may do is decided here and in quiet_hours.py, nowhere else.
REPLY = "reply"  # answers what the person just sent
CONFIRMATION = "confirmation"  # of STOP, and of nothing else: it goes to a number that has opted out
NOTICE = "notice"  # an event that the person registered for has changed, or is off
REMINDER = "reminder"
INFO = "info"
WARNING = "warning"
URGENT = "urgent"
ALERT = "alert"  # to people on duty
KINDS: tuple[str, ...] = (REPLY, CONFIRMATION, NOTICE, REMINDER, INFO, WARNING, URGENT, ALERT)


def may_move(current: str, new: str) -> bool:
    """True when a text may go from status `current` to `new`. Unknown words may go nowhere."""
    return new in MOVES.get(current, frozenset())


def sources(new: str) -> tuple[str, ...]:
    """The statuses from which a text may move to `new`."""
    return tuple(status for status in STATUSES if may_move(status, new))
