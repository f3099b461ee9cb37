"""What every gateway speaks towards the rest of the service.

A provider's file turns its own fields into these shapes and back; nothing of a provider's vocabulary
leaves its file. Parsing raises Malformed, sending raises a GatewayError for the whole call and returns
one SendReceipt a number where the gateway answered for each.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple, Protocol, runtime_checkable

from sms_service.errors import GatewayError, JalurError

Form = Mapping[str, str]  # one value a field; a doubled field is refused before it gets here
MAX_BATCH = 100  # numbers a call: no provider publishes more


class Malformed(JalurError):
    """A webhook's body cannot be understood; `field` names what is wrong, never its value."""

    def __init__(self, field: str, message: str = "missing or malformed") -> None:
        super().__init__(f"{field}: {message}")
        self.field = field


class UssdRequest(NamedTuple):
    """One USSD turn. `text` is the cumulative input, tokens joined by `*`, as Africa's Talking sends it."""

    gateway: str
    session_id: str
    number: str  # E.164
    service_code: str
    text: str
    network_code: str = ""


@dataclass(frozen=True, slots=True)
class UssdEnd:
    """The gateway's notice that a session ended: for figures only."""

    gateway: str
    session_id: str
    status: str  # Success | Incomplete | Failed, or whatever the gateway says
    duration_ms: int | None
    hops: int | None
    network_code: str
    error: str


@dataclass(frozen=True, slots=True)
class InboundSms:
    """One MO text. `sender` is raw when it is not a number (`number` is then None)."""

    gateway: str
    gateway_id: str
    number: str | None  # E.164, or None for an alphanumeric sender
    to: str
    text: str
    sent_at: datetime | None
    link_id: str = ""


@dataclass(frozen=True, slots=True)
class DeliveryReport:
    """What became of one MT text. `status` is ours (see statuses.py), `raw_status` the gateway's word.

    `status` None means the word is unknown to us: kept, counted, and nothing moves.
    """

    gateway: str
    gateway_id: str
    status: str | None  # "sent" | "delivered" | "failed"
    raw_status: str
    reason: str = ""


@dataclass(frozen=True, slots=True)
class OptOutNotice:
    """The gateway says that this number wants nothing more from us (or wants it again)."""

    gateway: str
    number: str
    opted_out: bool = True


@dataclass(frozen=True, slots=True)
class OutboundSms:
    """One call: the same body to up to MAX_BATCH numbers. `reference` is our own id for the call."""

    numbers: Sequence[str]
    body: str
    reference: str
    link_id: str = ""
    report_url: str = ""  # where reports shall go, for gateways that take it per call


@dataclass(frozen=True, slots=True)
class SendReceipt:
    """What the gateway said about one number: an id when accepted, else the error."""

    number: str
    gateway_id: str | None = None
    error: GatewayError | None = None
    cost: str = ""


class Balance(NamedTuple):
    """What is left on our account."""

    amount: float
    currency: str  # as the provider writes it: "KES"


@runtime_checkable
class TellsBalance(Protocol):
    """A gateway that can say what is left on our account. Optional: Kannel has no account."""

    name: str

    def find_balance(self) -> Balance | None:
        """Ask the provider, bounded in time; None: its answer names none. Raises GatewayError."""


class Gateway(Protocol):
    """A provider. Parsing is pure; `send` is the only call that goes out, bounded in time."""

    name: str

    def send(self, sms: OutboundSms) -> list[SendReceipt]:
        """Hand one batch over. One receipt a number, in the order given.

        Raises GatewayError (see errors.py) when the call as a whole failed.
        """

    def parse_ussd(self, form: Form) -> UssdRequest:
        """Raises Malformed."""

    def parse_ussd_end(self, form: Form) -> UssdEnd:
        """Raises Malformed."""

    def parse_sms(self, form: Form) -> InboundSms:
        """Raises Malformed."""

    def parse_delivery(self, form: Form) -> DeliveryReport:
        """Raises Malformed only without an id or a status."""

    def parse_opt_out(self, form: Form) -> OptOutNotice:
        """Raises Malformed."""

    def parse_subscription(self, form: Form) -> OptOutNotice:
        """Raises Malformed."""
