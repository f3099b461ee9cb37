"""What is left on our accounts at the gateways: asked every few minutes by a worker, kept in Redis, shown at
the desk with its age. A figure that is lost is asked for anew. Called by workers/balances.py and the desk.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from redis.exceptions import RedisError

from sms_service.gateways.base import Balance, TellsBalance
from sms_service.runtime import Runtime

JOB = "ask_balances"
_KEPT = "balances"  # a hash: gateway -> what it told last
_FORGET_SECONDS = 86_400  # an older figure would mislead


@dataclass(frozen=True, slots=True)
class Told:
    """What a gateway has told, and when. `is_low`: below GATEWAY_BALANCE_LOW."""

    amount: float
    currency: str
    at: datetime
    is_low: bool


def tellers(runtime: Runtime) -> list[TellsBalance]:
    """The gateways in use that can say what is left."""
    return [gateway for gateway in runtime.senders if isinstance(gateway, TellsBalance)]


def keep(runtime: Runtime, name: str, balance: Balance, real_now: datetime) -> None:
    """Keep what a gateway told just now. Raises redis.RedisError."""
    told = json.dumps([balance.amount, balance.currency, real_now.timestamp()])
    runtime.redis.hset(_KEPT, name, told)
    runtime.redis.expire(_KEPT, _FORGET_SECONDS)


def is_low(runtime: Runtime, balance: Balance) -> bool:
    """True where somebody should pay in; never without a setting that says so."""
    least = runtime.settings.gateway_balance_low
    return least is not None and balance.amount < least


def list_told(runtime: Runtime) -> dict[str, Told]:
    """What was told last, by gateway; nothing while Redis is away."""
    try:
        kept: dict[Any, Any] = runtime.redis.hgetall(_KEPT)
    except RedisError:
        return {}
    return {name.decode(): _read(runtime, json.loads(told)) for name, told in kept.items()}


def _read(runtime: Runtime, told: list[Any]) -> Told:
    balance = Balance(float(told[0]), str(told[1]))
    return Told(*balance, datetime.fromtimestamp(told[2], UTC), is_low(runtime, balance))
