"""The gate of broadcasts: who may send now, in which order, and that a pause holds at once."""

from __future__ import annotations

from collections import Counter

import pytest

from sms_service.errors import Invalid
from sms_service.services.sending.batches import Batch
from sms_service.services.texts import broadcast_gate, due
from sms_service.services.texts.broadcast_gate import Gate
from sms_service.store.engine import Store
from tests.services.broadcasts_afoot import become, broadcast, put_wave
from tests.services.outbox import (
    HOUR,
    NOW,
    SECOND,
    accepted,
    hand,
    number,
    put,
    record,
    statuses_of,
    stop,
    take,
    text,
)

QUIET = NOW + 8 * HOUR


def gates(store: Store) -> list[Gate]:
    with store.read() as tx:
        return broadcast_gate.sendable(tx, NOW)


def numbers_of(batches: list[Batch]) -> list[str]:
    return [one.number for batch in batches for one in batch.texts]


def taken_from(batches: list[Batch]) -> Counter[int | None]:
    return Counter(one.broadcast_id for batch in batches for one in batch.texts)


@pytest.mark.parametrize(
    "status",
    ["draft", "submitted", "scheduled", "starting", "paused", "halted", "done", "cancelled", "rejected"],
)
def test_only_a_canary_and_a_running_broadcast_send(store: Store, status: str) -> None:
    shut = broadcast(store, status)
    put_wave(store, shut, 1, wave=0)
    assert gates(store) == []
    assert take(store) == []
    with store.read() as tx:
        assert not due.has_due(tx, "bulk", NOW)
        assert due.oldest_due(tx, "bulk", NOW) is None


def test_during_the_canary_only_its_texts_go_and_then_the_rest(store: Store) -> None:
    it = broadcast(store, "canary")
    put_wave(store, it, 1, 2, wave=0)
    put_wave(store, it, 3, 4, wave=1)
    assert sorted(numbers_of(take(store))) == [number(1), number(2)]
    assert take(store) == []
    become(store, it, "running")
    assert sorted(numbers_of(take(store))) == [number(3), number(4)]


def test_urgent_before_warning_before_news_and_what_began_earlier_is_named_first(store: Store) -> None:
    news = broadcast(store, kind="info", started_at=NOW - HOUR)
    late = broadcast(store, kind="warning")
    early = broadcast(store, kind="warning", started_at=NOW - HOUR)
    urgent = broadcast(store, kind="urgent", started_at=NOW)
    assert [gate.broadcast_id for gate in gates(store)] == [urgent, early, late, news]
    for n, it in enumerate((news, late, early, urgent)):
        put_wave(store, it, *range(10 * n, 10 * n + 10))
    assert taken_from(take(store, limit=10)) == {urgent: 10}
    assert taken_from(take(store, limit=20)) == {early: 10, late: 10}
    assert taken_from(take(store, limit=20)) == {news: 10}


def test_broadcasts_of_one_kind_share_a_claim_evenly(store: Store) -> None:
    big, other, small = broadcast(store), broadcast(store), broadcast(store)
    put_wave(store, big, *range(300))
    put_wave(store, other, *range(300, 600))
    put_wave(store, small, *range(600, 605))
    shares = taken_from(take(store, limit=100))
    assert shares[small] == 5
    assert shares[big] + shares[other] == 95
    assert abs(shares[big] - shares[other]) <= 2


def test_with_claims_of_one_text_each_of_two_broadcasts_has_its_turn(store: Store) -> None:
    first, second = broadcast(store), broadcast(store)
    put_wave(store, first, *range(60))
    put_wave(store, second, *range(60, 120))
    served = Counter(it for _ in range(40) for it in taken_from(take(store, limit=1)))
    assert min(served[first], served[second]) >= 5


def test_reminders_go_before_a_warning_and_get_a_share_beside_an_urgent_broadcast(store: Store) -> None:
    warning = broadcast(store, kind="warning")
    put_wave(store, warning, *range(100))
    put(store, *(text(n, kind="reminder") for n in range(200, 205)))
    assert taken_from(take(store, limit=10)) == {None: 5, warning: 5}
    urgent = broadcast(store, kind="urgent")
    put_wave(store, urgent, *range(300, 700))
    put(store, *(text(n, kind="reminder") for n in range(800, 900)))
    claims = [taken_from(take(store, limit=4)) for _ in range(60)]
    assert {len(claim) for claim in claims} == {1}
    reminders = sum(claim[None] for claim in claims)
    assert 4 <= reminders < 120  # a quarter of the claims, give or take
    assert sum(claim[urgent] for claim in claims) > reminders


