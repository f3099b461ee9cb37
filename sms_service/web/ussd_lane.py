"""The one hot path, in front of Flask: a USSD turn is answered here, everything else is passed on.

Flask's own cost is about as much as a whole turn (figures: benchmarks/results.csv), and a caller's
session lives on seconds. Only a plain, well-formed POST is answered; whatever is odd goes on to
Flask's equal, slower view in web/webhooks, which says what is wrong with it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from io import BytesIO
from time import perf_counter
from typing import TYPE_CHECKING
from urllib.parse import unquote

from sms_service.gateways.base import Gateway, Malformed
from sms_service.logs import get_logger
from sms_service.metrics import TURN_SECONDS
from sms_service.web.webhooks import Turns

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

log = get_logger(__name__)

_FORM = "application/x-www-form-urlencoded"
LARGEST_BODY = 8192
MOST_FIELDS = 32
_SLOW_SECONDS = 1.0


class UssdLane:
    """A WSGI layer: `app.wsgi_app = UssdLane(app.wsgi_app, ...)`."""

    def __init__(
        self,
        app: WSGIApplication,
        turns: Turns,
        gateways: Mapping[str, Gateway],
        tokens: Sequence[str],
    ) -> None:
        self._app = app
        self._turns = turns
        # Found by hash, not compared letter by letter: how long it takes tells nobody how much was right.
        self._doors = {
            f"/webhooks/{name}/{token}/ussd": gateway
            for name, gateway in gateways.items()
            for token in tokens
        }

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        gateway = self._doors.get(environ["PATH_INFO"])
        if gateway is None or environ["REQUEST_METHOD"] != "POST":
            return self._app(environ, start_response)
        started = perf_counter()
        body = self._body(environ)
        if body is None:
            return self._app(environ, start_response)
        answered = self._answer(gateway, body)
        if answered is None:
            environ["wsgi.input"] = BytesIO(body)  # Flask reads it anew
            return self._app(environ, start_response)
        text, node = answered
        sent = text.encode()
        start_response("200 OK", answer_headers(sent, node))
        taken = perf_counter() - started
        TURN_SECONDS.observe(taken)
        if taken > _SLOW_SECONDS:
            log.warning("slow turn", node=node, seconds=round(taken, 3))
        return [sent]  # a list: the server sends it in one piece

    @staticmethod
    def _body(environ: WSGIEnvironment) -> bytes | None:
        kind = environ.get("CONTENT_TYPE", "")
        if kind != _FORM and kind.partition(";")[0].strip().lower() != _FORM:
            return None
        try:
            length = int(environ.get("CONTENT_LENGTH") or 0)
        except ValueError:
            return None
        if not 0 < length <= LARGEST_BODY:
            return None
        body: bytes = environ["wsgi.input"].read(length)
        return body

    def _answer(self, gateway: Gateway, body: bytes) -> tuple[str, str] | None:
        try:
            form = _fields(body.decode("ascii"))
            if form is None:
                return None
            request = gateway.parse_ussd(form)
        except (Malformed, ValueError):
            return None
        try:
            return self._turns.answer(request)
        except Exception:
            log.exception("a USSD turn failed", gateway=gateway.name)
            return self._turns.sorry(), "sorry"


def _fields(body: str) -> dict[str, str] | None:
    """The fields of a form as every gateway writes them; None for one that is doubled or written oddly.

    A tenth of urllib's time for the same: what needs unquoting is nearly always a plus, a star or a hash.
    """
    pairs = body.split("&", MOST_FIELDS)
    form: dict[str, str] = {}
    for pair in pairs:
        name, is_pair, value = pair.partition("=")
        if not is_pair or "%" in name or "+" in name:
            return None
        if "+" in value:
            value = value.replace("+", " ")
        if "%" in value:
            value = value.replace("%2A", "*").replace("%2B", "+").replace("%23", "#")
            value = unquote(value) if "%" in value else value
        form[name] = value
    return form if len(form) == len(pairs) <= MOST_FIELDS else None


def answer_headers(sent: bytes, node: str) -> list[tuple[str, str]]:
    """Headers of a USSD answer; the hop label holds the node's name only, never what was typed."""
    return [
        ("Content-Type", "text/plain; charset=utf-8"),
        ("Content-Length", str(len(sent))),
        ("at-ussd-hop-metadata", node),
    ]
