"""Claiming: no row twice, nothing that may not go now, and the order that people expect."""

from __future__ import annotations

import threading
from collections import Counter
from datetime import timedelta

import pytest
from sqlalchemy import text as sql
from sqlalchemy.exc import DBAPIError

from sms_service.errors import Unavailable
from sms_service.services.texts import messages
from sms_service.store.engine import Store
from sms_service.store.vault import Vault
from tests.conftest import SECRETS
from tests.services.outbox import (
    HOUR,
    LEASE,
    NOW,
    SECOND,
    accepted,
    hand,
    number,
    put,
    record,
    row,
    send_all,
    statuses_of,
    stop,
    take,
    text,
)


def test_equal_bodies_go_together_in_calls_of_at_most_a_hundred_numbers(store: Store) -> None:
    put(store, *(text(n) for n in range(230)), text(500, body="other"))
    batches = take(store, limit=500)
    assert [len(batch.texts) for batch in batches] == [100, 100, 30, 1]
    assert {batch.body for batch in batches[:3]} == {text(1).body}


def test_a_number_is_never_twice_in_one_call_and_its_texts_keep_their_order(store: Store) -> None:
    put(store, text(1), text(1, key="again"), text(2), text(1, key="third", body="other"))
    batches = take(store)
    assert [(batch.turn, len(batch.texts)) for batch in batches] == [(0, 2), (1, 1), (2, 1)]


def test_replies_to_different_inbound_texts_do_not_share_a_call(store: Store) -> None:
    put(store, text(1, link_id="a"), text(2, link_id="b"))
    assert [batch.link_id for batch in take(store)] == ["a", "b"]


def test_smaller_priority_first_then_older_first(store: Store) -> None:
    put(store, text(1), text(2, not_before=NOW + SECOND), text(3), text(4, priority=1), text(5, priority=9))
    later = NOW + HOUR / 2
    order = [one.number for batch in take(store, later, limit=3) for one in batch.texts]
    assert order == [number(4), number(1), number(3)]
    order = [one.number for batch in take(store, later, limit=3) for one in batch.texts]
    assert order == [number(2), number(5)]


def test_a_lane_takes_its_own_texts_only_and_none_before_its_time(store: Store) -> None:
    put(store, text(1, lane="fast"), text(2), text(3, not_before=NOW + SECOND))
    assert [one.number for batch in take(store, lane="fast") for one in batch.texts] == [number(1)]
    assert [one.number for batch in take(store) for one in batch.texts] == [number(2)]
    assert take(store) == []


def test_a_text_past_its_deadline_is_not_claimed_but_ends_as_expired(store: Store) -> None:
    early, late = put(store, text(1), text(2, expires_at=NOW + SECOND))
    assert [one.id for batch in take(store, NOW + SECOND) for one in batch.texts] == [early]
    assert row(store, late).status == "expired"
    assert row(store, late).finished_at == NOW + SECOND


def test_a_deadline_that_passes_between_claim_and_call_keeps_the_text_here(store: Store) -> None:
    put(store, text(1, expires_at=NOW + SECOND), text(2))
    (batch,) = take(store)
    assert [one.number for one in hand(store, batch, NOW + SECOND).texts] == [number(2)]


def test_stop_written_behind_our_back_is_seen_at_the_claim(store: Store) -> None:
    (message_id,) = put(store, text(1))
    with store.transaction() as tx:
        tx.execute(
            sql("INSERT INTO opt_outs VALUES (:h, :at, 'gateway')"),
            {"h": tx.vault.number_hash(number(1)), "at": NOW},
        )
    assert take(store) == []
    assert row(store, message_id).status == "opted_out"


def test_stop_in_the_middle_of_a_batch_keeps_that_number_out_of_the_call(store: Store) -> None:
    put(store, text(1), text(2))
    (batch,) = take(store)
    stop(store, 1)
    going = hand(store, batch)
    assert [one.number for one in going.texts] == [number(2)]
    record(store, going, accepted(going))
    assert statuses_of(store) == {"opted_out": 1, "sent": 1}


def test_after_stop_only_its_confirmation_and_replies_to_later_questions_go_out(store: Store) -> None:
    later = NOW + SECOND
    put(store, text(1, kind="reply", lane="fast", key="before"))
    stop(store, 1, later)
    put(store, text(1, kind="confirmation", lane="fast", key="stop"), now=later)
    put(store, text(1, kind="reply", lane="fast", key="asked after", body="help"), now=later + SECOND)
    put(store, text(1, kind="warning", lane="fast", key="unwanted"), now=later + SECOND)
    kinds = [one.kind for batch in take(store, later + SECOND, "fast") for one in batch.texts]
    assert kinds == ["confirmation", "reply"]
    assert statuses_of(store) == {"sending": 2, "opted_out": 2}


