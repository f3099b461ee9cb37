"""What AfricasTalking.send makes of a call that fails as a whole: refused, broken, slow, unreadable."""

from __future__ import annotations

import socket
import time

import pytest

from sms_service.errors import (
    GatewayError,
    GatewayUnavailable,
    Misconfigured,
    OutcomeUnknown,
    RecipientOptedOut,
    Rejected,
    Throttled,
)
from sms_service.gateways.africastalking import AfricasTalking
from sms_service.settings import Settings
from tests.doubles import gateway_server as double
from tests.doubles.gateway_server import Behaviour, GatewayServer
from tests.gateways.conftest import BODY, A, B, text_for


@pytest.mark.parametrize(
    ("message", "numbers", "expected"),
    [
        ("InvalidSenderId", [A], Misconfigured),
        ("Invalid Sender Id", [A, B], Misconfigured),
        ("InsufficientBalance", [A, B], Misconfigured),
        ("InternalServerError", [A, B], GatewayUnavailable),
        ("CouldNotRoute", [A, B], Rejected),
        ("UserInBlacklist", [A], RecipientOptedOut),
        ("UserInBlacklist", [A, B], Rejected),  # of whom?
        ("Sent to 0/2 Total Cost: 0", [A, B], Rejected),
        ("Sent to 2/2 Total Cost: KES 1.6", [A, B], OutcomeUnknown),
        ("Success", [A], Misconfigured),
        ("", [A], Misconfigured),
        (f"Bad number {A}", [A], Misconfigured),
    ],
)
def test_a_refusal_of_the_whole_call_hides_inside_http_201(
    africastalking: AfricasTalking,
    server: GatewayServer,
    message: str,
    numbers: list[str],
    expected: type[GatewayError],
) -> None:
    server.script(double.refused(message))
    with pytest.raises(GatewayError) as caught:
        africastalking.send(text_for(*numbers))
    assert type(caught.value) is expected
    assert server.accepted == []


@pytest.mark.parametrize(
    ("status", "expected"),
    [
        (301, Misconfigured),
        (302, Misconfigured),
        (304, Misconfigured),
        (400, Rejected),
        (401, Misconfigured),
        (403, Misconfigured),
        (404, Misconfigured),
        (408, GatewayUnavailable),
        (413, Rejected),
        (429, Throttled),
        (500, GatewayUnavailable),
        (502, OutcomeUnknown),
        (503, GatewayUnavailable),
        (504, OutcomeUnknown),
        (520, OutcomeUnknown),
    ],
)
def test_each_http_status_says_whether_the_texts_can_have_been_taken(
    africastalking: AfricasTalking, server: GatewayServer, status: int, expected: type[GatewayError]
) -> None:
    server.script(double.http(status, f"no, {A}"))
    with pytest.raises(GatewayError) as caught:
        africastalking.send(text_for(A))
    assert type(caught.value) is expected
    assert str(status) in str(caught.value)


def test_a_wrong_key_is_told_apart_though_its_answer_is_plain_text(
    africastalking: AfricasTalking, server: GatewayServer
) -> None:
    server.script(double.UNAUTHORISED)
    with pytest.raises(Misconfigured, match="401"):
        africastalking.send(text_for(A))


def test_a_redirect_does_not_carry_our_key_away(
    africastalking: AfricasTalking, server: GatewayServer
) -> None:
    elsewhere = {"Location": f"http://localhost:{server.port}/version1/messaging"}
    server.script(Behaviour(accepts=False, status=307, body="", headers=elsewhere))
    with pytest.raises(Misconfigured):
        africastalking.send(text_for(A))
    assert len(server.calls) == 1


@pytest.mark.parametrize(
    "kind",
    [
        "application/json; charset=utf-8",
        "application/json;charset=UTF-8",
        "text/plain",
        "text/html; charset=bogus",
    ],
)
def test_the_answer_is_read_whatever_its_content_type_says(
    africastalking: AfricasTalking, server: GatewayServer, kind: str
) -> None:
    server.script(Behaviour(content_type=kind))
    (receipt,) = africastalking.send(text_for(A))
    assert receipt.gateway_id == server.accepted[0].id


@pytest.mark.parametrize(
    "body",
    [
        "",
        "OK",
        "<html>",
        "[]",
        "null",
        '"x"',
        "{}",
        '{"SMSMessageData": []}',
        '{"SMSMessageData": {"Recipients": {}}}',
        '{"SMSMessageData": {"Message": "Sent to 1/1", "Recip',
        "[" * 200_000,
        "9" * 5_000,
        "x" * 2_000_000,
    ],
    ids=lambda body: body[:24],
)
def test_an_answer_that_cannot_be_read_leaves_the_outcome_unknown(
    africastalking: AfricasTalking, server: GatewayServer, body: str
) -> None:
    server.script(Behaviour(body=body))
    with pytest.raises(OutcomeUnknown):
        africastalking.send(text_for(A))


