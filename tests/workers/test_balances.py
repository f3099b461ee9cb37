"""The job that asks for balances: what it keeps, whom it tells, and that nothing it meets stops it."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import select

from sms_service.domain import statuses
from sms_service.services.operation import balances
from sms_service.settings import load
from sms_service.store.models import Message
from tests.doubles.gateway_server import GatewayServer
from workers import balances as jobs
from workers.process import Process, install


def alerts(here: Process) -> int:
    with here.runtime.store.read() as tx:
        return len(tx.scalars(select(Message.id).where(Message.kind == statuses.ALERT)).all())


@pytest.fixture
def on_duty(environment: dict[str, str]) -> Iterator[Process]:
    """A worker of an office with somebody on duty, that wants to know below 2000."""
    extra = {"DUTY_NUMBERS": "+6281200000077", "GATEWAY_BALANCE_LOW": "2000"}
    process = Process(load({**environment, **extra}))
    install(process)
    yield process
    install(None)
    process.close()


def test_what_is_told_is_kept_with_its_time(here: Process, gateway: GatewayServer) -> None:
    assert balances.list_told(here.runtime) == {}
    jobs.ask()
    told = balances.list_told(here.runtime)["africastalking"]
    assert (told.amount, told.currency, told.is_low) == (1785.5, "KES", False)
    assert datetime.now(UTC) - told.at < timedelta(minutes=1)
    assert alerts(here) == 0


def test_a_low_balance_is_told_to_people_on_duty_once_a_day(on_duty: Process, gateway: GatewayServer) -> None:
    jobs.ask()
    jobs.ask()
    assert balances.list_told(on_duty.runtime)["africastalking"].is_low
    assert alerts(on_duty) == 1


@pytest.mark.parametrize("answer", [(401, ""), (500, ""), (200, "<html>")])
def test_an_answer_that_tells_nothing_leaves_the_last_figure(
    here: Process, gateway: GatewayServer, answer: tuple[int, str]
) -> None:
    jobs.ask()
    gateway.account = answer
    jobs.ask()
    assert balances.list_told(here.runtime)["africastalking"].amount == 1785.5


def test_redis_being_away_costs_the_figure_and_nothing_else(
    here: Process, gateway: GatewayServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    jobs.ask()
    monkeypatch.setattr(here.runtime.redis.connection_pool, "get_connection", _refuse)
    jobs.ask()
    assert balances.list_told(here.runtime) == {}


def _refuse(*_args: object, **_named: object) -> None:
    from redis.exceptions import ConnectionError as Away

    raise Away("away")
