"""Preview and fan-out of a broadcast to 100,000 subscribers, on SQLite and on PostgreSQL: equal bodies per
language and district, and every body different by name.

References, measured in the same run: for the preview, opening the same numbers with nothing else done; for
the fan-out, the same rows put in by the bare driver in slices of the same size.
"""

from __future__ import annotations

import base64
import shutil
import tempfile
import threading
import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

from sqlalchemy import insert, select, text

from benchmarks.results import record
from menus.loader import load_menu
from sms_service.services.broadcasts import (
    life as broadcasts,
)
from sms_service.services.broadcasts import (
    preview as broadcast_preview,
)
from sms_service.services.broadcasts import (
    sending as broadcast_sending,
)
from sms_service.services.broadcasts.audience import SUBSCRIBERS, Audience
from sms_service.services.broadcasts.life import BroadcastFields
from sms_service.services.broadcasts.texts import Words
from sms_service.services.staff.accounts import Person
from sms_service.services.texts import messages
from sms_service.settings import Settings, load
from sms_service.store import migrate
from sms_service.store.engine import Store, make_engine
from sms_service.store.models import Broadcast, Staff
from sms_service.store.vault import Vault
from tests import postgres_server
from workers.broadcasts import BREATH_SECONDS

PEOPLE, SLICE = 100_000, 2_000
DISTRICTS = ("53.01", "53.04", "53.05", "53.11", "53.21", None)
FIRST = [
    "Maria",
    "Yohanes",
    "José",
    "Agustinus",
    "Fransiska",
    "Petrus",
    "Theresia",
    "Dominggus",
    "Kornelia",
    "Siti",
]
LAST = ["Tallo", "Bere", "Nahak", "Seran", "Manafe", "Fernandez", "Lay", "Djawa", "Ximenes", "Rihi"]
EQUAL = "Awas: agen palsu di {kabupaten}. Jangan bayar. Tanya {kantor} dulu, kirim CEK ke {layanan}."
BY_NAME = "Halo {nama}, awas: agen palsu di {kabupaten}. Jangan bayar. Tanya {kantor} dulu."


def main() -> None:
    """Measure both databases."""
    folder = Path(tempfile.mkdtemp(prefix="ja-b-"))
    folder.chmod(0o755)
    try:
        _measure("SQLite", f"sqlite:///{folder / 'jalur.sqlite3'}", folder)
        address, stop = postgres_server.start(folder)
        try:
            _measure("PostgreSQL", address.replace("postgresql://", "postgresql+psycopg://", 1), folder)
        finally:
            stop()
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _measure(kind: str, url: str, folder: Path) -> None:
    engine = make_engine(url)
    migrate.upgrade(engine)
    engine.dispose()
    settings = load(
        {
            "SECRET_KEY": "a secret of the benchmarks",
            "DATA_KEY": base64.urlsafe_b64encode(b"b" * 32).decode(),
            "WEBHOOK_TOKEN": "benchmark-token-0001",
            "VAR_DIR": str(folder),
            "DATABASE_URL": url,
            "SMS_SEGMENT_PRICE": "350",
        }
    )
    store = Store(settings.effective_database_url, Vault(settings.data_key, settings.secret_key))
    writer = _fill(store)
    words = Words.of(settings, load_menu())
    opening = _seconds(lambda: _open_all(store))
    for what, body in (("equal bodies", EQUAL), ("by name", BY_NAME)):
        fields = BroadcastFields("warning", body, audience=Audience())
        seconds = _seconds(lambda fields=fields: _preview(store, fields, words, settings))
        note = f"{PEOPLE} recipients"
        record("broadcasts", f"{kind}: preview, {what}", seconds, "s", "opening numbers", opening, note)
        seconds, longest, commits = _fan_out(store, fields, writer, words, settings)
        judged = _seconds(lambda: _judge(store, settings))
        bare = _bare(store)
        note = f"{PEOPLE} texts, longest slice {longest * 1000:.0f} ms; another writer meanwhile: {commits}"
        record("broadcasts", f"{kind}: fan-out, {what}", seconds, "s", "bare driver", bare, note)
        record("broadcasts", f"{kind}: judged once, {what}", judged * 1000, "ms", "a tick", 1000, note)
        _empty(store)
    store.close()


def _judge(store: Store, settings: Settings) -> None:
    with store.read() as tx:
        last = select(Broadcast.id).order_by(Broadcast.id.desc()).limit(1)
        broadcast_sending.next_move(tx, tx.scalars(last).one(), settings, datetime.now(UTC))


