"""`seed-demo`: put the fictional demo content into the database, once."""

from __future__ import annotations

import argparse
from datetime import UTC, datetime
from typing import Any

from sms_service.cli import demo
from sms_service.cli.open_store import open_store
from sms_service.settings import Settings


def add_parser(subparsers: Any) -> None:
    """Describe the command."""
    subparsers.add_parser("seed-demo", help="put the fictional demo content into the database")


def run(args: argparse.Namespace, settings: Settings) -> int:
    """Seed, unless it was done before. Raises Unavailable."""
    with open_store(settings) as store, store.transaction() as tx:
        if demo.is_seeded(tx):
            print("the demo content was put in before; nothing changed")
        else:
            print(f"put in {demo.seed(tx, settings, datetime.now(UTC))}")
    return 0
