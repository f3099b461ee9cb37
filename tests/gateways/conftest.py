"""Gateways that speak to the double over loopback, in a hurry."""

from __future__ import annotations

import base64
from collections.abc import Iterator

import pytest

from sms_service.gateways import africastalking_client as _loaded  # slow to load: not within a timed call
from sms_service.gateways import calls
from sms_service.gateways.africastalking import AfricasTalking
from sms_service.gateways.base import OutboundSms
from sms_service.gateways.kannel import Kannel
from sms_service.settings import Settings, load
from tests.doubles.gateway_server import GatewayServer

assert _loaded
A, B, C = "+6281200000001", "+6281200000002", "+6281200000003"
BODY = "Ingat: sesi informasi besok jam 9 di Kupang."


def text_for(*numbers: str, body: str = BODY, reference: str = "ref-1") -> OutboundSms:
    """One call to these numbers."""
    return OutboundSms(numbers, body, reference)


@pytest.fixture(autouse=True)
def _no_kept_connection() -> None:
    """Each test begins without the connection, and the surroundings, of an earlier one."""
    calls._kept.drop()


@pytest.fixture
def server() -> Iterator[GatewayServer]:
    with GatewayServer() as server:
        yield server


@pytest.fixture
def outside(server: GatewayServer) -> Settings:
    """Settings whose gateways are the double."""
    return load(
        {
            "SECRET_KEY": "a secret of the tests only",
            "DATA_KEY": base64.urlsafe_b64encode(b"t" * 32).decode(),
            "WEBHOOK_TOKEN": "test-webhook-token-0001,an-older-token-00001",
            "PUBLIC_BASE_URL": f"http://127.0.0.1:{server.port}/",
            "AFRICASTALKING_USERNAME": "office",
            "AFRICASTALKING_API_KEY": "key-of-the-tests",
            "AFRICASTALKING_SENDER_ID": "12362",
            "AFRICASTALKING_BASE_URL": server.base_url + "/",
            "KANNEL_SENDSMS_URL": server.sendsms_url,
            "KANNEL_USERNAME": "office",
            "KANNEL_PASSWORD": "password-of-the-tests",
            "KANNEL_SENDER": "12362",
        }
    )


@pytest.fixture
def africastalking(outside: Settings) -> AfricasTalking:
    return AfricasTalking(outside, connect=0.5, read=0.3, total=0.8)


@pytest.fixture
def kannel(outside: Settings) -> Kannel:
    return Kannel(outside, connect=0.5, read=0.3, total=0.8)
