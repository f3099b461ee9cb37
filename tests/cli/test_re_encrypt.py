"""`re-encrypt` from outside: what it says, how it ends, and that a kill in the middle loses nothing."""

from __future__ import annotations

import base64
import os
import subprocess
import sys
import time
from pathlib import Path

import pytest
from sqlalchemy import select

from sms_service.services.texts import messages
from sms_service.store.engine import Store
from sms_service.store.models import Message
from sms_service.store.sealed import count_by_key
from sms_service.store.vault import Vault
from tests.conftest import SECRETS
from tests.services.outbox import text
from tests.text_office import NOW

ROOT = Path(__file__).parents[2]
OLD = SECRETS["DATA_KEY"]
NEW = base64.urlsafe_b64encode(b"n" * 32).decode()
ROWS = 3000


@pytest.fixture
def rotated(tmp_path: Path, sqlite_url: str) -> dict[str, str]:
    """A database full of texts under the old key, and an environment with a new one before it."""
    old = Store(sqlite_url, Vault([OLD], SECRETS["SECRET_KEY"]))
    with old.transaction() as tx:
        messages.enqueue_many(tx, [text(n) for n in range(ROWS)], NOW)
    old.close()
    return {**SECRETS, "DATA_KEY": f"{NEW},{OLD}", "VAR_DIR": str(tmp_path), "DATABASE_URL": sqlite_url}


def start(environ: dict[str, str]) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-m", "sms_service", "re-encrypt"],
        cwd=ROOT,
        env={"PATH": os.environ["PATH"], **environ},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def run(environ: dict[str, str]) -> tuple[int, str]:
    process = start(environ)
    out, err = process.communicate(timeout=120)
    assert err == ""
    return process.returncode, out


def key_id(key: str) -> str:
    return Vault([key], "-").current_key_id.hex()


def test_it_says_that_the_old_key_can_go_and_a_second_run_has_nothing_to_do(rotated: dict[str, str]) -> None:
    status, said = run(rotated)
    assert status == 0
    assert said.splitlines() == [
        f"sealed anew: {ROWS} rows; under the first key: {2 * ROWS} values",
        f"old key {key_id(OLD)}: nothing needs it; it can be taken out of DATA_KEY",
    ]
    status, said = run(rotated)
    assert (status, said.startswith("sealed anew: 0 rows")) == (0, True)
    status, said = run({**rotated, "DATA_KEY": NEW})
    assert (status, len(said.splitlines())) == (0, 1)


def test_a_key_that_was_taken_away_too_early_is_status_1_and_named(rotated: dict[str, str]) -> None:
    status, said = run({**rotated, "DATA_KEY": NEW})
    assert status == 1
    assert f"key {key_id(OLD)}: {2 * ROWS} values need it and DATA_KEY lacks it" in said


def test_killed_in_the_middle_it_goes_on_where_it_stood(rotated: dict[str, str]) -> None:
    store = Store(rotated["DATABASE_URL"], Vault([NEW, OLD], SECRETS["SECRET_KEY"]))
    process = start(rotated)
    deadline = time.monotonic() + 60
    while True:
        with store.read() as tx:
            counts = count_by_key(tx)
        if counts[store.vault.current_key_id]:
            break
        assert time.monotonic() < deadline
    process.kill()
    process.communicate()
    with store.read() as tx:
        left = count_by_key(tx)
        half = {tx.vault.open(sealed) for sealed in tx.scalars(select(Message.number_sealed))}
    assert len(half) == ROWS  # all can be read at any moment
    status, said = run(rotated)
    assert status == 0
    assert "nothing needs it" in said
    assert left.total() == 2 * ROWS
    store.close()