def test_a_pause_holds_what_waits_and_what_is_claimed_but_not_handed_over(store: Store) -> None:
    it = broadcast(store)
    put_wave(store, it, *range(10))
    (batch,) = take(store, limit=5)
    become(store, it, "paused")
    assert hand(store, batch).texts == ()
    assert take(store) == []
    assert statuses_of(store) == {"queued": 10}
    become(store, it, "running")
    assert len(numbers_of(take(store))) == 10


def test_what_was_handed_over_before_a_pause_is_recorded(store: Store) -> None:
    it = broadcast(store)
    put_wave(store, it, *range(5))
    (batch,) = take(store)
    going = hand(store, batch)
    become(store, it, "halted")
    assert record(store, going, accepted(going)) == {"sent": 5}


def test_a_broadcast_set_back_to_its_canary_gives_later_waves_back(store: Store) -> None:
    it = broadcast(store)
    put_wave(store, it, 1, wave=0)
    put_wave(store, it, 2, wave=1)
    (batch,) = take(store)
    become(store, it, "canary")
    assert [one.number for one in hand(store, batch).texts] == [number(1)]
    assert statuses_of(store) == {"sending": 1, "queued": 1}


def test_quiet_hours_leave_a_broadcasts_rows_alone_and_hold_it_at_the_last_look(store: Store) -> None:
    it = broadcast(store, kind="warning")
    put_wave(store, it, 1, 2, expires_at=NOW + 20 * HOUR)
    assert take(store, release_at=QUIET) == []
    with store.read() as tx:
        assert not due.has_due(tx, "bulk", NOW, in_quiet_hours=True)
        assert due.has_due(tx, "bulk", NOW)
    (batch,) = take(store)
    assert hand(store, batch, release_at=QUIET).texts == ()
    assert statuses_of(store) == {"queued": 2}
    assert len(numbers_of(take(store, now=QUIET))) == 2


def test_an_urgent_broadcast_passes_quiet_hours_only_when_somebody_has_approved_that(store: Store) -> None:
    held = broadcast(store, kind="urgent")
    put_wave(store, held, 1)
    assert take(store, release_at=QUIET) == []
    with store.read() as tx:
        author = broadcast_gate.TABLE.c.author_id
        staff = tx.scalar(broadcast_gate.TABLE.select().with_only_columns(author).limit(1))
    passing = broadcast(store, kind="urgent", override_by=staff)
    put_wave(store, passing, 2)
    not_urgent = broadcast(store, kind="warning", override_by=staff)
    put_wave(store, not_urgent, 3)
    (batch,) = take(store, release_at=QUIET)
    assert [one.number for one in hand(store, batch, release_at=QUIET).texts] == [number(2)]


def test_after_its_deadline_a_broadcast_sends_nothing(store: Store) -> None:
    it = broadcast(store, expires_at=NOW)
    put_wave(store, it, 1, expires_at=NOW + HOUR)
    assert gates(store) == []
    assert take(store) == []


def test_stop_is_obeyed_in_a_broadcast_before_the_claim_and_after_it(store: Store) -> None:
    it = broadcast(store)
    put_wave(store, it, 1, 2)
    stop(store, 1)
    (batch,) = take(store)
    stop(store, 2, NOW + SECOND)
    assert hand(store, batch).texts == ()
    assert statuses_of(store) == {"opted_out": 2}


def test_texts_of_a_broadcast_that_is_gone_from_the_table_wait_and_are_not_sent(store: Store) -> None:
    put_wave(store, 4711, 1)
    assert take(store) == []


def test_a_text_of_a_broadcast_in_the_fast_lane_is_refused(store: Store) -> None:
    with pytest.raises(Invalid):
        put(store, text(1, broadcast_id=1, lane="fast"))
