"""The whole service, as `make run` starts it: real processes, real servers, a phone that calls.

One start serves the tests in their order: it is called, its processes are killed, it is told to stop.
"""

from __future__ import annotations

import os
import re
import signal
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.e2e.service import ROOT, Service, command

CHILDREN = {"web", "worker-fast", "worker-bulk", "scheduler", "redis"}


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
