"""Reading what gateways post: bounded, tolerant of unknown fields, and the same for every provider.

Whatever comes here was written by a stranger: NUL (PostgreSQL's text cannot hold it), lone surrogates, a
megabyte where an id should be. An id is refused, a text is cleaned. `CallbackForms` is the set of fields
that Africa's Talking posts and that the console's phones post too (listed in africastalking.py).
"""

from __future__ import annotations

import re
from datetime import UTC, datetime

from sms_service.domain import phones
from sms_service.errors import Invalid
from sms_service.gateways.base import (
    DeliveryReport,
    Form,
    InboundSms,
    Malformed,
    OptOutNotice,
    UssdEnd,
    UssdRequest,
)

ID_LENGTH = 128  # what our tables hold; the longest id seen in the field has 38 characters
TEXT_LENGTH = 8192  # a webhook's body ends there too
STATUS_LENGTH = 64
_REASON_LENGTH = 128
_MOST = 2**31 - 1  # what an integer column holds

_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\ud800-\udfff]")
_E164 = re.compile(r"\A\+[1-9][0-9]{7,14}\Z")
_LONG_DIGITS = re.compile(r"\+?\d(?:[ .-]?\d){6,}")
_EPOCH = re.compile(r"[0-9]{9,11}")

_STATUSES = {
    "sent": "sent",  # left the gateway
    "submitted": "sent",  # handed to the operator
    "buffered": "sent",  # waits at the operator
    "success": "delivered",
    "rejected": "failed",
    "failed": "failed",
    # The reference labels neither as final; both behave so, and nothing better ever follows them.
    "absentsubscriber": "failed",
    "expired": "failed",
}
_REASONS = {"NotNetworkSubcriber": "NotNetworkSubscriber"}  # the provider spells it both ways


def is_e164(number: str) -> bool:
    """True for `+`, a country code and at most fifteen ASCII digits in all: what may be put on a wire."""
    return _E164.match(number) is not None


def clean(value: str, limit: int = TEXT_LENGTH) -> str:
    """Return at most `limit` characters of `value` that any database can hold: no NUL, no half surrogate."""
    value = value[:limit].replace("\0", "")
    return value if value.isascii() else value.encode("utf-8", "replace").decode("utf-8")


def without_numbers(value: str) -> str:
    """Replace whatever may be a phone number: providers' free text goes to logs and pages."""
    return _LONG_DIGITS.sub("***", value)


def identifier(form: Form, field: str) -> str:
    """Return an opaque id. Raises Malformed when it is missing, too long, or holds control characters."""
    value = form.get(field, "")
    if not value.strip() or len(value) > ID_LENGTH or _CONTROL.search(value):
        raise Malformed(field)
    return value


def word(form: Form, field: str, limit: int = ID_LENGTH) -> str:
    """Return a field that may be absent, cleaned and cut to `limit`; "" when it is."""
    return clean(form.get(field, ""), limit).strip()


def number(form: Form, field: str, country: str) -> str:
    """Return a phone number in E.164. Raises Malformed when it is none."""
    found = find_number(form, field, country)
    if found is None:
        raise Malformed(field)
    return found


def find_number(form: Form, field: str, country: str) -> str | None:
    """Return a phone number in E.164, or None for a sender that is none ("MTN", a short code).

    Raises Malformed when the field is missing or empty.
    """
    raw = form.get(field, "")
    if _E164.match(raw):
        return raw
    if not raw.strip():
        raise Malformed(field)
    # A plus that was not percent-encoded arrives as a space.
    if raw.startswith(" ") and raw[1:].isdecimal():
        raw = f"+{raw[1:]}"
    if not phones.is_dialable_sender(raw[:64]):
        return None
    try:
        return phones.normalise(raw, country)
    except Invalid:
        return None


def find_whole(form: Form, field: str) -> int | None:
    """Return a whole number that a column can hold, or None."""
    raw = form.get(field, "").strip().partition(".")[0]
    value = int(raw) if raw.isascii() and raw.isdecimal() and len(raw) <= 10 else None
    return value if value is not None and value <= _MOST else None


