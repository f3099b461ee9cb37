"""`run` in a process of its own, for the tests that use the whole service."""

from __future__ import annotations

import http.client
import json
import os
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

from sms_service.settings import redis_socket_path

ROOT = Path(__file__).parents[2]
READY_SECONDS = 60  # a busy machine that runs other tests beside this one


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def command(*words: str) -> list[str]:
    return [sys.executable, "-m", "sms_service", *words]


class Service:
    """`run` in a process, with what it prints in a file."""

    def __init__(self, var_dir: Path, home: Path, words: tuple[str, ...] = (), **environ: str) -> None:
        self.var_dir = var_dir
        self.port = free_port()
        self.environ = {
            "PATH": os.environ["PATH"],
            "HOME": str(home),
            "PORT": str(self.port),
            "VAR_DIR": str(var_dir),
            **environ,
        }
        self.log = home / f"run-{self.port}.log"
        self._file = self.log.open("wb")
        self.process = subprocess.Popen(
            words or command("run"),
            cwd=ROOT,
            env=self.environ,
            stdout=self._file,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )

    def printed(self) -> str:
        return self.log.read_text(encoding="utf-8")

    def status(self, path: str) -> int:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=5)
        try:
            connection.request("GET", path)
            return connection.getresponse().status
        except (OSError, http.client.HTTPException):
            return 0
        finally:
            connection.close()

    def readiness(self) -> dict[str, object]:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=5)
        try:
            connection.request("GET", "/readyz")
            answer: dict[str, object] = json.loads(connection.getresponse().read())
            return answer
        finally:
            connection.close()

    def wait_until(self, condition: Callable[[], bool], what: str, seconds: float = READY_SECONDS) -> None:
        deadline = time.monotonic() + seconds
        while not condition():
            assert self.process.poll() is None, f"ended while waiting until {what}:\n{self.printed()}"
            assert time.monotonic() < deadline, f"not in time: {what}\n{self.printed()}"
            time.sleep(0.1)

    def wait_until_ready(self) -> None:
        self.wait_until(lambda: "ready in" in self.printed() and self.status("/readyz") == 200, "ready")

    def cli(self, *words: str, stdin: str = "") -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            command(*words),
            cwd=ROOT,
            env=self.environ,
            input=stdin,
            capture_output=True,
            text=True,
            timeout=60,
        )

    def processes(self) -> dict[int, str]:
        """Every live process that has our VAR_DIR in its environment, or our socket in its name."""
        socket = str(redis_socket_path(self.var_dir))
        mark = f"VAR_DIR={self.var_dir}".encode()
        found = {}
        for folder in Path("/proc").iterdir():
            if folder.name.isdecimal():
                try:
                    name = (folder / "cmdline").read_bytes().replace(b"\0", b" ").decode()
                    if socket in name or mark in (folder / "environ").read_bytes().split(b"\0"):
                        found[int(folder.name)] = name
                except OSError:  # it has just ended, or is not ours
                    continue
        return found

    def children(self) -> dict[str, int]:
        """The supervisor's own children by name."""
        named = {
            "sms_service serve": "web",
            "--lane fast": "worker-fast",
            "--lane bulk": "worker-bulk",
            "sms_service schedule": "scheduler",
            "unixsocket": "redis",
        }
        listing = Path(f"/proc/{self.process.pid}/task/{self.process.pid}/children").read_text()
        processes = self.processes()
        return {
            name: pid
            for pid in map(int, listing.split())
            for part, name in named.items()
            if part in processes.get(pid, "")
        }

    def wait_until_nothing_is_left(self, seconds: float = 15) -> None:
        deadline = time.monotonic() + seconds
        while left := self.processes():
            assert time.monotonic() < deadline, f"still running: {left}"
            time.sleep(0.05)
        if self.process.returncode == 0:
            assert not redis_socket_path(self.var_dir).exists()
        assert self.status("/healthz") == 0

    def end(self) -> None:
        if self.process.poll() is None:
            self.process.terminate()
            self.process.wait(30)
        self._file.close()
        folder = redis_socket_path(self.var_dir).parent
        if folder != self.var_dir and folder.is_dir():  # left by a supervisor that was killed
            shutil.rmtree(folder)
