"""`settings`: every setting and its value, secrets hidden, and how long which data is kept."""

from __future__ import annotations

import argparse
from typing import Any

from sms_service.domain import retention
from sms_service.settings import Settings


def add_parser(subparsers: Any) -> None:
    """Describe the command."""
    subparsers.add_parser("settings", help="list every setting, secrets hidden")


def run(args: argparse.Namespace, settings: Settings) -> int:
    """Print NAME=value lines: the settings, then the retention."""
    for name, value in sorted(settings.masked().items()):
        print(f"{name}={value}")
    print("\n# how long data is kept (docs/privacy.md); not to be set")
    for line in retention.as_lines():
        print(line)
    return 0
