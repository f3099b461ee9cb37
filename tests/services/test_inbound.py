"""Texts in: stored once, claimed by one, answered once, and never for ever."""

from __future__ import annotations

import threading

import pytest
from sqlalchemy import select

from sms_service.services.dialogues import inbound
from sms_service.services.texts import inbox
from sms_service.settings import Settings
from sms_service.store.engine import Store
from sms_service.store.models import InboundMessage, Message
from tests.text_office import (
    HOUR,
    MINUTE,
    NOW,
    SECOND,
    bodies,
    context,
    count_rows,
    number,
    receive,
    sms,
    statuses,
    talk,
    work,
)


def test_a_text_is_stored_sealed_and_wakes_its_handling(store: Store) -> None:
    with store.transaction() as tx:
        assert inbox.record(tx, sms("CEK PT CONTOH"), NOW)
        assert list(tx.wakes) == ["handle_inbound"]
    with store.read() as tx:
        row = tx.scalars(select(InboundMessage)).one()
        assert (row.status, row.attempts, row.received_at) == ("received", 0, NOW)
        assert b"CONTOH" not in row.text_sealed
        assert number()[1:].encode() not in row.number_sealed
        assert tx.vault.open(row.text_sealed) == "CEK PT CONTOH"


def test_the_same_id_twice_is_one_text_however_late(store: Store) -> None:
    assert receive(store, "INFO", gateway_id="a")
    assert not receive(store, "INFO", gateway_id="a")
    assert not receive(store, "INFO", gateway_id="a", now=NOW + 11 * HOUR)
    assert count_rows(store) == 1


def test_the_same_words_under_another_id_are_one_text_until_answered(
    store: Store, settings: Settings
) -> None:
    assert receive(store, "CEK PT CONTOH", gateway_id="a")
    assert not receive(store, " CEK PT CONTOH ", gateway_id="b", now=NOW + 50 * SECOND)
    work(store, context(store, settings), NOW + 50 * SECOND)
    assert len(bodies(store)) == 1


def test_the_same_words_after_the_answer_are_a_new_text(store: Store, settings: Settings) -> None:
    desk = context(store, settings)
    assert talk(store, desk, "1") is not None
    assert not receive(store, "1", now=NOW + 3 * SECOND)  # nobody has read the answer yet
    assert talk(store, desk, "1", now=NOW + 5 * SECOND) is not None
    assert count_rows(store) == 2


def test_the_same_question_ten_minutes_later_is_a_new_question(store: Store, settings: Settings) -> None:
    desk = context(store, settings)
    assert talk(store, desk, "CEK PT CONTOH") == "checked PT CONTOH in id"
    assert talk(store, desk, "CEK PT CONTOH", now=NOW + 10 * MINUTE) == "checked PT CONTOH in id"


def test_the_same_words_from_another_number_are_another_text(store: Store) -> None:
    assert receive(store, "INFO", n=1)
    assert receive(store, "INFO", n=2)


