"""A gateway on loopback, for tests and benchmarks: takes what Africa's Talking and Kannel take; misbehaves.

It keeps a ledger of every text that it accepted, so that a test can ask the only question that counts: what
reached the phones? How a call is answered is scripted (`script`), drawn by a seed (`chaos`) or the default.
Reports go to a callback address before or after the answer, doubled, in any order. By itself:
`python -m tests.doubles.gateway_server --port 9999 --report-url http://... --chaos 7` (GET /ledger, /texts).
"""

from __future__ import annotations

import argparse
import asyncio
import json
import random
import socket
import ssl
import struct
import sys
import threading
import time
import urllib.error
import urllib.request
from collections import Counter, deque
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import asdict, dataclass, field
from typing import Any, Literal
from urllib.parse import parse_qsl, urlencode
from uuid import uuid4


@dataclass(frozen=True)
class Behaviour:
    """How one call is treated. `accepts`: do its texts enter the ledger, whatever is answered?"""

    accepts: bool = True
    latency: float = 0  # seconds before the answer
    status: int = 201
    body: str | None = None  # instead of the usual answer
    content_type: str = "application/json"
    headers: Mapping[str, str] = field(default_factory=dict, hash=False)
    ending: Literal["answer", "hang", "close", "reset", "drip", "drip-headers", "drip-tail"] = "answer"
    edit: Callable[[dict[str, Any]], Any] | None = None  # changes the usual answer's JSON


def refused(message: str) -> Behaviour:
    """201 with a reason and no recipients: how Africa's Talking refuses a whole call."""
    body = {"SMSMessageData": {"Message": message, "Recipients": []}}
    return Behaviour(accepts=False, body=json.dumps(body))


def http(status: int, body: str = "") -> Behaviour:
    """A plain refusal with this HTTP status."""
    return Behaviour(accepts=False, status=status, body=body, content_type="text/plain")


ACCEPT = Behaviour()
WITH_CHARSET = Behaviour(content_type="application/json; charset=utf-8")
UNAUTHORISED = http(401, "The supplied authentication is invalid")
ERROR_500 = http(500, "Internal error")
THROTTLED = http(429)
INVALID_SENDER = refused("InvalidSenderId")
HANG = Behaviour(ending="hang")
CLOSE_AFTER_ACCEPTING = Behaviour(ending="close")
RESET_AFTER_ACCEPTING = Behaviour(ending="reset")
RESET_BEFORE_ACCEPTING = Behaviour(accepts=False, ending="reset")
DRIP = Behaviour(ending="drip")
DRIP_HEADERS = Behaviour(ending="drip-headers")
DRIP_TAIL = Behaviour(ending="drip-tail")  # the whole answer, without its length, and then no end
GARBAGE = Behaviour(body="<html>it works!</html>", content_type="text/html")

WEIGHTS: Mapping[Behaviour, float] = {
    ACCEPT: 88,
    ERROR_500: 4,
    THROTTLED: 2,
    RESET_AFTER_ACCEPTING: 2,
    RESET_BEFORE_ACCEPTING: 2,
    GARBAGE: 1,
    WITH_CHARSET: 1,
}


def chaos(seed: int, weights: Mapping[Behaviour, float] = WEIGHTS) -> Callable[[], Behaviour]:
    """Return a source of behaviours that is the same for the same seed."""
    draw = random.Random(seed)
    kinds, shares = list(weights), list(weights.values())
    return lambda: draw.choices(kinds, shares)[0]


@dataclass(frozen=True)
class Accepted:
    """One text that the gateway has: it will reach the phone."""

    number: str
    body: str
    at: float
    id: str
    call: int


@dataclass(frozen=True)
class Call:
    """One call as it came in."""

    path: str
    headers: Mapping[str, str]
    fields: Mapping[str, str]
    body: bytes


@dataclass
class Reports:
    """Delivery reports: where to, when, which, how often each, and in which order."""

    url: str = ""  # for Kannel's calls: unused, the address comes with the text
    when: Literal["before", "after"] = "after"  # the answer
    statuses: tuple[str, ...] = ("Success",)  # Kannel: its numbers, such as "8", "1"
    times: int = 1
    shuffled: bool = False


