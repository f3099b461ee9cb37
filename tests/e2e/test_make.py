"""`make run` as a person uses it: whatever ends make ends the service too."""

from __future__ import annotations

import os
import signal
import subprocess
from pathlib import Path

import pytest

from tests.e2e.service import ROOT, Service


class MadeService(Service):
    """The same, started by make."""

    def __init__(self, var_dir: Path, home: Path) -> None:
        super().__init__(var_dir, home, words=("make", "run"))


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGKILL])
def test_nothing_is_left_when_make_is_told_to_stop_or_killed(
    scratch: Path, tmp_path: Path, number: signal.Signals
) -> None:
    service = MadeService(scratch / f"made-{number}", tmp_path)
    try:
        service.wait_until_ready()
        if number is signal.SIGINT:  # Ctrl-C reaches everything in the foreground at once
            os.killpg(service.process.pid, number)
        else:
            service.process.send_signal(number)
        service.process.wait(30)
        service.wait_until_nothing_is_left()
        assert "Traceback" not in service.printed()
    finally:
        service.end()


def test_make_alone_lists_what_it_can_do() -> None:
    done = subprocess.run(["make"], cwd=ROOT, capture_output=True, text=True, timeout=60)
    assert done.returncode == 0
    for word in ("run", "test", "bench", "phone", "check-menus", "lint", "fix", "seed", "migration"):
        assert f"  make {word} " in done.stdout
