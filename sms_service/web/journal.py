"""One line and one count for each request, and an id that ties its log lines together.

Webhook addresses hold a secret, queries and bodies hold numbers: only method, endpoint, a scrubbed path,
status and time are written. USSD turns and health checks leave no line.
"""

from __future__ import annotations

import re
import uuid
from time import perf_counter

import structlog
from flask import Flask, Response, g, request

from sms_service.logs import get_logger
from sms_service.metrics import HTTP

log = get_logger(__name__)

REQUEST_ID = "X-Request-Id"
_SANE = re.compile(r"(?=.*[A-Za-z])[A-Za-z0-9_-]{8,64}")  # a letter at least: no phone number
_QUIET = ("health.",)
_PATH_LENGTH = 120


def install(app: Flask) -> None:
    """Register the hooks."""
    app.before_request(_begin)
    app.after_request(_end)
    app.teardown_request(_clear)


def scrub(path: str) -> str:
    """The path without the webhooks' secret: of those only gateway and kind are shown, if they are words."""
    if "webhooks" not in path.lower():
        return path[:_PATH_LENGTH]
    view = request.view_args or {}
    shown = [str(view.get(name, "")) for name in ("gateway", "kind")]
    if all(re.fullmatch(r"[a-z-]{1,16}", word) for word in shown):
        return f"/webhooks/{shown[0]}/***/{shown[1]}"
    return "/webhooks/***"


def _begin() -> None:
    given = request.headers.get(REQUEST_ID, "")
    g.request_id = given if _SANE.fullmatch(given) else uuid.uuid4().hex
    g.begun = perf_counter()
    structlog.contextvars.bind_contextvars(request_id=g.request_id)


def _end(response: Response) -> Response:
    response.headers[REQUEST_ID] = g.request_id
    endpoint = request.endpoint or "none"
    HTTP.labels(endpoint, str(response.status_code)).inc()
    if not endpoint.startswith(_QUIET) and (request.view_args or {}).get("kind") != "ussd":
        log.info(
            "request",
            method=request.method if request.method.isalpha() else "?",
            path=scrub(request.path),
            endpoint=endpoint,
            status=response.status_code,
            ms=round((perf_counter() - g.begun) * 1000, 1),
        )
    return response


def _clear(_error: BaseException | None) -> None:
    structlog.contextvars.unbind_contextvars("request_id")
