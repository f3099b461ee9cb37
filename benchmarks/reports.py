"""Reports at 10,000 that are there already, on SQLite and on PostgreSQL: filed end to end by two processes of
four threads each, as the web serves them (limits in Redis, slow hash of the PIN, report, draft and wake-up in
one commit); and the status of one looked up by code and PIN.

References, measured in the same run: the slow hash alone, by as many threads; and its check alone.
"""

from __future__ import annotations

import base64
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

from redis import Redis

from benchmarks.results import record
from benchmarks.servers import ROOT
from sms_service import embedded_redis, logs
from sms_service.domain.report_answers import Answers
from sms_service.errors import NotFound
from sms_service.services.reports import drafts as report_drafts
from sms_service.services.reports import filing as reports
from sms_service.services.reports import pins, receipts
from sms_service.settings import Settings, load
from sms_service.store import migrate
from sms_service.store.engine import Store, make_engine
from sms_service.store.vault import Vault
from tests import postgres_server

THERE, FILED, PROCESSES, THREADS, LOOKED_UP = 10_000, 600, 2, 4, 300
PIN = "2460"


def main() -> None:
    """Measure both databases."""
    logs.configure("ERROR", "bench")
    folder = Path(tempfile.mkdtemp(prefix="ja-b-"))
    folder.chmod(0o755)
    try:
        with _redis(folder) as socket:
            _measure(_settings(folder, socket, f"sqlite:///{folder / 'jalur.sqlite3'}"), "SQLite")
            address, stop = postgres_server.start(folder)
            try:
                _measure(_settings(folder, socket, address), "PostgreSQL")
            finally:
                stop()
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _settings(folder: Path, socket: Path, url: str) -> Settings:
    return load(
        {
            "SECRET_KEY": "a secret of the benchmarks",
            "DATA_KEY": base64.urlsafe_b64encode(b"b" * 32).decode(),
            "WEBHOOK_TOKEN": "benchmark-token-0001",
            "VAR_DIR": str(folder),
            "DATABASE_URL": url,
            "REDIS_URL": f"unix://{socket}",
        }
    )


def _measure(settings: Settings, kind: str) -> None:
    engine = make_engine(settings.effective_database_url)
    migrate.upgrade(engine)
    engine.dispose()
    store = _store(settings)
    code = _fill(store, settings)
    rate, slowest, work = _file_by_processes(settings)
    times = f"p99 {slowest * 1000:.0f} ms, {work * 1000:.1f} ms of processor each"
    note = f"{PROCESSES} processes of {THREADS} threads, {times}, {THERE} there already"
    record("reports", f"{kind}: filed", rate, "reports/s", "slow hash alone", _hashes(settings), note)
    right = _look_up(store, code, PIN)
    wrong = _look_up(store, code, "1357")
    note = f"p99 {right[1]:.1f} ms; refused for a wrong PIN: median {wrong[0]:.1f} ms"
    record(
        "reports",
        f"{kind}: status looked up, median",
        right[0],
        "ms",
        "check alone",
        _check_alone(store),
        note,
    )
    store.close()


def _fill(store: Store, settings: Settings) -> str:
    """Write reports by the same code, with one hash for all of them; return one's code."""
    now, ready, code = datetime.now(UTC), pins.prepare(store.vault, "-", PIN), ""
    for start in range(0, THERE, 500):
        with store.transaction() as tx:
            for n in range(start, start + 500):
                given = (f"old-{n}", _answers(n), f"+62812{n:08}", "id", "ussd", now, settings, ready)
                receipt = reports.file_report(tx, *given)
                code = receipt.code if receipt else code
            tx.wakes.clear()
    return code


