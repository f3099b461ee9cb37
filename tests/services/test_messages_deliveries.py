"""Delivery reports: early, twice, out of order, of nobody, in words unknown. Forward only, all kept."""

from __future__ import annotations

import threading
from datetime import timedelta

import pytest
from sqlalchemy import func, select

from sms_service.errors import OutcomeUnknown, Unavailable
from sms_service.gateways.base import DeliveryReport, SendReceipt
from sms_service.services.sending import deliveries
from sms_service.store.engine import Store
from sms_service.store.models import DeliveryReportRow
from tests.services.outbox import (
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


def report(
    gateway_id: str, status: str | None = "delivered", raw: str = "", reason: str = ""
) -> DeliveryReport:
    return DeliveryReport("console", gateway_id, status, raw or (status or "Odd"), reason)


def came(store: Store, one: DeliveryReport, at=NOW) -> bool:
    with store.transaction() as tx:
        return deliveries.record_delivery(tx, one, at)


def kept(store: Store, *, matched: bool) -> int:
    column = DeliveryReportRow.matched_at
    with store.read() as tx:
        wanted = column.is_not(None) if matched else column.is_(None)
        return tx.execute(select(func.count()).select_from(DeliveryReportRow).where(wanted)).scalar_one()


@pytest.fixture
def sent(store: Store) -> int:
    (message_id,) = put(store, text(1))
    assert send_all(store) == [number(1)]
    return message_id


def test_delivered_is_final(store: Store, sent: int) -> None:
    assert came(store, report(f"id-{sent}"), NOW + SECOND)
    assert row(store, sent).status == "delivered"
    assert row(store, sent).finished_at == NOW + SECOND
    came(store, report(f"id-{sent}", "failed"))
    came(store, report(f"id-{sent}", "sent"))
    assert row(store, sent).status == "delivered"
    assert kept(store, matched=True) == 3


def test_the_same_report_twice_is_kept_once(store: Store, sent: int) -> None:
    assert came(store, report(f"id-{sent}"))
    assert not came(store, report(f"id-{sent}"))
    assert kept(store, matched=True) == 1


def test_the_same_report_from_six_threads_at_once_is_kept_once(store: Store, sent: int) -> None:
    new: list[bool] = []
    barrier = threading.Barrier(6)

    def come() -> None:
        barrier.wait()
        try:
            new.append(came(store, report(f"id-{sent}")))
        except Unavailable:  # SQLite: locked for too long; the webhook answers 503 and it comes again
            new.append(False)

    threads = [threading.Thread(target=come) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert new.count(True) == 1
    assert row(store, sent).status == "delivered"


def test_failed_says_why(store: Store, sent: int) -> None:
    came(store, report(f"id-{sent}", "failed", reason="AbsentSubscriber"))
    assert row(store, sent).error == "reported failed: AbsentSubscriber"


def test_a_report_that_comes_before_the_send_is_recorded_waits_for_it(store: Store) -> None:
    (message_id,) = put(store, text(1))
    (batch,) = take(store)
    going = hand(store, batch)
    came(store, report(f"id-{message_id}"))
    assert row(store, message_id).status == "sending"
    record(store, going, accepted(going))
    assert row(store, message_id).status == "delivered"
    assert kept(store, matched=False) == 0


def test_reports_that_came_early_and_in_the_wrong_order_end_at_delivered(store: Store) -> None:
    (message_id,) = put(store, text(1))
    (batch,) = take(store)
    going = hand(store, batch)
    for status in ("delivered", "sent"):
        came(store, report(f"id-{message_id}", status))
    record(store, going, accepted(going))
    assert row(store, message_id).status == "delivered"


def test_a_report_that_missed_its_text_by_an_instant_is_found_by_the_sweep(store: Store, sent: int) -> None:
    with (
        store.transaction() as tx
    ):  # as if report and send had been written at once, each unseen by the other
        tx.add(
            DeliveryReportRow(
                gateway="console",
                gateway_id=f"id-{sent}",
                status="delivered",
                raw_status="Success",
                received_at=NOW,
            )
        )
    with store.transaction() as tx:
        assert deliveries.match_waiting(tx, NOW) == 1
        assert deliveries.match_waiting(tx, NOW) == 0
    assert row(store, sent).status == "delivered"


def test_a_report_for_an_id_that_is_not_ours_is_kept_and_moves_nothing(store: Store, sent: int) -> None:
    assert came(store, report("somebody else's"))
    assert came(store, DeliveryReport("kannel", f"id-{sent}", "delivered", "1"))  # same id, another gateway
    assert row(store, sent).status == "sent"
    assert kept(store, matched=False) == 2
    with store.transaction() as tx:
        assert deliveries.match_waiting(tx, NOW + timedelta(days=3)) == 0


def test_a_word_unknown_to_us_is_kept_and_moves_nothing(store: Store, sent: int) -> None:
    assert came(store, report(f"id-{sent}", None, raw="AbsorbedByAliens"))
    assert row(store, sent).status == "sent"
    assert kept(store, matched=True) == 1


def test_a_late_report_settles_an_unknown_text(store: Store) -> None:
    (message_id,) = put(store, text(1))
    (batch,) = take(store)
    receipt = SendReceipt(number(1), gateway_id="id-x", error=OutcomeUnknown("500 from their inside"))
    record(store, hand(store, batch), [receipt])
    assert row(store, message_id).status == "unknown"
    came(store, report("id-x", "sent"), NOW + SECOND)
    assert row(store, message_id).status == "sent"
    assert row(store, message_id).sent_at == NOW + SECOND
    came(store, report("id-x", "failed"))
    assert statuses_of(store) == {"failed": 1}


def test_oversized_and_odd_fields_are_kept_as_far_as_they_fit(store: Store) -> None:
    odd = DeliveryReport("console", "i\0d" + "x" * 500, None, "\0" + "s" * 500, "r" * 500)
    assert came(store, odd)
    assert kept(store, matched=False) == 1


def test_an_empty_id_from_the_gateway_matches_nobody_s_report(store: Store) -> None:
    put(store, text(1))
    (batch,) = take(store)
    came(store, report(""))
    record(store, hand(store, batch), [SendReceipt(number(1), gateway_id="")])
    assert statuses_of(store) == {"sent": 1}
