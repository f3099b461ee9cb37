"""One line and one count for each request, and an id that ties its log lines together.

Webhook addresses hold a secret, queries and bodies hold numbers: only method, endpoint, a scrubbed path,
status and time are written. USSD turns and health checks leave no line.
"""

from __future__ import annotations

import re
import uuid
from collections.abc import Mapping
from time import perf_counter

import structlog
from flask import Flask, Response, g, request

from sms_service.logs import get_logger
from sms_service.metrics import HTTP

log = get_logger(__name__)

REQUEST_ID = "X-Request-Id"
# An id that a proxy gave is taken over; one that could hold a phone number among its letters is not.
_SANE = re.compile(r"[A-Za-z0-9_-]{8,64}")
_UNIQUE = re.compile(r"[0-9a-f]{32}|[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")
_MANY_DIGITS = re.compile(r"\d(?:[_-]?\d){6}")
_QUIET = ("health.",)
_PART = re.compile(r"<(?:[^:>]+:)?([^>]+)>")
_PLAIN = re.compile(r"[a-z-]{1,16}|[0-9]{1,6}")


def install(app: Flask) -> None:
    """Register the hooks."""
    app.before_request(_begin)
    app.after_request(_end)
    app.teardown_request(_clear)


def scrub(rule: str, given: Mapping[str, str]) -> str:
    """The route with its parts filled in, but for secrets and whatever is neither a plain word nor a small
    number. An address without a route is not shown at all: it may be a webhook's, mistyped."""

    def fill(match: re.Match[str]) -> str:
        value = str(given.get(match[1], ""))
        return value if match[1] != "token" and _PLAIN.fullmatch(value) else "***"

    return _PART.sub(fill, rule) if rule else "unknown"


def _begin() -> None:
    given = request.headers.get(REQUEST_ID, "")
    g.request_id = given if _is_sane(given) else uuid.uuid4().hex
    g.begun = perf_counter()
    structlog.contextvars.bind_contextvars(request_id=g.request_id)


def _is_sane(given: str) -> bool:
    if _UNIQUE.fullmatch(given):
        return not given.isdecimal()
    return _SANE.fullmatch(given) is not None and not _MANY_DIGITS.search(given)


def _end(response: Response) -> Response:
    response.headers[REQUEST_ID] = g.request_id
    endpoint = request.endpoint or "none"
    HTTP.labels(endpoint, str(response.status_code)).inc()
    if not endpoint.startswith(_QUIET) and (request.view_args or {}).get("kind") != "ussd":
        log.info(
            "request",
            method=request.method if request.method.isalpha() else "?",
            path=scrub(request.url_rule.rule if request.url_rule else "", request.view_args or {}),
            endpoint=endpoint,
            status=response.status_code,
            ms=round((perf_counter() - g.begun) * 1000, 1),
        )
    return response


def _clear(_error: BaseException | None) -> None:
    structlog.contextvars.unbind_contextvars("request_id")
