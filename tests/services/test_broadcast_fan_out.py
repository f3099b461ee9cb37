"""A broadcast begins: its audience is frozen and written down, whatever happens in between."""

from __future__ import annotations

import threading

import pytest
from sqlalchemy import select

from sms_service.services.broadcasts import sending as broadcast_sending
from sms_service.store.engine import Store
from sms_service.store.models import Broadcast, Message
from tests.broadcast_office import (
    DAY,
    HOUR,
    NOW,
    SECOND,
    act,
    approved,
    audit,
    bodies,
    counts,
    number,
    row,
    started,
    state,
    step,
    subscribers,
    work,
)
from tests.services import outbox


def test_nothing_happens_before_its_time(store: Store) -> None:
    subscribers(store, range(3))
    broadcast_id = approved(store, send_at=NOW + HOUR)
    assert work(store, NOW + HOUR - SECOND) == 0
    with store.read() as tx:
        assert not broadcast_sending.has_work(tx, NOW + HOUR - SECOND)
        assert broadcast_sending.has_work(tx, NOW + HOUR)
    work(store, NOW + HOUR)
    assert row(store, broadcast_id).status == "running"
    assert counts(store, broadcast_id) == {"queued": 3}


def test_the_audience_gets_one_text_each_with_a_deadline(store: Store) -> None:
    subscribers(store, range(3))
    broadcast_id = started(store)
    assert bodies(store, broadcast_id) == [
        (number(n), "Awas: agen palsu di Belu. Tanya BP3MI NTT dulu.") for n in range(3)
    ]
    one = row(store, broadcast_id)
    assert (one.recipients, one.audience_size, one.fan_out_done) == (3, 3, True)
    assert one.expires_at == NOW + 2 * DAY
    with store.read() as tx:
        texts = list(tx.scalars(select(Message)))
    assert {(text.lane, text.kind, text.priority, text.expires_at) for text in texts} == {
        ("bulk", "warning", 4, NOW + 2 * DAY)
    }
    assert texts[0].idempotency_key == f"broadcast:{broadcast_id}:1"


def test_each_text_is_in_its_readers_language_and_by_their_name(store: Store) -> None:
    subscribers(store, range(1), name="Maria {kabupaten}")
    subscribers(store, range(1, 2), language="en", name="José")
    subscribers(store, range(2, 3), language="en", district=None)
    broadcast_id = started(store, text_id="Halo {nama} di {kabupaten}", text_en="Hi {name} in {district}")
    assert [body for _, body in bodies(store, broadcast_id)] == [
        "Halo Maria {kabupaten} di Belu",
        "Hi José in Belu",
        "Hi friend in NTT",
    ]


def test_an_audience_of_nobody_is_done_at_once(store: Store) -> None:
    broadcast_id = started(store)
    assert state(store, broadcast_id) == ("done", {})
    assert row(store, broadcast_id).finished_at == NOW


def test_one_whose_deadline_passed_before_its_start_is_called_off(store: Store) -> None:
    subscribers(store, range(3))
    broadcast_id = approved(store, send_at=NOW + HOUR, expires_at=NOW + 2 * HOUR)
    work(store, NOW + 3 * HOUR)
    one = row(store, broadcast_id)
    assert (one.status, one.reason) == ("cancelled", "its deadline passed before it could start")
    assert counts(store, broadcast_id) == {}


def test_whoever_becomes_a_subscriber_after_the_start_is_not_written_to(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(broadcast_sending, "FAN_OUT_SLICE", 2)
    subscribers(store, range(5))
    broadcast_id = approved(store)
    for _ in range(2):  # started, and one slice
        step(store)
    subscribers(store, range(5, 9))
    work(store)
    assert len(bodies(store, broadcast_id)) == 5


def test_an_urgent_one_is_written_before_a_longer_one_that_began_earlier(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(broadcast_sending, "FAN_OUT_SLICE", 2)
    subscribers(store, range(7))
    news = approved(store, kind="info")
    step(store)
    step(store)
    urgent = approved(store, kind="urgent")
    for _ in range(5):
        step(store)
    assert (row(store, urgent).status, row(store, news).status) == ("running", "starting")


def test_a_crash_costs_a_slice_and_doubles_nothing(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(broadcast_sending, "FAN_OUT_SLICE", 3)
    subscribers(store, range(10))
    broadcast_id = approved(store)
    step(store)
    step(store)
    with pytest.raises(RuntimeError):
        step(store, cable_pulled=True)
    assert counts(store, broadcast_id) == {"queued": 3}
    work(store)
    assert sorted(body[0] for body in bodies(store, broadcast_id)) == [number(n) for n in range(10)]
    assert row(store, broadcast_id).recipients == 10


def test_a_slice_that_is_written_again_adds_nothing(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(broadcast_sending, "FAN_OUT_SLICE", 3)
    subscribers(store, range(6))
    broadcast_id = approved(store)
    step(store)
    step(store)
    with store.transaction() as tx:  # as if the cursor had been lost and the texts had not
        tx.get_one(Broadcast, broadcast_id).fan_out_cursor = 0
        tx.get_one(Broadcast, broadcast_id).recipients = 3
    work(store)
    assert len(bodies(store, broadcast_id)) == row(store, broadcast_id).recipients == 6


def test_starters_at_once_write_each_text_once(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(broadcast_sending, "FAN_OUT_SLICE", 5)
    subscribers(store, range(60))
    broadcast_id = approved(store)
    errors: list[Exception] = []

    def run() -> None:
        try:
            for _ in range(200):
                if not step(store) and row(store, broadcast_id).status == "running":
                    return
        except Exception as error:  # noqa: BLE001 - shown below
            errors.append(error)

    threads = [threading.Thread(target=run) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert errors == []
    assert [acts for acts, _ in audit(store, broadcast_id)].count("start") == 1
    assert sorted(body[0] for body in bodies(store, broadcast_id)) == [number(n) for n in range(60)]
    assert row(store, broadcast_id).recipients == 60


def test_paused_while_it_is_written_down_it_goes_on_there(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(broadcast_sending, "FAN_OUT_SLICE", 4)
    subscribers(store, range(10))
    broadcast_id = approved(store)
    step(store)
    step(store)
    act(store, "pause", broadcast_id)
    assert work(store) == 0
    assert counts(store, broadcast_id) == {"queued": 4}
    assert outbox.take(store, NOW) == []  # nothing leaves meanwhile
    act(store, "resume", broadcast_id)
    work(store)
    assert counts(store, broadcast_id) == {"queued": 10}
    assert len({body[0] for body in bodies(store, broadcast_id)}) == 10


def test_cancelled_while_it_is_written_down_nobody_is_added(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(broadcast_sending, "FAN_OUT_SLICE", 4)
    subscribers(store, range(10))
    broadcast_id = approved(store)
    step(store)
    step(store)
    act(store, "cancel", broadcast_id, reason="salah")
    work(store)
    assert counts(store, broadcast_id) == {"expired": 4}


def test_nothing_leaves_until_all_is_written_down(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(broadcast_sending, "FAN_OUT_SLICE", 4)
    subscribers(store, range(10))
    approved(store)
    step(store)
    step(store)
    assert outbox.take(store, NOW) == []
