"""A worker's surroundings: a gateway on loopback, settings that use it, and the worker's own parts."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from redis import Redis

from sms_service.settings import Settings, load
from sms_service.store.engine import Store
from tests.conftest import SECRETS
from tests.doubles.gateway_server import GatewayServer
from workers.process import Process, install

LEASE_SECONDS = 4.0


@pytest.fixture
def gateway() -> Iterator[GatewayServer]:
    """A gateway that takes everything until it is told otherwise."""
    with GatewayServer() as server:
        yield server


@pytest.fixture
def environment(
    database_url: str, redis_socket: Path, redis: Redis, tmp_path: Path, gateway: GatewayServer
) -> dict[str, str]:
    """The environment of a live service that sends through the gateway, with short leases."""
    return {
        **SECRETS,
        "VAR_DIR": str(tmp_path),
        "DATABASE_URL": database_url,
        "REDIS_URL": f"unix://{redis_socket}",
        "QUIET_HOURS": "",
        "QUIET_SUNDAY": "",
        "SMS_GATEWAY": "africastalking",
        "AFRICASTALKING_USERNAME": "test",
        "AFRICASTALKING_API_KEY": "test",
        "AFRICASTALKING_BASE_URL": gateway.base_url,
        "SEND_LEASE_SECONDS": str(LEASE_SECONDS),
        "LOG_LEVEL": "INFO",
    }


@pytest.fixture
def live(environment: dict[str, str]) -> Settings:
    """The same as settings."""
    return load(environment)


@pytest.fixture
def here(live: Settings) -> Iterator[Process]:
    """This process as a worker."""
    process = Process(live)
    install(process)
    yield process
    install(None)
    process.close()


@pytest.fixture
def store(here: Process) -> Store:
    """The worker's own store: its commits wake jobs."""
    return here.runtime.store
