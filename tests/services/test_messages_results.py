"""What a gateway says about a call, recorded once, by the holder of the claim only."""

from __future__ import annotations

from datetime import timedelta

import pytest

from sms_service.errors import (
    GatewayUnavailable,
    Misconfigured,
    OutcomeUnknown,
    RecipientOptedOut,
    Rejected,
    Throttled,
)
from sms_service.gateways.base import SendReceipt
from sms_service.services.sending import results, sweeps
from sms_service.services.subscribers import person as subscribers
from sms_service.store.engine import Store
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
    take,
    text,
)


def test_accepted_is_sent_with_the_gateway_s_id(store: Store) -> None:
    (message_id,) = put(store, text(1))
    (batch,) = take(store)
    assert record(store, hand(store, batch), accepted(batch)) == {"sent": 1}
    sent = row(store, message_id)
    assert (sent.status, sent.gateway, sent.gateway_id) == ("sent", "console", f"id-{message_id}")
    assert (sent.sent_at, sent.lease_until, sent.attempts) == (NOW, None, 1)


def test_recording_twice_changes_nothing(store: Store) -> None:
    (message_id,) = put(store, text(1))
    (batch,) = take(store)
    going = hand(store, batch)
    record(store, going, accepted(going))
    assert record(store, going, Rejected("no such number"), NOW + SECOND) == {}
    assert row(store, message_id).status == "sent"


@pytest.mark.parametrize(
    ("error", "status"),
    [
        (Rejected("blocked"), "failed"),
        (RecipientOptedOut("blacklisted"), "opted_out"),
        (OutcomeUnknown("the line broke"), "unknown"),
        (GatewayUnavailable("refused"), "queued"),
        (Throttled("slow down"), "queued"),
        (Misconfigured("no balance"), "queued"),
    ],
)
def test_each_refusal_of_one_number_has_its_outcome(store: Store, error: Exception, status: str) -> None:
    refused, taken = put(store, text(1), text(2))
    (batch,) = take(store)
    receipts = [SendReceipt(number(1), error=error), SendReceipt(number(2), gateway_id="id-2")]
    record(store, hand(store, batch), receipts)
    assert row(store, refused).status == status
    assert type(error).__name__ in row(store, refused).error
    assert row(store, taken).status == "sent"


def test_a_number_that_the_answer_passes_over_is_unknown(store: Store) -> None:
    (silent, _) = put(store, text(1), text(2))
    (batch,) = take(store)
    record(store, hand(store, batch), [SendReceipt(number(2), gateway_id="x")])
    assert row(store, silent).status == "unknown"


def test_the_gateway_s_opt_out_ends_consent_and_withholds_what_waits(store: Store) -> None:
    with store.transaction() as tx:
        subscribers.opt_in(tx, number(1), "sms", NOW)
    put(store, text(1))
    (batch,) = take(store)
    put(store, text(1, key="waits"))
    record(store, hand(store, batch), RecipientOptedOut("blacklisted"))
    with store.read() as tx:
        person = subscribers.find_by_number(tx, number(1))
        assert person
        assert (person.warnings_on, person.news_on, person.consent_on) == (False, False, None)
        assert subscribers.is_opted_out(tx, number(1))
    assert statuses_of(store) == {"opted_out": 2}


def test_the_gateway_s_opt_out_is_recorded_as_ours(store: Store) -> None:
    put(store, text(1), text(1, key="waiting", not_before=NOW + SECOND))
    (batch,) = take(store)
    record(store, hand(store, batch), RecipientOptedOut("blacklisted"))
    assert statuses_of(store) == {"opted_out": 2}
    put(store, text(1, key="later"))
    assert send_all(store, NOW + 2 * SECOND) == []


def test_what_may_be_tried_again_waits_longer_each_time_and_not_for_ever(store: Store) -> None:
    (message_id,) = put(store, text(1, expires_at=NOW + 1000 * HOUR))
    now, waits = NOW, []
    while row(store, message_id).status == "queued":
        (batch,) = take(store, now)
        record(store, hand(store, batch, now), GatewayUnavailable("refused"), now)
        waits.append(row(store, message_id).not_before - now)
        assert take(store, now) == []
        now = max(row(store, message_id).not_before, now)
    assert row(store, message_id).status == "failed"
    assert row(store, message_id).attempts == results.MAX_ATTEMPTS == len(waits)
    assert waits[0] < timedelta(seconds=3)
    assert timedelta(seconds=140) < waits[-2] <= timedelta(seconds=300)


def test_waits_are_spread_so_that_not_all_come_back_at_once() -> None:
    assert len({results.wait_before(5) for _ in range(50)}) > 40
    assert results.wait_before(10_000) <= timedelta(seconds=300)


def test_our_own_misconfiguration_costs_the_texts_nothing(store: Store) -> None:
    (message_id,) = put(store, text(1))
    for _ in range(3):
        (batch,) = take(store)
        record(store, hand(store, batch), Misconfigured("401"))
    again = row(store, message_id)
    assert (again.status, again.attempts, again.not_before) == ("queued", 0, NOW)


def test_an_unknown_outcome_is_never_sent_again(store: Store) -> None:
    put(store, text(1))
    (batch,) = take(store)
    record(store, hand(store, batch), OutcomeUnknown("the line broke"))
    assert send_all(store, NOW + 10 * LEASE) == []
    assert statuses_of(store) == {"unknown": 1}


def test_a_slow_worker_may_still_say_that_its_unknown_text_was_taken(store: Store) -> None:
    (message_id,) = put(store, text(1))
    (batch,) = take(store)
    going = hand(store, batch)
    with store.transaction() as tx:
        assert sweeps.free_leases(tx, NOW + LEASE, LEASE) == (0, 1)
    record(store, going, accepted(going), NOW + 2 * LEASE)
    assert row(store, message_id).status == "sent"


def test_a_slow_worker_cannot_bring_an_unknown_text_back_into_the_queue(store: Store) -> None:
    put(store, text(1))
    (batch,) = take(store)
    going = hand(store, batch)
    with store.transaction() as tx:
        sweeps.free_leases(tx, NOW + LEASE, LEASE)
    assert record(store, going, GatewayUnavailable("refused"), NOW + LEASE) == {}
    assert statuses_of(store) == {"unknown": 1}


def test_a_late_recorder_does_not_overwrite_another_worker_s_claim(store: Store) -> None:
    (message_id,) = put(store, text(1))
    (first,) = take(store)
    with store.transaction() as tx:
        assert sweeps.free_leases(tx, NOW + LEASE, LEASE) == (1, 0)  # claimed, never handed over
    (second,) = take(store, NOW + LEASE)
    assert hand(store, first, NOW + LEASE).texts == ()  # the first worker may not call any more
    assert record(store, first, accepted(first), NOW + LEASE) == {}
    assert row(store, message_id).claim == second.claim
    assert row(store, message_id).status == "sending"


def test_an_error_is_kept_without_the_number_it_speaks_of(store: Store) -> None:
    (message_id,) = put(store, text(1))
    (batch,) = take(store)
    record(store, hand(store, batch), Rejected(f"cannot reach {number(1)} " + "x" * 300))
    kept = row(store, message_id).error
    assert kept.startswith("Rejected: cannot reach +***")
    assert number(1)[1:] not in kept
    assert len(kept) <= 200
