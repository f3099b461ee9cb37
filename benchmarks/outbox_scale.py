"""What the outbox costs as it grows, and who waits for whom: the cost of a text at 1,000 to 1,000,000 rows,
the plans of its questions among them, 50,000 reminders due in one minute, and a reply beside a broadcast.

Claim, last look and record are timed without a gateway; the reply takes the whole way, from the webhook on.
"""

from __future__ import annotations

import base64
import json
import shutil
import statistics
import tempfile
import threading
import time
import urllib.parse
import urllib.request
from contextlib import ExitStack
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from sqlalchemy import select, text, update

from benchmarks import outbox
from benchmarks.results import record
from benchmarks.servers import service
from sms_service.gateways.base import SendReceipt
from sms_service.services.sending import hand_over as sending
from sms_service.services.sending import sweeps
from sms_service.services.sending.results import record_results
from sms_service.services.texts import broadcast_gate, due, messages
from sms_service.services.texts.messages import TABLE, NewText
from sms_service.store import migrate
from sms_service.store.engine import Store, Tx, make_engine
from sms_service.store.models import Broadcast, Message, Staff
from sms_service.store.vault import Vault
from tests import postgres_server

SIZES = (1_000, 10_000, 100_000, 1_000_000)
CLAIM, ROUNDS = 400, 2
LEASE = timedelta(seconds=60)
REMINDERS, REPLIES, BROADCAST = 50_000, 200, 100_000
SECRETS = {
    "SECRET_KEY": "a secret of the benchmarks",
    "DATA_KEY": base64.urlsafe_b64encode(b"b" * 32).decode(),
    "WEBHOOK_TOKEN": "benchmark-token-0001",
}


def main() -> None:
    """Measure both databases."""
    folder = Path(tempfile.mkdtemp(prefix="ja-b-"))
    folder.chmod(0o755)
    try:
        _all("SQLite", folder, f"sqlite:///{folder / 'jalur.sqlite3'}")
        address, stop = postgres_server.start(folder)
        try:
            _all("PostgreSQL", folder, address.replace("postgresql://", "postgresql+psycopg://", 1))
        finally:
            stop()
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _all(kind: str, folder: Path, url: str) -> None:
    engine = make_engine(url)
    migrate.upgrade(engine)
    engine.dispose()
    store = Store(url, Vault([SECRETS["DATA_KEY"]], SECRETS["SECRET_KEY"]))
    try:
        _curve(store, kind)
        if kind == "PostgreSQL":
            _plans(store)
        _empty(store)
        _reminders(store, kind, folder, url)
        _empty(store)
        _reply(store, kind, url)
    finally:
        store.close()


def _curve(store: Store, kind: str) -> None:
    """Claim, last look and record of a text, with so many others waiting."""
    broadcast_id, first = _broadcast(store), 0.0
    rows = 0
    for size in SIZES:
        _grow(store, broadcast_id, rows, size)
        rows = size
        if store.engine.dialect.name == "postgresql":
            with store.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
                connection.execute(text("VACUUM ANALYZE messages"))  # as the autovacuum does
        cost = min(_send_without_gateway(store) for _ in range(3))
        rows -= 0
        first = first or cost
        record("outbox_scale", f"{kind}: cost of a text among {size}", cost, "us", "among 1000", first)
    before = time.perf_counter()
    last = [_send_without_gateway(store) for _ in range(20)]
    note = f"after {CLAIM * ROUNDS * 20} texts more without a vacuum, {time.perf_counter() - before:.0f} s"
    record("outbox_scale", f"{kind}: cost of a text, later", last[-1], "us", "before", last[0], note)


def _send_without_gateway(store: Store) -> float:
    """Microseconds a text, for some claims."""
    texts, started = 0, time.perf_counter()
    for _ in range(ROUNDS):
        now = datetime.now(UTC)
        with store.transaction() as tx:
            batches = sending.claim_batch(tx, "bulk", now, CLAIM, LEASE)
        with store.transaction() as tx:
            going = sending.hand_over(tx, batches, "africastalking", now, LEASE)
        answered: list[Any] = [
            (one, [SendReceipt(t.number, gateway_id=f"id-{t.id}") for t in one.texts]) for one in going
        ]
        with store.transaction() as tx:
            record_results(tx, answered, "africastalking", now)
        texts += sum(len(one.texts) for one in going)
    return (time.perf_counter() - started) / max(texts, 1) * 1e6


