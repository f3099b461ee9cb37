"""Kannel (1.4.5): texts through its smsbox, one number a call, and its get-urls as webhooks.

Sending, `POST KANNEL_SENDSMS_URL`, the body as it is, everything else in headers, so that neither number nor
password stands in an address that somebody logs (smsbox refuses a posted form):
  X-Kannel-Username X-Kannel-Password   of the sendsms-user group (KANNEL_USERNAME, KANNEL_PASSWORD)
  X-Kannel-To        one number: for several it answers "accepted" even if it drops some of them
  X-Kannel-From      KANNEL_SENDER; left out when empty (then smsbox's global-sender)
  X-Kannel-Coding    0 (GSM-7, body in UTF-8) or 2 (UCS-2, body in UTF-16BE), by Content-Type's charset
  X-Kannel-DLR-Mask  31: delivered 1, failed 2, queued 4, handed over 8, refused 16
  X-Kannel-DLR-Url   ours, with our own id (its `%I` differs between two reports of one text)
Answer: 202 `0: Accepted for delivery` or `3: Queued for later delivery`, else 4xx/503 and a sentence.

What to write into Kannel's configuration (HOST/webhooks/kannel/TOKEN before each; GET or POST):
  sms            get-url = ".../sms?id=%I&from=%p&to=%P&text=%b&date=%T"  in group sms-service, with
                 max-messages = 0; group smsbox needs mo-recode = true (UCS-2 arrives as UTF-8 then)
  delivery       nothing: X-Kannel-DLR-Url brings it, ?id=ours&status=%d&answer=%A
  ussd           .../ussd?session=S&from=%p&to=%P&text=T  for a USSD gateway that keeps sessions (Kannel has
                 none): S its session id, T the whole input so far, joined by `*`
  ussd-events    .../ussd-events?session=S&status=W&error=E     opt-out, subscription   ...?from=%p[&type=W],
                 W addition or deletion
"""

from __future__ import annotations

import re
import time

from sms_service.domain.texts import is_gsm7
from sms_service.errors import GatewayError, GatewayUnavailable, Misconfigured, OutcomeUnknown, Rejected
from sms_service.gateways import forms
from sms_service.gateways.base import (
    MAX_BATCH,
    DeliveryReport,
    Form,
    InboundSms,
    Malformed,
    OptOutNotice,
    OutboundSms,
    SendReceipt,
    UssdEnd,
    UssdRequest,
)
from sms_service.settings import Settings

_STATUSES = {"1": "delivered", "2": "failed", "4": "sent", "8": "sent", "16": "failed"}
_ACCEPTED = re.compile(r"\s*(0: Accepted|3: Queued|Sent)", re.IGNORECASE)
# Of this number or text; any other 400 or 403 is about our configuration.
_OF_THIS_TEXT = re.compile(r"not routable|denied by|receiver|body misformed", re.IGNORECASE)
_QUOTED_TEXT = re.compile(r"\btext:.*", re.IGNORECASE | re.DOTALL)  # operators' reports repeat our words
_REFERENCE = re.compile(r"[A-Za-z0-9._-]{1,120}")  # anything else would need a %, Kannel's escape sign


