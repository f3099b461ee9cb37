"""Refusals as `application/problem+json` (RFC 9457), with what to do per field. Never what was sent."""

from __future__ import annotations

import json
from collections.abc import Mapping
from http import HTTPStatus

from flask import Response
from werkzeug.exceptions import HTTPException

from sms_service.errors import Conflict, Invalid, JalurError, NotAllowed, NotFound, Unavailable

MEDIA_TYPE = "application/problem+json"
_STATUS: dict[type[JalurError], int] = {
    Invalid: 422,
    NotFound: 404,
    NotAllowed: 403,
    Conflict: 409,
    Unavailable: 503,
}


class Refused(JalurError):
    """The request is refused with an HTTP status of its own, before any use case was asked."""

    def __init__(self, status: int, detail: str, headers: Mapping[str, str] | None = None) -> None:
        super().__init__(detail)
        self.status = status
        self.headers = dict(headers or {})


def problem(
    status: int,
    detail: str,
    errors: Mapping[str, str] | None = None,
    headers: Mapping[str, str] | None = None,
) -> Response:
    """Return one refusal. `errors`: field -> what to do about it."""
    body = {
        "type": "about:blank",
        "title": HTTPStatus(status).phrase,
        "status": status,
        "detail": detail,
        "errors": dict(errors or {}),
    }
    response = Response(json.dumps(body, ensure_ascii=False), status, mimetype=MEDIA_TYPE)
    response.headers["Cache-Control"] = "no-store"
    response.headers.update(dict(headers or {}))
    return response


def from_error(error: JalurError) -> Response:
    """Turn what a use case raised into an answer."""
    if isinstance(error, Refused):
        return problem(error.status, str(error), headers=error.headers)
    status = next((code for kind, code in _STATUS.items() if isinstance(error, kind)), 500)
    if status == 500:
        return problem(500, "something went wrong on our side")
    errors = error.errors if isinstance(error, Invalid) else getattr(error, "changes", None)
    return problem(status, str(error), errors, {"Retry-After": "5"} if status == 503 else None)


def from_http(error: HTTPException) -> Response:
    """Turn what Flask or Werkzeug raised (a body too large, a broken upload) into an answer."""
    if error.code == 413:
        return problem(413, "the body is too large")
    return problem(error.code or 500, "the request cannot be understood")
