"""The inbox of the console's phones."""

from __future__ import annotations

from datetime import UTC, datetime

from sms_service.clock import Clock
from sms_service.store.console_inbox import ConsoleInbox
from sms_service.store.engine import Store
from sms_service.store.models import DeliveryReportRow

OURS, THEIRS = "+6281200000001", "+6281200000002"


def report(store: Store, gateway: str, gateway_id: str) -> None:
    with store.transaction() as tx:
        tx.add(
            DeliveryReportRow(
                gateway=gateway,
                gateway_id=gateway_id,
                status="delivered",
                raw_status="Success",
                received_at=datetime.now(UTC),
            )
        )


def test_a_phone_sees_its_own_texts_in_order_and_nobody_elses(store: Store) -> None:
    inbox = ConsoleInbox(store, Clock())
    first = inbox.deliver(OURS, "satu")
    inbox.deliver(THEIRS, "bukan untukmu")
    inbox.deliver(OURS, "dua")
    texts = inbox.list_texts(OURS)
    assert [body for _id, body in texts] == ["satu", "dua"]
    assert first == f"console-{texts[0][0]}"
    assert inbox.list_texts(OURS, after_id=texts[0][0]) == texts[1:]


def test_a_text_is_undelivered_until_its_own_report_came(store: Store) -> None:
    inbox = ConsoleInbox(store, Clock())
    first = inbox.deliver(OURS, "satu")
    inbox.deliver(OURS, "dua")
    report(store, "kannel", first)  # another gateway's id may read the same
    assert [body for _id, body in inbox.list_undelivered(OURS)] == ["satu", "dua"]
    report(store, "console", first)
    assert [body for _id, body in inbox.list_undelivered(OURS)] == ["dua"]
