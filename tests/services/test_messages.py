"""Into the outbox: once, whole, sealed, and out of it again at STOP."""

from __future__ import annotations

import threading
from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import text as sql

from sms_service.errors import Invalid, NotFound
from sms_service.services.texts import messages
from sms_service.store.engine import Store
from sms_service.store.models import Event
from sms_service.store.vault import Vault
from tests.services.outbox import HOUR, NOW, number, put, row, send_all, statuses_of, stop, take, text


def test_the_same_key_twice_is_one_text(store: Store) -> None:
    first, second = put(store, text(1), text(1, body="other words"))
    assert first == second
    assert statuses_of(store) == {"queued": 1}


def test_the_same_key_from_eight_threads_at_once_is_one_text(store: Store) -> None:
    ids: list[int] = []
    barrier = threading.Barrier(8)

    def enqueue() -> None:
        barrier.wait()
        ids.extend(put(store, text(1)))

    threads = [threading.Thread(target=enqueue) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(ids) == 8
    assert len(set(ids)) == 1


def test_many_at_once_say_how_many_were_new(store: Store) -> None:
    texts = [text(n) for n in range(1200)]
    with store.transaction() as tx:
        assert messages.enqueue_many(tx, texts[:700], NOW) == 700
    with store.transaction() as tx:
        assert messages.enqueue_many(tx, [*texts, texts[0]], NOW) == 500
        assert messages.enqueue_many(tx, [], NOW) == 0
    assert statuses_of(store) == {"queued": 1200}


def test_a_rolled_back_transaction_leaves_no_text_and_wakes_nobody(database_url: str, vault: Vault) -> None:
    woken: list[str] = []
    store = Store(database_url, vault, on_commit=woken.extend)

    def pull_the_cable() -> None:
        with store.transaction() as tx:
            messages.enqueue(tx, text(1), NOW)
            raise RuntimeError("cable pulled")

    with pytest.raises(RuntimeError):
        pull_the_cable()
    assert statuses_of(store) == {}
    assert woken == []
    store.close()


def test_a_due_text_wakes_its_lane_and_a_later_one_does_not(database_url: str, vault: Vault) -> None:
    woken: list[str] = []
    store = Store(database_url, vault, on_commit=woken.extend)
    put(store, text(1), text(2, lane="fast", not_before=NOW + HOUR))
    assert woken == ["send_bulk"]
    with store.transaction() as tx:
        messages.enqueue_many(tx, [text(3, lane="fast"), text(4)], NOW)
    assert sorted(woken[1:]) == ["send_bulk", "send_fast"]
    store.close()


def test_neither_number_nor_body_can_be_read_in_the_table(store: Store) -> None:
    put(store, text(1, body="rahasia"))
    with store.read() as tx:
        stored = tx.execute(sql("SELECT * FROM messages")).one()
    shown = " ".join(bytes(v).decode("latin1") if isinstance(v, bytes) else str(v) for v in stored)
    assert "rahasia" not in shown
    assert number(1)[1:] not in shown


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"kind": "advert"}, "kind"),
        ({"lane": "middle"}, "lane"),
        ({"body": " \n"}, "body"),
        ({"key": ""}, "key"),
        ({"key": "k" * 129}, "key"),
    ],
)
def test_a_text_that_cannot_be_sent_is_refused_by_field(store: Store, changes: dict, field: str) -> None:
    with store.transaction() as tx, pytest.raises(Invalid) as refusal:
        messages.enqueue(tx, text(1, **changes), NOW)
    assert list(refusal.value.errors) == [field]


def test_segments_are_counted_when_the_text_is_written(store: Store) -> None:
    short, long, dear = put(store, text(1), text(2, body="a" * 161), text(3, body="ş" * 71))
    assert [row(store, n).segments for n in (short, long, dear)] == [1, 2, 2]


def test_stop_withholds_all_that_waits_for_that_number_and_nothing_else(store: Store) -> None:
    put(store, text(1), text(1, key="b", lane="fast", kind="reply"), text(2))
    assert stop(store, 1) == 2
    assert stop(store, 1) == 0
    assert statuses_of(store) == {"queued": 1, "opted_out": 2}
    assert send_all(store) == [number(2)]


def test_stop_twice_still_gets_its_one_confirmation(store: Store) -> None:
    stop(store, 1)
    put(store, text(1, kind="confirmation", lane="fast", key="stop"))
    stop(store, 1, NOW + timedelta(seconds=2))
    assert send_all(store, NOW + timedelta(seconds=3), "fast") == [number(1)]


def test_look_ups_show_a_text_without_its_number(store: Store) -> None:
    (message_id,) = put(store, text(1))
    with store.read() as tx:
        shown = messages.get_text(tx, message_id)
        assert (shown.status, shown.kind, shown.not_before) == ("queued", "info", NOW)
        with pytest.raises(NotFound):
            messages.get_text(tx, message_id + 1)
    assert number(1)[-8:] not in repr(shown)


def test_counts_name_every_status_and_add_up(store: Store) -> None:
    put(store, *(text(n) for n in range(5)))
    take(store, limit=2)
    stop(store, 4)
    with store.read() as tx:
        counts = messages.count_by_status(tx, kind="info")
    assert counts["sending"] == 2
    assert counts["opted_out"] == 1
    assert len(counts) == 8
    assert sum(counts.values()) == 5


def test_a_time_in_the_past_is_now(store: Store) -> None:
    (message_id,) = put(store, replace(text(1), not_before=NOW - HOUR))
    assert row(store, message_id).not_before == NOW


def test_texts_of_an_event_can_be_taken_back_while_they_wait(store: Store) -> None:
    with store.transaction() as tx:
        event = Event(
            code="1230", title_id="a", title_en="a", starts_at=NOW, venue="v", district="53.04",
            created_at=NOW, updated_at=NOW,
        )  # fmt: skip
        tx.add(event)
        tx.flush()
        event_id = event.id
    keys = ["reminder:1:1:", "reminder:1:2:", "reminder:11:1:", "reminder_1:"]
    put(store, *(text(n, key=key, event_id=event_id) for n, key in enumerate(keys)))
    put(store, text(9, key="reminder:1:9:"))
    with store.transaction() as tx:
        assert messages.withdraw(tx, event_id, "reminder:1:", NOW) == 2
        assert messages.withdraw(tx, event_id, "reminder_", NOW) == 1  # _ is no wildcard
        assert messages.count_by_status(tx, event_id=event_id)["expired"] == 3
    assert len(send_all(store)) == 2


def test_one_text_in_a_list_counts_as_one(store: Store) -> None:
    with store.transaction() as tx:
        assert messages.enqueue_many(tx, [text(1)], NOW) == 1
        assert messages.enqueue_many(tx, [text(1)], NOW) == 0
