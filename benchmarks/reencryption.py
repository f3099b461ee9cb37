"""A new key over 100,000 rows while the service runs: two threads write texts and questions are asked all the
while, on SQLite and on PostgreSQL.

Reference, measured in the same run: the sealing alone (open and seal the same values, in memory). Also how
long a writer waits meanwhile, at the 99th percentile, beside the same writer with nothing else going on.
"""

from __future__ import annotations

import base64
import shutil
import tempfile
import threading
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

from benchmarks.results import record
from sms_service.services.privacy import reencryption
from sms_service.services.subscribers import person as subscribers
from sms_service.services.texts import messages
from sms_service.services.texts.messages import NewText
from sms_service.store import migrate
from sms_service.store.engine import Store, make_engine
from sms_service.store.vault import Vault
from tests import postgres_server

ROWS, SLICE, WRITERS = 100_000, 2_000, 2
WRITES_A_SECOND = 25  # of each writer
ALONE_SECONDS = 4.0
OLD, NEW = (base64.urlsafe_b64encode(letter * 32).decode() for letter in (b"o", b"n"))
SECRET = "a secret of the benchmarks"


def main() -> None:
    """Measure both databases."""
    folder = Path(tempfile.mkdtemp(prefix="ja-b-"))
    folder.chmod(0o755)
    try:
        _measure("SQLite", f"sqlite:///{folder / 'jalur.sqlite3'}")
        address, stop = postgres_server.start(folder)
        try:
            _measure("PostgreSQL", address.replace("postgresql://", "postgresql+psycopg://", 1))
        finally:
            stop()
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _measure(kind: str, url: str) -> None:
    engine = make_engine(url)
    migrate.upgrade(engine)
    engine.dispose()
    old = Store(url, Vault([OLD], SECRET))
    _fill(old)
    old.close()
    store = Store(url, Vault([NEW, OLD], SECRET))
    alone = _beside(store, lambda: threading.Event().wait(ALONE_SECONDS))
    seconds = [0.0]

    def reencrypt() -> None:
        started = time.perf_counter()
        result = reencryption.reencrypt(store, datetime.now(UTC))
        seconds[0] = time.perf_counter() - started
        assert result.is_complete, result

    beside = _beside(store, reencrypt)
    note = f"{ROWS} rows, {WRITERS * WRITES_A_SECOND} writes/s beside it"
    record("reencryption", f"{kind}: sealed anew", seconds[0], "s", "sealing alone", _sealing(), note)
    record("reencryption", f"{kind}: a writer's p99 meanwhile", beside * 1000, "ms", "alone", alone * 1000)
    store.close()


def _fill(store: Store) -> None:
    now = datetime.now(UTC)
    for start in range(0, ROWS, SLICE):
        with store.transaction() as tx:
            texts = [_text(f"fill:{n}", n, now) for n in range(start, start + SLICE)]
            messages.enqueue_many(tx, texts, now)


def _text(key: str, n: int, now: datetime) -> NewText:
    return NewText(f"+62812{n:08}", f"Acara besok, no. {n}", "info", "bulk", key, now + timedelta(hours=6))


def _sealing() -> float:
    """Seconds to open and seal as many values, with nothing stored."""
    vault = Vault([NEW, OLD], SECRET)
    before = Vault([OLD], SECRET)
    sealed = [before.seal(f"+62812{n:08}") for n in range(SLICE)]
    started = time.perf_counter()
    for _ in range(2 * ROWS // SLICE):  # number and words of each row
        for value in sealed:
            vault.reseal(value)
    return time.perf_counter() - started


def _beside(store: Store, act: Callable[[], object]) -> float:
    """Run `act` while others write; return how long one of their writes takes, at the 99th percentile."""
    done, waits = threading.Event(), list[float]()

    def write(who: int) -> None:
        n = 0
        while not done.wait(1 / WRITES_A_SECOND):
            n += 1
            now, started = datetime.now(UTC), time.perf_counter()
            with store.transaction() as tx:
                messages.enqueue(tx, _text(f"{who}:{n}:{started}", n, now), now)
                subscribers.get_or_create(tx, f"+62813{who}{n:06}", now)
            waits.append(time.perf_counter() - started)

    threads = [threading.Thread(target=write, args=(who,)) for who in range(WRITERS)]
    for thread in threads:
        thread.start()
    try:
        act()
    finally:
        done.set()
        for thread in threads:
            thread.join()
    return sorted(waits)[int(len(waits) * 0.99)]


if __name__ == "__main__":
    main()
