"""Plain HTTP to the service on this machine, for `run` and the phone. No proxies, no redirects."""

from __future__ import annotations

import http.client
from collections.abc import Mapping
from urllib.parse import urlencode

from sms_service.errors import Unavailable

_FORM = {"Content-Type": "application/x-www-form-urlencoded"}


def post_form(port: int, path: str, form: Mapping[str, str], seconds: float = 15) -> tuple[int, str]:
    """Post `form` and return status and text. Raises Unavailable when nothing answers."""
    return _ask("POST", port, path, urlencode(form), _FORM, seconds)


def answers_ok(port: int, path: str, seconds: float = 2) -> bool:
    """True when a GET of `path` is answered with 200."""
    try:
        return _ask("GET", port, path, None, {}, seconds)[0] == 200
    except Unavailable:
        return False


def _ask(
    method: str, port: int, path: str, body: str | None, headers: Mapping[str, str], seconds: float
) -> tuple[int, str]:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=seconds)
    try:
        connection.request(method, path, body, dict(headers))
        answer = connection.getresponse()
        return answer.status, answer.read().decode("utf-8", "replace")
    except (OSError, http.client.HTTPException) as error:
        raise Unavailable(
            f"the service does not answer on port {port};"
            " start it with `make run`, or set PORT and VAR_DIR as it has them"
        ) from error
    finally:
        connection.close()
