"""Keeps the processes of `run` alive and takes them all down with it.

Each child leads a session of its own: Ctrl-C reaches the supervisor only, which stops the children in
order, and what a child has started itself can be ended with it. A child that dies is started again,
after a wait that doubles up to ten seconds. Should the supervisor be killed, the kernel ends them.
"""

from __future__ import annotations

import os
import select
import signal
import subprocess
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from types import FrameType, TracebackType

from sms_service.lifeline import die_with_parent

FIRST_WAIT_SECONDS = 0.2
LONGEST_WAIT_SECONDS = 10.0
QUICK_DEATH_SECONDS = 5.0  # a child that lived for less has probably not started at all
QUICK_DEATHS = 5  # that many in a row are said aloud; before the service was ever ready, they end it
STOP_SECONDS = 25.0  # a worker waits up to 22 for calls that a gateway may have taken (workers/sender.py)
_TICK_SECONDS = 0.25
_STOP_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


class Stopped(KeyboardInterrupt):
    """Told to stop while still preparing."""


@dataclass(frozen=True)
class Program:
    """What to run. `last` ones (servers that the others need) are stopped after the others."""

    name: str
    command: Sequence[str]
    last: bool = False
    orphan_signal: signal.Signals = signal.SIGKILL


class Child:
    """One program and its present process, if any."""

    def __init__(self, program: Program) -> None:
        self.program = program
        self.process: subprocess.Popen[bytes] | None = None
        self.started = 0.0
        self.quick_deaths = 0
        self.start_again_at = 0.0

    def start(self) -> None:
        """Start the process. From the main thread only: the kernel's tie is to that thread."""
        parent = os.getpid()
        death = self.program.orphan_signal
        self.started = time.monotonic()
        self.process = subprocess.Popen(  # noqa: S603 - our own commands
            self.program.command,
            stdin=subprocess.DEVNULL,
            start_new_session=True,
            preexec_fn=lambda: die_with_parent(parent, death),  # safe: no threads here
        )

    def reap(self) -> str | None:
        """How the process ended, once, and everything that it had started with it; None while it lives."""
        if self.process is None or self.process.poll() is None:
            return None
        ending, lived = self.process.returncode, time.monotonic() - self.started
        self.signal_group(signal.SIGKILL)
        self.process = None
        self.quick_deaths = self.quick_deaths + 1 if lived < QUICK_DEATH_SECONDS else 0
        wait = min(FIRST_WAIT_SECONDS * 2 ** min(self.quick_deaths, 10), LONGEST_WAIT_SECONDS)
        self.start_again_at = time.monotonic() + wait
        return f"killed by {signal.Signals(-ending).name}" if ending < 0 else f"exit status {ending}"

    def signal_group(self, number: signal.Signals) -> None:
        """Signal the process and all that it has started."""
        if self.process is None:
            return
        try:
            os.killpg(self.process.pid, number)
        except ProcessLookupError:
            return


class Supervisor:
    """Starts, watches, restarts and stops the children. Use it as a context: leaving it stops all."""

    def __init__(self, say: Callable[[str], None]) -> None:
        self._say = say
        self._children: list[Child] = []
        self._preparing = True
        self._signals = 0
        self._wake_read, self._wake_write = os.pipe()
        os.set_blocking(self._wake_read, False)
        os.set_blocking(self._wake_write, False)

    def __enter__(self) -> Supervisor:
        signal.set_wakeup_fd(self._wake_write, warn_on_full_buffer=False)
        signal.signal(signal.SIGCHLD, lambda _number, _frame: None)  # so that a death wakes us
        for number in _STOP_SIGNALS:
            # Under nohup a hang-up is ignored, and stays so.
            if number != signal.SIGHUP or signal.getsignal(number) != signal.SIG_IGN:
                signal.signal(number, self._on_stop)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._preparing = False
        self._stop_all()
        signal.set_wakeup_fd(-1)
        os.close(self._wake_read)
        os.close(self._wake_write)

    def start(self, program: Program) -> None:
        """Start one program and keep it running from now on."""
        child = Child(program)
        child.start()
        self._children.append(child)

    def watch(self, is_ready: Callable[[], bool], when_ready: Callable[[], None]) -> bool:
        """Keep the children running until told to stop. `when_ready` is called once.

        Returns False when a child could not be started at all.
        """
        self._preparing = False
        ready = False
        while not self._signals:
            for child in self._children:
                if not self._tend(child) and not ready:
                    return False
            if not ready and is_ready():
                ready = True
                when_ready()
            self._sleep(_TICK_SECONDS if not ready else 60.0)
        return True

    def _tend(self, child: Child) -> bool:
        """Start `child` again when it has died. False when that has been in vain for too often."""
        name = child.program.name
        if ending := child.reap():
            wait = child.start_again_at - time.monotonic()
            self._say(f"{name} has ended ({ending}); starting it again in {wait:.1f} s")
            if child.quick_deaths and child.quick_deaths % QUICK_DEATHS == 0:
                self._say(
                    f"{name} has ended {child.quick_deaths} times in a row just after its start:"
                    " its own lines above say why"
                )
                return False
        if child.process is None and time.monotonic() >= child.start_again_at:
            child.start()
        return True

    def _sleep(self, longest: float) -> None:
        """Sleep until a signal comes (a child's death is one), or a restart is due."""
        due = [child.start_again_at - time.monotonic() for child in self._children if child.process is None]
        select.select([self._wake_read], [], [], max(0.0, min([longest, *due])))
        try:
            os.read(self._wake_read, 4096)
        except BlockingIOError:
            return

    def _stop_all(self) -> None:
        for last in (False, True):
            children = [child for child in self._children if child.process and child.program.last is last]
            for child in children:
                child.signal_group(signal.SIGTERM)
            self._wait_for(children)

    def _wait_for(self, children: list[Child]) -> None:
        """Wait for the end of `children`; kill what is left when time is up or we are told again."""
        told, deadline = self._signals, time.monotonic() + STOP_SECONDS
        while left := [child for child in children if child.process and not child.reap()]:
            if time.monotonic() > deadline or self._signals > told:
                for child in left:
                    self._say(f"{child.program.name} did not stop in time; killed")
                    child.signal_group(signal.SIGKILL)
                    if child.process:
                        child.process.wait()
            self._sleep(0.1)

    def _on_stop(self, _number: int, _frame: FrameType | None) -> None:
        self._signals += 1
        if self._preparing and self._signals == 1:
            raise Stopped
