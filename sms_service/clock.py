"""The service's clock: real time, plus a shift in a rehearsal (texts then reach no real phone)."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta


class Clock:
    """`now()` in aware UTC. `shift` stays zero outside a rehearsal."""

    def __init__(self, shift: timedelta = timedelta()) -> None:
        self.shift = shift

    def now(self) -> datetime:
        """The time that the service goes by."""
        return datetime.now(UTC) + self.shift
