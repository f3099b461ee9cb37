"""`make migration` writes a revision that goes up and down, and names it in the HEAD file."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from sqlalchemy import Integer, MetaData, Table
from sqlalchemy.schema import Column

from sms_service.errors import Invalid
from sms_service.store import migrate, new_revision
from sms_service.store.engine import make_engine
from sms_service.store.models import Base


@pytest.fixture
def migrations(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A copy of the migrations, so that ours stay as they are."""
    copy = tmp_path / "migrations"
    shutil.copytree(migrate.MIGRATIONS, copy, ignore=shutil.ignore_patterns("__pycache__"))
    monkeypatch.setattr(migrate, "MIGRATIONS", copy)
    return copy


@pytest.fixture
def a_new_table(monkeypatch: pytest.MonkeyPatch) -> None:
    metadata = MetaData(naming_convention=Base.metadata.naming_convention)
    for table in Base.metadata.sorted_tables:
        table.to_metadata(metadata)
    Table("brand_new", metadata, Column("id", Integer, primary_key=True))
    monkeypatch.setattr(Base, "metadata", metadata)


def test_a_new_table_becomes_the_next_revision(migrations: Path, a_new_table: None, tmp_path: Path) -> None:
    before = migrate.head()
    path = new_revision.write_revision("add_brand_new")
    assert path.name == f"{int(before) + 1:04d}_add_brand_new.py"
    assert migrate.heads() == [migrate.head()]
    assert migrate.head() == f"{int(before) + 1:04d}"
    engine = make_engine(f"sqlite:///{tmp_path / 'try.sqlite3'}")
    migrate.upgrade(engine)
    migrate.downgrade(engine, before)
    migrate.upgrade(engine)
    assert migrate.current(engine) == migrate.head()
    engine.dispose()


@pytest.mark.parametrize("name", ["", "Add Table", "x", "add;rm", "a" * 60])
def test_a_name_that_is_none_is_refused(migrations: Path, name: str) -> None:
    with pytest.raises(Invalid, match="make migration NAME="):
        new_revision.write_revision(name)
