"""Every command from outside: exit status, what it prints, and what it never prints."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from sms_service.cli import COMMANDS
from tests.conftest import SECRETS

ROOT = Path(__file__).parents[2]


def command(*words: str, stdin: str = "", **environ: str) -> subprocess.CompletedProcess[str]:
    """Run `python -m sms_service ...` with nothing in the environment but `environ`."""
    return subprocess.run(
        [sys.executable, "-m", "sms_service", *words],
        cwd=ROOT,
        env={"PATH": os.environ["PATH"], **environ},
        input=stdin,
        capture_output=True,
        text=True,
        timeout=60,
    )


@pytest.fixture
def database(tmp_path: Path, sqlite_url: str) -> dict[str, str]:
    return {**SECRETS, "VAR_DIR": str(tmp_path), "DATABASE_URL": sqlite_url}


def test_help_names_every_command_and_imports_none_of_them() -> None:
    script = (
        "import sys; from sms_service.cli import main; status = main(['--help']);"
        "print([m for m in ('sqlalchemy', 'rq', 'redis', 'pydantic', 'flask') if m in sys.modules]);"
        "sys.exit(status)"
    )
    done = subprocess.run([sys.executable, "-c", script], cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0
    assert done.stdout.endswith("[]\n")
    for name in COMMANDS:
        assert re.search(rf"^    {name}\s", done.stdout, re.MULTILINE)


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_explains_itself(name: str) -> None:
    done = command(name, "--help")
    assert (done.returncode, done.stderr) == (0, "")
    assert name in done.stdout


@pytest.mark.parametrize(
    "words", [[], ["nonsense"], ["work"], ["work", "--lane", "slow"], ["create-staff", "x", "--role", "king"]]
)
def test_wrong_use_is_status_2(words: list[str]) -> None:
    done = command(*words)
    assert done.returncode == 2
    assert "Traceback" not in done.stderr


def test_every_fault_of_the_settings_is_said_at_once(tmp_path: Path) -> None:
    done = command("settings", VAR_DIR=str(tmp_path), PORT="many", SMS_GATEWAY="pigeon", DATA_KEY="short")
    assert done.returncode == 2
    for name in ("PORT", "SMS_GATEWAY", "DATA_KEY", "SECRET_KEY", "WEBHOOK_TOKEN"):
        assert any(line.startswith(f"jalur-aman: {name} ") for line in done.stderr.splitlines()), name
    assert "pigeon" not in done.stderr
    assert "short" not in done.stderr


def test_settings_hides_secrets(database: dict[str, str]) -> None:
    done = command("settings", **database, DUTY_NUMBERS="+6281200000001")
    assert done.returncode == 0
    assert "PORT=8000\n" in done.stdout
    assert "81200000001" not in done.stdout
    assert not any(secret in done.stdout for secret in SECRETS.values())


def test_a_person_and_a_token_are_made(database: dict[str, str]) -> None:
    added = command("create-staff", "Maria", "--role", "officer", stdin="a long password\n", **database)
    assert added.returncode == 0
    assert "a long password" not in added.stdout + added.stderr
    made = command("create-token", "Maria", **database)
    assert made.returncode == 0
    assert len(made.stdout.strip().splitlines()[-1]) >= 32
    twice = command("create-staff", "Maria", "--role", "officer", stdin="a long password\n", **database)
    assert (twice.returncode, twice.stdout) == (1, "")


def test_what_the_data_refuses_is_status_1_and_one_line(database: dict[str, str]) -> None:
    for done in (
        command("create-staff", "Maria", "--role", "officer", stdin="short\n", **database),
        command("create-staff", "Maria", "--role", "officer", stdin="", **database),
        command("create-token", "Nobody", **database),
        command("create-token", "Nobody", **{**database, "DATABASE_URL": "sqlite:////no/such/place.sqlite3"}),
    ):
        assert done.returncode == 1
        assert len(done.stderr.splitlines()) == 1
        assert done.stderr.startswith("jalur-aman: ")


def test_an_empty_database_is_migrated_and_a_second_time_does_no_harm(tmp_path: Path) -> None:
    environ = {**SECRETS, "VAR_DIR": str(tmp_path / "new")}
    first, second = command("migrate", **environ), command("migrate", **environ)
    assert (first.returncode, second.returncode) == (0, 0)
    assert "running upgrade" in first.stdout
    assert "running upgrade" not in second.stdout
    assert (tmp_path / "new" / "jalur.sqlite3").stat().st_mode & 0o077 == 0


def test_before_migrate_a_command_says_so(tmp_path: Path) -> None:
    done = command("create-token", "Maria", **SECRETS, VAR_DIR=str(tmp_path))
    assert done.returncode == 1
    assert "migrate" in done.stderr


def test_an_unexpected_fault_is_one_line_too() -> None:
    script = (
        "import sys; from sms_service import cli; cli.COMMANDS['boom'] = ('no_such_module', '');"
        "sys.exit(cli.main(['boom']))"
    )
    done = subprocess.run([sys.executable, "-c", script], cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 1
    assert done.stderr.startswith("jalur-aman: unexpected ModuleNotFoundError")
    assert len(done.stderr.splitlines()) == 1
