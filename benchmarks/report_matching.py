"""One new report held against 50,000 old ones: look-up by number and name, scoring, flags; in one process.

The reference, measured in the same run on the same reports, is what one would write first: open every old
report's name, ask rapidfuzz's WRatio of each, and compare number hashes one by one. Names are fictional, made
of syllables by a fixed seed, a third of them with common first names as they are borne in the region.
"""

from __future__ import annotations

import random
import resource
import tempfile
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from multiprocessing import get_context
from pathlib import Path
from typing import cast

from rapidfuzz import fuzz
from sqlalchemy import Table, select

from benchmarks.recruiters import make_names, slip
from benchmarks.results import record
from sms_service.domain.report_words import COMMON
from sms_service.services.reports import links as report_links
from sms_service.services.reports.index import KnownNames
from sms_service.store import migrate
from sms_service.store.engine import Store, Tx, make_engine
from sms_service.store.models import Report
from sms_service.store.vault import Vault

SIZE = 50_000
NEW = 200
_NOW = datetime(2026, 11, 21, tzinfo=UTC)
_KEY = "dGhlIGtleSBvZiB0aGUgYmVuY2htYXJrcyBvbmx5ISE="
_TABLE = cast(Table, Report.__table__)


def _names(count: int, chance: random.Random) -> list[str]:
    """Companies, and people with a common first name and a family name."""
    firsts = sorted(COMMON)
    made = [name.removeprefix("PT CONTOH ").title() for name in make_names(count, chance)]
    return [
        f"{chance.choice(firsts).title()} {name.split()[0]}"
        if n % 3 == 0
        else f"Pak {chance.choice(firsts).title()}"
        if n % 3 == 1 and n % 10 == 0
        else f"PT {name}"
        for n, name in enumerate(made)
    ]


def _row(tx: Tx, n: int, name: str, chance: random.Random) -> dict[str, object]:
    phone = f"+62812{chance.randrange(10_000):08d}"
    at = _NOW - timedelta(minutes=chance.randrange(600_000))
    return {
        "code": f"{n:010d}", "pin_hash": "-", "filing": f"filing-{n}", "version": 1, "status": "new",
        "priority": 3, "is_urgent": False, "due_at": at, "flags": [], "modi": ["advance"],
        "recruiter_name_sealed": tx.vault.seal(name), "recruiter_phone_sealed": tx.vault.seal(phone),
        "recruiter_phone_hash": tx.vault.number_hash(phone),
        "story_sealed": tx.vault.seal(f"{name} minta uang muka, berangkat {n} " * 3),
        "district": f"53.{chance.randrange(1, 22):02d}", "place_sealed": tx.vault.seal(f"Desa {n % 3000}"),
        "destination": "my", "reporter_hash": f"{chance.randrange(30_000):032x}" if n % 2 else None,
        "texts_allowed": False, "language": "id", "channel": "ussd", "received_at": at, "updated_at": at,
        "linked_at": at,
    }  # fmt: skip


def _fill(url: str) -> None:
    """Run in a process of its own, so that its memory is not counted with that of the names."""
    chance = random.Random(SIZE)
    names, store = _names(SIZE, chance), _store(url)
    for start in range(0, len(names), 5_000):
        with store.transaction() as tx:
            part = enumerate(names[start : start + 5_000], start)
            tx.execute(_TABLE.insert(), [_row(tx, n, name, chance) for n, name in part])


def _store(url: str) -> Store:
    return Store(url, Vault([_KEY], "a secret of the benchmarks only"))


def _timed(act: Callable[[], object]) -> float:
    """Milliseconds of this thread's own time: what else runs on the machine is not counted."""
    start = time.thread_time()
    act()
    return (time.thread_time() - start) * 1000


def _resident() -> float:
    """MB that this process holds now (its peak where the system does not say)."""
    status = Path("/proc/self/status")
    if not status.exists():
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    line = next(line for line in status.read_text(encoding="ascii").splitlines() if line.startswith("VmRSS"))
    return int(line.split()[1]) / 1024


def _reference(store: Store, name: str, phone_hash: str | None) -> int:
    found = 0
    with store.read() as tx:
        for row in tx.execute(select(_TABLE.c.recruiter_name_sealed, _TABLE.c.recruiter_phone_hash)):
            same = row.recruiter_phone_hash == phone_hash
            found += same or fuzz.WRatio(tx.vault.open(row.recruiter_name_sealed), name) >= 90
    return found


def _measure(store: Store, known: KnownNames, names: list[str], chance: random.Random) -> None:
    """Time new reports, half of them about somebody who was reported before, and record the figures."""
    times, links, reference = [], 0, []
    for n in range(NEW):
        name = slip(chance.choice(names), chance) if n % 2 else _names(1, chance)[0]
        with store.transaction() as tx:
            row = {**_row(tx, SIZE + n, name, chance), "linked_at": None}
            report_id = tx.execute(_TABLE.insert().values(row)).inserted_primary_key[0]

        def link(report_id: int = report_id) -> None:
            nonlocal links
            with store.read() as tx:
                known.refresh(tx)
                found = report_links.find_alike(tx, known, report_id, 3)
            assert found is not None
            with store.transaction() as tx:
                links += report_links.record(tx, found, _NOW)

        times.append(_timed(link))
        if n < 5:
            phone_hash = str(row["recruiter_phone_hash"])
            reference.append(_timed(lambda name=name, h=phone_hash: _reference(store, name, h)))
    times.sort()
    plain = sorted(reference)[len(reference) // 2]
    notes = f"{links / NEW:.1f} links a report"
    record("report_matching", f"new against {SIZE}, median", times[NEW // 2], "ms", "scan", plain, notes)
    p99 = times[NEW * 99 // 100]
    record("report_matching", f"new against {SIZE}, p99", p99, "ms", "scan", plain, "limit 50")


def main() -> None:
    """Fill a database, load the names, measure."""
    with tempfile.TemporaryDirectory(prefix="reports-") as folder:
        url = f"sqlite:///{folder}/reports.sqlite3"
        engine = make_engine(url)
        migrate.upgrade(engine)
        engine.dispose()
        filling = get_context("spawn").Process(target=_fill, args=(url,))
        filling.start()
        filling.join()
        store, known = _store(url), KnownNames()
        with store.read() as tx:
            tx.execute(select(_TABLE.c.id).limit(1)).all()
        before = _resident()

        def load() -> None:
            with store.read() as tx:
                known.refresh(tx)

        record("report_matching", "names loaded", _timed(load) / 1000, "s", "none", 0)
        record("report_matching", "memory of the names", _resident() - before, "MB", "none", 0)
        chance = random.Random(SIZE)
        _measure(store, known, _names(SIZE, chance), chance)
        store.close()


if __name__ == "__main__":
    main()
