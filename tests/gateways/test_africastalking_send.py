"""What AfricasTalking.send makes of each answer, with the real SDK over loopback."""

from __future__ import annotations

import json
import subprocess
import sys
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
)
from sms_service.gateways.africastalking import AfricasTalking
from sms_service.settings import Settings
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