def _file_by_processes(settings: Settings) -> tuple[float, float, float]:
    """Reports a second; seconds of the 99th percentile, and of a processor's work in ours, for one filing."""
    command = [sys.executable, "-m", "benchmarks.reports", settings.database_url, settings.redis_url]
    workers = [
        subprocess.Popen(
            [*command, str(settings.var_dir), str(n)],
            cwd=ROOT,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        for n in range(PROCESSES)
    ]
    for worker in workers:
        assert worker.stdout
        worker.stdout.readline()  # ready: starting is not what is measured
    started = time.perf_counter()
    for worker in workers:
        assert worker.stdin
        worker.stdin.write("go\n")
        worker.stdin.flush()
    said = [worker.communicate(timeout=600)[0].split() for worker in workers]
    rate = PROCESSES * FILED / (time.perf_counter() - started)
    return rate, max(float(words[0]) for words in said), statistics.mean(float(words[1]) for words in said)


def _work(url: str, redis_url: str, folder: str, seed: str) -> None:
    """One process of the web: files its share, and says how long the slowest of a hundred took."""
    logs.configure("ERROR", "bench")
    settings = _settings(Path(folder), Path(redis_url.removeprefix("unix://")), url)
    store, redis = _store(settings), Redis.from_url(redis_url)
    now, tokens = datetime.now(UTC), []
    for n in range(FILED):  # one by one: the other process does the same, and waits a second at most
        with store.transaction() as tx:
            caller = tx.vault.number_hash(f"+6281{seed}{n:08}")
            tokens.append(report_drafts.save(tx, caller, _answers(n), "id", "ussd", now).token)

    def file(n: int) -> float:
        begun = time.perf_counter()
        where = (f"+6281{seed}{n:08}", "id", "ussd", now, redis)
        reports.confirm(store, settings, tokens[n], _answers(n), *where)
        return time.perf_counter() - begun

    print("ready", flush=True)
    sys.stdin.readline()
    worked = time.process_time()
    with ThreadPoolExecutor(THREADS) as pool:
        seconds = sorted(pool.map(file, range(FILED)))
    print(seconds[int(len(seconds) * 0.99)], (time.process_time() - worked) / FILED, flush=True)


def _look_up(store: Store, code: str, pin: str) -> tuple[float, float]:
    """Median and 99th percentile in milliseconds; a day between two tries, so that nothing locks."""
    day, milliseconds = 86_400, []
    for n in range(LOOKED_UP):
        now = datetime.fromtimestamp(1_800_000_000 + 2 * day * n, UTC)
        begun = time.perf_counter()
        try:
            receipts.look_up(store, code, pin, f"caller-{n}", now)
        except NotFound:
            assert pin != PIN
        milliseconds.append((time.perf_counter() - begun) * 1000)
    return statistics.median(milliseconds), sorted(milliseconds)[int(LOOKED_UP * 0.99)]


def _hashes(settings: Settings) -> float:
    """Slow hashes a second by as many threads as file reports; they leave the interpreter's lock."""
    vault, many = Vault(settings.data_key, settings.secret_key), 600
    started = time.perf_counter()
    with ThreadPoolExecutor(PROCESSES * THREADS) as pool:
        list(pool.map(lambda n: pins.prepare(vault, str(n), ""), range(many)))
    return many / (time.perf_counter() - started)


def _check_alone(store: Store) -> float:
    hashed = pins.prepare(store.vault, "-", PIN).hashed
    milliseconds = []
    for _ in range(100):
        begun = time.perf_counter()
        pins.is_right(store.vault, hashed, PIN)
        milliseconds.append((time.perf_counter() - begun) * 1000)
    return statistics.median(milliseconds)


def _answers(n: int) -> Answers:
    return Answers(
        modi=("advance", "visa"),
        recruiter_name=f"Pak Contoh {n}",
        recruiter_phone=f"+62811{n:08}",
        district="53.04",
        place="Desa Contoh",
        destination="my",
        story="Uang muka untuk orang tua, berangkat minggu depan lewat Nunukan.",
        contact="anonymous",
    )


def _store(settings: Settings) -> Store:
    return Store(settings.effective_database_url, Vault(settings.data_key, settings.secret_key))


@contextmanager
def _redis(folder: Path) -> Iterator[Path]:
    socket, data = folder / "redis.sock", folder / "redis"
    embedded_redis.prepare(socket, data)
    with subprocess.Popen(embedded_redis.command(socket, data), stdout=subprocess.DEVNULL) as server:
        try:
            embedded_redis.wait_until_ready(socket)
            yield socket
        finally:
            server.terminate()


if __name__ == "__main__":
    if len(sys.argv) > 1:
        _work(*sys.argv[1:])
    else:
        main()
