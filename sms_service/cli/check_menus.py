"""`check-menus`: proves the whole menu (menus/check.py). Needs no secrets and no database."""

from __future__ import annotations

import argparse
from typing import Any

from menus import check
from sms_service.cli import environment, var_dir
from sms_service.settings import load

WITHOUT_SETTINGS = True  # a fresh clone must be able to check its menus


def add_parser(subparsers: Any) -> None:
    """Describe the command."""
    subparsers.add_parser("check-menus", help="prove that every screen fits and every link lives")


def run(args: argparse.Namespace, _settings: None) -> int:
    """Print what is wrong, if anything. Raises SettingsError."""
    environ = environment.current()
    settings = load({**environ, **var_dir.missing_secrets(environ)})
    return check.main(settings.ussd_screen_septets)
