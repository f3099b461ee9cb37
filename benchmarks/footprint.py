"""How long `make run` takes to be ready, first and again, and how much memory each process holds.

Reference: the bounds that the service promises (10 s when installed, 120 MB a process).
"""

from __future__ import annotations

import subprocess
import tempfile
import time
from pathlib import Path

from benchmarks import servers
from benchmarks.results import record

READY_SECONDS, RESIDENT_MB = 10, 120


def main() -> None:
    """Measure and record."""
    with tempfile.TemporaryDirectory(prefix="ja-bench-") as folder:
        for figure in ("ready, first start", "ready, second start"):
            started = time.monotonic()
            with servers.service(Path(folder)) as ours:
                record("footprint", figure, time.monotonic() - started, "s", "promised", READY_SECONDS)
                if figure.endswith("second start"):
                    for name, megabytes in _resident(ours.pid):
                        record("footprint", f"resident: {name}", megabytes, "MB", "promised", RESIDENT_MB)


def _resident(supervisor: int) -> list[tuple[str, float]]:
    """The processes of the service with what each holds, the largest of a kind."""
    shown = subprocess.run(
        ["ps", "-A", "-o", "pid=,ppid=,rss=,args="], capture_output=True, text=True, check=True
    ).stdout
    rows = [
        (int(pid), int(parent), int(rss), args) for pid, parent, rss, args in map(_row, shown.splitlines())
    ]
    ours, largest = {supervisor}, dict[str, float]()
    for pid, parent, rss, args in sorted(rows):
        if pid in ours or parent in ours:
            ours.add(pid)
            name = (
                args.split("sms_service ", 1)[1].split(" --with-parent")[0]
                if "sms_service " in args
                else "redis"
            )
            largest[name] = max(largest.get(name, 0.0), rss / 1024)
    return sorted(largest.items())


def _row(line: str) -> list[str]:
    return line.split(maxsplit=3)
