"""An office that takes reports, for tests: reports with sensible defaults, people, and what stands where."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from redis import Redis
from sqlalchemy import select

from sms_service.domain.report_answers import Answers
from sms_service.services.reports import cases as report_cases
from sms_service.services.reports import filing as reports
from sms_service.services.reports.filing import Receipt
from sms_service.settings import Settings
from sms_service.store.engine import Store
from sms_service.store.models import AuditEntry, Message, Report, Staff

NOW = datetime(2026, 11, 21, 2, 0, tzinfo=UTC)  # a Saturday, 10.00 WITA
DAY, HOUR = timedelta(days=1), timedelta(hours=1)


def number(n: int) -> str:
    """The n-th test number."""
    return f"+628120000{n:04}"


def answers(**given: Any) -> Answers:
    """An anonymous report of a recruiter in Belu."""
    usual = {
        "modi": ("advance", "visa"),
        "recruiter_name": "Pak Contoh",
        "recruiter_phone": number(9000),
        "district": "53.04",
        "place": "Desa Contoh",
        "destination": "my",
        "story": "Uang muka untuk orang tua, berangkat minggu depan.",
        "contact": "anonymous",
    }
    return Answers(**{**usual, **given})


def known(**given: Any) -> Answers:
    """A report whose reporter may be reached, and texted neutrally."""
    return answers(**{"contact": "known", "texts": "neutral", **given})


def file(
    store: Store,
    settings: Settings,
    token: str = "token-1",
    told: Answers | None = None,
    n: int = 1,
    now: datetime = NOW,
    redis: Redis | None = None,
) -> Receipt:
    """File a report of the n-th number."""
    told = told or answers()
    return reports.confirm(store, settings, token, told, number(n), "id", "ussd", now, redis)


def report_of(store: Store, receipt: Receipt) -> Report:
    """The row that a receipt is of."""
    with store.read() as tx:
        return tx.scalars(select(Report).where(Report.code == receipt.code)).one()


def worker(store: Store, name: str = "Ibu Contoh", role: str = "case_officer") -> int:
    """Somebody of the office; returns the id."""
    with store.transaction() as tx:
        person = Staff(name=name, role=role, password_hash="-", is_active=True, created_at=NOW)
        tx.add(person)
        tx.flush()
        return person.id


def change(
    store: Store, report_id: int, by: int | None = None, now: datetime = NOW, **changes: Any
) -> Report:
    """Change a case in a transaction of its own; `version` may be among the changes."""
    version = changes.pop("version", None)
    with store.transaction() as tx:
        return report_cases.change(tx, report_id, changes, by, now, version)


def texts(store: Store) -> list[tuple[int, str, str]]:
    """Every text of the outbox: (n, kind, body)."""
    with store.read() as tx:
        return [
            (int(tx.vault.open(row.number_sealed)[-4:]), row.kind, tx.vault.open(row.body_sealed))
            for row in tx.scalars(select(Message).order_by(Message.id))
        ]


def acts(store: Store) -> list[str]:
    """What the audit trail holds, in order."""
    with store.read() as tx:
        return list(tx.scalars(select(AuditEntry.act).order_by(AuditEntry.id)))
