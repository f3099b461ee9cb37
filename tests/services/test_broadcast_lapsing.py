"""Broadcasts that were stopped, and that nobody let go on in time: over by themselves, and saying so."""

from __future__ import annotations

from datetime import datetime

import pytest

from sms_service.domain import broadcast_life as life
from sms_service.errors import Conflict
from sms_service.services.broadcasts import sending as broadcast_sending
from sms_service.services.sending import sweeps
from sms_service.store.engine import Store
from tests.broadcast_office import (
    HOUR,
    NOW,
    SECOND,
    act,
    advance,
    approved,
    audit,
    row,
    settle,
    started,
    state,
    step,
    subscribers,
)
from tests.services import outbox

DEADLINE = NOW + HOUR


def sweep(store: Store, now: datetime = DEADLINE) -> None:
    with store.transaction() as tx:
        sweeps.expire(tx, now)


def under_way(store: Store, now: datetime = DEADLINE) -> list[int]:
    with store.read() as tx:
        return broadcast_sending.list_under_way(tx, now)


def test_paused_beyond_its_deadline_it_is_done_and_says_so(store: Store) -> None:
    subscribers(store, range(3))
    broadcast_id = started(store, expires_at=DEADLINE)
    act(store, "pause", broadcast_id)
    assert under_way(store, DEADLINE - SECOND) == []
    assert advance(store, broadcast_id, DEADLINE - SECOND) is None
    assert under_way(store) == [broadcast_id]
    assert advance(store, broadcast_id, DEADLINE) is None  # its texts still wait for the sweep
    sweep(store)
    assert advance(store, broadcast_id, DEADLINE) is not None
    one = row(store, broadcast_id)
    assert (one.status, one.reason, one.finished_at) == (life.DONE, broadcast_sending.LAPSED, DEADLINE)
    assert state(store, broadcast_id) == ("done", {"expired": 3})
    assert audit(store, broadcast_id)[-1] == ("finish", None)
    assert advance(store, broadcast_id, DEADLINE) is None
    assert under_way(store) == []
    with pytest.raises(Conflict):
        act(store, "resume", broadcast_id, DEADLINE)


def test_a_text_on_its_way_is_waited_for(store: Store) -> None:
    subscribers(store, range(2))
    broadcast_id = started(store, expires_at=DEADLINE)
    (batch,) = outbox.take(store)
    going = outbox.hand(store, batch)
    act(store, "pause", broadcast_id)
    sweep(store)
    assert advance(store, broadcast_id, DEADLINE) is None
    outbox.record(store, going, outbox.accepted(going), DEADLINE)
    advance(store, broadcast_id, DEADLINE)
    assert state(store, broadcast_id) == ("done", {"sent": 2})


def test_one_that_had_not_begun_is_called_off(store: Store) -> None:
    subscribers(store, range(2))
    broadcast_id = approved(store, send_at=NOW + HOUR / 2, expires_at=DEADLINE)
    act(store, "pause", broadcast_id)
    assert advance(store, broadcast_id, DEADLINE - SECOND) is None
    advance(store, broadcast_id, DEADLINE)
    one = row(store, broadcast_id)
    assert (one.status, one.reason) == (life.CANCELLED, broadcast_sending.TOO_LATE)
    assert state(store, broadcast_id) == ("cancelled", {})


def test_paused_while_it_was_written_down_what_was_written_expires(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(broadcast_sending, "FAN_OUT_SLICE", 2)
    subscribers(store, range(5))
    broadcast_id = approved(store, expires_at=DEADLINE)
    for _ in range(2):  # started, and one slice
        step(store)
    act(store, "pause", broadcast_id)
    sweep(store)
    advance(store, broadcast_id, DEADLINE)
    assert state(store, broadcast_id) == ("done", {"expired": 2})


def test_one_that_was_halted_lapses_too(store: Store) -> None:
    subscribers(store, range(30))
    broadcast_id = started(store, expires_at=DEADLINE)
    settle(store, broadcast_id, "failed", 25)
    advance(store, broadcast_id)
    assert row(store, broadcast_id).status == life.HALTED
    sweep(store)
    advance(store, broadcast_id, DEADLINE)
    one = row(store, broadcast_id)
    assert (one.status, one.reason) == (life.DONE, broadcast_sending.LAPSED)
    assert one.halted_reason
    assert state(store, broadcast_id) == ("done", {"failed": 25, "expired": 5})
