"""Inbound texts stored and acknowledged on SQLite, 64 connections, while the fast worker answers them.

Reference of the same run: the bare Flask view on the same server and as many processes.
"""

from __future__ import annotations

import sqlite3
import statistics

from benchmarks import servers, wrk
from benchmarks.results import record

ROUNDS = 3
SECONDS = 5


def main() -> None:
    """Measure and record; every acknowledged text must be a row."""
    with servers.service() as ours, servers.bare_flask() as flask:
        path = ours.webhook("sms")
        loads = [wrk.run(ours.port, "inbound.lua", path, str(n), seconds=SECONDS) for n in range(ROUNDS)]
        bare = [wrk.run(flask, "inbound.lua", "/ussd", str(n), seconds=SECONDS) for n in range(ROUNDS)]
        with sqlite3.connect(ours.var_dir / "jalur.sqlite3") as database:
            rows = database.execute("SELECT count(*) FROM inbound_messages").fetchone()[0]
    acknowledged = sum(load.requests for load in loads)
    errors = sum(load.errors for load in loads)
    rate = statistics.median(load.per_second for load in loads)
    bare_rate = statistics.median(load.per_second for load in bare)
    notes = f"{errors} errors; {rows} rows for {acknowledged} acknowledged"
    record("inbound", "texts stored and acknowledged", rate, "1/s", "bare Flask view", bare_rate, notes)
    p99 = statistics.median(load.p99_ms for load in loads)
    record("inbound", "text in p99", p99, "ms", "bare Flask view", statistics.median(x.p99_ms for x in bare))
    if rows < acknowledged:
        raise SystemExit(f"{acknowledged - rows} texts were acknowledged and are not stored")
