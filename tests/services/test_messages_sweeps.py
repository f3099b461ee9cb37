"""Each kind of stuck text is found by a sweep, and a second sweep finds nothing left."""

from __future__ import annotations

from datetime import timedelta

from sms_service.services.sending import sweeps
from sms_service.store.engine import Store
from sms_service.store.vault import Vault
from tests.services.outbox import (
    HOUR,
    LEASE,
    NOW,
    SECOND,
    hand,
    number,
    put,
    row,
    send_all,
    statuses_of,
    take,
    text,
)


def freed(store: Store, now) -> tuple[int, int]:
    with store.transaction() as tx:
        return sweeps.free_leases(tx, now, LEASE)


def test_a_worker_lost_before_the_call_leaves_its_texts_to_be_sent(store: Store) -> None:
    put(store, text(1), text(2))
    take(store)
    assert freed(store, NOW + LEASE - SECOND) == (0, 0)
    assert freed(store, NOW + LEASE) == (2, 0)
    assert freed(store, NOW + LEASE) == (0, 0)
    assert send_all(store, NOW + LEASE) == [number(1), number(2)]


def test_a_worker_lost_after_the_call_leaves_its_texts_unknown(store: Store) -> None:
    put(store, text(1), text(2))
    (batch,) = take(store)
    hand(store, batch.keep(batch.texts[:1]), NOW + SECOND)
    assert freed(store, NOW + LEASE) == (1, 0)
    assert freed(store, NOW + LEASE + SECOND) == (0, 1)
    assert statuses_of(store) == {"queued": 1, "unknown": 1}


def test_freed_texts_wake_their_lane(database_url: str, vault: Vault) -> None:
    woken: list[str] = []
    store = Store(database_url, vault, on_commit=woken.extend)
    put(store, text(1, lane="fast", not_before=NOW + SECOND))
    take(store, NOW + SECOND, "fast")
    freed(store, NOW + SECOND + LEASE)
    assert woken == ["send_fast"]
    store.close()


def test_a_clock_put_back_by_a_week_frees_the_leases_of_the_future(store: Store) -> None:
    week = timedelta(days=7)
    put(store, text(1, expires_at=NOW + 2 * week))
    take(store, NOW + week)
    assert freed(store, NOW) == (1, 0)
    assert send_all(store, NOW) == [number(1)]


def test_a_clock_put_forward_past_the_deadline_ends_the_text(store: Store) -> None:
    put(store, text(1))
    take(store)
    assert freed(store, NOW + 5 * HOUR) == (1, 0)
    assert send_all(store, NOW + 5 * HOUR) == []
    assert statuses_of(store) == {"expired": 1}


def test_a_text_that_no_worker_ever_looked_at_still_ends_at_its_deadline(store: Store) -> None:
    first, second = put(store, text(1), text(2, expires_at=NOW + 2 * HOUR, not_before=NOW + HOUR + SECOND))
    with store.transaction() as tx:
        assert sweeps.expire(tx, NOW + HOUR - SECOND) == 0
        assert sweeps.expire(tx, NOW + HOUR) == 1
        assert sweeps.expire(tx, NOW + HOUR) == 0
    assert row(store, first).error == "its deadline passed first"
    assert row(store, second).status == "queued"


def test_a_sweep_takes_a_slice_at_a_time(store: Store) -> None:
    put(store, *(text(n) for n in range(5)))
    with store.transaction() as tx:
        assert [sweeps.expire(tx, NOW + HOUR, limit=2) for _ in range(4)] == [2, 2, 1, 0]
