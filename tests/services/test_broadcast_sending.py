"""A broadcast goes out: paused, stopped by people, finished, sent again; its sums add up."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import select

from sms_service.services.broadcasts import sending as broadcast_sending
from sms_service.services.broadcasts.audience import Audience
from sms_service.store.engine import Store
from sms_service.store.models import OptOut, Subscriber
from tests.broadcast_office import (
    CANARY,
    HOUR,
    MINUTE,
    NOW,
    SECOND,
    act,
    advance,
    approved,
    bodies,
    counts,
    number,
    row,
    settle,
    started,
    state,
    step,
    stop,
    subscribers,
    work,
)
from tests.services import outbox


def test_pausing_is_one_row_and_nothing_leaves_after_it(store: Store) -> None:
    subscribers(store, range(10))
    broadcast_id = started(store)
    first = outbox.take(store, NOW, limit=4)
    act(store, "pause", broadcast_id)
    assert (
        sum(len(outbox.hand(store, batch).texts) for batch in first) == 0
    )  # claimed before, not handed over
    assert outbox.take(store, NOW) == []
    assert counts(store, broadcast_id) == {"queued": 10}
    assert advance(store, broadcast_id) is None
    act(store, "resume", broadcast_id)
    assert sorted(outbox.send_all(store)) == [number(n) for n in range(10)]
    advance(store, broadcast_id)
    assert state(store, broadcast_id) == ("done", {"sent": 10})


def test_a_stop_between_the_freezing_and_the_sending_counts(store: Store) -> None:
    subscribers(store, range(5))
    broadcast_id = started(store)
    stop(store, 2)
    with store.transaction() as tx:  # one that the withholding has not reached
        tx.merge(OptOut(number_hash=tx.vault.number_hash(number(3)), opted_out_at=NOW, source="sms"))
    assert sorted(outbox.send_all(store)) == [number(n) for n in (0, 1, 4)]
    assert counts(store, broadcast_id) == {"sent": 3, "opted_out": 2}


def test_a_stop_before_the_start_leaves_them_out(store: Store) -> None:
    subscribers(store, range(5))
    broadcast_id = approved(store)
    stop(store, 2)
    work(store)
    assert number(2) not in {body[0] for body in bodies(store, broadcast_id)}
    assert len(bodies(store, broadcast_id)) == 4


def test_it_is_done_when_nothing_waits_and_nothing_is_on_its_way(store: Store) -> None:
    subscribers(store, range(5))
    broadcast_id = started(store)
    batches = outbox.take(store, NOW)
    going = [outbox.hand(store, batch) for batch in batches]
    assert advance(store, broadcast_id) is None
    for batch in going:
        outbox.record(store, batch, outbox.accepted(batch))
    advance(store, broadcast_id, NOW + MINUTE)
    one = row(store, broadcast_id)
    assert (one.status, one.finished_at) == ("done", NOW + MINUTE)


def test_what_is_too_late_expires_and_it_is_done(store: Store) -> None:
    subscribers(store, range(5))
    broadcast_id = started(store, expires_at=NOW + HOUR)
    assert outbox.take(store, NOW + HOUR) == []
    advance(store, broadcast_id, NOW + HOUR)
    assert state(store, broadcast_id) == ("done", {"expired": 5})


def test_unknown_texts_stay_so_unless_somebody_chose_otherwise(store: Store) -> None:
    subscribers(store, range(30))
    broadcast_id = started(store)
    settle(store, broadcast_id, "sent", 28)
    settle(store, broadcast_id, "unknown", 2)
    advance(store, broadcast_id)
    assert state(store, broadcast_id) == (
        "done",
        {"sent": 28, "unknown": 2},
    )


def test_who_chose_so_has_them_sent_again_exactly_once(store: Store) -> None:
    subscribers(store, range(30))
    broadcast_id = started(store, resend_unknown=True)
    settle(store, broadcast_id, "unknown", 2)
    assert advance(store, broadcast_id) is None  # first the others
    settle(store, broadcast_id, "sent", 28)
    advance(store, broadcast_id)
    assert state(store, broadcast_id) == (
        "running",
        {"sent": 28, "queued": 2},
    )
    settle(store, broadcast_id, "unknown", 1)
    assert sorted(outbox.send_all(store)) == [number(1)]
    advance(store, broadcast_id)
    assert state(store, broadcast_id) == (
        "done",
        {"sent": 29, "unknown": 1},
    )


def test_they_are_not_sent_again_after_the_deadline_nor_after_stop(store: Store) -> None:
    subscribers(store, range(30))
    late = started(store, resend_unknown=True, expires_at=NOW + HOUR)
    settle(store, late, "unknown", 1)
    settle(store, late, "sent", 29)
    advance(store, late, NOW + HOUR)
    assert state(store, late) == ("done", {"sent": 29, "unknown": 1})
    stopped = started(store, resend_unknown=True)
    settle(store, stopped, "unknown", 1)
    settle(store, stopped, "sent", 29)
    stop(store, 0, NOW + SECOND)
    advance(store, stopped, NOW + SECOND)
    assert outbox.send_all(store, NOW + SECOND) == []
    advance(store, stopped, NOW + SECOND)
    assert counts(store, stopped) == {"sent": 29, "opted_out": 1}


def test_the_sums_add_up_at_every_step(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(broadcast_sending, "FAN_OUT_SLICE", 7)
    subscribers(store, range(40))
    broadcast_id = approved(store, audience=Audience(districts=("53.04",)))
    now = NOW
    while row(store, broadcast_id).status != "done":
        step(store, now, CANARY)
        for batch in outbox.take(store, now, limit=9):
            going = outbox.hand(store, batch, now)
            outbox.record(store, going, outbox.accepted(going), now)
        advance(store, broadcast_id, now, CANARY)
        now += timedelta(seconds=10)
        assert sum(counts(store, broadcast_id).values()) == row(store, broadcast_id).recipients
    assert counts(store, broadcast_id) == {"sent": 40}
    with store.read() as tx:
        assert len(list(tx.scalars(select(Subscriber.id)))) == 40