def find_moment(form: Form, field: str) -> datetime | None:
    """Return an ISO date and time (without offset: UTC) or seconds since 1970, in UTC; else None."""
    raw = form.get(field, "").strip()[:40]
    try:
        if _EPOCH.fullmatch(raw):
            return datetime.fromtimestamp(int(raw), UTC)
        moment = datetime.fromisoformat(raw)
        return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)
    except (ValueError, OverflowError):
        return None


def ussd_text(form: Form, field: str = "text") -> str:
    """Return the cumulative input. Raises Malformed when it is missing or longer than any session."""
    if field not in form or len(form[field]) > TEXT_LENGTH:
        raise Malformed(field)
    return clean(form[field])


def report_id(form: Form, field: str = "id") -> str:
    """Return a delivery report's id, cut: one that is longer than ours can never match one of ours.

    Raises Malformed only when nothing is left of it; any other report is kept and answered with 200.
    """
    value = _CONTROL.sub("", form.get(field, "")).strip()[:ID_LENGTH]
    if not value:
        raise Malformed(field)
    return value


def report_status(form: Form, field: str = "status") -> str:
    """Return the gateway's word for what became of a text, cut. Raises Malformed when it is missing."""
    value = _CONTROL.sub("", form.get(field, "")).strip()[:STATUS_LENGTH]
    if not value:
        raise Malformed(field)
    return value


class CallbackForms:
    """Parses the form fields that Africa's Talking and the console's phones share."""

    name = ""

    def __init__(self, country: str) -> None:
        self._country = country

    def parse_ussd(self, form: Form) -> UssdRequest:
        """One turn. Raises Malformed without a session, a number or a text (which may be empty)."""
        return UssdRequest(
            gateway=self.name,
            session_id=identifier(form, "sessionId"),
            number=number(form, "phoneNumber", self._country),
            service_code=word(form, "serviceCode", 64),
            text=ussd_text(form),
            network_code=word(form, "networkCode", 16),
        )

    def parse_ussd_end(self, form: Form) -> UssdEnd:
        """The end of a session. What the caller typed and read is not taken over. Raises Malformed."""
        return UssdEnd(
            gateway=self.name,
            session_id=identifier(form, "sessionId"),
            status=report_status(form),
            duration_ms=find_whole(form, "durationInMillis"),
            hops=find_whole(form, "hopsCount"),
            network_code=word(form, "networkCode", 16),
            error=without_numbers(word(form, "errorMessage", 200)),
        )

    def parse_sms(self, form: Form) -> InboundSms:
        """One MO text. Raises Malformed without an id, a sender or a text (which may be empty)."""
        if "text" not in form:
            raise Malformed("text")
        return InboundSms(
            gateway=self.name,
            gateway_id=identifier(form, "id"),
            number=find_number(form, "from", self._country),
            to=word(form, "to", 64),
            text=clean(form["text"]),
            sent_at=find_moment(form, "date"),
            link_id=word(form, "linkId"),
        )

    def parse_delivery(self, form: Form) -> DeliveryReport:
        """What became of one MT text. Raises Malformed only without an id or a status."""
        status = report_status(form)
        reason = without_numbers(word(form, "failureReason", _REASON_LENGTH))
        return DeliveryReport(
            gateway=self.name,
            gateway_id=report_id(form),
            status=_STATUSES.get(status.casefold()),
            raw_status=without_numbers(status),
            reason=_REASONS.get(reason, reason),
        )

    def parse_opt_out(self, form: Form) -> OptOutNotice:
        """A STOP that the provider took. Raises Malformed."""
        return OptOutNotice(self.name, number(form, "phoneNumber", self._country))

    def parse_subscription(self, form: Form) -> OptOutNotice:
        """A subscription that was made or ended at the provider. Raises Malformed."""
        change = word(form, "updateType", 16).casefold()
        if change not in ("addition", "deletion"):
            raise Malformed("updateType")
        return OptOutNotice(
            self.name, number(form, "phoneNumber", self._country), opted_out=change == "deletion"
        )
