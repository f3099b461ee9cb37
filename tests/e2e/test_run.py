"""The whole service, as `make run` starts it: real processes, real servers, a phone that calls.

One start serves the tests in their order: it is called, its processes are killed, it is told to stop.
"""

from __future__ import annotations

import http.client
import json
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from sms_service.settings import redis_socket_path

ROOT = Path(__file__).parents[2]
READY_SECONDS = 60  # a busy machine that runs other tests beside this one
CHILDREN = {"web", "worker-fast", "worker-bulk", "scheduler", "redis"}


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def command(*words: str) -> list[str]:
    return [sys.executable, "-m", "sms_service", *words]


class Service:
    """`run` in a process, with what it prints in a file."""

    def __init__(self, var_dir: Path, home: Path, words: tuple[str, ...] = ()) -> None:
        self.var_dir = var_dir
        self.port = free_port()
        self.environ = {
            "PATH": os.environ["PATH"],
            "HOME": str(home),
            "PORT": str(self.port),
            "VAR_DIR": str(var_dir),
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


def servers_of(web: int) -> list[int]:
    """The processes that answer, below the web server's own."""
    return [int(pid) for pid in Path(f"/proc/{web}/task/{web}/children").read_text().split()]


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("home")


@pytest.fixture(scope="module")
def service(scratch: Path, home: Path) -> Iterator[Service]:
    service = Service(scratch / "var with spaces", home)
    service.wait_until_ready()
    yield service
    service.end()


def test_the_first_start_shows_progress_addresses_and_sign_ins_once(service: Service) -> None:
    text = service.printed()
    for line in ("first start", "starting Redis", "bringing the database up to date", "demo content"):
        assert f"jalur-aman: {line}" in text or line in text, line
    token = (service.var_dir / "secrets" / "WEBHOOK_TOKEN").read_text().strip()
    for kind in ("ussd", "sms", "delivery", "opt-out", "ussd-events"):
        assert f"http://127.0.0.1:{service.port}/webhooks/africastalking/{token}/{kind}\n" in text
    assert re.search(r"first-run sign-ins", text)
    assert re.search(r"password +\S{12,}", text)


def test_readyz_names_each_part_and_metrics_are_there(service: Service) -> None:
    assert {"database", "redis", "workers", "scheduler"} <= set(service.readiness())
    assert service.status("/healthz") == 200
    assert service.status("/metrics") == 200


def test_the_phone_calls_and_reads_the_menu_in_both_languages(service: Service) -> None:
    done = service.cli("phone", "--keys", "1,PT CONTOH,0")
    assert done.returncode == 0, done.stderr
    assert "Jalur Aman" in done.stdout
    assert done.stdout.count("/160 septets") == 4
    assert "TOO LONG" not in done.stdout
    english = service.cli("phone", "--number", "+6281200000002", "--language", "en", "--keys", "")
    assert english.returncode == 0
    assert "Report" in english.stdout


def test_an_sms_is_answered_and_its_delivery_report_comes_back(service: Service) -> None:
    done = service.cli("phone", "--number", "+6281200000003", "--keys", "!drop,!sms=CEK PT CONTOH,!wait=20")
    assert done.returncode == 0, done.stdout + done.stderr + service.printed()
    assert "--- SMS from" in done.stdout
    again = service.cli("phone", "--number", "+6281200000003", "--keys", "!wait=1")
    assert "--- SMS from" not in again.stdout  # it was reported as delivered


def test_a_turn_sent_three_times_at_once_has_one_answer(service: Service) -> None:
    done = service.cli("phone", "--number", "+6281200000004", "--keys", "!twice=1,!twice")
    assert done.returncode == 0, done.stderr
    assert done.stdout.count("(3 at once: one answer)") == 2


def test_a_second_run_on_the_same_folder_is_refused_in_one_line(service: Service) -> None:
    second = service.cli("run")
    assert second.returncode == 1
    assert re.fullmatch(r"jalur-aman: already running on .* \(process \d+\); .*\n", second.stderr)
    assert service.status("/readyz") == 200


def test_a_port_in_use_is_said_in_one_line(service: Service, scratch: Path, home: Path) -> None:
    done = subprocess.run(
        command("run"),
        cwd=ROOT,
        env={**service.environ, "VAR_DIR": str(scratch / "other")},
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert done.returncode == 1
    assert done.stderr == f"jalur-aman: port {service.port} is already in use; set PORT to another one\n"


@pytest.mark.parametrize("name", sorted(CHILDREN))
def test_a_process_killed_with_9_comes_back(service: Service, name: str) -> None:
    before = service.children()
    assert set(before) == CHILDREN
    os.kill(before[name], signal.SIGKILL)
    service.wait_until(lambda: service.children().get(name, before[name]) != before[name], f"{name} is back")
    service.wait_until(lambda: service.status("/readyz") == 200, "ready again")
    assert set(service.children()) == CHILDREN


def test_a_server_process_of_the_web_killed_with_9_comes_back(service: Service) -> None:
    web = service.children()["web"]
    before = servers_of(web)
    assert len(before) == 2
    os.kill(before[0], signal.SIGKILL)
    service.wait_until(lambda: len(set(servers_of(web)) - set(before)) == 1, "a new server process")
    service.wait_until(lambda: service.status("/readyz") == 200, "ready again")
    assert service.children()["web"] == web


def test_after_all_that_a_call_and_a_text_still_work(service: Service) -> None:
    done = service.cli("phone", "--number", "+6281200000005", "--keys", "1,!drop,!sms=INFO,!wait=30")
    assert done.returncode == 0, done.stdout + done.stderr + service.printed()


def test_sigterm_leaves_no_process_and_no_socket(service: Service) -> None:
    service.process.terminate()
    assert service.process.wait(30) == 0
    service.wait_until_nothing_is_left()
    assert "Traceback" not in service.printed()


def test_a_second_start_keeps_the_data_and_prints_no_sign_ins(service: Service, home: Path) -> None:
    again = Service(service.var_dir, home)
    try:
        again.wait_until_ready()
        assert "password" not in again.printed()
        assert "first start" not in again.printed()
        os.kill(again.process.pid, signal.SIGKILL)
        again.process.wait()
        again.wait_until_nothing_is_left()  # nobody was there to stop them
    finally:
        again.end()


def test_all_faults_of_the_settings_are_said_at_once_and_nothing_is_made(tmp_path: Path) -> None:
    done = subprocess.run(
        command("run"),
        cwd=ROOT,
        env={
            "PATH": os.environ["PATH"],
            "VAR_DIR": str(tmp_path / "var"),
            "PORT": "0",
            "TIMEZONE": "Mars/Base",
        },
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert done.returncode == 2
    assert [line.split()[1] for line in done.stderr.splitlines()] == ["PORT", "TIMEZONE"]
    assert not (tmp_path / "var").exists()


def test_without_a_service_the_phone_says_so_in_one_line(service: Service) -> None:
    done = service.cli("phone", "--keys", "1")
    assert done.returncode == 1
    assert len(done.stderr.splitlines()) == 1
    assert "make run" in done.stderr
