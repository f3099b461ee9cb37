"""An office that holds events, for tests: words, people and events with sensible defaults."""

from __future__ import annotations

import threading
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import select

from menus.loader import load_menu
from sms_service.services.events import life as events
from sms_service.services.events import news as event_news
from sms_service.services.events.texts import EventTexts
from sms_service.store.engine import Store, Tx
from sms_service.store.models import Event, Message, Registration, Reminder, Subscriber

NOW = datetime(2026, 11, 21, 2, 0, tzinfo=UTC)
START = datetime(2026, 12, 5, 1, 0, tzinfo=UTC)  # Saturday, 09.00 WITA
DAY, HOUR = timedelta(days=1), timedelta(hours=1)
TEXTS = EventTexts(load_menu(), ZoneInfo("Asia/Makassar"), "12362")


def at_once(*acts: Callable[[], object]) -> list[object]:
    """Run all at the same moment, each in a thread; return what they returned."""
    barrier, results = threading.Barrier(len(acts)), []

    def run(act: Callable[[], object]) -> None:
        barrier.wait()
        results.append(act())

    threads = [threading.Thread(target=run, args=(act,)) for act in acts]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(results) == len(acts)
    return results


def number(n: int) -> str:
    """The n-th test number."""
    return f"+628120000{n:04}"


def fields(**given: Any) -> events.EventFields:
    """An event in Atambua two weeks ahead."""
    usual = {
        "title_id": "Konsultasi kerja luar negeri",
        "title_en": "Consultation on work abroad",
        "starts_at": START,
        "venue": "Aula kantor camat Atambua",
        "district": "53.04",
    }
    return events.EventFields(**{**usual, **given})


def make_event(store: Store, now: datetime = NOW, **given: Any) -> Event:
    """Make an event in a transaction of its own."""
    with store.transaction() as tx:
        return events.create(tx, fields(**given), None, now)


def register(
    store: Store,
    event: Event,
    n: int,
    now: datetime = NOW,
    language: str = "id",
    channel: str = "sms",
) -> events.Outcome:
    """Register the n-th number in a transaction of its own."""
    with store.transaction() as tx:
        return events.register(tx, event.code, number(n), language, channel, now, TEXTS)


def unregister(store: Store, event: Event, n: int, now: datetime = NOW) -> events.Outcome:
    """Give the n-th number's place back."""
    with store.transaction() as tx:
        return events.cancel_registration(tx, event.code, number(n), now, TEXTS)


def change(
    store: Store, event: Event, now: datetime = NOW, version: int | None = None, **given: Any
) -> Event:
    """Change fields of an event, and let the job tell of it."""
    with store.transaction() as tx:
        changed = events.change(tx, event.id, given, None, now, TEXTS, version)
    tell(store, now)
    return changed


def call_off(store: Store, event: Event, now: datetime = NOW) -> Event:
    """Cancel an event, and let the job tell of it."""
    with store.transaction() as tx:
        changed = events.cancel(tx, event.id, "banjir", None, now, TEXTS)
    tell(store, now)
    return changed


def tell(store: Store, now: datetime = NOW, chunk: int = 500) -> int:
    """What the worker does: slice by slice until no news is left. Returns the number of slices."""
    slices = 0
    while True:
        with store.transaction() as tx:
            if not event_news.work_off(tx, TEXTS, now, chunk):
                return slices
        slices += 1


def subscriber(store: Store, n: int, language: str = "id", reminders_on: bool = True) -> None:
    """Make the n-th number known, with settings."""
    with store.transaction() as tx:
        tx.add(
            Subscriber(
                number_hash=tx.vault.number_hash(number(n)),
                number_sealed=tx.vault.seal(number(n)),
                language=language,
                reminders_on=reminders_on,
                created_at=NOW,
                updated_at=NOW,
            )
        )


def statuses(store: Store, event: Event) -> dict[int, str]:
    """Status by n of everybody who has a registration at the event."""
    with store.read() as tx:
        rows = tx.scalars(
            select(Registration)
            .where(Registration.event_id == event.id, Registration.number_sealed != b"")
            .order_by(Registration.position)
        )
        return {int(tx.vault.open(row.number_sealed)[-4:]): row.status for row in rows}


def texts_of(tx: Tx, kind: str | None = None, status: str | None = "queued") -> list[tuple[int, str]]:
    """The texts of the outbox as (n, body), in the order in which they were written."""
    wanted = select(Message).order_by(Message.id)
    if kind is not None:
        wanted = wanted.where(Message.kind == kind)
    if status is not None:
        wanted = wanted.where(Message.status == status)
    return [
        (int(tx.vault.open(row.number_sealed)[-4:]), tx.vault.open(row.body_sealed))
        for row in tx.scalars(wanted)
    ]


def texts(store: Store, kind: str | None = None, status: str | None = "queued") -> list[tuple[int, str]]:
    """The same in a transaction of its own."""
    with store.read() as tx:
        return texts_of(tx, kind, status)


def reminder_rows(store: Store, event: Event) -> dict[str, Reminder]:
    """The event's reminders by plan."""
    with store.read() as tx:
        return {row.plan: row for row in tx.scalars(select(Reminder).where(Reminder.event_id == event.id))}
