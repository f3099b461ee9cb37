"""`settings`: every setting and its value, secrets hidden."""

from __future__ import annotations

import argparse
from typing import Any

from sms_service.settings import Settings


def add_parser(subparsers: Any) -> None:
    """Describe the command."""
    subparsers.add_parser("settings", help="list every setting, secrets hidden")


def run(args: argparse.Namespace, settings: Settings) -> int:
    """Print NAME=value lines."""
    for name, value in sorted(settings.masked().items()):
        print(f"{name}={value}")
    return 0
