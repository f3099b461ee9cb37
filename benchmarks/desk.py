"""The desk's pages on PostgreSQL with 1,000,000 texts, 50,000 reports and what goes with them: time of the
server alone for each page, through the whole application, and how many questions it asks the database.

Reference, measured in the same run: one's own account, a page that asks of nothing large.
"""

from __future__ import annotations

import shutil
import statistics
import tempfile
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import NamedTuple

from sqlalchemy import text

from benchmarks.reports import _redis, _settings
from benchmarks.results import record
from sms_service import logs
from sms_service.cli import demo
from sms_service.domain.report_statuses import OUTCOMES
from sms_service.runtime import Runtime, build
from sms_service.store import migrate
from sms_service.store.engine import Store, make_engine
from tests import postgres_server
from tests.furnishing import Furnished, furnish
from tests.web.console.conftest import Browser, Desk
from tests.web.console.queries import MOST, counted

ROWS = {
    "texts": 1_000_000,
    "reports": 50_000,
    "clusters": 2_000,
    "subscribers": 100_000,
    "acts": 200_000,
    "broadcasts": 30,
    "of_each": 20_000,  # texts of a broadcast
}
FIRST_MS, LIST_MS, LOOKS = 200, 300, 5
REFERENCE = "/account"


def main() -> None:
    """Fill, look at every page, say which is over its limit."""
    logs.configure("ERROR", "bench")
    folder = Path(tempfile.mkdtemp(prefix="ja-b-"))
    folder.chmod(0o755)
    try:
        with _redis(folder) as socket:
            address, stop = postgres_server.start(folder)
            try:
                settings = _settings(folder, socket, address)
                engine = make_engine(settings.effective_database_url)
                migrate.upgrade(engine)
                engine.dispose()
                runtime = build(settings)
                _measure(runtime)
                runtime.close()
            finally:
                stop()
    finally:
        shutil.rmtree(folder, ignore_errors=True)


class Looked(NamedTuple):
    """A page: milliseconds in the middle, at worst, and of our own processor's work; questions at most."""

    median: float
    slowest: float
    own: float
    asked: int


def _measure(runtime: Runtime) -> None:
    with runtime.store.transaction() as tx:
        demo.seed(tx, runtime.settings, datetime.now(UTC))
        tx.wakes.clear()
    desk, made = Desk(runtime), furnish(runtime.store, runtime.settings)
    begun = time.perf_counter()
    fill(runtime.store)
    print(f"filled in {time.perf_counter() - begun:.0f} s", flush=True)
    browser = desk.browser("admin")
    reference = _look(runtime.store, browser, REFERENCE).median
    for path, limit in pages(made).items():
        seen = _look(runtime.store, browser, path)
        over = [f"OVER {limit} ms"] if seen.median > limit else []
        over += [f"OVER {MOST} questions"] if seen.asked > MOST else []
        times = f"slowest {seen.slowest:.0f} ms, {seen.own:.0f} ms of own processor, {seen.asked} questions"
        note = "; ".join([times, *over])
        record("desk", f"/console{path}", seen.median, "ms", "own account", reference, note)


def pages(made: Furnished) -> dict[str, int]:
    """What is looked at, and the milliseconds that it may take."""
    ids = made.ids
    lists = (
        *("/reports", "/reports?status=all", "/reports?status=closed", "/reports?district=53.04&overdue=1"),
        *("/reports?after=25000", "/clusters", "/clusters?status=all", "/clusters/suggestions"),
        *("/broadcasts", "/events", "/events?when=past", f"/events/{ids['event_id']}/people"),
        *("/recruiters", "/recruiters?q=contoh", "/recruiters/imports", "/recruiters/misses"),
        *(f"/recruiters/imports/{ids['list_id']}", "/subscribers", "/communities", "/people", "/audit"),
        *("/audit?act=report.list", "/content", "/menus", "/figures", "/system"),
        *(f"/reports/{ids['report_id']}", f"/clusters/{ids['cluster_id']}", f"/events/{ids['event_id']}"),
        *(f"/broadcasts/{made.broadcasts['pause']}", f"/broadcasts/{made.broadcasts['submit']}/approve"),
        *(f"/broadcasts/{made.broadcasts['pause']}/live", "/broadcasts/new"),
    )
    return {"/": FIRST_MS, **dict.fromkeys(lists, LIST_MS)}


def _look(store: Store, browser: Browser, path: str) -> Looked:
    """Look so many times; the first look is not counted, for it reads the lists that a process keeps."""
    milliseconds, own, most = [], [], 0
    for _ in range(LOOKS + 1):
        begun, worked = time.perf_counter(), time.process_time()
        with counted(store) as asked:
            answer = browser.get(path)
        own.append((time.process_time() - worked) * 1000)
        milliseconds.append((time.perf_counter() - begun) * 1000)
        most = max(most, len(asked))
        assert answer.status_code == 200, (path, answer.status_code)
    return Looked(
        statistics.median(milliseconds[1:]), max(milliseconds[1:]), statistics.median(own[1:]), most
    )


def fill(store: Store) -> None:
    """Rows written by the database itself, by the pattern of the ones that stand already."""
    statements = (Path(__file__).parent / "desk.sql").read_text(encoding="utf-8").split(";\n")
    with store.transaction() as tx:
        number, body = tx.vault.seal("+6281200000001"), tx.vault.seal("CONTOH")
        values = {**ROWS, "number": number, "body": body, "outcome": OUTCOMES[0]}
        for statement in filter(str.strip, statements):
            wanted = {name: given for name, given in values.items() if f":{name}" in statement}
            tx.execute(text(statement), wanted)
    with store.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.execute(text("VACUUM ANALYZE"))
