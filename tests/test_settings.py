"""Settings: all faults at once, never a value of a secret, files and var/ where the environment is silent."""

from __future__ import annotations

import re
from datetime import time
from pathlib import Path

import pytest

from sms_service import settings
from sms_service.errors import SettingsError
from tests.conftest import SECRETS


def test_defaults_are_those_of_a_rehearsal(tmp_path: Path) -> None:
    read = settings.load({**SECRETS, "VAR_DIR": str(tmp_path)})
    assert read.sms_gateway == ("console",)
    assert read.is_rehearsal
    assert read.quiet_hours == (time(20), time(7))
    assert read.effective_database_url == f"sqlite:///{tmp_path}/jalur.sqlite3"
    assert read.effective_redis_url == f"unix://{tmp_path}/redis.sock"


def test_every_fault_is_named_at_once_and_no_value_is_shown() -> None:
    with pytest.raises(SettingsError) as error:
        settings.load(
            {
                "PORT": "eighty",
                "SMS_GATEWAY": "pigeon",
                "QUIET_HOURS": "late",
                "DATA_KEY": "tooshort-and-secret",
                "TIMEZONE": "Mars/Olympus",
                "VAR_DIR": "/nonexistent",
            }
        )
    faults = "\n".join(error.value.faults)
    for name in ("PORT", "SMS_GATEWAY", "QUIET_HOURS", "DATA_KEY", "TIMEZONE", "SECRET_KEY", "WEBHOOK_TOKEN"):
        assert name in faults
    assert "tooshort" not in faults


def test_a_secret_may_stand_in_a_file_or_under_var(tmp_path: Path) -> None:
    (tmp_path / "secrets").mkdir()
    (tmp_path / "secrets" / "SECRET_KEY").write_text("kept under var, 16 long\n")
    given = {name: value for name, value in SECRETS.items() if name != "SECRET_KEY"}
    token = tmp_path / "token"
    token.write_text("a-token-of-a-file-1\n")
    given.pop("WEBHOOK_TOKEN")
    read = settings.load({**given, "VAR_DIR": str(tmp_path), "WEBHOOK_TOKEN_FILE": str(token)})
    assert read.secret_key == "kept under var, 16 long"
    assert read.webhook_token == ("a-token-of-a-file-1",)


def test_empty_quiet_hours_mean_none() -> None:
    read = settings.load({**SECRETS, "QUIET_HOURS": "", "QUIET_SUNDAY": ""})
    assert (read.quiet_hours, read.quiet_sunday) == (None, None)


def test_a_gateway_without_its_account_is_refused() -> None:
    with pytest.raises(SettingsError, match="AFRICASTALKING_USERNAME"):
        settings.load({**SECRETS, "SMS_GATEWAY": "console,africastalking"})


def test_a_deep_var_dir_still_gives_a_socket_that_can_be_opened(tmp_path: Path) -> None:
    assert len(str(settings.redis_socket_path(tmp_path / ("deep" * 40)))) < 108


def test_secrets_and_numbers_are_masked_where_settings_are_shown() -> None:
    read = settings.load(
        {**SECRETS, "DUTY_NUMBERS": "+6281200000001", "DATABASE_URL": "postgres://u:a-password@h/d"}
    )
    shown = str(read.masked())
    for value in (*SECRETS.values(), "a-password", "0000001"):
        assert value not in shown
    assert read.database_url.startswith("postgresql+psycopg://")


@pytest.mark.parametrize("name", ["with space", "per%20cent", "a=b", "query?", "hash#", "dengan-é"])
def test_a_socket_has_a_path_that_redis_clients_can_read(tmp_path: Path, name: str) -> None:
    path = settings.redis_socket_path(tmp_path / name)
    assert re.fullmatch(r"[\w./+-]+", str(path), re.ASCII)
    assert path == settings.redis_socket_path(tmp_path / name)
    assert path != settings.redis_socket_path(tmp_path / f"{name}2")
