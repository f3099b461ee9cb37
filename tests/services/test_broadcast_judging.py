"""The canary, and the halt: tried on a few, judged by figures, stopped before it does more harm."""

from __future__ import annotations

import pytest
from sqlalchemy import select

from sms_service.domain import statuses
from sms_service.services.broadcasts import judging as broadcast_judging
from sms_service.services.broadcasts import sending as broadcast_sending
from sms_service.store.engine import Store
from sms_service.store.models import Message
from tests.broadcast_office import (
    CANARY,
    DAY,
    HOUR,
    MINUTE,
    NOW,
    SECOND,
    act,
    advance,
    approved,
    audit,
    row,
    settings_with,
    settle,
    started,
    state,
    step,
    stop,
    subscribers,
    waves,
    work,
)
from tests.services import outbox

# --- the canary -----------------------------------------------------------------------------------------


def test_the_canary_is_one_percent_but_at_least_so_many_and_never_more_than_all() -> None:
    assert broadcast_sending.canary_target(10_000, CANARY) == 100
    assert broadcast_sending.canary_target(10_001, CANARY) == 101
    assert broadcast_sending.canary_target(500, CANARY) == 20
    assert broadcast_sending.canary_target(7, CANARY) == 7
    assert broadcast_sending.canary_target(10_000, settings_with(canary_seconds=0)) == 0


@pytest.mark.parametrize("slice_", [7, 50, 1000])
def test_a_canary_is_drawn_fairly_and_exactly(
    store: Store, monkeypatch: pytest.MonkeyPatch, slice_: int
) -> None:
    monkeypatch.setattr(broadcast_sending, "FAN_OUT_SLICE", slice_)
    subscribers(store, range(200))
    broadcast_id = started(store, settings=CANARY)
    one = row(store, broadcast_id)
    assert (one.status, one.canary_size) == ("canary", 20)
    drawn = [position for position, wave in enumerate(waves(store, broadcast_id)) if wave == 0]
    assert len(drawn) == 20
    assert min(drawn) < 100 < max(drawn)  # not the first ones of the list