def _broadcast(store: Store, status: str = "running") -> int:
    now = datetime.now(UTC)
    with store.transaction() as tx:
        author = tx.scalar(select(Staff.id).limit(1))
        if author is None:
            staff = Staff(name="bench", role="officer", password_hash="x", is_active=True, created_at=now)
            tx.add(staff)
            tx.flush()
            author = staff.id
        row = Broadcast(
            kind="warning", text_id=outbox.BODY, audience={}, status=status, author_id=author,
            fan_out_done=True, recipients=1, started_at=now, created_at=now, updated_at=now,
        )  # fmt: skip
        tx.add(row)
        tx.flush()
        return row.id


def _grow(store: Store, broadcast_id: int, have: int, rows: int) -> None:
    """Copies of one text, each with a key and a number's hash of its own, written by the database itself."""
    now = datetime.now(UTC)
    with store.transaction() as tx:
        pattern = NewText(
            "+6281200000001", outbox.BODY, "warning", "bulk", f"p{broadcast_id}:{rows}",
            now + timedelta(hours=20), broadcast_id=broadcast_id, wave=1,
        )  # fmt: skip
        message_id = messages.enqueue(tx, pattern, now)
        columns = [column.name for column in TABLE.c if column.name != "id"]
        changed = {
            "idempotency_key": f"'b{broadcast_id}:' || n",
            "number_hash": "md5(n::text)" if tx.is_postgres else "printf('%032x', n)",
        }
        series = (
            f"generate_series({have + 1}, {rows - 1}) AS s(n)"
            if tx.is_postgres
            else f"(WITH RECURSIVE s(n) AS (SELECT {have + 1} UNION ALL SELECT n + 1 FROM s"
            f" WHERE n < {rows - 1}) SELECT n FROM s) AS s"
        )
        chosen = ", ".join(changed.get(name, f"m.{name}") for name in columns)
        tx.execute(
            text(
                f"INSERT INTO messages ({', '.join(columns)}) SELECT {chosen}"
                f" FROM messages AS m, {series} WHERE m.id = {message_id}"
            )
        )


def _plans(store: Store) -> None:
    """Show which index each question of the outbox takes among a million rows; fail when one takes none."""
    now = datetime.now(UTC)
    with store.read() as tx:
        tx.execute(text("ANALYZE messages"))
        (gate, *_) = broadcast_gate.sendable(tx, now)
        questions = {
            "claim of a broadcast": select(TABLE.c.id)
            .where(*due.in_wave(gate.broadcast_id, 1, now))
            .order_by(TABLE.c.not_before, TABLE.c.id)
            .limit(CLAIM),
            "claim of the rest": select(TABLE.c.id)
            .where(*due.in_lane("bulk", 5, now))
            .order_by(TABLE.c.not_before, TABLE.c.id)
            .limit(CLAIM),
            "a text by the gateway's id": select(Message.id).where(
                Message.gateway == "africastalking", Message.gateway_id == "id-1"
            ),
            "what waits for a number": select(Message.id).where(due.QUEUED, Message.number_hash == "0" * 32),
            "deadlines": select(TABLE.c.id)
            .where(due.QUEUED, TABLE.c.expires_at <= now)
            .order_by(TABLE.c.expires_at)
            .limit(sweeps.SLICE),
        }
        for what, question in questions.items():
            plan = _plan(tx, question)
            print(f"  {what}: {plan}", flush=True)
            if "Seq Scan" in plan:
                raise AssertionError(f"{what} reads the whole table: {plan}")


def _plan(tx: Tx, question: Any) -> str:
    sql = question.compile(tx.get_bind(), compile_kwargs={"literal_binds": True})
    lines = [str(row[0]) for row in tx.execute(text(f"EXPLAIN ANALYZE {sql}"))]
    nodes = [line.strip(" ->") for line in lines if "Scan" in line]
    return f"{nodes[0].split('  ')[0]}; {lines[-1].strip()}"


def _empty(store: Store) -> None:
    with store.transaction() as tx:
        tx.execute(text("TRUNCATE messages CASCADE" if tx.is_postgres else "DELETE FROM messages"))
        tx.execute(update(Broadcast).values(status="done"))


