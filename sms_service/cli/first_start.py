"""What `run` does to a database before it starts the rest: no sign of life of an earlier run is left, and a
new one gets the demo content and somebody who can sign in.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable
from datetime import UTC, datetime

from sqlalchemy import select

from sms_service.cli import demo
from sms_service.cli.open_store import open_store
from sms_service.services.operation import heartbeats
from sms_service.services.staff import accounts as staff
from sms_service.settings import Settings
from sms_service.store.engine import Tx
from sms_service.store.models import Staff

_NAME = "admin"


def prepare(settings: Settings, say: Callable[[str], None]) -> list[str]:
    """Seed, and add the first person where there is none; returns the lines to show once.

    Raises Unavailable.
    """
    now = datetime.now(UTC)
    with open_store(settings) as store:
        with store.read() as tx:
            seeded, has_staff = demo.is_seeded(tx), tx.scalar(select(Staff.id).limit(1)) is not None
        with store.transaction() as tx:
            heartbeats.forget(tx)
        if not seeded:
            say("putting the demo content in")
            with store.transaction() as tx:
                said = demo.seed(tx, settings, now)
            say(f"demo content: {said}")
        if has_staff:
            return []
        with store.transaction() as tx:
            return _first_person(tx, now)


def _first_person(tx: Tx, now: datetime) -> list[str]:
    password = secrets.token_urlsafe(12)
    staff.create_staff(tx, _NAME, "admin", password, now)
    token = staff.create_token(tx, _NAME, now)
    return [
        "  first-run sign-ins (shown this once; more people: create-staff):",
        f"  name         {_NAME}",
        f"  password     {password}",
        f"  API token    {token}",
        "",
    ]
