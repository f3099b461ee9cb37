"""`make chaos SEEDS=n`: storms, one after the other, each a line in benchmarks/chaos.csv.

SEEDS is a count (seeds 1 to n) or a range "101-150"; DATABASE is sqlite, postgres or both (by turns).
"""

from __future__ import annotations

import argparse
import csv
import shutil
import sys
import tempfile
from datetime import UTC, datetime
from pathlib import Path

from tests.chaos import places
from tests.chaos.audit import in_words
from tests.chaos.storm import Outcome, storm

FILE = Path(__file__).parents[2] / "benchmarks" / "chaos.csv"
COLUMNS = ("date", "seed", "database", "seconds", "what happened", "accepted", "counts", "faults")


def main() -> int:
    """Run them; 1 when a promise was broken."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seeds", default="20")
    parser.add_argument("--database", choices=["sqlite", "postgres", "both"], default="both")
    given = parser.parse_args()
    first, _, last = given.seeds.rpartition("-")
    seeds = range(int(first or 1), int(last) + 1)
    broken = 0
    folder = Path(tempfile.mkdtemp(prefix="ja-s-"))
    folder.chmod(0o755)
    databases = []
    try:
        if given.database != "postgres":
            databases.append(places.sqlite(folder))
        if given.database != "sqlite":
            databases.append(places.postgres(folder))
        for seed in seeds:
            outcome = _one(seed, folder, databases[seed % len(databases)])
            broken += bool(outcome.faults)
    finally:
        for database in databases:
            database.stop()
        shutil.rmtree(folder, ignore_errors=True)
    sys.stdout.write(f"{len(seeds)} storms, {broken} with a broken promise\n")
    return 1 if broken else 0


def _one(seed: int, folder: Path, database: places.Database) -> Outcome:
    place = folder / str(seed)
    place.mkdir()
    outcome = storm(seed, place, database)
    row = (
        *(datetime.now(UTC).strftime("%Y-%m-%dT%H:%MZ"), seed, outcome.database, f"{outcome.seconds:.1f}"),
        *("; ".join(outcome.acts), outcome.accepted, in_words(outcome.counts), "; ".join(outcome.faults)),
    )
    is_new = not FILE.exists()
    with FILE.open("a", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        if is_new:
            writer.writerow(COLUMNS)
        writer.writerow(row)
    sys.stdout.write(" | ".join(str(cell) for cell in row) + "\n")
    sys.stdout.flush()
    if not outcome.faults:
        shutil.rmtree(place, ignore_errors=True)
    return outcome


if __name__ == "__main__":
    sys.exit(main())
