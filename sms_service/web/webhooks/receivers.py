"""What each kind of webhook does once its gateway's fields are known: one transaction, one word back.

Called by the view in __init__.py. Raises Malformed (400) and Unavailable (503, so that the gateway tries
again); whatever is understood and of no use to us is answered 200.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

from sms_service.gateways.base import Form, Gateway, OptOutNotice
from sms_service.logs import get_logger
from sms_service.runtime import Runtime
from sms_service.services.dialogues import session_ends
from sms_service.services.sending import deliveries
from sms_service.services.subscribers import person as subscribers
from sms_service.services.texts import inbox

log = get_logger(__name__)

Receiver = Callable[[Runtime, Gateway, Form], None]


def receive_sms(runtime: Runtime, gateway: Gateway, form: Form) -> None:
    """Store one text; its answer leaves later, as a text of its own."""
    sms = gateway.parse_sms(form)
    if sms.number is None:
        log.info("text from a sender that is no number: not kept", gateway=gateway.name)
    now = runtime.clock.now()
    runtime.store.together(lambda tx: inbox.record(tx, sms, now))


def receive_delivery(runtime: Runtime, gateway: Gateway, form: Form) -> None:
    """Keep one delivery report, whatever it says."""
    report = gateway.parse_delivery(form)
    now = runtime.clock.now()
    runtime.store.together(lambda tx: deliveries.record_delivery(tx, report, now))


def receive_session_end(runtime: Runtime, gateway: Gateway, form: Form) -> None:
    """Note that a USSD session ended."""
    end = gateway.parse_ussd_end(form)
    now = runtime.clock.now()
    runtime.store.together(lambda tx: session_ends.record(tx, end, now))


def receive_opt_out(runtime: Runtime, gateway: Gateway, form: Form) -> None:
    """A STOP that the gateway took is ours too."""
    _opt_out(runtime, gateway.parse_opt_out(form))


def receive_subscription(runtime: Runtime, gateway: Gateway, form: Form) -> None:
    """The end of a subscription is a STOP; a new one changes nothing: only the person's own REG opts in."""
    _opt_out(runtime, gateway.parse_subscription(form))


def _opt_out(runtime: Runtime, notice: OptOutNotice) -> None:
    if not notice.opted_out:
        return
    with runtime.store.transaction() as tx:
        subscribers.opt_out(tx, notice.number, "gateway", runtime.clock.now())


RECEIVERS: Mapping[str, Receiver] = {
    "sms": receive_sms,
    "delivery": receive_delivery,
    "ussd-events": receive_session_end,
    "opt-out": receive_opt_out,
    "subscription": receive_subscription,
}
