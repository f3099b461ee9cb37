"""Kannel: what goes over the wire to smsbox, what each of its answers means, and its escape codes."""

from __future__ import annotations

import socket
import time
from dataclasses import replace
from datetime import UTC, datetime

import pytest

from sms_service.errors import (
    GatewayError,
    GatewayUnavailable,
    Misconfigured,
    OutcomeUnknown,
    Rejected,
    Throttled,
)
from sms_service.gateways.base import DeliveryReport, Malformed, OptOutNotice, UssdRequest
from sms_service.gateways.kannel import Kannel
from sms_service.settings import Settings
from tests.doubles import gateway_server as double
from tests.doubles.gateway_server import Behaviour, GatewayServer, Reports
from tests.gateways.conftest import BODY, A, B, C, text_for


def answered(status: int, text: str, accepts: bool = False) -> Behaviour:
    return Behaviour(accepts=accepts, status=status, body=text, content_type="text/html")


def test_each_number_is_a_call_of_its_own_with_our_own_id(kannel: Kannel, server: GatewayServer) -> None:
    receipts = kannel.send(text_for(A, B))
    assert [(r.number, r.gateway_id, r.error) for r in receipts] == [
        (A, "ref-1-0", None),
        (B, "ref-1-1", None),
    ]
    assert [(text.number, text.body) for text in server.accepted] == [(A, BODY), (B, BODY)]
    sent = {name: value for name, value in server.calls[1].headers.items() if name.startswith("x-kannel")}
    assert sent == {
        "x-kannel-username": "office",
        "x-kannel-password": "password-of-the-tests",
        "x-kannel-to": B,
        "x-kannel-from": "12362",
        "x-kannel-coding": "0",
        "x-kannel-dlr-mask": "31",
        "x-kannel-dlr-url": f"http://127.0.0.1:{server.port}/webhooks/kannel/test-webhook-token-0001/delivery"
        "?id=ref-1-1&status=%d&answer=%A",
    }


def test_neither_number_nor_password_stands_in_the_address(kannel: Kannel, server: GatewayServer) -> None:
    kannel.send(text_for(A))
    assert server.calls[0].path == "/cgi-bin/sendsms"


@pytest.mark.parametrize(
    ("body", "coding", "charset"),
    [
        ("Halo 100% {é} & €", "0", "UTF-8"),
        ("Halo 😀", "2", "UTF-16BE"),
        ("اختبار", "2", "UTF-16BE"),
        ("a\0b", "2", "UTF-16BE"),
        ("half \ud83d", "2", "UTF-16BE"),
    ],
)
def test_a_text_beyond_gsm_7_goes_as_ucs_2(
    kannel: Kannel, server: GatewayServer, body: str, coding: str, charset: str
) -> None:
    (receipt,) = kannel.send(text_for(A, body=body))
    assert receipt.error is None
    call = server.calls[0]
    assert (call.headers["x-kannel-coding"], call.headers["content-type"]) == (
        coding,
        f"text/plain; charset={charset}",
    )
    assert server.texts_to(A) == [body.replace("\0", "").replace("\ud83d", "?")]


def test_without_a_sender_smsbox_chooses(outside: Settings, server: GatewayServer) -> None:
    Kannel(outside.model_copy(update={"kannel_sender": ""})).send(text_for(A))
    assert "x-kannel-from" not in server.calls[0].headers


def test_reports_go_where_the_call_says(kannel: Kannel, server: GatewayServer) -> None:
    kannel.send(replace(text_for(A), report_url="https://office.example/dlr?x=1"))
    url = server.calls[0].headers["x-kannel-dlr-url"]
    assert url == "https://office.example/dlr?x=1&id=ref-1-0&status=%d&answer=%A"


@pytest.mark.parametrize(
    "text", ["0: Accepted for delivery", "3: Queued for later delivery", "Sent.", "sent"]
)
@pytest.mark.parametrize("status", [200, 202])
def test_accepted_and_queued_are_taken(kannel: Kannel, server: GatewayServer, status: int, text: str) -> None:
    server.script(answered(status, text, accepts=True))
    (receipt,) = kannel.send(text_for(A))
    assert (receipt.gateway_id, receipt.error) == ("ref-1-0", None)


