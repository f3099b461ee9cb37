"""`/healthz` (the process lives), `/readyz` (can it do its work?), `/metrics` (Prometheus).

Asked by supervisors, load balancers and Prometheus. Names parts, never addresses or secrets.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, datetime

from flask import Blueprint, Response, jsonify
from prometheus_client import CONTENT_TYPE_LATEST, REGISTRY, CollectorRegistry, generate_latest, multiprocess
from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.registry import Collector
from prometheus_client.values import MutexValue, ValueClass
from redis.exceptions import RedisError

from sms_service.circuits import Circuits
from sms_service.errors import Unavailable
from sms_service.logs import get_logger
from sms_service.queues import LANES
from sms_service.runtime import Runtime
from sms_service.services import backlog, data_keys, heartbeats, inbound

log = get_logger(__name__)

OK, AWAY, SILENT = "ok", "away", "silent"
LACKING = "lacking"  # DATA_KEY lacks a key that rows may need


def blueprint(runtime: Runtime) -> Blueprint:
    """The three pages."""
    health = Blueprint("health", __name__)

    @health.get("/healthz")
    def healthz() -> Response:
        return Response("ok\n", mimetype="text/plain")

    @health.get("/readyz")
    def readyz() -> Response:
        parts = readiness(runtime)
        ready = all(state == OK for state in parts.values())
        answered = jsonify({"ready": ready, **parts, **_gateways_in_trouble(runtime)})
        answered.status_code = 200 if ready else 503
        answered.headers["Cache-Control"] = "no-store"
        return answered

    @health.get("/metrics")
    def metrics() -> Response:
        return Response(_shared_metrics() + _own_metrics(runtime), content_type=CONTENT_TYPE_LATEST)

    return health


def readiness(runtime: Runtime) -> dict[str, str]:
    """The state of each part: "ok", "away" (does not answer), "silent" (no sign of life for 30 seconds),
    "lacking" (of keys: rows may need one that DATA_KEY does not hold)."""
    parts = {"database": _database(runtime), "redis": _redis(runtime)}
    alive = _alive(runtime) if parts["database"] == OK else frozenset()
    parts["workers"] = OK if all(heartbeats.worker(lane) in alive for lane in LANES) else SILENT
    parts["scheduler"] = OK if heartbeats.SCHEDULER in alive else SILENT
    parts["keys"] = _keys(runtime) if parts["database"] == OK else AWAY
    parts["menu"] = OK if runtime.menu.nodes else AWAY
    return parts


def _gateways_in_trouble(runtime: Runtime) -> dict[str, dict[str, str]]:
    """Gateways that are not called as usual, and why. For people: callers are served without them too."""
    circuits = Circuits(runtime.redis)
    found = {gateway.name: circuits.find_trouble(gateway.name) for gateway in runtime.senders}
    said = {name: f"{it.state}: {it.reason}" if it.reason else it.state for name, it in found.items() if it}
    return {"gateways": said} if said else {}


def _database(runtime: Runtime) -> str:
    return _state(runtime.store.check, Unavailable)


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


def _shared_metrics() -> bytes:
    """What all processes of this machine have counted together."""
    if ValueClass is MutexValue:  # this process counts for itself
        return generate_latest(REGISTRY)
    registry = CollectorRegistry()
    multiprocess.MultiProcessCollector(registry)  # type: ignore[no-untyped-call]
    return generate_latest(registry)


def _own_metrics(runtime: Runtime) -> bytes:
    registry = CollectorRegistry()
    registry.register(Waiting(runtime))
    return generate_latest(registry)


class Waiting(Collector):
    """What waits, asked when somebody looks; a part that is away leaves its figures out."""

    def __init__(self, runtime: Runtime) -> None:
        self._runtime = runtime

    def collect(self) -> Iterator[Metric]:
        """Queue depths, texts that wait and the age of the oldest, by lane."""
        try:
            depth = GaugeMetricFamily("jalur_queue_depth", "Wake-up calls that wait", labels=["lane"])
            for lane, count in self._runtime.queues.depths().items():
                depth.add_metric([lane], count)
            yield depth
        except RedisError:
            log.warning("queue depths not read: redis is away")
        usable = GaugeMetricFamily("jalur_gateway_usable", "1: called as usual", labels=["gateway"])
        circuits = Circuits(self._runtime.redis)
        for gateway in self._runtime.senders:
            usable.add_metric([gateway.name], 0 if circuits.find_trouble(gateway.name) else 1)
        yield usable
        try:
            yield from self._rows()
        except Unavailable:
            log.warning("waiting rows not read: the database is away")

    def _rows(self) -> Iterator[Metric]:
        now = self._runtime.clock.now()
        with self._runtime.store.read() as tx:
            waiting = backlog.count_waiting(tx, now)
            oldest = inbound.oldest_due(tx)
        rows = GaugeMetricFamily(
            "jalur_messages", "Texts out that are not settled", labels=["lane", "status"]
        )
        age = GaugeMetricFamily("jalur_oldest_due_seconds", "Age of the oldest due row", labels=["kind"])
        for lane, figures in waiting.items():
            rows.add_metric([lane, "queued"], figures.queued)
            rows.add_metric([lane, "sending"], figures.sending)
            age.add_metric([f"mt_{lane}"], figures.oldest_due_seconds)
        age.add_metric(["mo"], max((now - oldest).total_seconds(), 0) if oldest else 0)
        yield rows
        yield age