class Kannel:
    """Sends number by number, within `total` seconds for the whole batch."""

    name = "kannel"

    def __init__(
        self, settings: Settings, connect: float = 3.05, read: float = 10.0, total: float = 20.0
    ) -> None:
        self._settings = settings
        self._country = settings.default_country
        self._timeout = (connect, read)
        # All answers must be there before the lease runs out and a sweep calls the texts unknown.
        self._total = min(total, settings.send_lease_seconds / 2)

    def send(self, sms: OutboundSms) -> list[SendReceipt]:
        """Hand the body over for each number in turn; a receipt's id is `reference-index`.

        A fault that would meet every number ends the batch: the rest was not tried, and says so.
        Raises that GatewayError when it met the first number.
        """
        if len(sms.numbers) > MAX_BATCH or not _REFERENCE.fullmatch(sms.reference):
            raise ValueError(f"at most {MAX_BATCH} numbers; a reference of letters, digits, . _ -")
        deadline = time.monotonic() + self._total
        receipts: list[SendReceipt] = []
        fault: GatewayError | None = None
        for index, number in enumerate(sms.numbers):
            own_id, error = f"{sms.reference}-{index}", fault
            if not forms.is_e164(number):
                error = Rejected("not an E.164 number")
            elif fault is None:
                error = self._submit(sms, number, own_id, deadline - time.monotonic())
                if isinstance(error, OutcomeUnknown):
                    fault = GatewayUnavailable("not tried: an earlier call of the batch broke")
                elif not isinstance(error, Rejected):
                    fault = error
            receipts.append(SendReceipt(number, None if error else own_id, error))
        if fault is not None and receipts[0].error is fault:
            raise fault
        return receipts

    def _submit(self, sms: OutboundSms, number: str, own_id: str, seconds: float) -> GatewayError | None:
        from sms_service.gateways.calls import Limits, post, refusal

        if seconds <= 0:
            return GatewayUnavailable("not tried: the batch took too long")
        plain = is_gsm7(sms.body)
        charset = "UTF-8" if plain else "UTF-16BE"
        settings = self._settings
        headers = {
            "X-Kannel-Username": settings.kannel_username,
            "X-Kannel-Password": settings.kannel_password,
            "X-Kannel-To": number,
            "X-Kannel-Coding": "0" if plain else "2",
            "X-Kannel-DLR-Mask": "31",
            "X-Kannel-DLR-Url": self._report_url(sms.report_url, own_id),
            "Content-Type": f"text/plain; charset={charset}",
        }
        if settings.kannel_sender:
            headers["X-Kannel-From"] = settings.kannel_sender
        try:
            body = forms.clean(sms.body).encode(charset)
            answer = post(settings.kannel_sendsms_url, body, headers, Limits(*self._timeout, total=seconds))
        except GatewayError as error:
            return error
        if 200 <= answer.status < 300:
            # Some other server at that address would say 200 to anything.
            return None if _ACCEPTED.match(answer.text) else OutcomeUnknown("the answer cannot be read")
        if answer.status in (400, 403):
            kind = Rejected if _OF_THIS_TEXT.search(answer.text) else Misconfigured
            return kind(f"HTTP {answer.status}")
        return refusal(answer.status)

    def _report_url(self, given: str, own_id: str) -> str:
        settings = self._settings
        url = given or f"{settings.base_url}/webhooks/{self.name}/{settings.webhook_token[0]}/delivery"
        return f"{url}{'&' if '?' in url else '?'}id={own_id}&status=%d&answer=%A"

    def parse_ussd(self, form: Form) -> UssdRequest:
        """One turn, with the whole input so far. Raises Malformed."""
        return UssdRequest(
            gateway=self.name,
            session_id=forms.identifier(form, "session"),
            number=forms.number(form, "from", self._country),
            service_code=forms.word(form, "to", 64),
            text=forms.ussd_text(form),
        )

    def parse_ussd_end(self, form: Form) -> UssdEnd:
        """The end of a session. Raises Malformed."""
        error = forms.without_numbers(forms.word(form, "error", 200))
        session_id, status = forms.identifier(form, "session"), forms.report_status(form)
        return UssdEnd(self.name, session_id, status, None, None, "", error)

    def parse_sms(self, form: Form) -> InboundSms:
        """One MO text. Raises Malformed without an id, a sender or a text (which may be empty)."""
        if "text" not in form:
            raise Malformed("text")
        return InboundSms(
            gateway=self.name,
            gateway_id=forms.identifier(form, "id"),
            number=forms.find_number(form, "from", self._country),
            to=forms.word(form, "to", 64),
            text=forms.clean(form["text"]),
            sent_at=forms.find_moment(form, "date"),
        )

    def parse_delivery(self, form: Form) -> DeliveryReport:
        """One step of a text's way, by our own id. Raises Malformed only without an id or a status."""
        status = forms.report_status(form)
        answer = _QUOTED_TEXT.sub("", form.get("answer", "")[:1024])
        return DeliveryReport(
            gateway=self.name,
            gateway_id=forms.report_id(form),
            status=_STATUSES.get(status),
            raw_status=forms.without_numbers(status),
            reason=forms.without_numbers(forms.clean(answer, 128)).strip(),
        )

    def parse_opt_out(self, form: Form) -> OptOutNotice:
        """A STOP that an operator took for us. Raises Malformed."""
        return OptOutNotice(self.name, forms.number(form, "from", self._country))

    def parse_subscription(self, form: Form) -> OptOutNotice:
        """A subscription made or ended at an operator. Raises Malformed."""
        change = forms.word(form, "type", 16).casefold()
        if change not in ("addition", "deletion"):
            raise Malformed("type")
        return OptOutNotice(self.name, forms.number(form, "from", self._country), change == "deletion")
