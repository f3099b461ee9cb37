"""The job that asks gateways what is left on our accounts, and tells people on duty when it is little.

Safe to run twice and at once: it keeps what was told last, and a duty text goes once a day. RQ calls it by
its name in sms_service/queues.py; the scheduler wakes it.
"""

from __future__ import annotations

from datetime import UTC, datetime

from redis.exceptions import RedisError

from sms_service.errors import GatewayError, Unavailable
from sms_service.gateways.base import TellsBalance
from sms_service.logs import get_logger
from sms_service.services.operation import balances
from sms_service.services.texts import duty
from workers.process import Process, process

log = get_logger(__name__)


def ask() -> None:
    """Ask each gateway that can tell. Whatever fails ends here: it is asked again in some minutes."""
    here = process()
    here.runtime.queues.begin(balances.JOB)
    for gateway in balances.tellers(here.runtime):
        try:
            _ask(here, gateway)
        except (GatewayError, RedisError, Unavailable) as error:
            log.warning("balance not known", gateway=gateway.name, error=type(error).__name__)


def _ask(here: Process, gateway: TellsBalance) -> None:
    balance = gateway.find_balance()
    if balance is None:
        log.warning("the gateway's answer names no balance", gateway=gateway.name)
        return
    runtime = here.runtime
    balances.keep(runtime, gateway.name, balance, datetime.now(UTC))
    if balances.is_low(runtime, balance):
        now = runtime.clock.now()
        with runtime.store.transaction() as tx:
            day = now.astimezone(here.settings.zone).date()
            duty.alert(tx, here.settings, "balance_low", now, f"{gateway.name}:{day}")
