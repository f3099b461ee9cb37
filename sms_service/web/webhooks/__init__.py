"""`/webhooks/<gateway>/<token>/<kind>`: where gateways bring texts, turns and reports.

The token is the only key there is (no gateway signs its calls): a wrong one, like an unknown gateway or
kind, is a 404 that says nothing. USSD turns come here only when the lane in front (web/ussd_lane.py) did
not take them: by GET, or not well-formed.
"""

from __future__ import annotations

import hmac
from typing import Protocol

from flask import Blueprint, Response, abort, request
from werkzeug.exceptions import MethodNotAllowed

from sms_service.gateways.base import Gateway, Malformed, UssdRequest
from sms_service.runtime import Runtime
from sms_service.web.webhooks.forms import LARGEST_BODY, read_pairs, to_form
from sms_service.web.webhooks.receivers import RECEIVERS

_ANY = ["GET", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"]
_KINDS = frozenset({"ussd", *RECEIVERS})


class Turns(Protocol):
    """Who answers callers: services/conversations.Conversations."""

    def answer(self, request: UssdRequest) -> tuple[str, str]:
        """One turn: the body, `CON ` or `END ` included, and the name of its node."""

    def sorry(self) -> str:
        """The answer when a turn cannot be read."""


def blueprint(runtime: Runtime, turns: Turns) -> Blueprint:
    """The webhooks of every gateway, whether or not it sends."""
    webhooks = Blueprint("webhooks", __name__, url_prefix="/webhooks")
    tokens = [token.encode() for token in runtime.settings.webhook_token]

    @webhooks.before_request
    def bound_the_body() -> None:
        request.max_content_length = LARGEST_BODY

    @webhooks.route("/<gateway>/<token>/<kind>", methods=_ANY, provide_automatic_options=False)
    def receive(gateway: str, token: str, kind: str) -> Response:
        known = runtime.gateways.get(gateway)
        if not _is_token(token, tokens) or known is None or kind not in _KINDS:
            abort(404)
        allowed = ["GET", "POST"] if known.name == "kannel" else ["POST"]
        if request.method not in allowed:
            raise MethodNotAllowed(allowed)
        if kind == "ussd":
            return _turn(known, turns)
        RECEIVERS[kind](runtime, known, to_form(read_pairs(request)))
        return Response(b"", 200, mimetype="text/plain")

    return webhooks


def _is_token(given: str, tokens: list[bytes]) -> bool:
    """Compare with every token in constant time (a list: none is skipped)."""
    raw = given.encode("utf-8", "replace")
    return any([hmac.compare_digest(raw, token) for token in tokens])


def _turn(gateway: Gateway, turns: Turns) -> Response:
    """One USSD turn. Malformed, but with a readable number and session: a polite END instead of a 400."""
    pairs = read_pairs(request)
    try:
        body, node = turns.answer(gateway.parse_ussd(to_form(pairs)))
    except Malformed:
        gateway.parse_ussd({**dict(reversed(pairs)), "text": ""})
        body, node = turns.sorry(), "sorry"
    answered = Response(body, 200, content_type="text/plain; charset=utf-8")
    answered.headers["at-ussd-hop-metadata"] = node
    return answered
