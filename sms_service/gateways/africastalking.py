"""Africa's Talking: texts through its SDK, and its six callbacks.

Sending, `POST {base}/messaging`, header `apiKey`, form fields (the SDK writes them):
  username      the account ("sandbox" is its own host)
  to            E.164 numbers, joined by commas; at most 100 here, no limit is published
  message       one body for all of them
  from          AFRICASTALKING_SENDER_ID: short code or registered sender; without it the provider's own
  bulkSMSMode   1: the sender pays. Never 0 (premium): whoever gets our texts shall not pay for them
  enqueue       left to the provider's default (1)
  keyword, linkId, retryDurationInHours   premium only: never sent. A linkId that comes in is kept, no more.
Answer, HTTP 201: SMSMessageData.Message, and .Recipients[] of number, statusCode, status, messageId, cost.

Balance, `GET {base}/user?username=`: UserData.balance, currency and amount ("KES 1785.50").

Callbacks, form fields (all read here are in forms.py; unknown ones are ignored):
  ussd          sessionId phoneNumber networkCode serviceCode text (cumulative, joined by `*`)
  ussd-events   date sessionId serviceCode networkCode phoneNumber status cost durationInMillis hopsCount
                hopsMetadata input lastAppResponse errorMessage
  sms           date from id linkId text to cost networkCode
  delivery      id status phoneNumber networkCode failureReason retryCount
  opt-out       senderId phoneNumber
  subscription  phoneNumber shortCode keyword updateType
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from functools import cached_property
from typing import TYPE_CHECKING, Any

from sms_service.domain import phones
from sms_service.errors import (
    GatewayError,
    GatewayUnavailable,
    Invalid,
    Misconfigured,
    OutcomeUnknown,
    RecipientOptedOut,
    Rejected,
)
from sms_service.gateways.base import MAX_BATCH, Balance, OutboundSms, SendReceipt
from sms_service.gateways.forms import ID_LENGTH, CallbackForms, clean, is_e164
from sms_service.settings import Settings

if TYPE_CHECKING:
    from sms_service.gateways.africastalking_client import BoundedSMSService

_ACCEPTED = frozenset({100, 101, 102})  # processed, sent, queued: taken, not delivered
_REFUSALS: dict[int, tuple[type[GatewayError], str]] = {
    # Held for a risk review: it has not gone, and they may let it go later. To send it again would be held
    # again, or double it, so it counts as refused.
    401: (Rejected, "RiskHold"),
    402: (Misconfigured, "InvalidSenderId"),
    403: (Rejected, "InvalidPhoneNumber"),
    404: (Rejected, "UnsupportedNumberType"),
    405: (Misconfigured, "InsufficientBalance"),
    406: (RecipientOptedOut, "UserInBlacklist"),
    407: (Rejected, "CouldNotRoute"),
    409: (Rejected, "DoNotDisturbRejection"),
    500: (GatewayUnavailable, "InternalServerError"),
    501: (GatewayUnavailable, "GatewayError"),
    502: (Rejected, "RejectedByGateway"),
}
_CODES = {word.casefold(): code for code, (_, word) in _REFUSALS.items()} | {"success": 101}
_NO_ID = frozenset({"", "none", "null"})
_BALANCE = re.compile(r"([A-Z]{3})\s*(-?[\d,]{1,15}(?:\.\d{1,6})?)", re.ASCII)
_BALANCE_SECONDS = 3.0  # the bulk lane waits meanwhile
_COUNT = re.compile(r"\s*Sent to (\d+)/", re.IGNORECASE)


class AfricasTalking(CallbackForms):
    """Sends in one call of at most `total` seconds; how a connection is kept between calls: calls.py."""

    name = "africastalking"

    def __init__(
        self, settings: Settings, connect: float = 3.05, read: float = 15.0, total: float = 20.0
    ) -> None:
        super().__init__(settings.default_country)
        self._settings = settings
        self._timeout = (connect, read)
        # The answer must be there before the lease runs out and a sweep calls the texts unknown.
        self._total = min(total, settings.send_lease_seconds / 2)

    @cached_property
    def _service(self) -> BoundedSMSService:
        from sms_service.gateways.africastalking_client import BoundedSMSService

        settings = self._settings
        return BoundedSMSService(
            settings.africastalking_username,
            settings.africastalking_api_key,
            settings.africastalking_base_url,
            self._total,
        )

    def send(self, sms: OutboundSms) -> list[SendReceipt]:
        """Hand one body to up to MAX_BATCH numbers; a number that is none is refused here, the others go.

        A number given twice goes out once; both get its receipt. Raises GatewayError when the call failed
        as a whole, Misconfigured also when every number was refused for our account's sake.
        """
        if len(sms.numbers) > MAX_BATCH:
            raise ValueError(f"a call takes at most {MAX_BATCH} numbers")
        sound = list(dict.fromkeys(number for number in sms.numbers if is_e164(number)))
        receipts = self._call(sound, sms.body) if sound else {}
        return [
            receipts.get(number) or SendReceipt(number, error=Rejected("not an E.164 number"))
            for number in sms.numbers
        ]

    def find_balance(self) -> Balance | None:
        """What is left on the account; None where the answer does not say. Raises GatewayError."""
        from sms_service.gateways.africastalking_client import BoundedApplicationService

        settings = self._settings
        service = BoundedApplicationService(
            settings.africastalking_username,
            settings.africastalking_api_key,
            settings.africastalking_base_url,
            min(self._total, _BALANCE_SECONDS),
        )
        answer = service.fetch_application_data(timeout=self._timeout)
        if not 200 <= answer.status < 300:
            from sms_service.gateways.calls import refusal

            raise refusal(answer.status)
        return _balance(answer.text)

    def _call(self, numbers: list[str], body: str) -> dict[str, SendReceipt]:
        answer = self._service.send(
            clean(body),
            numbers,
            sender_id=self._settings.africastalking_sender_id or None,
            timeout=self._timeout,
        )
        if not 200 <= answer.status < 300:
            from sms_service.gateways.calls import refusal

            raise refusal(answer.status)
        message, recipients = _read(answer.text)
        if not recipients:
            raise _refusal_of_all(message, len(numbers))
        receipts = self._match(numbers, recipients)
        errors = [receipt.error for receipt in receipts.values()]
        if isinstance(errors[0], Misconfigured) and all(isinstance(e, Misconfigured) for e in errors):
            raise errors[0]
        return receipts

    def _match(self, numbers: list[str], recipients: Sequence[Any]) -> dict[str, SendReceipt]:
        """Find each number's own line: they come in any order and form, doubled, or not at all."""
        found: dict[str, SendReceipt] = {}
        for recipient in recipients:
            if not isinstance(recipient, Mapping):
                continue
            number = self._canonical(recipient.get("number"))
            receipt = _receipt(number, recipient)
            if number not in found or _certainty(receipt) > _certainty(found[number]):
                found[number] = receipt
        missing = OutcomeUnknown("the answer does not name this number")
        return {number: found.get(number) or SendReceipt(number, error=missing) for number in numbers}

    def _canonical(self, number: object) -> str:
        try:
            return phones.normalise(str(number), self._country)
        except Invalid:
            return ""


