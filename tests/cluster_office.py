"""Reports as they lie in the table, for tests of what links them: any detail can be said."""

from __future__ import annotations

import itertools
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import select

from sms_service.services.reports import clusters as report_clusters
from sms_service.services.reports import links as report_links
from sms_service.services.reports.index import KnownNames
from sms_service.services.staff.accounts import Person
from sms_service.store.engine import Store, Tx
from sms_service.store.models import Report, ReportCluster, ReportLink, Staff

NOW = datetime(2026, 11, 21, 2, 0, tzinfo=UTC)  # a Saturday, 10.00 WITA
DAY, HOUR, MINUTE = timedelta(days=1), timedelta(hours=1), timedelta(minutes=1)
THRESHOLD = 3
RECRUITER = "+628120000900"
_filings = itertools.count()


def number(n: int) -> str:
    """The n-th test number."""
    return f"+628120000{n:04}"


def row(tx: Tx, **told: Any) -> Report:
    """A report that is not in the table yet. `caller`: number of a known reporter; None: anonymous."""
    at = told.pop("at", NOW)
    name, phone, place, story = (told.pop(key, "") for key in ("name", "phone", "place", "story"))
    caller = told.pop("caller", None)
    n = next(_filings)
    seal = tx.vault.seal
    values: dict[str, Any] = {
        "code": f"{n:010}", "pin_hash": "-", "filing": f"filing-{n}", "version": 1,
        "status": "new", "priority": 3, "is_urgent": False, "due_at": at + DAY, "flags": [],
        "modi": ["advance"], "destination": "my", "district": "53.04", "language": "id", "channel": "ussd",
        "texts_allowed": False, "received_at": at, "updated_at": at,
        "recruiter_name_sealed": seal(name) if name else None,
        "recruiter_phone_sealed": seal(phone) if phone else None,
        "recruiter_phone_hash": tx.vault.number_hash(phone) if phone else None,
        "place_sealed": seal(place) if place else None,
        "story_sealed": seal(story) if story else None,
        "reporter_hash": tx.vault.number_hash(caller) if caller else None,
        "reporter_sealed": seal(caller) if caller else None,
    }  # fmt: skip
    return Report(**{**values, **told})


def report(store: Store, **told: Any) -> int:
    """Put one report into the table and return its id."""
    with store.transaction() as tx:
        made = row(tx, **told)
        tx.add(made)
        tx.flush()
        return made.id


def known_callers(store: Store, count: int = THRESHOLD, first: int = 1, **told: Any) -> list[int]:
    """Reports of so many known callers, a day apart, each telling it in words of their own."""
    return [report(store, caller=number(n), at=NOW + n * DAY, **told) for n in range(first, first + count)]


def link_all(store: Store, known: KnownNames | None = None, now: datetime = NOW) -> KnownNames:
    """Hold all new reports against the others, as the job does."""
    known = known or KnownNames()
    with store.read() as tx:
        due = report_links.list_due(tx, 10_000)
    for report_id in due:
        with store.transaction() as tx:
            known.refresh(tx)
            report_links.link_new(tx, known, report_id, THRESHOLD, now)
    return known


def officer(store: Store, role: str = "case_officer", name: str = "Ibu Contoh") -> Person:
    """Somebody of the office."""
    with store.transaction() as tx:
        found = tx.scalar(select(Staff).where(Staff.name == name))
        person = found or Staff(name=name, role=role, password_hash="-", is_active=True, created_at=NOW)
        tx.add(person)
        tx.flush()
        return Person(person.id, person.name, person.role, 0, None)


def links(store: Store, status: str | None = None) -> list[ReportLink]:
    """All links, in the order in which they were made."""
    with store.read() as tx:
        wanted = select(ReportLink).order_by(ReportLink.id)
        return list(tx.scalars(wanted if status is None else wanted.where(ReportLink.status == status)))


def confirm_all(store: Store, person: Person, now: datetime = NOW) -> None:
    """Confirm every suggestion, joining what is to be joined."""
    for link in links(store, "suggested"):
        with store.transaction() as tx:
            report_clusters.confirm_link(tx, link.id, link.version, person, THRESHOLD, now, join=True)


def clustered(store: Store, person: Person, now: datetime = NOW) -> ReportCluster:
    """Link and confirm everything; return the one open cluster."""
    link_all(store, now=now)
    confirm_all(store, person, now)
    return clusters(store)[0]


def clusters(store: Store, status: str = "open") -> list[ReportCluster]:
    """The clusters of a status."""
    with store.read() as tx:
        return list(
            tx.scalars(select(ReportCluster).where(ReportCluster.status == status).order_by(ReportCluster.id))
        )


def reports(store: Store) -> dict[int, Report]:
    """All reports by id."""
    with store.read() as tx:
        return {each.id: each for each in tx.scalars(select(Report).order_by(Report.id))}
