"""`create-token NAME`: a new API token of a person, alone on the last line of standard output."""

from __future__ import annotations

import argparse
import sys
from datetime import UTC, datetime
from typing import Any

from sms_service.cli.open_store import open_store
from sms_service.services.staff import accounts as staff
from sms_service.settings import Settings


def add_parser(subparsers: Any) -> None:
    """Describe the command."""
    parser = subparsers.add_parser("create-token", help="make an API token for a person")
    parser.add_argument("name", metavar="NAME")


def run(args: argparse.Namespace, settings: Settings) -> int:
    """Print the token. Raises NotFound, NotAllowed, Unavailable."""
    with open_store(settings) as store, store.transaction() as tx:
        token = staff.create_token(tx, args.name, datetime.now(UTC))
    print("a token that cannot be shown again:", file=sys.stderr)
    print(token)
    return 0
