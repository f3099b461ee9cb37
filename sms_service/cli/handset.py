"""A handset without a face: what it posts to the running service is what a gateway posts for a real one
(gateways/console.py). A call is a session id and all that was typed so far.
"""

from __future__ import annotations

import secrets
import time
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime

from sms_service.cli.local_http import post_form
from sms_service.errors import Invalid, Unavailable
from sms_service.settings import Settings

_NETWORK = "99999"  # no operator's
AT_ONCE = 3


class Handset:
    """One phone. `number` is E.164. Every method raises Unavailable when the service does not answer."""

    def __init__(self, settings: Settings, number: str) -> None:
        self.number = number
        self._settings = settings
        self._session = ""
        self._typed: list[str] = []
        self._begun = 0.0
        self._last_answer = ""

    @property
    def in_call(self) -> bool:
        """True while the service waits for input."""
        return bool(self._session)

    def dial(self) -> str:
        """Call the service code and return the first answer, `CON ` or `END ` included."""
        if self.in_call:
            self.drop()
        self._session = f"phone-{secrets.token_hex(12)}"
        self._typed = []
        self._begun = time.monotonic()
        return self._take(self._turn())

    def press(self, typed: str) -> str:
        """Send one input and return the answer. Raises Invalid when no call is on."""
        self._require_call()
        self._typed.append(typed)
        return self._take(self._turn())

    def press_at_once(self, typed: str | None) -> list[str]:
        """Send one input, or the last turn once more (None), three times at once, as some networks do.

        Returns the answers. Raises Invalid when no call is on.
        """
        self._require_call()
        if typed is not None:
            self._typed.append(typed)
        with ThreadPoolExecutor(AT_ONCE) as pool:
            answers = list(pool.map(lambda _n: self._turn(), range(AT_ONCE)))
        self._take(answers[0])
        return answers

    def drop(self) -> None:
        """Hang up in mid-call, as a bad line does; the gateway tells the service about it."""
        self._require_call()
        self._end("Incomplete")

    def send_sms(self, text: str) -> None:
        """Send an SMS to the short code."""
        form = {
            "from": self.number,
            "to": self._settings.short_code,
            "text": text,
            "id": f"phone-{secrets.token_hex(12)}",
            "date": datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
        }
        self._post("sms", form)

    def report_delivered(self, text_id: int) -> None:
        """Tell the service that text `text_id` of the console's inbox is on the phone."""
        form = {"id": f"console-{text_id}", "status": "Success", "networkCode": _NETWORK}
        self._post("delivery", {**form, "phoneNumber": self.number})

    def _turn(self) -> str:
        return self._post(
            "ussd",
            {
                "sessionId": self._session,
                "phoneNumber": self.number,
                "networkCode": _NETWORK,
                "serviceCode": self._settings.service_code,
                "text": "*".join(self._typed),
            },
        )

    def _take(self, answer: str) -> str:
        if not answer.startswith(("CON ", "END ")):
            raise Unavailable("the service's answer starts with neither CON nor END")
        self._last_answer = answer
        if answer.startswith("END "):
            self._end("Success")
        return answer

    def _end(self, status: str) -> None:
        session, self._session = self._session, ""
        self._post(
            "ussd-events",
            {
                "date": datetime.now(UTC).strftime("%Y-%m-%d %H:%M:%S"),
                "sessionId": session,
                "serviceCode": self._settings.service_code,
                "networkCode": _NETWORK,
                "phoneNumber": self.number,
                "status": status,
                "cost": "0",
                "durationInMillis": str(int((time.monotonic() - self._begun) * 1000)),
                "hopsCount": str(len(self._typed) + 1),
                "input": "*".join(self._typed),
                "lastAppResponse": self._last_answer,
            },
        )

    def _require_call(self) -> None:
        if not self.in_call:
            raise Invalid("no call is on; !redial calls again")

    def _post(self, kind: str, form: Mapping[str, str]) -> str:
        token = self._settings.webhook_token[0]
        status, text = post_form(self._settings.port, f"/webhooks/console/{token}/{kind}", form)
        if status == 404:
            raise Unavailable(
                f"what answers on port {self._settings.port} does not know our WEBHOOK_TOKEN: another copy?"
            )
        if status != 200:
            raise Unavailable(f"the service answered {kind} with status {status}")
        return text