class GatewayServer:
    """`with GatewayServer() as gateway:` listens on `gateway.base_url` until the block ends."""

    def __init__(self, port: int = 0, seed: int = 0, tls: ssl.SSLContext | None = None) -> None:
        self.default: Behaviour | Callable[[], Behaviour] = ACCEPT
        self.refusals: dict[str, tuple[int, str]] = {}  # number -> statusCode, status
        self.reports: Reports | None = None
        self.accepted: list[Accepted] = []
        self.calls: list[Call] = []
        self.connections = 0
        self.keeps_connections = True  # False: it hangs up after each answer, without saying so
        self.report_answers: Counter[int] = Counter()  # HTTP status -> how often; 0: no answer
        self.account = (200, '{"UserData":{"balance":"KES 1785.50"}}')  # status and answer, for the balance
        self.account_calls: list[Call] = []
        self.port = port
        self._tls = tls
        self._script: deque[Behaviour] = deque()
        self._random = random.Random(seed)
        self._posts = ThreadPoolExecutor(8, thread_name_prefix="reports")
        self._tasks: set[asyncio.Task[None]] = set()
        self._listening = threading.Event()
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(
            target=self._loop.run_until_complete, args=(self._main(),), daemon=True
        )

    @property
    def base_url(self) -> str:
        """What AFRICASTALKING_BASE_URL is set to."""
        return f"http{'s' if self._tls else ''}://127.0.0.1:{self.port}/version1"

    @property
    def sendsms_url(self) -> str:
        """What KANNEL_SENDSMS_URL is set to."""
        return f"http://127.0.0.1:{self.port}/cgi-bin/sendsms"

    def script(self, *behaviours: Behaviour) -> None:
        """Treat the next calls so, one each; then the default again."""
        self._script.extend(behaviours)

    def texts_to(self, number: str) -> list[str]:
        """What this phone got, in order."""
        return [text.body for text in self.accepted if text.number == number]

    def doubled(self) -> dict[tuple[str, str], int]:
        """Each number and body that was accepted more than once."""
        counts = Counter((text.number, text.body) for text in self.accepted)
        return {key: count for key, count in counts.items() if count > 1}

    def drain_reports(self, seconds: float = 10) -> None:
        """Wait until every report due has been posted."""

        async def drain() -> None:
            await asyncio.gather(*list(self._tasks))

        asyncio.run_coroutine_threadsafe(drain(), self._loop).result(seconds)

    def __enter__(self) -> GatewayServer:
        self._thread.start()
        if not self._listening.wait(5):
            raise RuntimeError("the gateway double does not listen")
        return self

    def __exit__(self, *_: object) -> None:
        self._loop.call_soon_threadsafe(self._stopped.set)
        self._thread.join(5)
        self._posts.shutdown(cancel_futures=True)

    async def _main(self) -> None:
        self._stopped = asyncio.Event()
        server = await asyncio.start_server(self._connection, "127.0.0.1", self.port, ssl=self._tls)
        self.port = server.sockets[0].getsockname()[1]
        self._listening.set()
        await self._stopped.wait()
        server.close()
        open_tasks = asyncio.all_tasks() - {asyncio.current_task()}
        for task in open_tasks:
            task.cancel()
        await asyncio.gather(*open_tasks, return_exceptions=True)

    async def _connection(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(ConnectionError, asyncio.IncompleteReadError, asyncio.CancelledError):
            goes_on = True
            self.connections += 1
            while goes_on:  # connections are kept, as the real ones are
                call = await _read(reader)
                if call.path.startswith("/version1/user"):
                    self.account_calls.append(call)
                    status, body = self.account
                    writer.write(_response(status, "application/json", body, {"Connection": "close"}))
                    goes_on = False
                elif call.path.startswith(("/ledger", "/texts")):
                    shown = self._shown(call.path)
                    writer.write(_response(200, "application/json", shown, {"Connection": "close"}))
                    goes_on = False
                else:
                    goes_on = await self._treat(call, writer) and self.keeps_connections
                await writer.drain()
        writer.close()

    async def _treat(self, call: Call, writer: asyncio.StreamWriter) -> bool:
        """Answer one call; returns whether the connection goes on."""
        self.calls.append(call)
        reports = self.reports  # of now: a test may change them once it has its answer
        default = self.default
        behaviour = self._script.popleft() if self._script else default() if callable(default) else default
        number_of_call = len(self.calls)
        kannel = "X-Kannel-To".lower() in call.headers
        taken, answer = (_kannel if kannel else _africastalking)(call, number_of_call, self.refusals)
        if not behaviour.accepts:
            taken = []
        self.accepted.extend(taken)
        if reports and taken and reports.when == "before":
            await self._report(reports, taken, call)
        if behaviour.latency:
            await asyncio.sleep(behaviour.latency)
        if behaviour.body is not None:
            text = behaviour.body
        else:
            text = answer if kannel else json.dumps(behaviour.edit(answer) if behaviour.edit else answer)
        status = 202 if kannel and behaviour.status == 201 else behaviour.status
        goes_on = behaviour.ending == "answer" and call.headers.get("connection", "").lower() != "close"
        headers = behaviour.headers if goes_on else {**behaviour.headers, "Connection": "close"}
        await self._end(behaviour, writer, _response(status, behaviour.content_type, text, headers))
        if reports and taken and reports.when == "after":
            task = asyncio.create_task(self._report(reports, taken, call))
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)
        return goes_on

    async def _end(self, behaviour: Behaviour, writer: asyncio.StreamWriter, response: bytes) -> None:
        if behaviour.ending == "answer":
            writer.write(response)
        elif behaviour.ending == "hang":
            await self._stopped.wait()
        elif behaviour.ending == "reset":
            raw: socket.socket = writer.get_extra_info("socket")
            raw.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            writer.transport.abort()
        elif behaviour.ending.startswith("drip"):
            head, body = response.split(b"\r\n\r\n", 1)
            start = b"HTTP/1.1 201 Created\r\nX-Drip: "
            if behaviour.ending == "drip":
                start = head.replace(f"Length: {len(body)}".encode(), b"Length: 900000") + b"\r\n\r\n"
            elif behaviour.ending == "drip-tail":
                start = response.replace(f"Content-Length: {len(body)}\r\n".encode(), b"")
            writer.write(start)
            ends_at = time.monotonic() + 5  # so that a client without bounds fails a test, not hangs it
            while not self._stopped.is_set() and time.monotonic() < ends_at:
                writer.write(b" ")
                await writer.drain()
                await asyncio.sleep(0.02)

    async def _report(self, reports: Reports, taken: list[Accepted], call: Call) -> None:
        due = [(text, status) for status in reports.statuses for text in taken for _ in range(reports.times)]
        if reports.shuffled:
            self._random.shuffle(due)
        posts = [
            asyncio.wrap_future(self._posts.submit(_post_report, reports.url, call, text, status))
            for text, status in due
        ]
        for status in await asyncio.gather(*posts):
            self.report_answers[status] += 1

    def _shown(self, path: str) -> str:
        if path.startswith("/texts"):
            return json.dumps([asdict(text) for text in self.accepted])
        counts = {
            "calls": len(self.calls),
            "texts": len(self.accepted),
            "doubled": sum(count - 1 for count in self.doubled().values()),
            "reports": {str(status): count for status, count in self.report_answers.items()},
        }
        return json.dumps(counts)


