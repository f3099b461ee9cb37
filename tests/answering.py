"""The service as callers meet it, in one process, on a fresh database with the demo's lists."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime

from sms_service.clock import Clock
from sms_service.runtime import Runtime
from sms_service.services.dialogues.conversations import Conversations
from sms_service.services.dialogues.lists import Lists
from sms_service.store.engine import Store

NOW = datetime(2026, 11, 21, 1, 0, tzinfo=UTC)  # a Saturday, 09.00 WITA


class FixedClock(Clock):
    """Stands still at NOW, plus the shift."""

    def now(self) -> datetime:
        """NOW, shifted."""
        return NOW + self.shift


@dataclass(frozen=True)
class Answering:
    """What the tests of dialogues need."""

    runtime: Runtime
    lists: Lists
    conversations: Conversations

    @property
    def store(self) -> Store:
        """The database."""
        return self.runtime.store

    @property
    def clock(self) -> Clock:
        """The clock, to be shifted."""
        return self.runtime.clock
