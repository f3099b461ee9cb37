"""The supervisor with small programs of its own: it runs in a process, as in life."""

from __future__ import annotations

import os
import select
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
SCRIPT = """
import sys
from sms_service.cli.supervisor import Program, Supervisor
programs = [
    Program(str(number), [sys.executable, "-c", code], last=(number == 0))
    for number, code in enumerate(sys.argv[1:])
]
with Supervisor(lambda line: print(line, flush=True)) as supervisor:
    for program in programs:
        supervisor.start(program)
    stopped = supervisor.watch(lambda: READY, lambda: print("ready", flush=True))
sys.exit(0 if stopped else 1)
"""
SAY_PID = "import os; os.write(1, b'pid %d\\n' % os.getpid()); "
SLEEP = SAY_PID + "import time; time.sleep(60)"
STUBBORN = "import signal; signal.signal(signal.SIGTERM, signal.SIG_IGN); " + SLEEP
WITH_GRANDCHILD = (
    "import subprocess, sys; subprocess.Popen([sys.executable, '-c', " + repr(STUBBORN) + "]); " + SLEEP
)


class Running:
    """A supervisor in a process of its own, and what it has printed."""

    def __init__(self, *codes: str, ready: bool = True, before: str = "") -> None:
        script = before + SCRIPT.replace("READY", str(ready))
        self.process = subprocess.Popen(
            [sys.executable, "-c", script, *codes], cwd=ROOT, stdout=subprocess.PIPE, bufsize=0
        )
        self.text = ""

    def read_until(self, condition: Callable[[str], bool], seconds: float = 20) -> str:
        """Read what is printed until it fulfils `condition`."""
        assert self.process.stdout
        deadline = time.monotonic() + seconds
        while not condition(self.text):
            left = deadline - time.monotonic()
            assert select.select([self.process.stdout], [], [], max(left, 0))[0], self.text
            piece = os.read(self.process.stdout.fileno(), 4096).decode()
            assert piece, f"ended early: {self.text}"
            self.text += piece
        return self.text

    def pids(self, count: int) -> list[int]:
        """The first `count` process ids that the programs have said."""
        self.read_until(lambda text: text.count("pid ") >= count and text.endswith("\n"))
        return [int(line.split()[1]) for line in self.text.splitlines() if line.startswith("pid ")]


@pytest.fixture
def start() -> Iterator[Callable[..., Running]]:
    running: list[Running] = []

    def begin(*codes: str, ready: bool = True, before: str = "") -> Running:
        running.append(Running(*codes, ready=ready, before=before))
        return running[-1]

    yield begin
    for one in running:
        one.process.kill()
        one.process.wait()
        if one.process.stdout:
            one.process.stdout.close()


def wait_until_gone(pids: list[int], seconds: float = 5) -> None:
    deadline = time.monotonic() + seconds
    while left := [pid for pid in pids if is_alive(pid)]:
        assert time.monotonic() < deadline, f"still there: {left}"
        time.sleep(0.02)


def is_alive(pid: int) -> bool:
    try:
        return "\nState:\tZ" not in Path(f"/proc/{pid}/status").read_text()
    except (FileNotFoundError, ProcessLookupError):
        return False


def test_a_child_killed_with_9_is_started_again(start: Callable[..., Running]) -> None:
    running = start(SLEEP)
    [first] = running.pids(1)
    os.kill(first, signal.SIGKILL)
    assert len(set(running.pids(2))) == 2
    assert "0 has ended (killed by SIGKILL); starting it again" in running.text


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGHUP])
def test_a_signal_stops_all_and_what_they_have_started(
    start: Callable[..., Running], number: signal.Signals
) -> None:
    usual = (
        "import signal; signal.signal(signal.SIGHUP, signal.SIG_DFL)"  # also where the tests run under nohup
    )
    running = start(SLEEP, SLEEP, WITH_GRANDCHILD, before=usual)
    pids = running.pids(4)
    running.process.send_signal(number)
    assert running.process.wait(10) == 0
    wait_until_gone(pids)


def test_under_nohup_a_hang_up_stops_nothing(start: Callable[..., Running]) -> None:
    running = start(SLEEP, before="import signal; signal.signal(signal.SIGHUP, signal.SIG_IGN)")
    pids = running.pids(1)
    running.process.send_signal(signal.SIGHUP)
    running.process.send_signal(signal.SIGCHLD)  # it looks around, and has nothing to do
    os.kill(pids[0], signal.SIGKILL)
    assert len(running.pids(2)) == 2
    assert running.process.poll() is None


def test_no_orphan_is_left_when_the_supervisor_itself_is_killed(start: Callable[..., Running]) -> None:
    running = start(SLEEP, STUBBORN)
    pids = running.pids(2)
    running.process.kill()
    wait_until_gone(pids)


def test_a_second_signal_ends_a_child_that_does_not_stop(start: Callable[..., Running]) -> None:
    running = start(STUBBORN)
    pids = running.pids(1)
    running.process.terminate()
    time.sleep(0.3)  # two signals at once would be one
    running.process.terminate()
    assert running.process.wait(10) == 0
    wait_until_gone(pids)
    assert "did not stop in time; killed" in running.read_until(lambda text: "killed" in text)


def test_a_child_that_never_starts_is_reported_and_ends_the_run_before_it_was_ready(
    start: Callable[..., Running],
) -> None:
    running = start(SLEEP, "import sys; sys.exit(3)", ready=False)
    text = running.read_until(lambda text: "its own lines above say why" in text, 30)
    assert "1 has ended (exit status 3)" in text
    assert running.process.wait(10) == 1
    wait_until_gone(running.pids(1))


def test_once_ready_a_child_that_keeps_dying_is_reported_but_the_others_go_on(
    start: Callable[..., Running],
) -> None:
    running = start(SLEEP, "import sys; sys.exit(3)")
    running.read_until(lambda text: "its own lines above say why" in text, 30)
    assert running.process.poll() is None
    assert all(is_alive(pid) for pid in running.pids(1))