def test_quiet_hours_hold_what_must_wait_and_let_answers_through(store: Store) -> None:
    release = NOW + 8 * HOUR
    until = NOW + 24 * HOUR
    kinds = ["info", "reminder", "warning", "urgent", "notice", "reply", "confirmation", "alert"]
    ids = put(store, *(text(n, kind=kind, expires_at=until) for n, kind in enumerate(kinds)))
    went = [one.kind for batch in take(store, release_at=release) for one in batch.texts]
    assert sorted(went) == ["alert", "confirmation", "notice", "reply"]
    assert {row(store, message_id).not_before for message_id in ids[:4]} == {release}
    assert take(store, release - SECOND) == []
    assert len(take(store, release)[0].texts) == 4


def test_a_text_whose_deadline_falls_into_the_quiet_hours_ends_as_expired(store: Store) -> None:
    (message_id,) = put(store, text(1))
    assert take(store, release_at=NOW + HOUR) == []
    assert row(store, message_id).status == "expired"


def test_quiet_hours_that_begin_between_claim_and_call_put_the_text_back(store: Store) -> None:
    put(store, text(1, expires_at=NOW + 24 * HOUR), text(2, kind="notice"))
    going = [hand(store, batch, release_at=NOW + 8 * HOUR) for batch in take(store)]
    assert [one.kind for batch in going for one in batch.texts] == ["notice"]
    assert statuses_of(store) == {"queued": 1, "sending": 1}


def test_two_dozen_claims_at_once_hold_no_row_twice(store: Store) -> None:
    with store.transaction() as tx:
        messages.enqueue_many(tx, [text(n) for n in range(600)], NOW)
    held: list[int] = []
    barrier = threading.Barrier(6)

    def work() -> None:
        barrier.wait()
        while True:
            try:
                batches = take(store, limit=25)
            except Unavailable:  # SQLite: another claim held the lock for too long; nothing was claimed
                continue
            if not batches:
                return
            held.extend(one.id for batch in batches for one in batch.texts)

    threads = [threading.Thread(target=work) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert Counter(Counter(held).values()) == {1: 600}
    assert statuses_of(store) == {"sending": 600}


def test_a_row_that_no_key_opens_fails_and_does_not_stop_the_others(
    store: Store, database_url: str, vault: Vault
) -> None:
    lost_key = Vault(["bG9zdCBrZXkgbG9zdCBrZXkgbG9zdCBrZXkgbG9zdCE="], SECRETS["SECRET_KEY"])
    other = Store(database_url, lost_key)
    put(other, text(1))
    put(store, text(2))
    assert send_all(store) == [number(2)]
    assert statuses_of(store) == {"failed": 1, "sent": 1}
    other.close()


def test_what_was_claimed_and_not_called_goes_back_unchanged(store: Store) -> None:
    from sms_service.services.sending.hand_over import give_back

    (message_id,) = put(store, text(1))
    (batch,) = take(store)
    with store.transaction() as tx:
        assert give_back(tx, [batch]) == 1
        assert give_back(tx, [batch]) == 0
    again = row(store, message_id)
    assert (again.status, again.attempts, again.claim) == ("queued", 0, None)
    assert hand(store, batch).texts == ()  # the old claim holds it no more


def test_claims_and_sweeps_read_the_partial_indexes_and_no_more(store: Store) -> None:
    plans = [_plan(store, statement) for statement in _statements_of_a_claim_and_of_the_sweeps(store)]
    assert len(plans) >= 5
    for plan in plans:
        assert "ix_messages_" in plan, plan
        assert "SCAN messages'" not in plan, plan
        assert "Seq Scan on messages" not in plan, plan


def _statements_of_a_claim_and_of_the_sweeps(store: Store) -> list[tuple[str, object]]:
    from sqlalchemy import event

    from sms_service.services.sending import sweeps

    put(store, text(1), text(2, expires_at=NOW + SECOND))
    seen: list[tuple[str, object]] = []

    def keep(_conn, _cursor, statement, parameters, _context, _many) -> None:
        if "chosen" in statement or "min(" in statement:
            seen.append((statement, parameters))

    event.listen(store.engine, "before_cursor_execute", keep)
    take(store, NOW + SECOND, release_at=NOW + timedelta(minutes=2))
    with store.transaction() as tx:
        sweeps.free_leases(tx, NOW, LEASE)
    event.remove(store.engine, "before_cursor_execute", keep)
    return seen


def _plan(store: Store, statement: tuple[str, object]) -> str:
    try:
        with store.transaction() as tx:
            if tx.is_postgres:  # on a table of two rows it would rather read them all
                tx.connection().exec_driver_sql("SET LOCAL enable_seqscan = off")
            word = "EXPLAIN " if tx.is_postgres else "EXPLAIN QUERY PLAN "
            rows = tx.connection().exec_driver_sql(word + statement[0], statement[1])
            return "\n".join(str(line) for line in rows)
    except DBAPIError as error:  # pragma: no cover - shows the statement that could not be explained
        pytest.fail(f"{error}: {statement[0]}")
