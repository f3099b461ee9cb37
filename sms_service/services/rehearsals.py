"""A rehearsal's clock: jumped ahead before an event or a change of menus, to see what will be sent when.

The shift is one row, kept in each process by a read model. It is honoured only where texts reach nothing
but the console's phones (settings.is_rehearsal): on a live service the row means nothing.
"""

from __future__ import annotations

from datetime import timedelta

from sqlalchemy import select

from sms_service.clock import Clock
from sms_service.errors import Invalid, NotAllowed
from sms_service.services.read_models import ReadModel, bump
from sms_service.settings import Settings
from sms_service.store.engine import Tx
from sms_service.store.models import ClockShift

_THE_ROW = 1
_FURTHEST = timedelta(days=3660)


def get_shift(tx: Tx) -> timedelta:
    """How far the clock has been moved in all; zero when never."""
    return timedelta(seconds=tx.scalar(select(ClockShift.seconds).where(ClockShift.id == _THE_ROW)) or 0)


def shift_clock(tx: Tx, by: timedelta, settings: Settings) -> timedelta:
    """Move the clock of all processes by `by`, back too; returns the whole shift.

    Raises NotAllowed outside a rehearsal, Invalid beyond ten years.
    """
    if not settings.is_rehearsal:
        raise NotAllowed("the clock is moved in a rehearsal only (SMS_GATEWAY=console)")
    row = tx.get(ClockShift, _THE_ROW) or ClockShift(id=_THE_ROW, seconds=0)
    total = timedelta(seconds=row.seconds) + by
    if abs(total) > _FURTHEST:
        raise Invalid("the clock may be moved by ten years at most")
    row.seconds = int(total.total_seconds())
    tx.add(row)
    bump(tx, "clock")
    return total


def follow_clock(settings: Settings, clock: Clock) -> ReadModel[timedelta]:
    """A read model that keeps `clock` shifted as the rehearsal has it."""

    def load(tx: Tx) -> timedelta:
        shift = get_shift(tx) if settings.is_rehearsal else timedelta()
        clock.shift = shift
        return shift

    return ReadModel("clock", load, timedelta())