def _balance(text: str) -> Balance | None:
    """Read `{"UserData": {"balance": "KES 1785.50"}}`; both spellings of the outer name are seen."""
    try:
        data = json.loads(text)
    except (ValueError, RecursionError):
        return None
    inner = (data.get("UserData") or data.get("userData")) if isinstance(data, dict) else None
    told = _BALANCE.fullmatch(str(inner.get("balance", "")).strip()) if isinstance(inner, dict) else None
    return Balance(float(told[2].replace(",", "")), told[1]) if told else None


def _read(text: str) -> tuple[str, list[Any]]:
    """Return the answer's message and recipients. Raises OutcomeUnknown when there is no making it out.

    The text is parsed here whatever its content type says: the SDK does so only for one exact spelling.
    """
    try:
        data = json.loads(text)
    except (ValueError, RecursionError):
        data = None
    inner = data.get("SMSMessageData") if isinstance(data, dict) else None
    if not isinstance(inner, dict):
        raise OutcomeUnknown("the answer cannot be read")
    recipients = inner.get("Recipients", [])
    if not isinstance(recipients, list):
        raise OutcomeUnknown("the answer names its recipients in an unknown way")
    return str(inner.get("Message", "")), recipients


def _refusal_of_all(message: str, count: int) -> GatewayError:
    """Read a 201 without recipients: the whole call was refused, its reason stands in the message.

    An unknown reason is taken for one of our account: to stop with an alarm loses nothing, while to give
    up on each text in turn could lose a hundred thousand.
    """
    sent = _COUNT.match(message)
    if sent:
        return Rejected("nobody was accepted") if int(sent[1]) == 0 else OutcomeUnknown("nobody is named")
    reason = "".join(re.findall(r"[A-Za-z]+", message))[:40]
    code = _CODES.get(reason.casefold())
    if code is None or code in _ACCEPTED:
        return Misconfigured(f"the whole call was refused: {reason or 'no reason given'}")
    kind, _ = _REFUSALS[code]
    if kind is RecipientOptedOut and count > 1:
        kind = Rejected  # it does not say who
    return kind(f"the whole call was refused: {code} {reason}")


def _receipt(number: str, recipient: Mapping[str, Any]) -> SendReceipt:
    status = "".join(re.findall(r"[A-Za-z]+", str(recipient.get("status") or "")))[:40]
    code = _code(recipient.get("statusCode"), status)
    cost = clean(str(recipient.get("cost", "")), 32)
    gateway_id = str(recipient.get("messageId", "")).strip()
    if code in _ACCEPTED:
        if gateway_id.casefold() in _NO_ID or len(gateway_id) > ID_LENGTH or not gateway_id.isprintable():
            return SendReceipt(number, error=OutcomeUnknown(f"{code} {status}, but without an id"))
        return SendReceipt(number, gateway_id=gateway_id, cost=cost)
    if code is None and not status:
        return SendReceipt(number, error=OutcomeUnknown("the answer gives no status"))
    kind, word = _REFUSALS.get(code or 0, (Rejected, status))
    return SendReceipt(number, error=kind(f"{'' if code is None else code} {word}".strip()), cost=cost)


def _code(given: object, status: str) -> int | None:
    """Return the status code; old answers carry the word only."""
    text = str(given).strip()
    return int(text) if re.fullmatch(r"[0-9]{1,4}", text) else _CODES.get(status.casefold())


def _certainty(receipt: SendReceipt) -> int:
    """Order the receipts of a number that is named twice: never send again what was taken once."""
    if receipt.error is None:
        return 3
    if isinstance(receipt.error, OutcomeUnknown):
        return 2
    return 0 if receipt.error.retryable else 1
