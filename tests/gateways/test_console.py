"""The console gateway over the real inbox, on both databases."""

from __future__ import annotations

import pytest

from sms_service.clock import Clock
from sms_service.errors import GatewayUnavailable, Rejected, Unavailable
from sms_service.gateways.console import Console
from sms_service.store.console_inbox import ConsoleInbox
from sms_service.store.engine import Store
from tests.gateways.conftest import A, B, C, text_for


def test_a_text_reaches_the_inbox_of_each_number_and_the_phone_can_report_on_it(store: Store) -> None:
    inbox = ConsoleInbox(store, Clock())
    gateway = Console(inbox.deliver)
    receipts = gateway.send(text_for(A, "0812", B, body="Halo 😀"))
    assert [type(receipt.error) for receipt in receipts] == [type(None), Rejected, type(None)]
    for number, receipt in ((A, receipts[0]), (B, receipts[2])):
        ((text_id, body),) = inbox.list_texts(number)
        assert (receipt.gateway_id, body) == (f"console-{text_id}", "Halo 😀")
        report = gateway.parse_delivery({"id": f"console-{text_id}", "status": "Success"})
        assert (report.gateway_id, report.status) == (receipt.gateway_id, "delivered")
    assert receipts[0].gateway_id != receipts[2].gateway_id


def test_an_inbox_that_goes_away_in_the_middle_keeps_what_was_stored() -> None:
    stored: list[str] = []

    def deliver(number: str, body: str) -> str:
        if number == B:
            raise Unavailable("the database is not available")
        stored.append(number)
        return f"console-{len(stored)}"

    one, two, three = Console(deliver).send(text_for(A, B, C))
    assert one.gateway_id == "console-1"
    assert type(two.error) is type(three.error) is GatewayUnavailable
    assert stored == [A]
    with pytest.raises(GatewayUnavailable):
        Console(deliver).send(text_for(B, C))
