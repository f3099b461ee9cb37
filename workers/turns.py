"""How long a job goes on before it lets another one of its lane have its turn.

A worker does one job at a time. So that a change of an event is not told behind a long list, a job of the
bulk lane ends early when another one waits; what is left of it goes to the end of the line.
"""

from __future__ import annotations

import time

from workers.process import Process

LEAST_SECONDS = 1.0  # nobody is sent away before that: to begin anew costs something too
_LOOK_EVERY_SECONDS = 0.2


class Turn:
    """The turn of `job`, from now on: at most `seconds`, less when another job of its lane is awaited."""

    def __init__(self, here: Process, job: str, seconds: float) -> None:
        self._here = here
        self._job = job
        now = time.monotonic()
        self._deadline = now + seconds
        self._next_look = now + LEAST_SECONDS
        self._is_over = False

    def is_over(self) -> bool:
        """True when the job shall end, and once true always."""
        now = time.monotonic()
        if now >= self._deadline or self._here.stopping.is_set():
            self._is_over = True
        elif not self._is_over and now >= self._next_look:
            self._next_look = now + _LOOK_EVERY_SECONDS
            self._is_over = self._here.runtime.queues.is_another_awaited(self._job)
        return self._is_over
