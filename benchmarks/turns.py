"""One USSD turn through the real server, real Redis, real engine and real content, 64 connections.

References of the same run: a bare Flask view that answers a constant, and npm's ussd-menu-builder on
express with its session in Redis, each on as many processes. Then the same with 100,000 idle sessions.
Rounds of each are taken in turn and the medians quoted, since a machine's speed drifts.
"""

from __future__ import annotations

import statistics

from redis import Redis

from benchmarks import servers, wrk
from benchmarks.results import record
from benchmarks.servers import Service
from sms_service.settings import redis_socket_path

ROUNDS = 3
IDLE = 100_000


def main() -> None:
    """Measure and record."""
    with servers.service() as ours, servers.bare_flask() as flask:
        path = ours.webhook("ussd")
        turns: list[wrk.Load] = []
        constants: list[wrk.Load] = []
        for n in range(ROUNDS):
            turns.append(wrk.run(ours.port, "turns.lua", path, str(n)))
            constants.append(wrk.run(flask, "turns.lua", "/ussd", str(n)))
        _record_against(turns, "bare Flask view", constants)
        with servers.node(redis_socket_path(ours.var_dir)) as node:
            theirs = [wrk.run(node, "turns.lua", "/ussd", str(n)) for n in range(ROUNDS)]
        _record_against(turns, "ussd-menu-builder, express, Redis", theirs)
        _with_idle_sessions(ours, path)


def _with_idle_sessions(ours: Service, path: str) -> None:
    redis = Redis(unix_socket_path=str(redis_socket_path(ours.var_dir)))
    before = [wrk.run(ours.port, "turns.lua", path, str(10 + n)) for n in range(ROUNDS)]
    sample = next(redis.scan_iter("s:*", count=1000))
    size = len(redis.get(sample) or b"")
    record("turns", "bytes of a session", size, "bytes", "limit", 600)
    _fill(redis, redis.get(sample) or b"")
    after = [wrk.run(ours.port, "turns.lua", path, str(20 + n)) for n in range(ROUNDS)]
    record(
        *("turns", f"turns with {IDLE} idle sessions", _rate(after), "1/s"),
        *("the same without", _rate(before)),
    )


def _fill(redis: Redis, session: bytes) -> None:
    for start in range(0, IDLE, 5000):
        with redis.pipeline(transaction=False) as pipe:
            for n in range(start, start + 5000):
                pipe.set(f"s:idle{n}", session, ex=3600)
            pipe.execute()


def _record_against(turns: list[wrk.Load], name: str, reference: list[wrk.Load]) -> None:
    errors = sum(load.errors for load in turns)
    record("turns", "turns", _rate(turns), "1/s", name, _rate(reference), notes=f"{errors} errors")
    record("turns", "turn p99", _p99(turns), "ms", name, _p99(reference))


def _rate(loads: list[wrk.Load]) -> float:
    return statistics.median(load.per_second for load in loads)


def _p99(loads: list[wrk.Load]) -> float:
    return statistics.median(load.p99_ms for load in loads)
