"""Brings the database's schema up to date. Called by `migrate`, `run` and the tests.

Revisions are files NNNN_name.py; HEAD names the newest, so that two branches that both add one collide
in version control instead of in production.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Engine, text

MIGRATIONS = Path(__file__).parent / "migrations"
_LOCK = 7_234_501  # PostgreSQL advisory lock: one migration at a time


def config() -> Config:
    """Alembic's configuration; the caller puts a connection into `attributes`."""
    alembic = Config()
    alembic.set_main_option("script_location", str(MIGRATIONS).replace("%", "%%"))
    return alembic


def head() -> str:
    """The revision that the HEAD file names."""
    return (MIGRATIONS / "HEAD").read_text(encoding="utf-8").strip()


def upgrade(engine: Engine, revision: str = "head") -> None:
    """Bring the schema to `revision`. Safe to run twice and at once."""
    _run(engine, lambda alembic: command.upgrade(alembic, revision))


def downgrade(engine: Engine, revision: str) -> None:
    """Take the schema back to `revision` ("base" for none)."""
    _run(engine, lambda alembic: command.downgrade(alembic, revision))


def current(engine: Engine) -> str | None:
    """The revision that the database is at."""
    with engine.connect() as connection:
        return MigrationContext.configure(connection).get_current_revision()


def heads() -> list[str]:
    """All newest revisions that the files know (one, unless branches diverged)."""
    return ScriptDirectory.from_config(config()).get_heads()


def _run(engine: Engine, act: Callable[[Config], object]) -> None:
    alembic = config()
    with engine.connect() as connection:
        if engine.dialect.name == "postgresql":
            connection.execute(text(f"SELECT pg_advisory_lock({_LOCK})"))
            connection.commit()
        else:
            connection.exec_driver_sql("BEGIN IMMEDIATE")
        alembic.attributes["connection"] = connection
        act(alembic)
        connection.commit()
        if engine.dialect.name == "postgresql":
            connection.execute(text(f"SELECT pg_advisory_unlock({_LOCK})"))
            connection.commit()
