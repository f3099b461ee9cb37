"""Starts what is measured, on loopback and under a temporary folder, and ends it again."""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from sms_service.cli.serve import THREADS

ROOT = Path(__file__).parent.parent
PROCESSES = 2
_START_SECONDS = 60
_LISTEN = "0A"  # in /proc/net/tcp


@dataclass(frozen=True)
class Service:
    """A running service: where it listens, its secret, its folder and its process."""

    port: int
    token: str
    var_dir: Path
    pid: int

    def webhook(self, kind: str, gateway: str = "africastalking") -> str:
        """The path of a webhook."""
        return f"/webhooks/{gateway}/{self.token}/{kind}"


def free_port() -> int:
    """A port that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextmanager
def service(var_dir: Path | None = None, **environment: str) -> Iterator[Service]:
    """The whole service as `make run` starts it, ready; in a folder of its own unless one is given."""
    folder, port = var_dir or Path(tempfile.mkdtemp(prefix="ja-bench-")), free_port()
    given = {**os.environ, "VAR_DIR": str(folder), "PORT": str(port), "LOG_LEVEL": "WARNING", **environment}
    command = [sys.executable, "-m", "sms_service", "run", "--with-parent"]
    log = (folder / "log").open("wb")
    process = subprocess.Popen(command, cwd=ROOT, env=given, stdout=log, stderr=log)
    try:
        wait_for(f"http://127.0.0.1:{port}/readyz")
        wait_for_listeners(port)
        token = (folder / "secrets" / "WEBHOOK_TOKEN").read_text().strip()
        yield Service(port, token, folder, process.pid)
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(timeout=30)
        log.close()
        if var_dir is None:
            shutil.rmtree(folder, ignore_errors=True)


@contextmanager
def bare_flask(processes: int = PROCESSES) -> Iterator[int]:
    """The bare Flask view on the same server with as many processes and threads; yields its port."""
    port = free_port()
    command = [
        *(sys.executable, "-m", "granian", "--interface", "wsgi", "--factory", "--port", str(port)),
        *("--workers", str(processes), "--blocking-threads", str(THREADS), "--backlog", "2048", "--no-ws"),
        *("--log-level", "warning", "benchmarks.bare_flask:create"),
    ]
    with _child(command):
        wait_for(f"http://127.0.0.1:{port}/ussd", posts=True)
        wait_for_listeners(port, processes)
        yield port


@contextmanager
def node(redis_socket: Path, processes: int = PROCESSES) -> Iterator[int]:
    """ussd-menu-builder on express with its session in our Redis, clustered; yields its port."""
    folder = ROOT / "benchmarks" / "node"
    if not (folder / "node_modules").is_dir():
        subprocess.run(["npm", "install", "--no-audit", "--no-fund", "--silent"], cwd=folder, check=True)
    port = free_port()
    with _child(["node", str(folder / "server.js"), str(port), str(processes), str(redis_socket)]):
        wait_for(f"http://127.0.0.1:{port}/ussd", posts=True)
        yield port


@contextmanager
def _child(command: list[str]) -> Iterator[None]:
    process = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        yield
    finally:
        process.send_signal(signal.SIGTERM)
        with suppress(subprocess.TimeoutExpired):
            process.wait(timeout=15)
        if process.poll() is None:
            process.kill()
            process.wait()


def wait_for_listeners(port: int, processes: int = PROCESSES) -> None:
    """Return once each process of a server listens on `port` by itself. Raises TimeoutError.

    The first answers while the others still load; connections made by then would all stay with it.
    """
    deadline = time.monotonic() + _START_SECONDS
    while time.monotonic() < deadline:
        sockets = [line.split() for line in Path("/proc/net/tcp").read_text().splitlines()[1:]]
        listening = [one for one in sockets if one[3] == _LISTEN and one[1].endswith(f":{port:04X}")]
        if len(listening) >= processes:
            return
        time.sleep(0.05)
    raise TimeoutError(f"fewer than {processes} processes listen on port {port}")


def wait_for(url: str, posts: bool = False) -> None:
    """Return once `url` answers 200. Raises TimeoutError."""
    deadline = time.monotonic() + _START_SECONDS
    data = b"sessionId=a&phoneNumber=%2B6281200000000&text=&serviceCode=1" if posts else None
    while time.monotonic() < deadline:
        try:
            with urllib.request.urlopen(url, data=data, timeout=5):
                return
        except (urllib.error.URLError, ConnectionError, TimeoutError):
            time.sleep(0.05)
    raise TimeoutError(f"{url} did not answer in {_START_SECONDS} s")
