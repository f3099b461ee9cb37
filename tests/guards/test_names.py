"""Guards over names that nothing checks at import: lanes, jobs, commands."""

from __future__ import annotations

import importlib
import re
from pathlib import Path

import pytest

from sms_service import cli, queues
from sms_service.cli import run, work

ROOT = Path(__file__).parents[2]


def procfile() -> dict[str, str]:
    lines = (ROOT / "Procfile").read_text(encoding="utf-8").splitlines()
    return dict(re.fullmatch(r"([a-z-]+): (.+)", line).groups() for line in lines)  # type: ignore[union-attr]


def test_every_lane_has_its_worker_in_the_procfile_and_on_the_command_line() -> None:
    for lane in queues.LANES:
        assert procfile()[f"worker-{lane}"] == f"python -m sms_service work --lane {lane}"
    assert work.LANES == queues.LANES


def test_the_procfile_and_run_start_the_same_processes() -> None:
    started = {program.name: " ".join(program.command[1:]) for program in run.programs()}
    assert started == {
        name: command.removeprefix("python ") for name, command in procfile().items() if name != "release"
    }


@pytest.mark.parametrize("job", queues.JOBS)
def test_every_job_is_a_function_in_a_lane_that_exists(job: str) -> None:
    lane, function = queues.JOBS[job]
    module, _, attribute = function.rpartition(".")
    assert lane in queues.LANES
    assert callable(getattr(importlib.import_module(module), attribute))


@pytest.mark.parametrize("command", cli.COMMANDS)
def test_every_command_has_its_module(command: str) -> None:
    module = importlib.import_module(f"sms_service.cli.{cli.COMMANDS[command][0]}")
    assert callable(module.run)
    assert callable(module.add_parser)


@pytest.mark.parametrize("target", ["run", "test", "bench", "phone", "check-menus", "lint", "fix", "seed"])
def test_make_knows_every_word_that_is_promised(target: str) -> None:
    assert re.search(rf"^{target}:.*## ", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE)


def test_what_the_commands_call_by_name_exists() -> None:
    assert callable(importlib.import_module("workers.run").work)
    assert callable(importlib.import_module("workers.schedule").schedule)
    assert callable(importlib.import_module("sms_service.web.wsgi").create)
