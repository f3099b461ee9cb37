"""Can the service do its work? Each part by itself. Asked by /readyz and by the desk's page of the system."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime

from redis.exceptions import RedisError

from sms_service.circuits import Circuits, Trouble
from sms_service.errors import Unavailable
from sms_service.logs import get_logger
from sms_service.queues import LANES
from sms_service.runtime import Runtime
from sms_service.services.operation import heartbeats
from sms_service.services.privacy import data_keys

log = get_logger(__name__)

OK, AWAY, SILENT = "ok", "away", "silent"
LACKING = "lacking"  # DATA_KEY lacks a key that rows may need


def check(runtime: Runtime) -> dict[str, str]:
    """The state of each part: "ok", "away" (does not answer), "silent" (no sign of life for 30 seconds),
    "lacking" (of keys: rows may need one that DATA_KEY does not hold)."""
    parts = {"database": _state(runtime.store.check, Unavailable), "redis": _redis(runtime)}
    alive = _alive(runtime) if parts["database"] == OK else frozenset()
    parts["workers"] = OK if all(heartbeats.worker(lane) in alive for lane in LANES) else SILENT
    parts["scheduler"] = OK if heartbeats.SCHEDULER in alive else SILENT
    parts["keys"] = _keys(runtime) if parts["database"] == OK else AWAY
    parts["menu"] = OK if runtime.menu.nodes else AWAY
    return parts


def gateways(runtime: Runtime) -> dict[str, Trouble | None]:
    """Each gateway that sends, in order of failover, and what is wrong with it (None: called as usual)."""
    circuits = Circuits(runtime.redis)
    return {gateway.name: circuits.find_trouble(gateway.name) for gateway in runtime.senders}


def _keys(runtime: Runtime) -> str:
    try:
        with runtime.store.read() as tx:
            lacking = data_keys.missing(tx)
    except Unavailable:
        return AWAY
    if lacking:
        log.error("DATA_KEY lacks a key that rows may need", key_ids=list(lacking))
    return LACKING if lacking else OK


def _redis(runtime: Runtime) -> str:
    return _state(runtime.redis.ping, RedisError)


def _state(ask: Callable[[], object], away: type[Exception]) -> str:
    try:
        ask()
    except away:
        return AWAY
    return OK


def _alive(runtime: Runtime) -> frozenset[str]:
    try:
        with runtime.store.read() as tx:
            return heartbeats.list_alive(tx, datetime.now(UTC))
    except Unavailable:
        return frozenset()
