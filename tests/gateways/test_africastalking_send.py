"""What AfricasTalking.send makes of each answer, with the real SDK over loopback."""

from __future__ import annotations

import json
import socket
import subprocess
import sys
import time
from typing import Any

import pytest
from africastalking.SMS import SMSService

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
from tests.gateways.conftest import BODY, A, B, C, text_for


def lines(answer: dict[str, Any]) -> list[dict[str, Any]]:
    recipients: list[dict[str, Any]] = answer["SMSMessageData"]["Recipients"]
    return recipients


def edited(change: Any) -> Behaviour:
    """The usual answer, its recipients replaced by what `change` returns for them."""

    def edit(answer: dict[str, Any]) -> dict[str, Any]:
        answer["SMSMessageData"]["Recipients"] = change(lines(answer))
        return answer

    return Behaviour(edit=edit)


def test_a_text_goes_out_once_with_every_parameter_and_its_id_comes_back(
    africastalking: AfricasTalking, server: GatewayServer
) -> None:
    receipts = africastalking.send(text_for(A, B))
    assert [(r.number, r.gateway_id, r.error) for r in receipts] == [
        (text.number, text.id, None) for text in server.accepted
    ]
    assert receipts[0].cost == "KES 0.8000"
    (call,) = server.calls
    assert call.path == "/version1/messaging"
    assert call.headers["apikey"] == "key-of-the-tests"
    assert call.headers["accept"] == "application/json"
    assert call.fields == {
        "username": "office",
        "to": f"{A},{B}",
        "message": BODY,
        "from": "12362",
        "bulkSMSMode": "1",
    }


def test_without_a_sender_id_the_provider_chooses(outside: Settings, server: GatewayServer) -> None:
    plain = outside.model_copy(update={"africastalking_sender_id": ""})
    AfricasTalking(plain).send(text_for(A))
    assert "from" not in server.calls[0].fields


def test_accents_emoji_nul_and_half_surrogates_reach_the_wire_as_utf_8(
    africastalking: AfricasTalking, server: GatewayServer
) -> None:
    africastalking.send(text_for(A, body="Café 😀 & + = %\x00\ud83d"))
    assert server.texts_to(A) == ["Café 😀 & + = %?"]


def test_a_link_id_never_makes_the_person_pay(africastalking: AfricasTalking, server: GatewayServer) -> None:
    from dataclasses import replace

    africastalking.send(replace(text_for(A), link_id="SampleLinkId123"))
    assert server.calls[0].fields["bulkSMSMode"] == "1"
    assert "linkId" not in server.calls[0].fields


BAD_NUMBERS = [
    "+1234",
    "6281200000009",
    "081200000009",
    "+0281200000009",
    "+62812000000091234",
    "+6281200000009\n",
    "+62812٠٠٠٠٠٠٩",
    "+62812000 0009",
    "+62812,+6281300000001",
    "MTN",
    "",
]


@pytest.mark.parametrize("bad", BAD_NUMBERS, ids=range(len(BAD_NUMBERS)))
def test_one_bad_number_is_refused_here_and_the_others_go(
    africastalking: AfricasTalking, server: GatewayServer, bad: str
) -> None:
    first, middle, last = africastalking.send(text_for(A, bad, B))
    assert first.error is None
    assert isinstance(middle.error, Rejected)
    assert middle.number == bad
    assert last.gateway_id == server.accepted[1].id
    assert server.calls[0].fields["to"] == f"{A},{B}"


def test_bad_numbers_alone_make_no_call(africastalking: AfricasTalking, server: GatewayServer) -> None:
    (receipt,) = africastalking.send(text_for("+62"))
    assert isinstance(receipt.error, Rejected)
    assert africastalking.send(text_for()) == []
    assert server.calls == []


def test_a_number_given_twice_gets_one_text_and_two_receipts(
    africastalking: AfricasTalking, server: GatewayServer
) -> None:
    receipts = africastalking.send(text_for(A, B, A))
    assert [r.number for r in receipts] == [A, B, A]
    assert receipts[0] == receipts[2]
    assert server.texts_to(A) == [BODY]


def test_a_hundred_numbers_are_one_call_and_a_hundred_and_one_are_a_mistake(
    africastalking: AfricasTalking, server: GatewayServer
) -> None:
    numbers = [f"+6281200{index:06d}" for index in range(101)]
    assert all(receipt.error is None for receipt in africastalking.send(text_for(*numbers[:100])))
    assert len(server.calls) == 1
    with pytest.raises(ValueError, match="100"):
        africastalking.send(text_for(*numbers))


CODES = [
    (100, "Processed", None),
    (101, "Success", None),
    (102, "Queued", None),
    (401, "RiskHold", Rejected),
    (402, "InvalidSenderId", Misconfigured),
    (403, "InvalidPhoneNumber", Rejected),
    (404, "UnsupportedNumberType", Rejected),
    (405, "InsufficientBalance", Misconfigured),
    (406, "UserInBlacklist", RecipientOptedOut),
    (407, "CouldNotRoute", Rejected),
    (409, "DoNotDisturbRejection", Rejected),
    (500, "InternalServerError", GatewayUnavailable),
    (501, "GatewayError", GatewayUnavailable),
    (502, "RejectedByGateway", Rejected),
    (599, "SomethingNew", Rejected),
]


@pytest.mark.parametrize(("code", "word", "expected"), CODES, ids=[str(code) for code, _, _ in CODES])
def test_each_status_code_concerns_its_number_only(
    africastalking: AfricasTalking,
    server: GatewayServer,
    code: int,
    word: str,
    expected: type[GatewayError] | None,
) -> None:
    server.refusals[B] = (code, word)
    one, two, three = africastalking.send(text_for(A, B, C))
    assert one.error is None
    assert three.error is None
    if expected is None:
        assert (two.error, two.gateway_id) == (None, server.accepted[1].id)
    else:
        assert type(two.error) is expected
        assert two.gateway_id is None
        assert str(two.error) == f"{code} {word}"


