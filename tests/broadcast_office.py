"""An office that sends broadcasts, for tests: an author, a second person, subscribers who consented."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import insert, select, update

from menus.loader import load_menu
from sms_service.services.broadcasts import (
    life as broadcasts,
)
from sms_service.services.broadcasts import (
    rows as broadcast_rows,
)
from sms_service.services.broadcasts import (
    sending as broadcast_sending,
)
from sms_service.services.broadcasts.audience import SUBSCRIBERS, Audience
from sms_service.services.broadcasts.life import BroadcastFields
from sms_service.services.broadcasts.sending import Move
from sms_service.services.broadcasts.texts import Words
from sms_service.services.staff.accounts import Person
from sms_service.services.subscribers import person as opting
from sms_service.services.texts.messages import TABLE
from sms_service.settings import Settings, load
from sms_service.store.engine import Store
from sms_service.store.models import AuditEntry, Broadcast, Message, Staff
from tests.conftest import SECRETS

NOW = datetime(2026, 11, 20, 3, 0, tzinfo=UTC)  # a Friday, 11:00 in Makassar
SECOND, MINUTE, HOUR, DAY = (
    timedelta(seconds=1),
    timedelta(minutes=1),
    timedelta(hours=1),
    timedelta(days=1),
)
TEXT = "Awas: agen palsu di {kabupaten}. Tanya {kantor} dulu."


def settings_with(**given: object) -> Settings:
    """Settings without quiet hours and without a canary, unless said otherwise."""
    usual = {"QUIET_HOURS": "", "QUIET_SUNDAY": "", "CANARY_SECONDS": "0", "DUTY_NUMBERS": "+628120000999"}
    return load({**SECRETS, **usual, **{name.upper(): str(value) for name, value in given.items()}})


PLAIN = settings_with()
CANARY = settings_with(canary_seconds=60, canary_minimum=20, canary_percent=1)
WORDS = Words.of(PLAIN, load_menu())


def number(n: int) -> str:
    """The n-th test number."""
    return f"+62812000{n:05}"


def person(store: Store, name: str, role: str = "officer") -> Person:
    """Somebody of the office, made when first asked for."""
    with store.transaction() as tx:
        row = tx.scalar(select(Staff).where(Staff.name == name))
        if row is None:
            row = Staff(name=name, role=role, password_hash="-", is_active=True, created_at=NOW)
            tx.add(row)
            tx.flush()
        return Person(row.id, row.name, row.role, token_id=1, use_noted_at=NOW)


def subscribers(store: Store, numbers: range, **given: Any) -> list[int]:
    """People who consented to all kinds, in Belu, with Indonesian; returns their ids."""
    name = given.pop("name", None)
    usual = {
        "language": "id",
        "district": "53.04",
        "warnings_on": True,
        "news_on": True,
        "reminders_on": True,
    }
    with store.transaction() as tx:
        vault = tx.vault
        rows = [
            {
                **usual,
                **given,
                "number_hash": vault.number_hash(number(n)),
                "number_sealed": vault.seal(number(n)),
                "name_sealed": None if name is None else vault.seal(name),
                "created_at": NOW,
                "updated_at": NOW,
            }
            for n in numbers
        ]
        tx.execute(insert(SUBSCRIBERS), rows)
        wanted = [row["number_hash"] for row in rows]
        return list(
            tx.scalars(
                select(SUBSCRIBERS.c.id)
                .where(SUBSCRIBERS.c.number_hash.in_(wanted))
                .order_by(SUBSCRIBERS.c.id)
            )
        )


def fields(**given: Any) -> BroadcastFields:
    """A warning to everybody."""
    return BroadcastFields(**{"kind": "warning", "text_id": TEXT, "audience": Audience(), **given})


def draft(store: Store, now: datetime = NOW, author: str = "author", **given: Any) -> int:
    """A draft by the author; returns its id."""
    writer = person(store, author)
    with store.transaction() as tx:
        return broadcasts.create_draft(tx, writer, fields(**given), now).id


def approved(store: Store, now: datetime = NOW, override: bool = False, **given: Any) -> int:
    """A broadcast that a second person has approved; returns its id."""
    broadcast_id = draft(store, now, **given)
    second = person(store, "second", "approver")
    with store.transaction() as tx:
        broadcasts.submit(tx, broadcast_id, second, now)
        broadcasts.approve(tx, broadcast_id, second, now, override)
    return broadcast_id


def work(store: Store, now: datetime = NOW, settings: Settings = PLAIN) -> int:
    """Do what the job does until nothing is left; return how many steps it took."""
    steps = 0
    while True:
        with store.transaction() as tx:
            if not broadcast_sending.work(tx, WORDS, settings, now):
                return steps
        steps += 1


def advance(store: Store, broadcast_id: int, now: datetime = NOW, settings: Settings = PLAIN) -> Move | None:
    """Do what the scheduler does for one broadcast, once."""
    with store.transaction() as tx:
        return broadcast_sending.advance(tx, broadcast_id, settings, now)


def act(
    store: Store, name: str, broadcast_id: int, now: datetime = NOW, by: str = "author", **given: Any
) -> None:
    """One act of a person."""
    somebody = person(store, by, "approver" if by == "second" else "officer")
    with store.transaction() as tx:
        getattr(broadcasts, name)(tx, broadcast_id, somebody, now=now, **given)


def started(store: Store, now: datetime = NOW, settings: Settings = PLAIN, **given: Any) -> int:
    """A broadcast whose texts are written; returns its id."""
    broadcast_id = approved(store, now, **given)
    work(store, now, settings)
    return broadcast_id


def row(store: Store, broadcast_id: int) -> Broadcast:
    """The row as it is."""
    with store.read() as tx:
        return broadcasts.get_broadcast(tx, broadcast_id)


def counts(store: Store, broadcast_id: int) -> dict[str, int]:
    """Texts by status, those that there are."""
    with store.read() as tx:
        return {name: n for name, n in broadcast_rows.count(tx, [broadcast_id])[broadcast_id].items() if n}


def bodies(store: Store, broadcast_id: int) -> list[tuple[str, str]]:
    """Number and body of each text."""
    with store.read() as tx:
        rows = tx.execute(
            select(Message.number_sealed, Message.body_sealed)
            .where(Message.broadcast_id == broadcast_id)
            .order_by(Message.id)
        )
        return [(tx.vault.open(one.number_sealed), tx.vault.open(one.body_sealed)) for one in rows]


def waves(store: Store, broadcast_id: int) -> list[int]:
    """The wave of each text, in the order in which they were written."""
    with store.read() as tx:
        wanted = select(Message.wave).where(Message.broadcast_id == broadcast_id)
        return list(tx.scalars(wanted.order_by(Message.id)))


def audit(store: Store, broadcast_id: int) -> list[tuple[str, int | None]]:
    """What was done with it and by whom, in order."""
    with store.read() as tx:
        rows = tx.execute(
            select(AuditEntry.act, AuditEntry.staff_id)
            .where(AuditEntry.subject_type == "broadcast", AuditEntry.subject_id == str(broadcast_id))
            .order_by(AuditEntry.id)
        )
        return [(one.act.removeprefix("broadcast."), one.staff_id) for one in rows]


def stop(store: Store, n: int, now: datetime = NOW) -> None:
    """STOP from the n-th number."""
    with store.transaction() as tx:
        opting.opt_out(tx, number(n), "sms", now)


def settle(store: Store, broadcast_id: int, status: str, texts: int, now: datetime = NOW) -> None:
    """Pretend that a gateway has dealt with so many of the texts that may go."""
    highest = 0 if row(store, broadcast_id).status == "canary" else 2
    with store.transaction() as tx:
        ids = list(
            tx.scalars(
                select(Message.id)
                .where(
                    Message.broadcast_id == broadcast_id, Message.status == "queued", Message.wave <= highest
                )
                .order_by(Message.id)
                .limit(texts)
            )
        )
        assert len(ids) == texts
        sent_at = now if status in ("sent", "delivered", "unknown", "failed") else None
        tx.execute(update(TABLE).where(TABLE.c.id.in_(ids)).values(status=status, sent_at=sent_at))


def state(store: Store, broadcast_id: int) -> tuple[str, dict[str, int]]:
    """The status, and the texts by status."""
    return row(store, broadcast_id).status, counts(store, broadcast_id)


def step(store: Store, now: datetime = NOW, settings: Settings = PLAIN, cable_pulled: bool = False) -> bool:
    """One step of the job; with `cable_pulled` it is lost before its commit."""
    with store.transaction() as tx:
        is_done = broadcast_sending.work(tx, WORDS, settings, now)
        if cable_pulled:
            raise RuntimeError("before the commit")
        return is_done