def _fill(store: Store) -> Person:
    now = datetime.now(UTC)
    for start in range(0, PEOPLE, SLICE):
        with store.transaction() as tx:
            vault = tx.vault
            rows = [
                {
                    "number_hash": vault.number_hash(f"+62812{n:08}"),
                    "number_sealed": vault.seal(f"+62812{n:08}"),
                    "language": "id",
                    "district": DISTRICTS[n % len(DISTRICTS)],
                    "name_sealed": vault.seal(f"{FIRST[n % 10]} {LAST[n // 10 % 10]} {n}") if n % 5 else None,
                    "warnings_on": True,
                    "news_on": True,
                    "reminders_on": True,
                    "created_at": now,
                    "updated_at": now,
                }
                for n in range(start, start + SLICE)
            ]
            tx.execute(insert(SUBSCRIBERS), rows)
    with store.transaction() as tx:
        for name in ("author", "second"):
            tx.add(Staff(name=name, role="approver", password_hash="-", is_active=True, created_at=now))
        tx.flush()
        if tx.is_postgres:
            tx.execute(text("ANALYZE"))
    return Person(1, "author", "approver", 1, now)


def _preview(store: Store, fields: BroadcastFields, words: Words, settings: Settings) -> None:
    with store.read() as tx:
        seen = broadcast_preview.preview(tx, fields, words, settings, datetime.now(UTC))
    assert seen.recipients == PEOPLE


def _open_all(store: Store) -> None:
    with store.read() as tx:
        for sealed in tx.scalars(select(SUBSCRIBERS.c.number_sealed)):
            tx.vault.open(sealed)


def _fan_out(
    store: Store, fields: BroadcastFields, writer: Person, words: Words, settings: Settings
) -> tuple[float, float, str]:
    """Seconds for all, for the longest step, and how another writer fared meanwhile."""
    second = Person(2, "second", "approver", 2, None)
    now = datetime.now(UTC)
    with store.transaction() as tx:
        one = broadcasts.create_draft(tx, writer, fields, now)
        broadcasts.submit(tx, one.id, writer, now)
        broadcasts.approve(tx, one.id, second, now)
        broadcast_id = one.id
    waits: list[float] = []
    done = threading.Event()
    other = threading.Thread(target=_write_beside, args=(store, done, waits))
    other.start()
    began, longest, more = time.perf_counter(), 0.0, True
    while more:
        step = time.perf_counter()
        with store.transaction() as tx:
            more = broadcast_sending.work(tx, words, settings, datetime.now(UTC))
        done.wait(BREATH_SECONDS)
        longest = max(longest, time.perf_counter() - step)
    seconds = time.perf_counter() - began
    done.set()
    other.join()
    with store.read() as tx:
        one = broadcasts.get_broadcast(tx, broadcast_id)
        assert (one.recipients, one.canary_size) == (PEOPLE, PEOPLE // 100)
    worst = sorted(waits)[int(len(waits) * 0.99)] * 1000
    return seconds, longest, f"p99 {worst:.0f} ms of {len(waits)}"


def _write_beside(store: Store, done: threading.Event, waits: list[float]) -> None:
    """Small commits, as the fast lane makes them."""
    while not done.wait(0.02):
        began = time.perf_counter()
        with store.transaction() as tx:
            tx.execute(text("UPDATE staff SET locked_until = NULL WHERE id = 2"))
        waits.append(time.perf_counter() - began)


def _bare(store: Store) -> float:
    """The texts of the broadcast, taken out and put in again by the driver."""
    with store.read() as tx:
        columns = [column for column in messages.TABLE.c if column.name != "id"]
        rows = [dict(row._mapping) for row in tx.execute(select(*columns))]
    _empty(store)
    began = time.perf_counter()
    for start in range(0, len(rows), broadcast_sending.FAN_OUT_SLICE):
        with store.transaction() as tx:
            part = rows[start : start + broadcast_sending.FAN_OUT_SLICE]
            tx.connection().execute(insert(messages.TABLE), part)
    return time.perf_counter() - began


def _empty(store: Store) -> None:
    with store.transaction() as tx:
        tx.execute(messages.TABLE.delete())


def _seconds(act: Callable[[], None]) -> float:
    began = time.perf_counter()
    act()
    return time.perf_counter() - began


if __name__ == "__main__":
    main()
