"""A few storms with every run of the tests; `make chaos SEEDS=200` for more (benchmarks/chaos.csv)."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests import postgres_server
from tests.chaos import places
from tests.chaos.places import Database
from tests.chaos.storm import storm


@pytest.fixture(scope="module")
def postgres(scratch: Path) -> Iterator[Database]:
    """A PostgreSQL of the storms' own: they crash it."""
    folder = scratch / "storms"
    folder.mkdir(mode=0o755)
    try:
        database = places.postgres(folder)
    except postgres_server.NoPostgres as reason:
        pytest.skip(f"PostgreSQL cannot be had here ({reason})")
    yield database
    database.stop()


@pytest.mark.parametrize("seed", [2, 4])
def test_no_promise_is_broken_by_a_storm_on_sqlite(seed: int, scratch: Path, tmp_path: Path) -> None:
    place = scratch / f"storm-{seed}"
    place.mkdir()
    assert storm(seed, place, places.sqlite(tmp_path)).faults == []


@pytest.mark.parametrize("seed", [3, 5])
def test_no_promise_is_broken_by_a_storm_on_postgres(seed: int, scratch: Path, postgres: Database) -> None:
    place = scratch / f"storm-{seed}"
    place.mkdir()
    assert storm(seed, place, postgres).faults == []
