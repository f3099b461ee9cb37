"""The gateway of a rehearsal: a text goes to the inbox that the terminal and browser phones read.

Its webhooks take the same fields as Africa's Talking's (africastalking.py), so that a call made from a
phone of ours walks the very path of a real one. A text is on the phone at once, and `send` says only that
it was taken: the phone posts the delivery report (`id` of the receipt, `status`), when it likes.
"""

from __future__ import annotations

from collections.abc import Callable

from sms_service.errors import GatewayError, GatewayUnavailable, Rejected, Unavailable
from sms_service.gateways.base import OutboundSms, SendReceipt
from sms_service.gateways.forms import CallbackForms, is_e164


class Console(CallbackForms):
    """Delivers with `deliver(number, body) -> id`, which raises Unavailable."""

    name = "console"

    def __init__(self, deliver: Callable[[str, str], str], country: str = "ID") -> None:
        super().__init__(country)
        self._deliver = deliver

    def send(self, sms: OutboundSms) -> list[SendReceipt]:
        """Store the text once for each number. Raises GatewayUnavailable when not one could be stored."""
        receipts: list[SendReceipt] = []
        away: GatewayError | None = None
        for number in sms.numbers:
            if not is_e164(number):
                receipts.append(SendReceipt(number, error=Rejected("not an E.164 number")))
                continue
            if away is None:
                try:
                    receipts.append(SendReceipt(number, gateway_id=self._deliver(number, sms.body)))
                    continue
                except Unavailable:
                    away = GatewayUnavailable("the console's inbox is not available")
            receipts.append(SendReceipt(number, error=away))
        if away is not None and all(receipt.error is away for receipt in receipts):
            raise away
        return receipts
