"""What the phone posts, and what it makes of a service that answers badly or not at all."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qsl

import pytest

from sms_service.cli.handset import Handset
from sms_service.cli.local_http import answers_ok
from sms_service.errors import Invalid, Unavailable
from sms_service.settings import Settings, load
from tests.conftest import SECRETS, WEBHOOK_TOKEN

NUMBER = "+6281200000001"


class Listener(ThreadingHTTPServer):
    """Answers every POST with `status` and `body`, and keeps what was posted."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Answering)
        self.status, self.body = 200, "CON menu"
        self.posted: list[tuple[str, dict[str, str]]] = []


class Answering(BaseHTTPRequestHandler):
    server: Listener

    def do_POST(self) -> None:
        form = self.rfile.read(int(self.headers["Content-Length"])).decode()
        self.server.posted.append((self.path, dict(parse_qsl(form, keep_blank_values=True))))
        self.send_response(self.server.status)
        self.send_header("Content-Length", str(len(self.server.body)))
        self.end_headers()
        self.wfile.write(self.server.body.encode())

    def log_message(self, format: str, *args: object) -> None:
        """Say nothing."""


@pytest.fixture
def listener() -> Iterator[Listener]:
    with Listener() as listener:
        thread = threading.Thread(target=listener.serve_forever, kwargs={"poll_interval": 0.02})
        thread.start()
        yield listener
        listener.shutdown()
        thread.join()


@pytest.fixture
def own_settings(listener: Listener) -> Settings:
    return load({**SECRETS, "PORT": str(listener.server_address[1])})


def test_a_call_posts_all_that_was_typed_so_far(listener: Listener, own_settings: Settings) -> None:
    phone = Handset(own_settings, NUMBER)
    phone.dial()
    phone.press("1")
    phone.press("PT CONTOH & anak")
    paths, forms = zip(*listener.posted, strict=True)
    assert set(paths) == {f"/webhooks/console/{WEBHOOK_TOKEN}/ussd"}
    assert [form["text"] for form in forms] == ["", "1", "1*PT CONTOH & anak"]
    assert len({form["sessionId"] for form in forms}) == 1
    assert {form["phoneNumber"] for form in forms} == {NUMBER}


def test_the_same_turn_three_times_at_once_is_the_same_to_the_letter(
    listener: Listener, own_settings: Settings
) -> None:
    phone = Handset(own_settings, NUMBER)
    phone.dial()
    assert phone.press_at_once("1") == ["CON menu"] * 3
    assert len({tuple(form.items()) for _path, form in listener.posted[1:]}) == 1
    assert phone.press_at_once(None) == ["CON menu"] * 3
    assert listener.posted[-1][1]["text"] == "1"


def test_a_dropped_call_is_told_and_takes_no_more_input(listener: Listener, own_settings: Settings) -> None:
    phone = Handset(own_settings, NUMBER)
    phone.dial()
    phone.drop()
    path, form = listener.posted[-1]
    assert path.endswith("/ussd-events")
    assert form["status"] == "Incomplete"
    with pytest.raises(Invalid, match="no call"):
        phone.press("1")
    phone.dial()
    assert len({form["sessionId"] for _path, form in listener.posted}) == 2


def test_end_ends_the_call(listener: Listener, own_settings: Settings) -> None:
    listener.body = "END bye"
    phone = Handset(own_settings, NUMBER)
    phone.dial()
    assert not phone.in_call
    assert listener.posted[-1][1]["status"] == "Success"


@pytest.mark.parametrize(
    ("status", "body", "said"),
    [
        (404, "", "WEBHOOK_TOKEN"),
        (500, "CON x", "status 500"),
        (200, "menu", "neither CON nor END"),
        (200, "", "CON"),
    ],
)
def test_a_bad_answer_is_said_without_number_or_token(
    listener: Listener, own_settings: Settings, status: int, body: str, said: str
) -> None:
    listener.status, listener.body = status, body
    with pytest.raises(Unavailable, match=said) as caught:
        Handset(own_settings, NUMBER).dial()
    assert NUMBER not in str(caught.value)
    assert WEBHOOK_TOKEN not in str(caught.value)


def test_nobody_there_is_said(own_settings: Settings) -> None:
    nobody = own_settings.model_copy(update={"port": 1})
    assert not answers_ok(1, "/readyz")
    with pytest.raises(Unavailable, match="make run"):
        Handset(nobody, NUMBER).dial()
