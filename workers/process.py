"""What one worker process holds: its parts, built once and after any fork, and whether it shall end.

The jobs (functions that RQ calls by name, with no arguments) ask `process()` for it. `work` and `schedule`
install it; a job called in any other process builds one from the environment.
"""

from __future__ import annotations

import os
import threading
from contextlib import suppress
from datetime import UTC, datetime
from functools import cached_property

from sms_service.errors import Unavailable
from sms_service.logs import get_logger
from sms_service.runtime import Runtime, build
from sms_service.services.dialogues.answering import Answering, build_answering
from sms_service.services.operation import heartbeats
from sms_service.services.read_models import ReadModels
from sms_service.services.rehearsals import follow_clock
from sms_service.settings import Settings, load
from workers.sender import Sender
from workers.stopping import Stopping

log = get_logger(__name__)

BEAT_SECONDS = heartbeats.EVERY.total_seconds() / 2


class Process:
    """The parts of this process. `stopping` is set when it shall end."""

    def __init__(self, settings: Settings, stopping: Stopping | None = None) -> None:
        self.settings = settings
        self.stopping = stopping or Stopping()
        self.runtime: Runtime = build(settings, is_worker=True)
        self.pid = os.getpid()
        self._clock = ReadModels(self.runtime.store, [follow_clock(settings, self.runtime.clock)])

    @cached_property
    def sender(self) -> Sender:
        """What drains the outbox."""
        return Sender(self.runtime, self.stopping)

    @cached_property
    def answering(self) -> Answering:
        """What texts in are answered with. Its lists are loaded now and followed from then on; with the
        database away they are empty until it is back (and no text can be claimed before)."""
        answering = build_answering(self.runtime)
        with suppress(Unavailable):
            answering.lists.models.refresh()
        answering.lists.models.start()
        return answering

    def refresh_clock(self) -> None:
        """Follow a shift of the clock now. A database that is away leaves the clock as it is."""
        try:
            self._clock.refresh()
        except Unavailable:
            return

    def close(self) -> None:
        """Give everything back."""
        if "sender" in self.__dict__:
            self.sender.close()
        if "answering" in self.__dict__:
            self.answering.lists.models.stop()
        self.runtime.close()


class Heart(threading.Thread):
    """Beats for `component` every few seconds until the process is stopping."""

    def __init__(self, process: Process, component: str, every: float = BEAT_SECONDS) -> None:
        super().__init__(name="heart", daemon=True)
        self._process = process
        self._component = component
        self._every = every

    def run(self) -> None:
        """Beat. A database that is away is told once an outage (by nobody else: no job may run)."""
        is_away = False
        runtime = self._process.runtime
        while True:
            self._process.refresh_clock()
            try:
                with runtime.store.transaction() as tx:
                    heartbeats.beat(tx, self._component, datetime.now(UTC))
                is_away = False
            except Unavailable:
                if not is_away:
                    log.warning("no heartbeat: the database is away", component=self._component)
                is_away = True
            if self._process.stopping.wait(self._every):
                return


_installed: Process | None = None


def install(process: Process | None) -> None:
    """Make `process` the one that jobs of this process use (None: forget it)."""
    global _installed
    _installed = process


def process() -> Process:
    """This process's parts; built from the environment where nobody has installed them (or a fork lies
    between: connections must not be shared). Raises SettingsError."""
    if _installed is None or _installed.pid != os.getpid():
        install(Process(load()))
    assert _installed is not None
    return _installed


def runtime() -> Runtime:
    """The runtime of this process."""
    return process().runtime
