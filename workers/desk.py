"""What the fast worker answers texts with: the lists in memory, the menu by SMS, the recruiter check.

Opened when the first text comes in; its lists follow the database from then on.
"""

from __future__ import annotations

from contextlib import suppress

from sms_service.errors import Unavailable
from sms_service.runtime import Runtime
from sms_service.services.answering import build_answering
from sms_service.services.sms_context import SmsContext


class Desk:
    """One for a worker process."""

    def __init__(self, runtime: Runtime) -> None:
        answering = build_answering(runtime)
        self._models = answering.lists.models
        with suppress(Unavailable):  # then the lists come as soon as the database does
            self._models.refresh()
        self._models.start()
        self.context: SmsContext = answering.sms

    def close(self) -> None:
        """Let go of the thread that keeps the lists fresh."""
        self._models.stop()
