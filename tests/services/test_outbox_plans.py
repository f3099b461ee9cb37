"""The questions of the outbox are answered from an index, whatever else stands in the table."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from sqlalchemy import Select, insert, select, text

from sms_service.services.texts import backlog, due
from sms_service.services.texts.messages import TABLE
from sms_service.store.engine import Store
from tests.services.outbox import HOUR, NOW

MANY = 12_000
QUESTIONS: dict[str, tuple[Select[Any], str]] = {
    "due texts of a broadcast": (
        select(TABLE.c.id).where(*due.in_wave(1, 1, NOW)).order_by(TABLE.c.not_before, TABLE.c.id).limit(400),
        "ix_messages_broadcast_due",
    ),
    "due texts of a lane": (
        select(TABLE.c.id)
        .where(*due.in_lane("bulk", 5, NOW))
        .order_by(TABLE.c.not_before, TABLE.c.id)
        .limit(400),
        "ix_messages_lane_due",
    ),
    "texts past their deadline": (
        select(TABLE.c.id).where(due.QUEUED, TABLE.c.expires_at <= NOW).order_by(TABLE.c.expires_at).limit(9),
        "ix_messages_expiry",
    ),
    "leases that have run out": (
        select(TABLE.c.id).where(TABLE.c.status == text("'sending'"), TABLE.c.lease_until <= NOW),
        "ix_messages_lease",
    ),
    "what waits of broadcasts, for the figures": (
        backlog.some(*due.OF_BROADCASTS),
        "ix_messages_",  # one of those that hold only what waits
    ),
    "what waits of a lane, for the figures": (
        backlog.some(*due.OWN, TABLE.c.lane == "bulk"),
        "ix_messages_lane_due",
    ),
    "a text by its gateway's id": (
        select(TABLE.c.id).where(TABLE.c.gateway == "x", TABLE.c.gateway_id == "id-5"),
        "ix_messages_gateway",
    ),
}


@pytest.fixture
def crowded(store: Store) -> Iterator[Store]:
    """Half of the texts wait in a broadcast, half have been sent; few of the rest."""
    common = {
        "lane": "bulk", "priority": 5, "number_sealed": b"x", "body_sealed": b"x", "segments": 1,
        "attempts": 0, "created_at": NOW, "not_before": NOW, "expires_at": NOW + HOUR,
        "link_id": "", "wave": 1,
    }  # fmt: skip
    rows = [
        common
        | {
            "idempotency_key": f"k{n}",
            "number_hash": f"{n:032}",
            "kind": "warning" if n % 100 else "reminder",
            "broadcast_id": 1 if n % 100 else None,
            "status": "sent" if n % 2 else "queued",
            "gateway": "x" if n % 2 else None,
            "gateway_id": f"id-{n}" if n % 2 else None,
        }
        for n in range(MANY)
    ]
    with store.transaction() as tx:
        tx.execute(insert(TABLE), rows)
        tx.execute(text("ANALYZE"))
    yield store
    with store.transaction() as tx:  # figures of these rows must not mislead the plans of other tests
        tx.execute(TABLE.delete())
        tx.execute(text("ANALYZE"))


@pytest.mark.parametrize("question", list(QUESTIONS))
def test_a_question_of_the_outbox_takes_its_index(crowded: Store, question: str) -> None:
    statement, index = QUESTIONS[question]
    with crowded.read() as tx:
        sql = statement.compile(tx.get_bind(), compile_kwargs={"literal_binds": True})
        explain = "EXPLAIN" if tx.is_postgres else "EXPLAIN QUERY PLAN"
        plan = "\n".join(str(tuple(row)) for row in tx.execute(text(f"{explain} {sql}")))
    assert index in plan, plan


def test_priorities_and_the_oldest_due_text_are_found_by_steps_in_an_index(crowded: Store) -> None:
    with crowded.read() as tx:
        assert list(due.priorities(tx, "bulk")) == [5]
        assert due.oldest_due(tx, "bulk", NOW) == NOW


def test_the_figures_of_what_waits_stop_counting(crowded: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    with crowded.read() as tx:
        exact = backlog.count_waiting(tx, NOW)["bulk"].queued
        monkeypatch.setattr(backlog, "MOST_COUNTED", 50)
        seen = backlog.count_waiting(tx, NOW)
    assert exact == MANY // 2
    assert seen["bulk"].queued == 100  # 50 of the broadcast, 50 of the others
    assert (seen["fast"].queued, seen["bulk"].sending) == (0, 0)
