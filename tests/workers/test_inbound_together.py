"""Texts that the fast worker answers with one commit: each with its own outcome, a sender's in order."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest
from sqlalchemy import func, select
from sqlalchemy.exc import OperationalError

from sms_service.gateways.base import InboundSms
from sms_service.services.dialogues import inbound
from sms_service.services.texts import inbox
from sms_service.services.texts.inbox import TABLE
from sms_service.store.engine import Store, Tx
from sms_service.store.models import Message
from tests.services.outbox import number
from workers import messages as jobs
from workers.process import Process


def came(store: Store, n: int, words: str, gateway_id: str) -> None:
    with store.transaction() as tx:
        sms = InboundSms("africastalking", gateway_id, number(n), "12362", words, None)
        inbox.record(tx, sms, datetime.now(UTC))


def statuses(store: Store) -> dict[str, int]:
    with store.read() as tx:
        rows = tx.execute(select(TABLE.c.status, func.count()).group_by(TABLE.c.status)).all()
    return {status: count for status, count in rows}


def replies(store: Store) -> int:
    with store.read() as tx:
        return tx.scalar(select(func.count(Message.id)).where(Message.inbound_id.is_not(None))) or 0


def break_for(monkeypatch: pytest.MonkeyPatch, n: int, fault: Exception) -> None:
    """Let the handling of one sender's text fail after its answer was written."""
    finish = inbound._finish

    def failing(tx: Tx, received: Any, *args: Any, **kwargs: Any) -> None:
        finish(tx, received, *args, **kwargs)
        if received.number == number(n):
            raise fault

    monkeypatch.setattr(inbound, "_finish", failing)


def test_many_texts_are_answered_once_each(here: Process, store: Store) -> None:
    for n in range(45):
        came(store, n, "BANTUAN", f"in-{n}")
    jobs.handle_inbound()
    jobs.handle_inbound()
    assert statuses(store) == {"handled": 45}
    assert replies(store) == 45


def test_one_text_that_fails_is_undone_alone_and_tried_again(
    here: Process, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    for n in range(12):
        came(store, n, "BANTUAN", f"in-{n}")
    with monkeypatch.context() as broken:
        break_for(broken, 5, RuntimeError("a fault of ours"))
        jobs.handle_inbound()
    assert statuses(store) == {"handled": 11, "handling": 1}
    assert replies(store) == 11
    with store.transaction() as tx:
        tx.execute(TABLE.update().values(lease_until=None))
    jobs.handle_inbound()
    assert statuses(store) == {"handled": 12}
    assert replies(store) == 12


def test_a_database_that_goes_away_in_between_leaves_all_to_their_leases(
    here: Process, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    came(store, 1, "BANTUAN", "in-1")
    break_for(monkeypatch, 1, OperationalError("COMMIT", {}, Exception("disk I/O error")))
    jobs.handle_inbound()
    assert statuses(store) == {"handling": 1}
    assert replies(store) == 0


def test_texts_of_one_sender_are_read_one_after_the_other(here: Process, store: Store) -> None:
    for n, words in enumerate(["REG", "BAHASA EN", "BANTUAN"]):
        came(store, 1, words, f"in-{n}")
    came(store, 2, "BANTUAN", "in-9")
    jobs.handle_inbound()
    assert statuses(store) == {"handled": 4}
    with store.read() as tx:
        sealed = tx.scalars(select(Message.body_sealed).order_by(Message.inbound_id)).all()
        third, other = [tx.vault.open(body or b"") for body in sealed][2:]
    assert third != other  # in English: it was read after BAHASA EN had been carried out
