"""`create-staff NAME --role ROLE`: add a person. The password is one line of standard input, asked twice
on a terminal; it is never an argument, which everybody on the machine could read.
"""

from __future__ import annotations

import argparse
import getpass
import sys
from datetime import UTC, datetime
from typing import Any

from sms_service.cli.open_store import open_store
from sms_service.domain.roles import ROLES
from sms_service.errors import Invalid
from sms_service.services.staff import accounts as staff
from sms_service.settings import Settings


def add_parser(subparsers: Any) -> None:
    """Describe the command."""
    parser = subparsers.add_parser("create-staff", help="add a person")
    parser.add_argument("name", metavar="NAME")
    parser.add_argument("--role", required=True, choices=ROLES)


def run(args: argparse.Namespace, settings: Settings) -> int:
    """Add the person. Raises Invalid, Conflict, Unavailable."""
    password = _read_password()
    with open_store(settings) as store, store.transaction() as tx:
        staff.create_staff(tx, args.name, args.role, password, datetime.now(UTC))
    print(f"added {args.name} ({args.role})")
    return 0


def _read_password() -> str:
    if not sys.stdin.isatty():
        return sys.stdin.readline().rstrip("\r\n")
    password = getpass.getpass("Password: ")
    if getpass.getpass("The same again: ") != password:
        raise Invalid("the two passwords differ; nobody was added")
    return password
