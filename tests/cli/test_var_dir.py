"""VAR_DIR: secrets are made once, privately and whole; one run at a time."""

from __future__ import annotations

import base64
from pathlib import Path

import pytest

from sms_service.cli import var_dir
from sms_service.errors import Conflict
from sms_service.settings import Settings, load


def prepared(folder: Path) -> Settings:
    environ = {"VAR_DIR": str(folder)}
    fresh = var_dir.missing_secrets(environ)
    settings = load({**environ, **fresh})
    with var_dir.held(settings):
        var_dir.keep(settings, fresh)
    return load(environ)


def test_secrets_are_made_once_and_only_their_owner_may_read_them(tmp_path: Path) -> None:
    folder = tmp_path / "a place with spaces"
    first = prepared(folder)
    assert prepared(folder) == first
    assert len(base64.urlsafe_b64decode(first.data_key[0])) == 32
    assert folder.stat().st_mode & 0o777 == 0o700
    kept = list((folder / "secrets").iterdir())
    assert sorted(file.name for file in kept) == ["DATA_KEY", "SECRET_KEY", "WEBHOOK_TOKEN"]
    assert {file.stat().st_mode & 0o777 for file in kept} == {0o600}


def test_a_secret_that_is_given_is_not_made(tmp_path: Path) -> None:
    given = tmp_path / "token"
    given.write_text("a-token-from-a-file\n")
    environ = {
        "VAR_DIR": str(tmp_path / "var"),
        "SECRET_KEY": "given by the operator",
        "WEBHOOK_TOKEN_FILE": str(given),
    }
    assert list(var_dir.missing_secrets(environ)) == ["DATA_KEY"]


def test_two_first_starts_at_once_end_with_the_same_secrets(tmp_path: Path) -> None:
    environ = {"VAR_DIR": str(tmp_path)}
    ours, theirs = var_dir.missing_secrets(environ), var_dir.missing_secrets(environ)
    settings = load({**environ, **ours})
    var_dir.keep(settings, ours)
    var_dir.keep(settings, theirs)
    assert load(environ).secret_key == ours["SECRET_KEY"]


def test_a_second_run_on_the_same_folder_is_refused_and_named(tmp_path: Path) -> None:
    settings = prepared(tmp_path)
    refusal = pytest.raises(Conflict, match=r"already running on .* \(process \d+\)")
    with var_dir.held(settings), refusal, var_dir.held(settings):
        raise AssertionError("held twice")
    with var_dir.held(settings):
        pass  # it was let go


@pytest.mark.parametrize("name", ["DATA_KEY", "SECRET_KEY"])
def test_a_lost_key_is_never_replaced_while_there_is_a_database_that_needs_it(
    tmp_path: Path, name: str
) -> None:
    prepared(tmp_path)
    (tmp_path / "jalur.sqlite3").write_bytes(b"something")
    (tmp_path / "secrets" / name).unlink()
    with pytest.raises(Conflict, match=f"not its {name}"):
        var_dir.missing_secrets({"VAR_DIR": str(tmp_path)})


def test_a_lost_webhook_token_is_made_anew(tmp_path: Path) -> None:
    prepared(tmp_path)
    (tmp_path / "jalur.sqlite3").write_bytes(b"something")
    (tmp_path / "secrets" / "WEBHOOK_TOKEN").unlink()
    assert list(var_dir.missing_secrets({"VAR_DIR": str(tmp_path)})) == ["WEBHOOK_TOKEN"]
