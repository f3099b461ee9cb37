"""The flag that ends a process in good order: set by a signal handler, looked at by everything that waits.

Not threading.Event: a handler runs in the main thread, which may just stand inside the event's own lock,
and would then wait for itself for ever. Here a pipe that is written once and never read wakes all waiters.
"""

from __future__ import annotations

import os
import select
import signal
from types import FrameType


class Stopping:
    """`set` may be called at any moment, from a signal handler too, and more than once."""

    def __init__(self) -> None:
        self._is_set = False
        self._reader, self._writer = os.pipe()
        os.set_blocking(self._writer, False)

    def set(self) -> None:
        """From now on it is set for good."""
        if not self._is_set:
            self._is_set = True
            os.write(self._writer, b".")

    def is_set(self) -> bool:
        """Whether the process shall end."""
        return self._is_set

    def wait(self, seconds: float) -> bool:
        """Wait at most so long for it to be set; return whether it is."""
        if not self._is_set and seconds > 0:
            poll = select.poll()
            poll.register(self._reader, select.POLLIN)
            poll.poll(seconds * 1000)
        return self._is_set

    def on_signals(self) -> None:
        """Let SIGTERM and SIGINT set it. From the main thread only."""
        signal.signal(signal.SIGTERM, self._on_signal)
        signal.signal(signal.SIGINT, self._on_signal)

    def _on_signal(self, _signum: int, _frame: FrameType | None) -> None:
        self.set()

    def __del__(self) -> None:
        os.close(self._reader)
        os.close(self._writer)
