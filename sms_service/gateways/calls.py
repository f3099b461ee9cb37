"""One HTTP call to a gateway, bounded in time and size, that knows whether the gateway can have it.

The time-outs of requests are per socket read: an answer that drips one byte at a time would hold a worker
for ever. Here a watchdog shuts the socket at the deadline, wherever the call then is (TLS, headers, body).
What fails before the first byte of the request left is certainly not taken (GatewayUnavailable); what fails
after that may be (OutcomeUnknown). Each thread keeps its connection for the next call, but not for long: one
that the other side is just closing would make a hundred outcomes unknown. Importing this is slow: gateways do
so when they first send.
"""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from http.cookiejar import DefaultCookiePolicy
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

KEEP_SECONDS = 1.0  # a connection that was idle for longer is not used again: servers wait 5 s and more
_LOOK_EVERY_SECONDS = 0.05
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
    """One call: whether our request began to leave, and the socket to shut at its deadline."""

    def __init__(self, seconds: float) -> None:
        self.deadline = time.monotonic() + seconds
        self.sent = False
        self.expired = False
        self._socket: socket.socket | None = None

    def watch(self, connected: socket.socket) -> None:
        self._socket = connected
        if self.expired:
            raise TimeoutError("connected too late")

    def hang_up(self) -> None:
        self.expired = True
        if self._socket is not None:
            with suppress(OSError):  # closed in the meantime: the call is over
                self._socket.shutdown(socket.SHUT_RDWR)


class _Watchdog:
    """Hangs up on every call of this process that has reached its deadline: one thread for all of them."""

    def __init__(self) -> None:
        self.changed = threading.Condition()
        self._lines: set[_Line] = set()
        self._thread: threading.Thread | None = None

    @contextmanager
    def watching(self, line: _Line) -> Iterator[None]:
        with self.changed:
            self._lines.add(line)
            if self._thread is None or not self._thread.is_alive():  # not yet, or lost in a fork
                self._thread = threading.Thread(target=self._run, name="calls-watchdog", daemon=True)
                self._thread.start()
            elif len(self._lines) == 1:
                self.changed.notify()
        try:
            yield
        finally:
            with self.changed:
                self._lines.discard(line)

    def _run(self) -> None:
        with self.changed:
            while True:
                now = time.monotonic()
                for line in [line for line in self._lines if line.deadline <= now]:
                    line.hang_up()
                    self._lines.discard(line)
                # A deadline that is nearer than those known is seen at the next look.
                self.changed.wait(_LOOK_EVERY_SECONDS if self._lines else None)


class _Kept(threading.local):
    """The session of one thread, with the connection that it keeps, and the call that it makes now."""

    def __init__(self) -> None:
        self.line = _Line(0)
        self.closing: list[socket.socket] = []
        self._session: requests.Session | None = None
        self._used_at = 0.0
        self._surroundings: dict[str, Any] = {}

    def surroundings(self, url: str) -> Any:
        """Proxies and certificates that the environment names for `url`: to ask it anew for each call would
        be a fifth of a call's cost. Not the passwords of a .netrc: our key is all that a gateway gets."""
        found = self._surroundings.get(url)
        if found is None:
            with requests.Session() as asking:
                found = asking.merge_environment_settings(url, {}, None, None, None)
            found.pop("stream")
            self._surroundings[url] = found
        return found

    def session(self, line: _Line) -> requests.Session:
        self.line = line
        if time.monotonic() - self._used_at > KEEP_SECONDS:
            self.drop()
        if self._session is None:
            self._session = requests.Session()
            self._session.trust_env = False
            self._session.cookies.set_policy(DefaultCookiePolicy(allowed_domains=[]))
            for scheme in ("http://", "https://"):
                self._session.mount(scheme, _WatchedAdapter(max_retries=0, pool_maxsize=1))
        return self._session

    def keep(self) -> None:
        """The answer was read to its end: the connection is good for another call."""
        self._used_at = time.monotonic()

    def drop(self) -> None:
        self._surroundings.clear()
        session, self._session = self._session, None
        if session is not None:
            session.close()

    def close_sockets(self) -> None:
        """After a call, and no earlier: the watchdog must not shut a number that is another's by then."""
        while self.closing:
            self.closing.pop().close()


_watchdog, _kept = _Watchdog(), _Kept()


class _WatchedConnection(HTTPConnection):
    """A connection that tells the call at hand what it does. Mixed into urllib3's plain and TLS classes."""

    _plain: socket.socket | None = None

    def _new_conn(self) -> socket.socket:
        connected = super()._new_conn()
        self._let_go()
        # A duplicate: TLS takes the socket object over, but a shutdown reaches the connection itself.
        self._plain = connected.dup()
        _kept.line.watch(self._plain)
        return connected

    def connect(self) -> None:
        try:
            super().connect()
        finally:
            _kept.line.sent = False  # what a proxy was told is not our request yet

    def send(self, data: Any) -> None:
        if self.sock is None:
            self.connect()
        if self._plain is not None:
            _kept.line.watch(self._plain)
        _kept.line.sent = True
        super().send(data)

    def close(self) -> None:
        self._let_go()
        super().close()

    def _let_go(self) -> None:
        if self._plain is not None:
            _kept.closing.append(self._plain)  # not yet: an answer may still be read from it
            self._plain = None


class _WatchedAdapter(HTTPAdapter):
    def get_connection_with_tls_context(self, *args: Any, **options: Any) -> Any:
        pool = super().get_connection_with_tls_context(*args, **options)
        if not issubclass(pool.ConnectionCls, _WatchedConnection):
            pool.ConnectionCls = type("Watched", (_WatchedConnection, pool.ConnectionCls), {})
        return pool


def post(url: str, data: Mapping[str, Any] | bytes, headers: Mapping[str, str], limits: Limits) -> Answer:
    """Post once, to one place: no retry (it could double), no redirect (it could carry our key away).

    Raises GatewayUnavailable, OutcomeUnknown, or Misconfigured for an address or header that cannot be.
    No message repeats what was sent.
    """
    return _ask("POST", url, {"data": data}, headers, limits)


def get(url: str, query: Mapping[str, str], headers: Mapping[str, str], limits: Limits) -> Answer:
    """Ask once for what changes nothing, bounded like `post`. Raises what `post` raises."""
    return _ask("GET", url, {"params": query}, headers, limits)


def _ask(
    method: str, url: str, sent: Mapping[str, Any], headers: Mapping[str, str], limits: Limits
) -> Answer:
    status = 0
    text: str | None = None
    fault: GatewayError | None = None
    line = _Line(limits.total)
    session = _kept.session(line)
    with _watchdog.watching(line):
        try:
            with session.request(
                method,
                url,
                **sent,
                headers={**headers, "Accept-Encoding": "identity"},
                timeout=(limits.connect, limits.read),
                stream=True,
                allow_redirects=False,
                **_kept.surroundings(url),
            ) as response:
                status = response.status_code
                text = _read(response)
            if line.expired or text is None:
                fault = OutcomeUnknown("the answer came too late or is too long")
        except (requests.RequestException, HTTPError, OSError, ValueError) as error:
            fault = _fault(error, line)
    if fault is None:
        _kept.keep()
    else:
        _kept.drop()
    _kept.close_sockets()
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
