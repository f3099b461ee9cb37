"""The way of a text out, at 100,000 rows, on SQLite and on PostgreSQL: written, drained by two workers
through a gateway double with 20 ms latency in a process of its own, and drained when every text differs.

References, measured in the same run: for writing, the same rows sealed beforehand and put in by the bare
driver; for draining, the same calls made by the same number of threads with no database behind them.
"""

from __future__ import annotations

import base64
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
import urllib.request
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

from sqlalchemy import insert

from benchmarks.results import record
from benchmarks.servers import ROOT
from sms_service import embedded_redis
from sms_service.gateways.africastalking import AfricasTalking
from sms_service.gateways.base import MAX_BATCH, OutboundSms
from sms_service.services.texts import messages
from sms_service.services.texts.messages import NewText
from sms_service.settings import Settings, load
from sms_service.store import migrate
from sms_service.store.engine import Store, make_engine
from sms_service.store.models import Broadcast, Staff
from sms_service.store.vault import Vault
from tests import postgres_server
from workers.in_flight import CALLS_AT_ONCE

ROWS, DIFFERENT, SLICE, LATENCY, WORKERS = 100_000, 5_000, 2_000, 0.02, 2
BODY = "Jalur Aman: acara penyuluhan besok jam 9.00 di Atambua. Balas DAFTAR 1230 untuk ikut."


def main() -> None:
    """Measure both databases."""
    folder = Path(tempfile.mkdtemp(prefix="ja-b-"))
    folder.chmod(0o755)
    try:
        _measure(folder, "SQLite", f"sqlite:///{folder / 'jalur.sqlite3'}")
        address, stop = postgres_server.start(folder)
        try:
            _measure(folder, "PostgreSQL", address.replace("postgresql://", "postgresql+psycopg://", 1))
        finally:
            stop()
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _measure(folder: Path, kind: str, url: str) -> None:
    engine = make_engine(url)
    migrate.upgrade(engine)
    engine.dispose()
    with _redis(folder) as socket, _gateway() as address:
        environment = {
            "SECRET_KEY": "a secret of the benchmarks",
            "DATA_KEY": base64.urlsafe_b64encode(b"b" * 32).decode(),
            "WEBHOOK_TOKEN": "benchmark-token-0001",
            "VAR_DIR": str(folder),
            "DATABASE_URL": url,
            "REDIS_URL": f"unix://{socket}",
            "QUIET_HOURS": "",
            "QUIET_SUNDAY": "",
            "SMS_GATEWAY": "africastalking",
            "AFRICASTALKING_USERNAME": "bench",
            "AFRICASTALKING_API_KEY": "bench",
            "AFRICASTALKING_BASE_URL": address,
            "LOG_LEVEL": "ERROR",
        }
        settings = load(environment)
        store = Store(settings.effective_database_url, Vault(settings.data_key, settings.secret_key))
        _write(store, kind)
        calls = _calls_alone(settings)
        _make_broadcast(store)
        rate, memory = _drain(store, environment, ROWS)
        note = f"{WORKERS} workers, {LATENCY * 1000:.0f} ms, {memory:.0f} MB a worker"
        note += f", load of the machine {os.getloadavg()[0]:.1f}"
        record("outbox", f"{kind}: drained, a broadcast", rate, "texts/s", "calls alone", calls, note)
        _fill(store, DIFFERENT, lambda n: f"{BODY} No. {n}")
        rate, _ = _drain(store, environment, DIFFERENT)
        alone = _calls_alone(settings, 1)
        record("outbox", f"{kind}: drained, all bodies differ", rate, "texts/s", "calls alone", alone)
        store.close()


def _write(store: Store, kind: str) -> None:
    """100,000 rows by enqueue_many, and the same rows again by the driver."""
    seconds = _fill(store, ROWS, lambda n: BODY)
    with store.read() as tx:
        columns = [column for column in messages.TABLE.c if column.name != "id"]
        rows = [dict(row._mapping) for row in tx.execute(messages.TABLE.select().with_only_columns(*columns))]
    with store.transaction() as tx:
        tx.execute(messages.TABLE.delete())
    started = time.perf_counter()
    for start in range(0, ROWS, SLICE):
        with store.transaction() as tx:
            tx.execute(insert(messages.TABLE), rows[start : start + SLICE])
    bare = ROWS / (time.perf_counter() - started)
    record("outbox", f"{kind}: written", ROWS / seconds, "rows/s", "sealed beforehand", bare, f"{ROWS} rows")


