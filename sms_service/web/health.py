"""`/healthz` (the process lives), `/readyz` (can it do its work?), `/metrics` (Prometheus).

Asked by supervisors, load balancers and Prometheus. Names parts, never addresses or secrets.
"""

from __future__ import annotations

from collections.abc import Iterator

from flask import Blueprint, Response, jsonify
from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, generate_latest
from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.registry import Collector
from redis.exceptions import RedisError

from sms_service.domain.quiet_hours import release_at
from sms_service.errors import Unavailable
from sms_service.logs import get_logger
from sms_service.metrics import shared
from sms_service.runtime import Runtime
from sms_service.services.operation import readiness
from sms_service.services.texts import backlog, inbox

log = get_logger(__name__)


def blueprint(runtime: Runtime) -> Blueprint:
    """The three pages."""
    health = Blueprint("health", __name__)

    @health.get("/healthz")
    def healthz() -> Response:
        return Response("ok\n", mimetype="text/plain")

    @health.get("/readyz")
    def readyz() -> Response:
        parts = readiness.check(runtime)
        ready = all(state == readiness.OK for state in parts.values())
        answered = jsonify({"ready": ready, **parts, **_gateways_in_trouble(runtime)})
        answered.status_code = 200 if ready else 503
        answered.headers["Cache-Control"] = "no-store"
        return answered

    @health.get("/metrics")
    def metrics() -> Response:
        return Response(generate_latest(shared()) + _own_metrics(runtime), content_type=CONTENT_TYPE_LATEST)

    return health


def _gateways_in_trouble(runtime: Runtime) -> dict[str, dict[str, str]]:
    """Gateways that are not called as usual, and why. For people: callers are served without them too."""
    found = readiness.gateways(runtime)
    said = {name: f"{it.state}: {it.reason}" if it.reason else it.state for name, it in found.items() if it}
    return {"gateways": said} if said else {}


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
        for name, trouble in readiness.gateways(self._runtime).items():
            usable.add_metric([name], 0 if trouble else 1)
        yield usable
        try:
            yield from self._rows()
        except Unavailable:
            log.warning("waiting rows not read: the database is away")

    def _rows(self) -> Iterator[Metric]:
        now, settings = self._runtime.clock.now(), self._runtime.settings
        quiet = release_at(now, settings.zone, settings.quiet_hours, settings.quiet_sunday) is not None
        with self._runtime.store.read() as tx:
            waiting = backlog.count_waiting(tx, now, quiet)
            oldest = inbox.oldest_due(tx)
        rows = GaugeMetricFamily(
            "jalur_messages",
            "Texts out that wait (20,000: so many or more)",
            labels=["lane", "status"],
        )
        age = GaugeMetricFamily("jalur_oldest_due_seconds", "Age of the oldest due row", labels=["kind"])
        for lane, figures in waiting.items():
            rows.add_metric([lane, "queued"], figures.queued)
            rows.add_metric([lane, "sending"], figures.sending)
            age.add_metric([f"mt_{lane}"], figures.oldest_due_seconds)
        age.add_metric(["mo"], max((now - oldest).total_seconds(), 0) if oldest else 0)
        yield rows
        yield age