def test_a_canary_is_filled_up_when_people_leave_meanwhile(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(broadcast_sending, "FAN_OUT_SLICE", 10)
    subscribers(store, range(60))
    broadcast_id = approved(store)
    step(store, settings=CANARY)
    for n in range(25, 60):
        stop(store, n)
    work(store, settings=CANARY)
    assert row(store, broadcast_id).canary_size == 20
    assert waves(store, broadcast_id).count(0) == 20


def test_only_the_canary_goes_at_first_and_the_rest_after_it(store: Store) -> None:
    subscribers(store, range(50))
    broadcast_id = started(store, settings=CANARY)
    assert len(outbox.send_all(store)) == 20
    assert advance(store, broadcast_id, NOW, CANARY) is not None  # all tried: the wait begins
    assert row(store, broadcast_id).canary_until == NOW + MINUTE
    assert advance(store, broadcast_id, NOW + 59 * SECOND, CANARY) is None
    assert outbox.take(store, NOW + 59 * SECOND) == []
    advance(store, broadcast_id, NOW + MINUTE, CANARY)
    assert row(store, broadcast_id).status == "running"
    assert len(outbox.send_all(store, NOW + MINUTE)) == 30
    advance(store, broadcast_id, NOW + MINUTE, CANARY)
    assert state(store, broadcast_id) == ("done", {"sent": 50})
    assert [name for name, _ in audit(store, broadcast_id)][-4:] == ["approve", "start", "canary", "finish"]


def test_the_wait_begins_when_nine_in_ten_have_been_tried(store: Store) -> None:
    subscribers(store, range(50))
    broadcast_id = started(store, settings=CANARY)
    settle(store, broadcast_id, "sent", 17)
    assert advance(store, broadcast_id, NOW, CANARY) is None
    settle(store, broadcast_id, "sent", 1)
    advance(store, broadcast_id, NOW, CANARY)
    assert row(store, broadcast_id).canary_until == NOW + MINUTE
    advance(store, broadcast_id, NOW + MINUTE, CANARY)
    assert row(store, broadcast_id).status == "running"


def test_a_canary_that_is_everybody_waits_for_nothing(store: Store) -> None:
    subscribers(store, range(5))
    broadcast_id = started(store, settings=CANARY)
    outbox.send_all(store)
    advance(store, broadcast_id, NOW, CANARY)
    advance(store, broadcast_id, NOW, CANARY)
    assert row(store, broadcast_id).status == "done"


def test_a_clock_that_is_put_back_costs_one_wait_and_no_more(store: Store) -> None:
    subscribers(store, range(50))
    broadcast_id = started(store, settings=CANARY)
    outbox.send_all(store)
    advance(store, broadcast_id, NOW, CANARY)
    back = NOW - DAY
    advance(store, broadcast_id, back, CANARY)
    assert row(store, broadcast_id).canary_until == back + MINUTE
    advance(store, broadcast_id, back + MINUTE, CANARY)
    assert row(store, broadcast_id).status == "running"


def test_paused_in_the_canary_it_waits_anew_when_resumed(store: Store) -> None:
    subscribers(store, range(50))
    broadcast_id = started(store, settings=CANARY)
    outbox.send_all(store)
    advance(store, broadcast_id, NOW, CANARY)
    act(store, "pause", broadcast_id, NOW + 30 * SECOND)
    advance(store, broadcast_id, NOW + HOUR, CANARY)
    assert row(store, broadcast_id).status == "paused"
    act(store, "resume", broadcast_id, NOW + HOUR)
    advance(store, broadcast_id, NOW + HOUR, CANARY)
    assert (row(store, broadcast_id).status, row(store, broadcast_id).canary_until) == (
        "canary",
        NOW + HOUR + MINUTE,
    )


# --- halting --------------------------------------------------------------------------------------------


def test_a_failing_canary_halts_it_with_the_figures(store: Store) -> None:
    subscribers(store, range(50))
    broadcast_id = started(store, settings=CANARY)
    settle(store, broadcast_id, "sent", 15)
    settle(store, broadcast_id, "failed", 5)
    advance(store, broadcast_id, NOW, CANARY)
    one = row(store, broadcast_id)
    assert (one.status, one.halted_reason) == (
        "halted",
        "5 of 20 texts failed or got lost at the gateway (25.0 %; the limit is 20 %)",
    )
    assert outbox.take(store, NOW) == []
    assert ("halt", None) in audit(store, broadcast_id)
    with store.read() as tx:
        alerts = list(tx.scalars(select(Message.lane).where(Message.kind == statuses.ALERT)))
    assert alerts == ["fast"]


def test_exactly_the_limit_is_not_above_it(store: Store) -> None:
    subscribers(store, range(50))
    broadcast_id = started(store, settings=CANARY)
    settle(store, broadcast_id, "sent", 16)
    settle(store, broadcast_id, "failed", 4)
    advance(store, broadcast_id, NOW, CANARY)
    assert row(store, broadcast_id).status == "canary"


def test_answers_that_got_lost_count_as_failures(store: Store) -> None:
    subscribers(store, range(50))
    broadcast_id = started(store, settings=CANARY)
    settle(store, broadcast_id, "unknown", 20)
    advance(store, broadcast_id, NOW, CANARY)
    assert row(store, broadcast_id).halted_reason.startswith("20 of 20 texts")


def test_people_who_text_stop_halt_it(store: Store) -> None:
    subscribers(store, range(100))
    broadcast_id = started(store)
    for _ in range(2):
        settle(store, broadcast_id, "sent", 20)
    stop(store, 0, NOW + SECOND)
    stop(store, 1, NOW + SECOND)
    advance(store, broadcast_id, NOW + SECOND)
    assert row(store, broadcast_id).status == "running"  # 2 of 40 are 5 %
    stop(store, 2, NOW + SECOND)
    advance(store, broadcast_id, NOW + SECOND)
    assert (
        row(store, broadcast_id).halted_reason
        == "3 of 40 people texted STOP after it (7.5 %; the limit is 5 %)"
    )


def test_a_stop_of_somebody_whom_the_text_has_not_reached_is_not_its_doing(store: Store) -> None:
    subscribers(store, range(100))
    broadcast_id = started(store)
    settle(store, broadcast_id, "sent", 20)
    for n in range(50, 60):
        stop(store, n, NOW + SECOND)  # their texts wait
    stop(store, 0, NOW - SECOND)  # before the text went
    with store.read() as tx:
        assert broadcast_judging.count_stops(tx, broadcast_id, NOW - HOUR) == 0
    advance(store, broadcast_id, NOW + SECOND)
    assert row(store, broadcast_id).status == "running"


def test_one_failure_of_two_says_nothing(store: Store) -> None:
    subscribers(store, range(100))
    broadcast_id = started(store)
    settle(store, broadcast_id, "failed", 1)
    settle(store, broadcast_id, "sent", 1)
    advance(store, broadcast_id)
    assert row(store, broadcast_id).status == "running"


def test_bad_news_late_in_a_long_list_are_seen(store: Store) -> None:
    subscribers(store, range(800))
    broadcast_id = started(store)
    settle(store, broadcast_id, "sent", 600)
    advance(store, broadcast_id)
    settle(store, broadcast_id, "failed", 30)  # a twentieth of all, and all of the last thirty
    advance(store, broadcast_id)
    assert row(store, broadcast_id).halted_reason.startswith("30 of 30 texts")


def test_resumed_after_a_halt_it_is_judged_anew(store: Store) -> None:
    subscribers(store, range(200))
    broadcast_id = started(store, settings=CANARY)
    settle(store, broadcast_id, "failed", 20)
    advance(store, broadcast_id, NOW, CANARY)
    assert row(store, broadcast_id).status == "halted"
    act(store, "resume", broadcast_id)
    one = row(store, broadcast_id)
    assert (one.status, one.halted_reason) == ("running", "")
    assert advance(store, broadcast_id, NOW, CANARY) is None
    settle(store, broadcast_id, "sent", 60)
    assert advance(store, broadcast_id, NOW, CANARY) is None
    settle(store, broadcast_id, "failed", 40)
    advance(store, broadcast_id, NOW, CANARY)
    assert row(store, broadcast_id).halted_reason.startswith("40 of 100 texts")


def test_nothing_is_halted_when_nothing_is_left_to_hold_back(store: Store) -> None:
    subscribers(store, range(30))
    broadcast_id = started(store)
    settle(store, broadcast_id, "failed", 30)
    advance(store, broadcast_id)
    assert state(store, broadcast_id) == ("done", {"failed": 30})
