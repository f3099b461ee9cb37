"""No exception of a gateway, nor anything in its chain, shows a phone number, a body or a secret."""

from __future__ import annotations

import logging
import traceback
from collections.abc import Iterator
from typing import Any

import pytest

from sms_service.errors import GatewayError
from sms_service.gateways.africastalking import AfricasTalking
from sms_service.gateways.base import Gateway, Malformed
from sms_service.gateways.kannel import Kannel
from tests.doubles import gateway_server as double
from tests.doubles.gateway_server import Behaviour, GatewayServer
from tests.gateways.conftest import BODY, A, B, text_for

SECRET = (A, A[1:], "8120000", B, BODY, "key-of-the-tests", "password-of-the-tests", "test-webhook-token")

NUMBERS = (A, B, f"{A}x")  # a name, since a traceback quotes the line of the call

TELL_TALE = f"{A} {A[1:]} 0{A[3:]} {BODY} key-of-the-tests password-of-the-tests"


def line(**change: Any) -> Behaviour:
    def edit(answer: dict[str, Any]) -> dict[str, Any]:
        for recipient in answer["SMSMessageData"]["Recipients"]:
            recipient |= change
        return answer

    return Behaviour(edit=edit)


BEHAVIOURS = [
    *(double.http(status, TELL_TALE) for status in (302, 400, 401, 403, 404, 418, 429, 500, 502, 503)),
    double.refused(TELL_TALE),
    double.refused("InvalidSenderId"),
    *(line(statusCode=code, status=TELL_TALE) for code in (401, 402, 403, 405, 406, 500, 777)),
    line(messageId="None", status=TELL_TALE),
    line(number=None),
    Behaviour(body=TELL_TALE),
    Behaviour(headers={"Content-Length": "1"}),
    Behaviour(content_type=f"text/{TELL_TALE}"),
    double.HANG,
    double.RESET_AFTER_ACCEPTING,
    double.CLOSE_AFTER_ACCEPTING,
    double.DRIP,
]


def chain(error: BaseException | None) -> Iterator[BaseException]:
    while error is not None:
        yield error
        yield from chain(error.__cause__)
        error = error.__context__


def shown(error: BaseException) -> str:
    whole = [part for link in chain(error) for part in (str(link), repr(link), repr(link.args))]
    return "\n".join([*whole, *traceback.format_exception(error)])


@pytest.mark.parametrize("behaviour", BEHAVIOURS, ids=range(len(BEHAVIOURS)))
@pytest.mark.parametrize("name", ["africastalking", "kannel"])
def test_no_error_of_a_send_shows_a_number_a_body_or_a_secret(
    request: pytest.FixtureRequest,
    server: GatewayServer,
    caplog: pytest.LogCaptureFixture,
    name: str,
    behaviour: Behaviour,
) -> None:
    gateway: Gateway = request.getfixturevalue(name)
    server.script(behaviour)
    with caplog.at_level(logging.DEBUG):
        try:
            errors = [receipt.error for receipt in gateway.send(text_for(*NUMBERS)) if receipt.error]
        except GatewayError as error:
            errors = [error]
    assert errors
    for text in (*map(shown, errors), caplog.text):
        assert not [secret for secret in SECRET if secret in text]


def test_no_malformed_form_is_quoted(africastalking: AfricasTalking, kannel: Kannel) -> None:
    odd = f"{A}{A}x"
    form = dict.fromkeys(
        ("sessionId", "session", "id", "phoneNumber", "from", "updateType", "type", "text"), odd
    )
    for gateway in (africastalking, kannel):
        for parse in (gateway.parse_ussd, gateway.parse_opt_out, gateway.parse_subscription):
            with pytest.raises(Malformed) as caught:
                parse(form)
            assert A[1:] not in shown(caught.value)