@pytest.mark.parametrize("same_id", [True, False])
def test_the_same_text_many_times_at_once_is_one_row_and_one_reply(
    store: Store, settings: Settings, same_id: bool
) -> None:
    gate, stored = threading.Barrier(6), []

    def post(n: int) -> None:
        gate.wait()
        stored.append(receive(store, "CEK PT CONTOH", gateway_id="a" if same_id else f"a{n}"))

    threads = [threading.Thread(target=post, args=(n,)) for n in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(stored) == [False] * 5 + [True]
    work(store, context(store, settings))
    assert count_rows(store) == 1
    assert len(bodies(store)) == 1


def test_a_sender_that_is_no_number_is_neither_stored_nor_answered(store: Store, settings: Settings) -> None:
    with store.transaction() as tx:
        assert not inbox.record(tx, sms("MENANG UNDIAN", number=None), NOW)
        assert not tx.wakes
    assert count_rows(store) == 0


@pytest.mark.parametrize("odd", ["x" * 1000, "nul\0id"])
def test_an_id_that_no_column_holds_is_still_deduplicated(store: Store, odd: str) -> None:
    assert receive(store, "INFO", gateway_id=odd)
    assert not receive(store, "INFO lagi", gateway_id=odd)


@pytest.mark.parametrize(
    "text",
    ["", " ", "\0", "\r\n", "\U0001f64f" * 500, "\u0645\u0631\u062d\u0628\u0627", "A" * 8000, "\ufffd"],
)
def test_whatever_a_text_holds_it_is_stored_and_handled(store: Store, settings: Settings, text: str) -> None:
    assert receive(store, text)
    assert work(store, context(store, settings)) == ["answered"]


def test_a_claimed_text_is_not_claimed_again_until_its_lease_runs_out(store: Store) -> None:
    receive(store, "INFO")
    with store.transaction() as tx:
        assert len(inbox.claim_due(tx, NOW)) == 1
        assert inbox.claim_due(tx, NOW + 59 * SECOND) == []
        assert not inbox.has_due(tx, NOW + 59 * SECOND)
        assert inbox.has_due(tx, NOW + 60 * SECOND)
        assert len(inbox.claim_due(tx, NOW + 60 * SECOND)) == 1


def test_texts_are_claimed_oldest_first_and_at_most_as_many_as_asked(store: Store) -> None:
    for n in (3, 1, 2):
        receive(store, "INFO", n=n, now=NOW + n * SECOND)
    with store.transaction() as tx:
        first = inbox.claim_due(tx, NOW + MINUTE, limit=2)
        hashes = [tx.get(InboundMessage, i).number_hash for i in first]  # type: ignore[union-attr]
        assert hashes == [tx.vault.number_hash(number(n)) for n in (1, 2)]
        assert len(inbox.claim_due(tx, NOW + MINUTE)) == 1


def test_two_workers_at_once_never_hold_the_same_text(store: Store) -> None:
    for n in range(1, 41):
        receive(store, "INFO", n=n)
    gate, taken = threading.Barrier(4), []

    def claim() -> None:
        gate.wait()
        with store.transaction() as tx:
            taken.extend(inbox.claim_due(tx, NOW, limit=15))

    threads = [threading.Thread(target=claim) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(taken) == len(set(taken))


def test_a_text_that_fails_again_and_again_ends_as_failed(store: Store) -> None:
    receive(store, "INFO")
    now = NOW
    for _ in range(inbox.MAX_ATTEMPTS):
        with store.transaction() as tx:
            assert len(inbox.claim_due(tx, now)) == 1
        now += 61 * SECOND
    with store.transaction() as tx:
        assert inbox.claim_due(tx, now) == []
    assert statuses(store) == ["failed"]


def test_a_postponed_text_comes_back_sooner_than_its_lease(store: Store) -> None:
    receive(store, "INFO")
    with store.transaction() as tx:
        (inbound_id,) = inbox.claim_due(tx, NOW)
        inbox.postpone(tx, inbound_id, NOW)
        assert not inbox.has_due(tx, NOW + SECOND)
        assert inbox.has_due(tx, NOW + 2 * SECOND)


def test_handling_twice_and_at_once_answers_once(store: Store, settings: Settings) -> None:
    desk = context(store, settings)
    receive(store, "CEK PT CONTOH")
    with store.transaction() as tx:
        (inbound_id,) = inbox.claim_due(tx, NOW)
    gate = threading.Barrier(3)

    def handle() -> None:
        gate.wait()
        inbound.handle(store, inbound_id, desk, NOW)

    threads = [threading.Thread(target=handle) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert inbound.handle(store, inbound_id, desk, NOW) == "done before"
    assert len(bodies(store)) == 1


def test_a_worker_that_dies_before_the_answer_is_written_loses_nothing(
    store: Store, settings: Settings
) -> None:
    desk = context(store, settings)
    receive(store, "CEK PT CONTOH")
    with store.transaction() as tx:
        inbox.claim_due(tx, NOW)  # and then the power goes
    assert work(store, desk, NOW + 30 * SECOND) == []
    assert work(store, desk, NOW + 61 * SECOND) == ["answered"]
    assert [body for _, body in bodies(store)] == ["checked PT CONTOH in id"]


def test_the_reply_leaves_in_the_fast_lane_and_dies_within_the_hour(store: Store, settings: Settings) -> None:
    with store.transaction() as tx:
        inbox.record(tx, sms("BANTUAN", link_id="link-1"), NOW)
    work(store, context(store, settings))
    with store.read() as tx:
        message = tx.scalars(select(Message)).one()
        assert (message.lane, message.kind, message.link_id) == ("fast", "reply", "link-1")
        assert message.expires_at == NOW + HOUR
        assert message.idempotency_key == f"reply:{message.inbound_id}"
