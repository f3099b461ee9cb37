"""What is left on the account, as the real SDK asks and the provider answers."""

from __future__ import annotations

import pytest

from sms_service.errors import GatewayError, GatewayUnavailable, Misconfigured
from sms_service.gateways.africastalking import AfricasTalking
from sms_service.gateways.base import Balance, TellsBalance
from sms_service.gateways.console import Console
from sms_service.gateways.kannel import Kannel
from tests.doubles.gateway_server import GatewayServer


def test_the_balance_is_asked_for_with_our_name_and_key(
    africastalking: AfricasTalking, server: GatewayServer
) -> None:
    assert africastalking.find_balance() == Balance(1785.5, "KES")
    (call,) = server.account_calls
    assert call.path == "/version1/user?username=office"
    assert call.headers["apikey"] == "key-of-the-tests"
    assert server.calls == []


@pytest.mark.parametrize(
    ("answer", "found"),
    [
        ('{"userData":{"balance":"IDR 1,250,000.25"}}', Balance(1250000.25, "IDR")),
        ('{"UserData":{"balance":"KES -3.5"}}', Balance(-3.5, "KES")),
        ('{"UserData":{"balance":"plenty"}}', None),
        ('{"UserData":{}}', None),
        ('{"UserData":"KES 5"}', None),
        ("[]", None),
        ("<html>", None),
        ("", None),
    ],
)
def test_what_names_no_balance_is_no_balance(
    africastalking: AfricasTalking, server: GatewayServer, answer: str, found: Balance | None
) -> None:
    server.account = (200, answer)
    assert africastalking.find_balance() == found


@pytest.mark.parametrize(("status", "error"), [(401, Misconfigured), (503, GatewayUnavailable)])
def test_a_refusal_is_told_by_its_kind(
    africastalking: AfricasTalking, server: GatewayServer, status: int, error: type[GatewayError]
) -> None:
    server.account = (status, "no")
    with pytest.raises(error):
        africastalking.find_balance()


def test_only_a_gateway_with_an_account_tells(africastalking: AfricasTalking, kannel: Kannel) -> None:
    assert isinstance(africastalking, TellsBalance)
    assert not isinstance(kannel, TellsBalance)
    assert not isinstance(Console(lambda _number, _body: ""), TellsBalance)
