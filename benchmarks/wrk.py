"""Runs wrk and reads its figures."""

from __future__ import annotations

import re
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

_UNITS = {"us": 0.001, "ms": 1.0, "s": 1000.0}
SCRIPTS = Path(__file__).parent


@dataclass(frozen=True)
class Load:
    """What one run of wrk saw."""

    per_second: float
    p50_ms: float
    p99_ms: float
    errors: int
    requests: int


def run(port: int, script: str, *arguments: str, connections: int = 64, seconds: int = 8) -> Load:
    """Load 127.0.0.1:`port` with `script`. Raises RuntimeError when wrk is not here."""
    if not shutil.which("wrk"):
        raise RuntimeError("wrk is needed: apt-get install wrk")
    command = [
        *("wrk", "--latency", "-t1", f"-c{connections}", f"-d{seconds}s", "-s", str(SCRIPTS / script)),
        *(f"http://127.0.0.1:{port}", "--", *arguments),
    ]
    said = subprocess.run(command, capture_output=True, text=True, check=True, timeout=seconds + 60).stdout
    rate = re.search(r"Requests/sec:\s+([\d.]+)", said)
    if rate is None:
        raise RuntimeError(said)
    errors = sum(int(n) for n in re.findall(r"Non-2xx or 3xx responses: (\d+)", said))
    errors += sum(
        int(n) for line in re.findall(r"Socket errors: (.*)", said) for n in re.findall(r"\d+", line)
    )
    done = re.search(r"(\d+) requests in", said)
    requests = int(done[1]) if done else 0
    return Load(float(rate[1]), _latency(said, "50%"), _latency(said, "99%"), errors, requests)


def _latency(said: str, percentile: str) -> float:
    found = re.search(rf"^\s+{percentile}\s+([\d.]+)(us|ms|s)$", said, re.MULTILINE)
    return float(found[1]) * _UNITS[found[2]] if found else float("nan")