def _fill(store: Store, rows: int, body: Callable[[int], str]) -> float:
    """Write due texts; return the seconds that it took."""
    now, run = datetime.now(UTC), time.time_ns()
    started = time.perf_counter()
    for start in range(0, rows, SLICE):
        texts = [
            NewText(f"+62812{n:08}", body(n), "info", "bulk", f"{run}:{n}", now + timedelta(hours=6))
            for n in range(start, min(start + SLICE, rows))
        ]
        with store.transaction() as tx:
            messages.enqueue_many(tx, texts, now)
    return time.perf_counter() - started


def _drain(store: Store, environment: dict[str, str], rows: int) -> tuple[float, float]:
    """Let two workers and a scheduler send all; return texts a second, and the fattest worker's MB."""
    before = _sent(store)
    given = {**os.environ, **environment}
    log = "import sys; from sms_service import logs, settings; logs.configure('ERROR', 'bench');"
    code = f"{log} from workers import run; run.work(settings.load(), 'bulk')"
    scheduler = f"{log} from workers import schedule; schedule.schedule(settings.load())"
    programs = [
        subprocess.Popen([sys.executable, "-c", source], cwd=ROOT, env=given)
        for source in (*[code] * WORKERS, scheduler)
    ]
    try:
        _wait(lambda: _sent(store) > before)  # starting the processes is not what is measured
        started, first = time.perf_counter(), _sent(store)
        _wait(lambda: _sent(store) >= before + rows)
        rate = (before + rows - first) / (time.perf_counter() - started)
        return rate, max(_memory(program.pid) for program in programs[:WORKERS])
    finally:
        for program in programs:
            program.send_signal(signal.SIGTERM)
        for program in programs:
            program.wait(60)


def _make_broadcast(store: Store) -> None:
    """Put all that waits behind the gate of a broadcast that runs."""
    now = datetime.now(UTC)
    with store.transaction() as tx:
        staff = Staff(name="bench", role="officer", password_hash="x", is_active=True, created_at=now)
        tx.add(staff)
        tx.flush()
        row = Broadcast(
            kind="info", text_id=BODY, audience={}, status="running", author_id=staff.id, fan_out_done=True,
            recipients=ROWS, started_at=now, created_at=now, updated_at=now,
        )  # fmt: skip
        tx.add(row)
        tx.flush()
        tx.execute(messages.TABLE.update().values(broadcast_id=row.id, wave=1))


def _calls_alone(settings: Settings, batch: int = MAX_BATCH) -> float:
    """Texts a second when the same calls are made, by one process with nothing else to do."""
    gateway, calls = AfricasTalking(settings), 200 if batch > 1 else 2000
    numbers = [f"+62812{n:08}" for n in range(batch)]
    started = time.perf_counter()
    with ThreadPoolExecutor(WORKERS * 4 if batch > 1 else CALLS_AT_ONCE) as pool:
        list(pool.map(lambda n: gateway.send(OutboundSms(numbers, BODY, f"alone-{n}")), range(calls)))
    return calls * batch / (time.perf_counter() - started)


def _sent(store: Store) -> int:
    with store.read() as tx:
        return messages.count_by_status(tx)["sent"]


def _wait(done: Callable[[], bool], seconds: float = 600) -> None:
    deadline = time.monotonic() + seconds
    while not done():
        if time.monotonic() > deadline:
            raise TimeoutError("the workers did not send everything")
        threading.Event().wait(0.2)


def _memory(pid: int) -> float:
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    return float(next(line.split()[1] for line in lines if line.startswith("VmHWM"))) / 1024


@contextmanager
def _redis(folder: Path) -> Iterator[Path]:
    socket, data = folder / "redis.sock", folder / "redis"
    embedded_redis.prepare(socket, data)
    with subprocess.Popen(embedded_redis.command(socket, data), stdout=subprocess.DEVNULL) as server:
        embedded_redis.wait_until_ready(socket)
        try:
            yield socket
        finally:
            server.terminate()


@contextmanager
def _gateway() -> Iterator[str]:
    command = [sys.executable, "-m", "tests.doubles.gateway_server", "--latency", str(LATENCY)]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as server:
        assert server.stdout
        address = server.stdout.readline().strip()
        urllib.request.urlopen(address.replace("/version1", "/ledger"), timeout=10).close()
        try:
            yield address
        finally:
            server.send_signal(signal.SIGINT)


if __name__ == "__main__":
    main()
