"""How the web process fails: with a status and one plain sentence, never a stack trace or a number.

Under /api/ it is problem+json, elsewhere text. A fault of ours is logged with its trace and the request's
id; the answer carries the id in X-Request-Id, so that who complains can be helped.
"""

from __future__ import annotations

from flask import Flask, Response, request
from werkzeug.exceptions import HTTPException

from sms_service.errors import Conflict, Invalid, NotAllowed, NotFound, ServiceError, Unavailable
from sms_service.gateways.base import Malformed
from sms_service.logs import get_logger
from sms_service.web.api.problems import problem

log = get_logger(__name__)

_STATUS: dict[type[ServiceError], int] = {
    Invalid: 422,
    NotFound: 404,
    NotAllowed: 403,
    Conflict: 409,
    Unavailable: 503,
}
_WORDS = {
    400: "the request cannot be understood",
    404: "not found",
    405: "this method is not for this address",
    413: "the body is too large",
    500: "something went wrong on our side",
}


def install(app: Flask) -> None:
    """Register the handlers. Blueprints may have finer ones of their own."""
    app.register_error_handler(Malformed, _malformed)
    app.register_error_handler(ServiceError, _refused)
    app.register_error_handler(HTTPException, _http)
    app.register_error_handler(Exception, _unexpected)


def _malformed(error: Malformed) -> Response:
    return answer(400, str(error))


def _refused(error: ServiceError) -> Response:
    status = next((code for kind, code in _STATUS.items() if isinstance(error, kind)), 500)
    refused = answer(status, str(error) if status != 500 else _WORDS[500])
    if status == 503:
        refused.headers["Retry-After"] = "5"
    return refused


def _http(error: HTTPException) -> Response:
    status = error.code or 500
    refused = answer(status, _WORDS.get(status, "the request is refused"))
    for name, value in error.get_headers():
        if name == "Allow":
            refused.headers[name] = value
    return refused


def _unexpected(error: Exception) -> Response:
    log.error("unexpected fault", endpoint=request.endpoint, exc_info=error)
    return answer(500, _WORDS[500])


def answer(status: int, words: str) -> Response:
    """One refusal in the form that belongs to the path asked for."""
    if request.path.startswith("/api/"):
        return problem(status, words)
    return Response(f"{words}\n", status, mimetype="text/plain")
