"""One HTTP call to a gateway, bounded in time and size, that knows whether the gateway can have it.

The time-outs of requests are per socket read: an answer that drips one byte at a time would hold a worker
for ever. Here a timer shuts the socket at the deadline, wherever the call then is (TLS, headers, body).
What fails before the first byte of the request left is certainly not taken (GatewayUnavailable); what fails
after that may be (OutcomeUnknown). Importing this is slow: gateways do so when they first send.
"""

from __future__ import annotations

import socket
import threading
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from types import TracebackType
from typing import Any

import requests
from requests.adapters import HTTPAdapter
from urllib3.connection import HTTPConnection
from urllib3.exceptions import HTTPError

from sms_service.errors import (
    GatewayError,
    GatewayUnavailable,
    Misconfigured,
    OutcomeUnknown,
    Rejected,
    Throttled,
)

_LONGEST_ANSWER = 1 << 20  # bytes; an answer about 100 numbers has about 20,000


@dataclass(frozen=True)
class Limits:
    """Seconds: to connect to one address, to wait for one read, and for all of it.

    Only the resolver and further addresses of the same host come on top of `total`.
    """

    connect: float = 3.05
    read: float = (
        15.0  # "typically under 2 s", says the provider; a minute was seen. Patience avoids unknowns.
    )
    total: float = 20.0


@dataclass(frozen=True, slots=True)
class Answer:
    """An answer that arrived whole (for a refusal the text may be cut: its status says enough)."""

    status: int
    text: str


class _Line:
    """Watches one call's socket: whether our request began to leave, and when to hang up."""

    def __init__(self, seconds: float) -> None:
        self.sent = False
        self.expired = False
        self._socket: socket.socket | None = None
        self._timer = threading.Timer(seconds, self._hang_up)
        self._timer.daemon = True

    def watch(self, connected: socket.socket) -> None:
        # A duplicate: TLS takes the socket object over, but a shutdown reaches the connection itself.
        self._socket = connected.dup()
        if self.expired:
            raise TimeoutError("connected too late")

    def _hang_up(self) -> None:
        self.expired = True
        if self._socket is not None:
            with suppress(OSError):  # closed in the meantime: the call is over
                self._socket.shutdown(socket.SHUT_RDWR)

    def __enter__(self) -> _Line:
        self._timer.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._timer.cancel()
        if self._socket is not None:
            self._socket.close()


class _WatchedConnection(HTTPConnection):
    """A connection that tells its line what it does. Mixed into urllib3's plain and TLS classes."""

    line: _Line

    def _new_conn(self) -> socket.socket:
        connected = super()._new_conn()
        self.line.watch(connected)
        return connected

    def connect(self) -> None:
        try:
            super().connect()
        finally:
            self.line.sent = False  # what a proxy was told is not our request yet

    def send(self, data: Any) -> None:
        if self.sock is None:
            self.connect()
        self.line.sent = True
        super().send(data)


class _WatchedAdapter(HTTPAdapter):
    def __init__(self, line: _Line) -> None:
        self._line = line
        super().__init__(max_retries=0)

    def get_connection_with_tls_context(self, *args: Any, **options: Any) -> Any:
        pool = super().get_connection_with_tls_context(*args, **options)
        bases = (_WatchedConnection, pool.ConnectionCls)
        pool.ConnectionCls = type("Watched", bases, {"line": self._line})
        return pool


def post(url: str, data: Mapping[str, Any] | bytes, headers: Mapping[str, str], limits: Limits) -> Answer:
    """Post once, to one place: no retry (it could double), no redirect (it could carry our key away).

    Raises GatewayUnavailable, OutcomeUnknown, or Misconfigured for an address or header that cannot be.
    No message repeats what was sent.
    """
    status = 0
    text: str | None = None
    fault: GatewayError | None = None
    with _Line(limits.total) as line, requests.Session() as session:
        session.mount("http://", _WatchedAdapter(line))
        session.mount("https://", _WatchedAdapter(line))
        try:
            with session.post(
                url,
                data=data,
                headers={**headers, "Accept-Encoding": "identity", "Connection": "close"},
                timeout=(limits.connect, limits.read),
                stream=True,
                allow_redirects=False,
            ) as response:
                status = response.status_code
                text = _read(response)
            if line.expired or text is None:
                fault = OutcomeUnknown("the answer came too late or is too long")
        except (requests.RequestException, HTTPError, OSError, ValueError) as error:
            fault = _fault(error, line)
    if fault is not None and status < 300:
        raise fault  # out here: no exception of a library, which may quote us, is its context
    return Answer(status, text or "")


def _read(response: requests.Response) -> str | None:
    """Return the body, or None when it is longer than any answer."""
    body = bytearray()
    for chunk in response.iter_content(16_384):
        body += chunk
        if len(body) > _LONGEST_ANSWER:
            return None
    return body.decode("utf-8", "replace")


def _fault(error: Exception, line: _Line) -> GatewayError:
    kind = type(error).__name__  # the name only: messages quote addresses, headers and bodies
    if line.sent:
        return OutcomeUnknown(f"the connection broke after the request went out ({kind})")
    if isinstance(error, ValueError):
        return Misconfigured(f"the gateway's address or our credentials cannot be used ({kind})")
    return GatewayUnavailable(f"no connection to the gateway ({kind})")


def refusal(status: int) -> GatewayError:
    """Return what an HTTP status outside 2xx says about the texts of the call.

    - 429: not taken, slow down. 408: the server gave up reading us: not taken.
    - 500, 501, 503: the gateway's own program said no and gave no ids: not taken, try later.
    - 502, 504 and the other 5xx come from a proxy that lost the program behind it: that may have taken them.
    - 400, 413, 422: this request cannot be accepted, the next one may be: these texts fail, the lane goes on.
    - all else (401, 403, 404, a redirect): our key or address is wrong, and would be for every text.
    """
    message = f"HTTP {status}"
    if status == 429:
        return Throttled(message)
    if status in (408, 500, 501, 503):
        return GatewayUnavailable(message)
    if status >= 500:
        return OutcomeUnknown(message)
    if status in (400, 413, 422):
        return Rejected(message)
    return Misconfigured(message)
