"""The processes of a storm: the real workers, scheduler and web process, each forked from a server that has
loaded them already, so that one is there within some milliseconds of being killed.

Their clock is the machine's, moved by what stands in a small file: a storm lets it jump.
"""

from __future__ import annotations

import mmap
import os
import struct
import sys
from datetime import UTC, datetime, timedelta
from multiprocessing import get_context
from multiprocessing.process import BaseProcess
from pathlib import Path

from sms_service import logs, runtime
from sms_service.clock import Clock
from sms_service.settings import load
from workers import run as _loaded_workers
from workers import schedule as _loaded_schedule

assert _loaded_workers
assert _loaded_schedule
_SHIFT = struct.Struct("d")


class Jumping:
    """How far the clock of a storm has been moved, in seconds; shared by a file."""

    def __init__(self, path: Path) -> None:
        if not path.exists():
            path.write_bytes(_SHIFT.pack(0.0))
        with path.open("r+b") as file:
            self._map = mmap.mmap(file.fileno(), _SHIFT.size)

    @property
    def seconds(self) -> float:
        """The whole shift."""
        return float(_SHIFT.unpack_from(self._map)[0])

    def jump(self, by: float) -> None:
        """Move the clock of all processes, forward or back."""
        _SHIFT.pack_into(self._map, 0, self.seconds + by)

    def now(self) -> datetime:
        """The time of the storm."""
        return datetime.now(UTC) + timedelta(seconds=self.seconds)


def _prepare(environment: dict[str, str], shift: Path) -> None:
    os.environ.clear()
    os.environ.update(environment)
    out = os.open(str(shift.with_name("log")), os.O_WRONLY | os.O_CREAT | os.O_APPEND)
    os.dup2(out, 1)
    os.dup2(out, 2)
    jumping = Jumping(shift)

    class StormClock(Clock):
        def now(self) -> datetime:
            return jumping.now()

    runtime.Clock = StormClock  # type: ignore[misc]
    logs.configure("WARNING", "storm")


def _work(environment: dict[str, str], shift: Path, lane: str) -> None:
    _prepare(environment, shift)
    _loaded_workers.work(load(), lane)


def _schedule(environment: dict[str, str], shift: Path) -> None:
    _prepare(environment, shift)
    _loaded_schedule.schedule(load())


def _serve(environment: dict[str, str], shift: Path, port: int) -> None:
    _prepare(environment, shift)
    from werkzeug.serving import make_server

    from sms_service.web.app import create_app
    from tests.web.conftest import PaperTurns

    app = create_app(runtime.build(load()), PaperTurns())  # type: ignore[arg-type]
    make_server("127.0.0.1", port, app, threaded=True).serve_forever()


_TARGETS = {"fast": (_work, "fast"), "bulk": (_work, "bulk"), "scheduler": (_schedule,), "web": (_serve,)}


class Programs:
    """Starts, kills and counts the processes of one storm."""

    def __init__(self, environment: dict[str, str], shift: Path, port: int) -> None:
        self._context = get_context("forkserver")
        self._context.set_forkserver_preload(["tests.chaos.programs", "tests.web.conftest"])
        self._given = (environment, shift)
        self._port = port
        self.alive: dict[str, BaseProcess] = {}

    def start(self, name: str) -> None:
        """Start `name` ("bulk-2" is a second "bulk"), unless it runs."""
        if name in self.alive and self.alive[name].is_alive():
            return
        target, *words = _TARGETS[name.partition("-")[0]]
        more = [*words, *([self._port] if name == "web" else [])]
        process = self._context.Process(target=target, args=(*self._given, *more), name=name, daemon=True)
        process.start()
        self.alive[name] = process

    def kill(self, name: str) -> None:
        """kill -9."""
        process = self.alive.pop(name, None)
        if process is not None:
            process.kill()
            process.join(10)
            process.close()

    def end(self) -> None:
        """Kill all of them."""
        for name in list(self.alive):
            self.kill(name)


if __name__ == "__main__":
    sys.exit("run `make chaos`")