async def _read(reader: asyncio.StreamReader) -> Call:
    head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
    headers = {name.lower(): value for name, _, value in (line.partition(": ") for line in head[1:] if line)}
    body = await reader.readexactly(int(headers.get("content-length", 0)))
    form = headers.get("content-type", "").startswith("application/x-www-form-urlencoded")
    fields = dict(parse_qsl(body.decode(), keep_blank_values=True)) if form else {}
    return Call(head[0].split(" ")[1], headers, fields, body)


def _response(status: int, content_type: str, text: str, headers: Mapping[str, str] | None = None) -> bytes:
    body = text.encode()
    extra = "".join(f"{name}: {value}\r\n" for name, value in (headers or {}).items())
    kind = f"Content-Type: {content_type}\r\n"
    head = f"HTTP/1.1 {status} -\r\n{kind}Content-Length: {len(body)}\r\n{extra}\r\n"
    return head.encode() + body


def _africastalking(
    call: Call, number_of_call: int, refusals: Mapping[str, tuple[int, str]]
) -> tuple[list[Accepted], dict[str, Any]]:
    now, taken, recipients = time.time(), [], []
    numbers = call.fields.get("to", "").split(",")
    for number in numbers:
        code, status = refusals.get(number, (101, "Success"))
        line = {"cost": "0", "messageId": "None", "number": number, "status": status, "statusCode": code}
        if code < 200:
            text = Accepted(
                number, call.fields.get("message", ""), now, f"ATXid_{uuid4().hex}", number_of_call
            )
            taken.append(text)
            line |= {"cost": "KES 0.8000", "messageId": text.id}
        recipients.append(line)
    message = f"Sent to {len(taken)}/{len(numbers)} Total Cost: KES {0.8 * len(taken):.4f} Message parts: 1"
    return taken, {"SMSMessageData": {"Message": message, "Recipients": recipients}}


def _kannel(
    call: Call, number_of_call: int, refusals: Mapping[str, tuple[int, str]]
) -> tuple[list[Accepted], str]:
    charset = call.headers["content-type"].partition("charset=")[2]
    number = call.headers["x-kannel-to"]
    text = Accepted(number, call.body.decode(charset), time.time(), uuid4().hex, number_of_call)
    return ([] if number in refusals else [text]), "0: Accepted for delivery"


def _post_report(url: str, call: Call, text: Accepted, status: str) -> int:
    if "x-kannel-dlr-url" in call.headers:
        request = urllib.request.Request(
            call.headers["x-kannel-dlr-url"].replace("%d", status).replace("%A", "ACK%2F")
        )
    else:
        form = {"id": text.id, "status": status, "phoneNumber": text.number, "networkCode": "99999"}
        request = urllib.request.Request(url, urlencode(form).encode())
    try:
        with urllib.request.urlopen(request, timeout=10) as answer:
            return int(answer.status)
    except urllib.error.HTTPError as error:
        return error.code
    except OSError:
        return 0


def main() -> None:
    """Run by hand or from a benchmark, in a process of its own; prints the base URL."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--port", type=int, default=0)
    parser.add_argument("--latency", type=float, default=0, help="seconds before each answer")
    parser.add_argument("--chaos", type=int, help="seed: draw how each call is treated")
    parser.add_argument("--report-url", help="post delivery reports there")
    given = parser.parse_args()
    with GatewayServer(given.port) as gateway:
        gateway.default = Behaviour(latency=given.latency) if given.chaos is None else chaos(given.chaos)
        if given.report_url:
            gateway.reports = Reports(given.report_url)
        sys.stdout.write(gateway.base_url + "\n")
        sys.stdout.flush()
        with suppress(KeyboardInterrupt):
            threading.Event().wait()


if __name__ == "__main__":
    main()