@pytest.mark.parametrize(
    "behaviour",
    [
        double.HANG,
        double.CLOSE_AFTER_ACCEPTING,
        double.RESET_AFTER_ACCEPTING,
        double.RESET_BEFORE_ACCEPTING,
        double.DRIP,
        double.DRIP_HEADERS,
        double.DRIP_TAIL,
        Behaviour(latency=0.6),
        Behaviour(headers={"Content-Length": "12"}),  # two lengths that differ
    ],
    ids=[
        "hang",
        "close",
        "reset",
        "reset before",
        "drip",
        "drip headers",
        "drip tail",
        "slow",
        "two lengths",
    ],
)
def test_a_call_that_breaks_after_the_request_is_unknown_in_time_and_tried_once(
    africastalking: AfricasTalking, server: GatewayServer, behaviour: Behaviour
) -> None:
    server.script(behaviour)
    started = time.monotonic()
    with pytest.raises(OutcomeUnknown):
        africastalking.send(text_for(A))
    assert time.monotonic() - started < 1.5
    assert len(server.calls) == 1
    africastalking.send(text_for(B))  # and the next call is not harmed
    assert server.texts_to(B) == [BODY]


def test_a_refusal_whose_body_never_ends_is_still_a_refusal(
    africastalking: AfricasTalking, server: GatewayServer
) -> None:
    server.script(Behaviour(accepts=False, status=401, body="no", ending="drip"))
    with pytest.raises(Misconfigured, match="401"):
        africastalking.send(text_for(A))


def test_nobody_there_means_not_taken(outside: Settings, server: GatewayServer) -> None:
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{unused.getsockname()[1]}/version1"
        gateway = AfricasTalking(outside.model_copy(update={"africastalking_base_url": url}))
        with pytest.raises(GatewayUnavailable) as caught:
            gateway.send(text_for(A))
    assert caught.value.retryable


def test_a_tls_handshake_that_never_ends_is_cut_and_was_not_taken(outside: Settings) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        url = f"https://127.0.0.1:{silent.getsockname()[1]}/version1"
        settings = outside.model_copy(update={"africastalking_base_url": url})
        gateway = AfricasTalking(settings, connect=5, read=5, total=0.3)
        started = time.monotonic()
        with pytest.raises(GatewayUnavailable):
            gateway.send(text_for(A))
        assert time.monotonic() - started < 1.5


@pytest.mark.parametrize(
    "behaviour", [double.http(407), double.http(502), double.HANG, double.RESET_AFTER_ACCEPTING]
)
def test_a_proxy_that_does_not_let_us_through_means_not_taken(
    outside: Settings, server: GatewayServer, monkeypatch: pytest.MonkeyPatch, behaviour: Behaviour
) -> None:
    monkeypatch.setenv("HTTPS_PROXY", f"http://127.0.0.1:{server.port}")
    server.script(behaviour)
    settings = outside.model_copy(update={"africastalking_base_url": "https://gateway.example/version1"})
    with pytest.raises(GatewayUnavailable):
        AfricasTalking(settings, connect=0.3, read=0.3, total=0.5).send(text_for(A))
    assert server.calls[0].path == "gateway.example:443"


@pytest.mark.parametrize(
    "update",
    [
        {"africastalking_base_url": "ftp://gateway/version1"},
        {"africastalking_base_url": "nowhere"},
        {"africastalking_base_url": "http://:0:0/x"},
        {"africastalking_api_key": "key\r\nX-Evil: 1"},
        {"africastalking_api_key": "ключ"},
    ],
    ids=["ftp", "no scheme", "no host", "line break", "not latin"],
)
def test_an_address_or_key_that_cannot_be_is_a_misconfiguration_that_shows_neither(
    outside: Settings, server: GatewayServer, update: dict[str, str]
) -> None:
    gateway = AfricasTalking(outside.model_copy(update=update))
    with pytest.raises(Misconfigured) as caught:
        gateway.send(text_for(A))
    assert next(iter(update.values())) not in repr(caught.value)
    assert caught.value.__context__ is None
    assert server.accepted == []


def test_the_call_ends_before_the_lease_does(outside: Settings, server: GatewayServer) -> None:
    gateway = AfricasTalking(outside.model_copy(update={"send_lease_seconds": 0.6}))
    server.script(double.DRIP)
    started = time.monotonic()
    with pytest.raises(OutcomeUnknown):
        gateway.send(text_for(A))
    assert time.monotonic() - started < 0.6