REFUSALS: list[tuple[int, str, type[GatewayError]]] = [
    (403, "Authorization failed for sendsms", Misconfigured),
    (400, "Sender missing and no global set, rejected", Misconfigured),
    (400, "Unsupported content-type, rejected", Misconfigured),
    (404, "Unknown request.", Misconfigured),
    (302, "", Misconfigured),
    (503, "Temporal failure, try again later.", GatewayUnavailable),
    (500, "", GatewayUnavailable),
    (429, "", Throttled),
]


@pytest.mark.parametrize(("status", "text", "expected"), REFUSALS)
def test_what_would_meet_every_number_ends_the_batch_at_once(
    kannel: Kannel, server: GatewayServer, status: int, text: str, expected: type[GatewayError]
) -> None:
    server.script(answered(status, text))
    with pytest.raises(GatewayError) as caught:
        kannel.send(text_for(A, B, C))
    assert type(caught.value) is expected
    assert len(server.calls) == 1


@pytest.mark.parametrize(
    ("status", "text"),
    [
        (403, "Not routable. Do not try again."),
        (400, "Number(s) has/have been denied by white- and/or black-lists."),
        (400, "Empty receiver number not allowed, rejected"),
        (400, "Charset or body misformed, rejected"),
    ],
)
def test_what_concerns_one_number_is_refused_for_it_alone(
    kannel: Kannel, server: GatewayServer, status: int, text: str
) -> None:
    server.script(answered(status, text))
    one, two = kannel.send(text_for(A, B))
    assert type(one.error) is Rejected
    assert two.gateway_id == "ref-1-1"


def test_a_bad_number_is_refused_here_and_keeps_the_others_ids_in_place(
    kannel: Kannel, server: GatewayServer
) -> None:
    one, two, three = kannel.send(text_for(A, "+62 812", B))
    assert type(two.error) is Rejected
    assert (one.gateway_id, three.gateway_id) == ("ref-1-0", "ref-1-2")
    assert [call.headers["x-kannel-to"] for call in server.calls] == [A, B]


def test_what_was_taken_before_a_fault_is_not_lost(kannel: Kannel, server: GatewayServer) -> None:
    server.script(double.ACCEPT, answered(503, "Temporal failure, try again later."))
    one, two, three = kannel.send(text_for(A, B, C))
    assert one.error is None
    assert type(two.error) is type(three.error) is GatewayUnavailable
    assert len(server.calls) == 2


@pytest.mark.parametrize(
    "behaviour",
    [
        double.HANG,
        double.DRIP,
        double.DRIP_HEADERS,
        double.RESET_AFTER_ACCEPTING,
        double.CLOSE_AFTER_ACCEPTING,
        double.http(502),
        double.GARBAGE,
    ],
    ids=["hang", "drip", "drip headers", "reset", "close", "502", "garbage"],
)
def test_after_a_broken_call_one_is_unknown_and_the_rest_was_not_tried(
    kannel: Kannel, server: GatewayServer, behaviour: Behaviour
) -> None:
    server.script(behaviour)
    started = time.monotonic()
    one, two, three = kannel.send(text_for(A, B, C))
    assert type(one.error) is OutcomeUnknown
    assert type(two.error) is type(three.error) is GatewayUnavailable
    assert len(server.calls) == 1
    assert time.monotonic() - started < 1.5


def test_a_slow_smsbox_does_not_hold_a_batch_beyond_its_time(kannel: Kannel, server: GatewayServer) -> None:
    server.default = Behaviour(latency=0.2)
    started = time.monotonic()
    receipts = kannel.send(text_for(*(f"+6281200{index:06d}" for index in range(100))))
    assert time.monotonic() - started < 1.5
    outcomes = [type(receipt.error).__name__ for receipt in receipts]
    assert outcomes.count("OutcomeUnknown") <= 1
    assert len(server.accepted) == outcomes.count("NoneType") + outcomes.count("OutcomeUnknown")
    assert outcomes[-1] == "GatewayUnavailable"


def test_nobody_there_means_not_taken(outside: Settings, server: GatewayServer) -> None:
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{unused.getsockname()[1]}/cgi-bin/sendsms"
        with pytest.raises(GatewayUnavailable):
            Kannel(outside.model_copy(update={"kannel_sendsms_url": url})).send(text_for(A, B))


