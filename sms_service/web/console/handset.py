"""The phone's own side of a call: what a real gateway would keep and send for it. Used by phone.py.

The state of a call travels in the page's form. The service sees what it sees of every phone: a session,
a number, and all that was typed so far (gateways/console.py).
"""

from __future__ import annotations

import json
import re
import secrets
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from typing import Any

from flask_babel import gettext as _
from werkzeug.datastructures import MultiDict

from sms_service.errors import Invalid
from sms_service.runtime import Runtime
from sms_service.services.dialogues import session_ends
from sms_service.services.sending import deliveries
from sms_service.services.texts import inbox
from sms_service.store.console_inbox import ConsoleInbox
from sms_service.web.console.pages import Turns

NETWORK = "99999"  # no operator's
AT_ONCE = 3
FIRST = "+6281200000001"
_NUMBER = re.compile(r"\+628120000\d{4}")
_MOST_STEPS = 200


@dataclass(frozen=True, slots=True)
class Call:
    """Who calls, the session (empty: none), what was typed, the last answer, and what was recorded."""

    number: str = FIRST
    session: str = ""
    typed: tuple[str, ...] = ()
    answer: str = ""
    note: str = ""
    holds_reports: bool = False
    steps: tuple[dict[str, Any], ...] = ()

    @property
    def carried(self) -> dict[str, str]:
        """What the form carries along."""
        return {
            "number": self.number,
            "session": self.session,
            "typed": json.dumps(self.typed),
            "answer": self.answer,
            "steps": json.dumps(self.steps),
        }

    def noted(self, step: dict[str, Any], seen: str | None = None) -> Call:
        """The same with one more step recorded."""
        kept = step if seen is None else {**step, "see": seen}
        return replace(self, steps=(*self.steps, kept)[-_MOST_STEPS:])


def is_ours(number: str) -> bool:
    """True for a number that a rehearsal may use: nobody calls as somebody else."""
    return _NUMBER.fullmatch(number) is not None


def read_call(form: MultiDict[str, str]) -> Call:
    """The call that a form carries. Raises Invalid for a number that is not the phone's to use."""
    number = form.get("number", FIRST).replace(" ", "")
    if not is_ours(number):
        words = _("only numbers that begin with +62 812 0000 are for rehearsals")
        raise Invalid(words, {"number": words})
    typed, steps = _list(form.get("typed")), _list(form.get("steps"))
    return Call(
        number=number,
        session=form.get("session", "")[:64],
        typed=tuple(map(str, typed)),
        answer=form.get("answer", "")[:2000].replace("\r\n", "\n"),
        holds_reports=bool(form.get("holds_reports")),
        steps=tuple(one for one in steps if isinstance(one, dict))[-_MOST_STEPS:],
    )


class Handset:
    """One phone in one request. Opens its own transactions, as the gateway's webhooks do."""

    def __init__(self, runtime: Runtime, turns: Turns, call: Call) -> None:
        self.call = call
        self._runtime = runtime
        self._turns = turns
        self._gateway = runtime.gateways["console"]

    def dial(self) -> None:
        """Call the service code; a call that is on drops first."""
        self.drop()
        self.call = replace(self.call, session=f"desk-{secrets.token_hex(12)}", typed=())
        self._take(self._turn(), {"dial": None})

    def press(self, typed: str) -> None:
        """Send one input."""
        self._require_call()
        self.call = replace(self.call, typed=(*self.call.typed, typed))
        self._take(self._turn(), {"type": typed})

    def send_again(self) -> None:
        """The last turn once more, three times at once, as some networks do."""
        self._require_call()
        with ThreadPoolExecutor(AT_ONCE) as pool:
            answers = list(pool.map(lambda _number: self._turn(), range(AT_ONCE)))
        alike = set(answers) == {answers[0]}
        words = _("Sent three times at once: one answer.") if alike else _("The answers DIFFER.")
        self.call = replace(self.call, note=words)

    def drop(self) -> None:
        """Hang up in mid-call, as a bad line does."""
        if self.call.session:
            self._end("Incomplete")
            self.call = replace(self.call, typed=(), note=_("The call has dropped.")).noted({"drop": None})

    def send_sms(self, text: str) -> None:
        """Send a text to the short code."""
        if not text.strip():
            raise Invalid("write a text first")
        now = self._runtime.clock.now()
        sms = self._gateway.parse_sms(
            {
                "from": self.call.number,
                "to": self._runtime.settings.short_code,
                "text": text,
                "id": f"desk-{secrets.token_hex(12)}",
                "date": now.strftime("%Y-%m-%dT%H:%M:%SZ"),
            }
        )
        self._runtime.store.together(lambda tx: inbox.record(tx, sms, now))
        self.call = replace(self.call, note=_("The text is sent. Its answer arrives below.")).noted(
            {"text": text}
        )

    def texts(self) -> list[tuple[int, str]]:
        """The texts that have arrived, newest first. Their reports leave now, unless they are held."""
        inbox = ConsoleInbox(self._runtime.store, self._runtime.clock)
        if not self.call.holds_reports:
            for text_id, _body in inbox.list_undelivered(self.call.number):
                self._report(text_id)
        return inbox.list_texts(self.call.number)[::-1][:20]

    def _report(self, text_id: int) -> None:
        form = {"id": f"console-{text_id}", "status": "Success", "networkCode": NETWORK}
        report = self._gateway.parse_delivery({**form, "phoneNumber": self.call.number})
        now = self._runtime.clock.now()
        self._runtime.store.together(lambda tx: deliveries.record_delivery(tx, report, now))

    def _turn(self) -> str:
        request = self._gateway.parse_ussd(
            {
                "sessionId": self.call.session,
                "phoneNumber": self.call.number,
                "networkCode": NETWORK,
                "serviceCode": self._runtime.settings.service_code,
                "text": "*".join(self.call.typed),
            }
        )
        return self._turns.answer(request)[0]

    def _take(self, answer: str, step: dict[str, Any]) -> None:
        self.call = replace(self.call, answer=answer, note="").noted(step, answer)
        if answer.startswith("END "):
            self._end("Success")

    def _end(self, status: str) -> None:
        session, now = self.call.session, self._runtime.clock.now()
        end = self._gateway.parse_ussd_end(
            {
                "date": now.strftime("%Y-%m-%d %H:%M:%S"),
                "sessionId": session,
                "serviceCode": self._runtime.settings.service_code,
                "networkCode": NETWORK,
                "phoneNumber": self.call.number,
                "status": status,
                "cost": "0",
                "durationInMillis": "0",
                "hopsCount": str(len(self.call.typed) + 1),
                "input": "",
                "lastAppResponse": "",
            }
        )
        self._runtime.store.together(lambda tx: session_ends.record(tx, end, now))
        self.call = replace(self.call, session="")

    def _require_call(self) -> None:
        if not self.call.session:
            raise Invalid("no call is on: dial first")


def _list(given: str | None) -> list[Any]:
    try:
        found = json.loads(given or "[]")
    except ValueError as error:
        raise Invalid("the call was lost; dial again") from error
    return found if isinstance(found, list) else []
