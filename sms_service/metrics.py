"""Prometheus metrics, declared in one place. Labels never hold personal data.

Counters and histograms are shared by all processes of one machine through the directory in
PROMETHEUS_MULTIPROC_DIR (set by `run`, `serve`, `work`, `schedule`); gauges that describe the
whole service (queue depth, age of the oldest due text) are read when /metrics is asked.
"""

from __future__ import annotations

from prometheus_client import REGISTRY, CollectorRegistry, Counter, Histogram, multiprocess
from prometheus_client.values import MutexValue, ValueClass

# Carried over from each process once a second (ussd_sessions/behind.py).
TURNS = Counter("jalur_ussd_turns_total", "USSD turns answered", ["node", "outcome"])
TURN_SECONDS = Histogram(
    "jalur_ussd_turn_seconds",
    "Time to answer one USSD turn",
    buckets=(0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2, 5),
)
MO = Counter("jalur_mo_total", "Inbound texts", ["gateway", "outcome"])
MT = Counter("jalur_mt_total", "Outbound texts by final step here", ["gateway", "lane", "outcome"])
MT_SEGMENTS = Counter("jalur_mt_segments_total", "Segments handed to a gateway", ["gateway", "lane"])
DELIVERY_REPORTS = Counter("jalur_delivery_reports_total", "Delivery reports", ["gateway", "status"])
GATEWAY_ERRORS = Counter("jalur_gateway_errors_total", "Gateway calls that failed", ["gateway", "error"])
GATEWAY_SECONDS = Histogram("jalur_gateway_call_seconds", "Time of one gateway call", ["gateway"])
LOOKUPS = Counter("jalur_recruiter_lookups_total", "Recruiter look-ups", ["outcome"])
SWEPT = Counter("jalur_swept_rows_total", "Stuck rows that a sweep put right", ["sweep"])
HTTP = Counter("jalur_http_requests_total", "HTTP requests but USSD turns", ["endpoint", "status"])
DEGRADED = Counter("jalur_degraded_total", "Answers given without a part that was away", ["part"])


def shared() -> CollectorRegistry:
    """What all processes of this machine have counted together; where they share nothing: this one alone."""
    if ValueClass is MutexValue:
        return REGISTRY
    registry = CollectorRegistry()
    multiprocess.MultiProcessCollector(registry)  # type: ignore[no-untyped-call]
    return registry


def totals(counter: Counter, *labels: str) -> dict[tuple[str, ...], int]:
    """What a counter of ours stands at, over all processes of this machine, by the values of `labels`."""
    name = next(iter(counter.describe())).name
    return {
        tuple(sample.labels[label] for label in labels): int(sample.value)
        for metric in shared().collect()
        if metric.name == name
        for sample in metric.samples
        if sample.name.endswith("_total") and sample.value
    }