def _reminders(store: Store, kind: str, folder: Path, url: str) -> None:
    """50,000 texts that became due in the same minute, drained by two workers."""
    with outbox._redis(folder) as socket, outbox._gateway() as address:
        environment = {**SECRETS, **_sending(address), "VAR_DIR": str(folder), "DATABASE_URL": url}
        environment["REDIS_URL"] = f"unix://{socket}"
        now, started = datetime.now(UTC), time.perf_counter()
        for start in range(0, REMINDERS, outbox.SLICE):
            texts = [
                NewText(f"+62812{n:08}", outbox.BODY, "reminder", "bulk", f"r:{n}", now + timedelta(hours=2))
                for n in range(start, start + outbox.SLICE)
            ]
            with store.transaction() as tx:
                messages.enqueue_many(tx, texts, now)
        written = time.perf_counter() - started
        rate, memory = outbox._drain(store, environment, REMINDERS)
        ledger = _ask(address, "/ledger")
        assert ledger["doubled"] == 0, ledger
    note = f"written in {written:.0f} s, none twice, {memory:.0f} MB a worker"
    record("outbox_scale", f"{kind}: 50,000 reminders sent in", REMINDERS / rate, "s", "asked for", 60, note)


def _sending(address: str) -> dict[str, str]:
    return {
        "QUIET_HOURS": "",
        "QUIET_SUNDAY": "",
        "SMS_GATEWAY": "africastalking",
        "AFRICASTALKING_USERNAME": "bench",
        "AFRICASTALKING_API_KEY": "bench",
        "AFRICASTALKING_BASE_URL": address,
        "LOG_LEVEL": "ERROR",
    }


def _ask(address: str, path: str) -> Any:
    with urllib.request.urlopen(address.replace("/version1", path), timeout=60) as answer:
        return json.load(answer)


def _reply(store: Store, kind: str, url: str) -> None:
    """Texts in while a broadcast to 100,000 goes out: from the webhook's post to the gateway's call."""
    with ExitStack() as stack:
        address = stack.enter_context(outbox._gateway())
        running = stack.enter_context(
            service(None, **_sending(address), SECRET_KEY=SECRETS["SECRET_KEY"], DATA_KEY=SECRETS["DATA_KEY"],
                    DATABASE_URL=url)
        )  # fmt: skip
        broadcast_id = _broadcast(store, "paused")  # one without texts would be found to be done
        _grow(store, broadcast_id, 0, BROADCAST)
        with store.transaction() as tx:
            tx.execute(update(Broadcast).where(Broadcast.id == broadcast_id).values(status="running"))
        _wait_for_calls(address)
        posted: dict[str, float] = {}
        threads = []
        for n in range(REPLIES):
            number = f"+62813{n:08}"
            thread = threading.Thread(
                target=_text_in, args=(running.port, running.webhook("sms"), number, posted)
            )
            thread.start()
            threads.append(thread)
            time.sleep(0.05)
        for thread in threads:
            thread.join()
        with store.read() as tx:
            left = tx.scalar(select(TABLE.c.id).where(due.QUEUED, TABLE.c.broadcast_id.is_not(None)).limit(1))
        time.sleep(5)
        arrived = {one["number"]: one["at"] for one in _ask(address, "/texts") if one["number"] in posted}
    took = sorted(arrived[number] - at for number, at in posted.items() if number in arrived)
    assert len(took) == REPLIES, f"{len(took)} of {REPLIES} replies"
    note = f"median {statistics.median(took):.2f} s; the broadcast {'went on' if left else 'ended before'}"
    p99 = took[int(len(took) * 0.99) - 1]
    record("outbox_scale", f"{kind}: reply beside a broadcast, p99", p99, "s", "asked for", 2, note)


def _wait_for_calls(address: str) -> None:
    deadline = time.monotonic() + 30
    while not _ask(address, "/ledger")["calls"]:
        if time.monotonic() > deadline:
            raise TimeoutError("the broadcast does not begin")
        time.sleep(0.1)


def _text_in(port: int, path: str, number: str, posted: dict[str, float]) -> None:
    form = {
        "id": f"in-{number}",
        "from": number,
        "to": "12362",
        "text": "INFO",
        "date": "2026-11-21 10:00:00",
    }
    posted[number] = time.time()
    data = urllib.parse.urlencode(form).encode()
    urllib.request.urlopen(f"http://127.0.0.1:{port}{path}", data, timeout=20).close()


if __name__ == "__main__":
    main()