def test_the_codes_table_holds_all_of_the_reference_and_500_and_501_may_be_tried_again() -> None:
    from sms_service.gateways.africastalking import _ACCEPTED, _REFUSALS

    assert sorted(_ACCEPTED | set(_REFUSALS)) == [code for code, _, _ in CODES if code != 599]
    assert [code for code, (kind, _) in _REFUSALS.items() if kind.retryable] == [500, 501]


@pytest.mark.parametrize("code", [402, 405])
def test_when_all_are_refused_for_our_accounts_sake_the_call_fails(
    africastalking: AfricasTalking, server: GatewayServer, code: int
) -> None:
    server.refusals = {A: (code, "x"), B: (code, "x")}
    with pytest.raises(Misconfigured, match=str(code)):
        africastalking.send(text_for(A, B))


def test_when_the_balance_runs_out_in_the_middle_what_was_taken_is_not_lost(
    africastalking: AfricasTalking, server: GatewayServer
) -> None:
    server.refusals = {A: (405, "InsufficientBalance"), C: (405, "InsufficientBalance")}
    one, two, three = africastalking.send(text_for(A, B, C))
    assert isinstance(one.error, Misconfigured)
    assert two.gateway_id == server.accepted[0].id
    assert isinstance(three.error, Misconfigured)


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ({"statusCode": "101"}, None),
        ({"statusCode": None}, None),  # an old answer: "Success" alone
        ({"statusCode": None, "status": "UserInBlacklist"}, RecipientOptedOut),
        ({"statusCode": None, "status": "Whatever"}, Rejected),
        ({"statusCode": None, "status": None}, OutcomeUnknown),
        ({"statusCode": "", "status": ""}, OutcomeUnknown),
        ({"statusCode": True, "status": ""}, OutcomeUnknown),
        ({"statusCode": 999999999}, None),
        ({"messageId": "None"}, OutcomeUnknown),
        ({"messageId": ""}, OutcomeUnknown),
        ({"messageId": "x" * 129}, OutcomeUnknown),
        ({"messageId": "a\0b"}, OutcomeUnknown),
        ({"cost": None}, None),
        ({"extra": {"deep": [1]}}, None),
    ],
    ids=str,
)
def test_a_line_of_the_answer_may_be_odd(
    africastalking: AfricasTalking,
    server: GatewayServer,
    line: dict[str, Any],
    expected: type[GatewayError] | None,
) -> None:
    server.script(edited(lambda recipients: [recipients[0] | line, *recipients[1:]]))
    odd, other = africastalking.send(text_for(A, B))
    assert (type(odd.error) if odd.error else None) is expected
    assert odd.gateway_id != "None"
    assert other.error is None


@pytest.mark.parametrize(
    "form",
    ["+6281200000001", "6281200000001", "081200000001", " 6281200000001", "+62 812-0000-0001", 6281200000001],
)
def test_a_number_is_found_again_in_another_form_and_order(
    africastalking: AfricasTalking, server: GatewayServer, form: object
) -> None:
    server.script(edited(lambda found: [found[1], found[0] | {"number": form}]))
    one, two = africastalking.send(text_for(A, B))
    assert (one.number, one.gateway_id) == (A, server.accepted[0].id)
    assert (two.number, two.gateway_id) == (B, server.accepted[1].id)


@pytest.mark.parametrize(
    "spoil",
    [
        lambda found: found[1:],
        lambda found: [found[0] | {"number": "+6281300000009"}, found[1]],
        lambda found: [found[0] | {"number": None}, found[1]],
        lambda found: [None, "x", 5, found[1]],
    ],
    ids=["missing", "of another", "none", "not lines"],
)
def test_a_number_that_the_answer_does_not_name_is_unknown_not_unsent(
    africastalking: AfricasTalking, server: GatewayServer, spoil: Any
) -> None:
    server.script(edited(spoil))
    one, two = africastalking.send(text_for(A, B))
    assert isinstance(one.error, OutcomeUnknown)
    assert two.error is None


def test_a_number_named_twice_counts_as_taken_when_one_line_says_so(
    africastalking: AfricasTalking, server: GatewayServer
) -> None:
    bad = {"statusCode": 500, "status": "InternalServerError", "messageId": "None"}
    server.script(
        edited(lambda found: [found[0] | bad, found[0], found[0] | bad]),
        edited(lambda found: [found[0] | bad, found[0] | bad | {"statusCode": 403}]),
    )
    (receipt,) = africastalking.send(text_for(A))
    assert receipt.gateway_id == server.accepted[0].id
    (receipt,) = africastalking.send(text_for(A))
    assert isinstance(receipt.error, Rejected)  # never the one that may be tried again


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


def test_the_sdks_globals_are_never_set_and_its_own_requests_never_made(
    africastalking: AfricasTalking, server: GatewayServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    import africastalking as sdk
    import requests

    monkeypatch.setattr(requests, "post", None)
    africastalking.send(text_for(A))
    assert sdk.SMS is None
    assert isinstance(africastalking._service, SMSService)


def test_a_process_that_does_not_send_does_not_load_the_sdk() -> None:
    code = (
        "import json, sys, sms_service.gateways.africastalking, sms_service.gateways.kannel;"
        "print(json.dumps([m for m in ('africastalking', 'requests', 'urllib3') if m in sys.modules]))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert json.loads(done.stdout) == []
