"""The bounds of a call hold over TLS too: that is what the real gateway speaks."""

from __future__ import annotations

import ipaddress
import ssl
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from sms_service.errors import GatewayUnavailable, OutcomeUnknown
from sms_service.gateways.africastalking import AfricasTalking
from sms_service.settings import Settings
from tests.doubles import gateway_server as double
from tests.doubles.gateway_server import Behaviour, GatewayServer
from tests.gateways.conftest import A, text_for


@pytest.fixture
def certificate(tmp_path: Path) -> Path:
    """A file with a key and a certificate of 127.0.0.1, signed by itself."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "gateway of the tests")])
    now = datetime.now(UTC)
    signed = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(
            x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]), critical=False
        )
        .sign(key, hashes.SHA256())
    )
    path = tmp_path / "gateway.pem"
    path.write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
        + signed.public_bytes(serialization.Encoding.PEM)
    )
    return path


@pytest.fixture
def tls_server(certificate: Path) -> Iterator[GatewayServer]:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    with GatewayServer(tls=context) as server:
        yield server


@pytest.fixture
def gateway(outside: Settings, tls_server: GatewayServer) -> AfricasTalking:
    settings = outside.model_copy(update={"africastalking_base_url": tls_server.base_url})
    return AfricasTalking(settings, connect=1, read=2, total=1)


def test_a_text_goes_out(
    gateway: AfricasTalking, tls_server: GatewayServer, certificate: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(certificate))
    (receipt,) = gateway.send(text_for(A))
    assert receipt.gateway_id == tls_server.accepted[0].id


@pytest.mark.parametrize(
    "behaviour",
    [double.HANG, double.DRIP, double.DRIP_HEADERS, double.CLOSE_AFTER_ACCEPTING],
    ids=["hang", "drip", "drip headers", "close"],
)
def test_a_call_that_breaks_after_the_request_is_unknown_in_time(
    gateway: AfricasTalking,
    tls_server: GatewayServer,
    certificate: Path,
    monkeypatch: pytest.MonkeyPatch,
    behaviour: Behaviour,
) -> None:
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(certificate))
    tls_server.script(behaviour)
    started = time.monotonic()
    with pytest.raises(OutcomeUnknown):
        gateway.send(text_for(A))
    assert time.monotonic() - started < 1.8
    assert len(tls_server.accepted) == 1


def test_a_certificate_that_nobody_vouches_for_gets_nothing(
    gateway: AfricasTalking, tls_server: GatewayServer
) -> None:
    with pytest.raises(GatewayUnavailable, match="SSLError"):
        gateway.send(text_for(A))
    assert tls_server.calls == []
