"""Which gateways may be called now, and with how much: one circuit a gateway, shared by all workers.

Closed: full calls. Open, after several failed calls in a row or at once when our account is wrong: none,
but for one text now and then that tries again. Coming back: 1, 2, 4, ... numbers a call until full again.
Kept in Redis; with Redis away every gateway counts as closed, which costs a few calls and no text.
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import Any

from redis import Redis
from redis.exceptions import RedisError

from sms_service.errors import GatewayError, Misconfigured
from sms_service.gateways.base import MAX_BATCH
from sms_service.logs import get_logger
from sms_service.metrics import GATEWAY_ERRORS

log = get_logger(__name__)

FAILURES_TO_OPEN = 5
PROBE_SECONDS = 5.0  # between two tries of a gateway that is away
STOPPED_PROBE_SECONDS = 60.0  # ... of one that refuses our account
_FORGET_SECONDS = 86_400
_FAILURES, _REASON, _SINCE, _SIZE = "failures", "reason", "since", "size"


@dataclass(frozen=True, slots=True)
class Trouble:
    """Why a gateway is not called as usual: it is "away", or "stopped": it refuses our account."""

    state: str
    reason: str = ""
    since: int = 0  # seconds since 1970; 0 for one that is away


class Circuits:
    """Ask `allowance` before a call; tell `succeeded` or `failed` after it."""

    def __init__(
        self,
        redis: Redis,
        probe_seconds: float = PROBE_SECONDS,
        stopped_seconds: float = STOPPED_PROBE_SECONDS,
    ) -> None:
        self._redis = redis
        self._probe_seconds = probe_seconds
        self._stopped_seconds = stopped_seconds
        self._clean: set[str] = set()  # closed and without a failure when we last looked

    def allowance(self, gateway: str) -> int:
        """How many numbers the next call to `gateway` may have; 0: do not call it now."""
        try:
            state = self._state(gateway)
            (self._clean.discard if state else self._clean.add)(gateway)
            if not _is_open(state):
                return int(state.get(_SIZE, MAX_BATCH))
            return 0 if self._redis.exists(_probe(gateway)) else 1
        except RedisError:
            return MAX_BATCH

    def find_trouble(self, gateway: str) -> Trouble | None:
        """What is wrong with `gateway`; None: nothing, or Redis is away and nobody knows."""
        try:
            state = self._state(gateway)
        except RedisError:
            return None
        if not _is_open(state):
            return None
        if _REASON in state:
            return Trouble("stopped", state[_REASON], int(state.get(_SINCE, 0)))
        return Trouble("away")

    def enter(self, gateway: str) -> bool:
        """Just before a call: False when the circuit is open and another worker makes the one try."""
        try:
            state = self._state(gateway)
            if not _is_open(state):
                return True
            pause = self._stopped_seconds if state.get(_REASON) else self._probe_seconds
            return bool(self._redis.set(_probe(gateway), "1", nx=True, px=max(1, int(pause * 1000))))
        except RedisError:
            return True

    def succeeded(self, gateway: str) -> None:
        """A call was answered: close the circuit, step by step where it was open."""
        if gateway in self._clean:
            return  # nothing to take back: spares a question to Redis for each of a thousand calls a second
        try:
            state = self._state(gateway)
            if not state:
                return
            was_open = _is_open(state) or _SIZE in state
            size = int(state.get(_SIZE, 1)) * 2
            if was_open and size < MAX_BATCH:
                self._redis.hset(_key(gateway), _SIZE, str(size))
                return
            self._redis.delete(_key(gateway), _probe(gateway))
            if was_open:
                log.info("gateway works again", gateway=gateway)
        except RedisError as error:
            log.warning("circuit not updated", gateway=gateway, error=type(error).__name__)

    def failed(self, gateway: str, error: GatewayError) -> None:
        """A call as a whole failed. The first time that a circuit opens is logged, and only that."""
        GATEWAY_ERRORS.labels(gateway, type(error).__name__).inc()
        self._clean.discard(gateway)
        key = _key(gateway)
        try:
            failures = int(self._redis.hincrby(key, _FAILURES, 1))
            self._redis.hdel(key, _SIZE)
            self._redis.expire(key, _FORGET_SECONDS)
            if isinstance(error, Misconfigured):
                self._stop(gateway, error)
            elif failures == FAILURES_TO_OPEN:
                self._redis.set(_probe(gateway), "1", px=max(1, int(self._probe_seconds * 1000)))
                log.error("gateway does not answer; trying one text now and then", gateway=gateway)
        except RedisError as away:
            log.warning("circuit not updated", gateway=gateway, error=type(away).__name__)

    def _stop(self, gateway: str, error: Misconfigured) -> None:
        self._redis.set(_probe(gateway), "1", px=max(1, int(self._stopped_seconds * 1000)))
        if self._redis.hsetnx(_key(gateway), _REASON, str(error)[:200]):
            self._redis.hsetnx(_key(gateway), _SINCE, str(int(time.time())))
            log.error(
                "gateway refuses our account; its texts wait, one a minute tries again",
                gateway=gateway,
                reason=str(error)[:200],
            )

    def _state(self, gateway: str) -> dict[str, Any]:
        raw: dict[bytes, bytes] = self._redis.hgetall(_key(gateway))  # type: ignore[assignment]
        return {name.decode(): value.decode() for name, value in raw.items()}


def _key(gateway: str) -> str:
    return f"circuit:{gateway}"


def _probe(gateway: str) -> str:
    return f"circuit:{gateway}:probe"


def _is_open(state: dict[str, Any]) -> bool:
    """Single tries only: it failed, and no try has succeeded since."""
    failed = int(state.get(_FAILURES, 0)) >= FAILURES_TO_OPEN or _REASON in state
    return failed and _SIZE not in state