@pytest.mark.parametrize("reference", ["", "a b", "a%2Fb", "a&id=1", "a\r\nb", "x" * 121])
def test_a_reference_that_kannel_could_not_carry_is_a_mistake(kannel: Kannel, reference: str) -> None:
    with pytest.raises(ValueError, match="reference"):
        kannel.send(text_for(A, reference=reference))


def test_reports_find_their_text_by_our_id_though_they_come_before_the_answer(
    kannel: Kannel, server: GatewayServer
) -> None:
    server.reports = Reports(when="before", statuses=("8", "1"), times=2, shuffled=True)
    (receipt,) = kannel.send(text_for(A))
    posted = [call.path for call in server.calls[1:]]
    assert len(posted) == 4
    assert all(f"/delivery?id={receipt.gateway_id}&status=" in path for path in posted)


@pytest.mark.parametrize(
    ("raw", "status"),
    [
        ("1", "delivered"),
        ("2", "failed"),
        ("4", "sent"),
        ("8", "sent"),
        ("16", "failed"),
        ("32", None),
        ("%d", None),
        ("delivered", None),
    ],
)
def test_each_type_of_report_is_known_and_others_are_kept(
    kannel: Kannel, raw: str, status: str | None
) -> None:
    report = kannel.parse_delivery({"id": "ref-1-0", "status": raw, "answer": "ACK/"})
    assert report == DeliveryReport("kannel", "ref-1-0", status, raw, "ACK/")


def test_a_report_that_repeats_our_words_or_a_number_loses_both(kannel: Kannel) -> None:
    answer = f"NACK/id:1234567890 to {A} stat:UNDELIV err:001 Text:Laporan Anda diterima"
    report = kannel.parse_delivery({"id": "1", "status": "2", "answer": answer})
    assert report.reason == "NACK/id:*** to *** stat:UNDELIV err:001"


def test_a_report_needs_an_id_and_a_status(kannel: Kannel) -> None:
    for form in ({"id": "1"}, {"status": "1"}, {}):
        with pytest.raises(Malformed):
            kannel.parse_delivery(form)


def test_an_inbound_text_is_read_from_the_escape_codes(kannel: Kannel) -> None:
    text = kannel.parse_sms(
        {
            "id": "4e773b31-8105-436f-9d32-feecb9b453b4",
            "from": "6281200000001",
            "to": "12362",
            "text": "CEK PT  CONTOH *1#",
            "date": "1795283076",
            "coding": "0",
        }
    )
    assert (text.number, text.to, text.text) == (A, "12362", "CEK PT  CONTOH *1#")
    assert text.sent_at == datetime(2026, 11, 21, 17, 44, 36, tzinfo=UTC)
    assert kannel.parse_sms({"id": "1", "from": "081200000001", "text": ""}).number == A
    assert kannel.parse_sms({"id": "1", "from": "TELKOMSEL", "text": "x"}).number is None


@pytest.mark.parametrize("field", ["id", "from", "text"])
def test_an_inbound_text_without_an_id_a_sender_or_a_text_is_refused(kannel: Kannel, field: str) -> None:
    form = {"id": "1", "from": A, "text": "x"}
    del form[field]
    with pytest.raises(Malformed) as caught:
        kannel.parse_sms(form)
    assert caught.value.field == field


def test_a_turn_and_the_end_of_a_session_are_read(kannel: Kannel) -> None:
    form = {"session": "s1", "from": "081200000001", "to": "*123*62#", "text": "1*2"}
    assert kannel.parse_ussd(form) == UssdRequest("kannel", "s1", A, "*123*62#", "1*2")
    end = kannel.parse_ussd_end({"session": "s1", "status": "Incomplete", "error": f"lost {A}"})
    assert (end.session_id, end.status, end.error) == ("s1", "Incomplete", "lost ***")
    with pytest.raises(Malformed):
        kannel.parse_ussd({"from": A, "text": ""})


def test_an_operators_stop_and_subscription_are_read(kannel: Kannel) -> None:
    assert kannel.parse_opt_out({"from": "081200000001"}) == OptOutNotice("kannel", A)
    assert kannel.parse_subscription({"from": A, "type": "Addition"}) == OptOutNotice("kannel", A, False)
    assert kannel.parse_subscription({"from": A, "type": "deletion"}) == OptOutNotice("kannel", A, True)
    with pytest.raises(Malformed):
        kannel.parse_subscription({"from": A, "type": "maybe"})
