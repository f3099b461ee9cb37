"""`migrate`: bring the database's tables up to date, saying each step. Safe to run twice and at once."""

from __future__ import annotations

import argparse
import logging
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from sqlalchemy.exc import OperationalError

from sms_service.errors import Unavailable
from sms_service.settings import Settings
from sms_service.store import migrate
from sms_service.store.engine import make_engine


def add_parser(subparsers: Any) -> None:
    """Describe the command."""
    subparsers.add_parser("migrate", help="bring the database's tables up to date")


def run(args: argparse.Namespace, settings: Settings) -> int:
    """Migrate, then name the revision."""
    print(f"database at revision {upgrade(settings)}", flush=True)
    return 0


def upgrade(settings: Settings) -> str:
    """Bring the tables to the newest revision and return its name. Raises Unavailable."""
    if not settings.database_url:
        settings.var_dir.mkdir(parents=True, exist_ok=True, mode=0o700)
    engine = make_engine(settings.effective_database_url)
    try:
        with _steps_printed():
            migrate.upgrade(engine)
            return migrate.current(engine) or "none"
    except OperationalError as error:
        raise Unavailable("the database is not available") from error
    finally:
        engine.dispose()


@contextmanager
def _steps_printed() -> Iterator[None]:
    """Alembic says what it does in its log: print its steps, and keep all of it out of ours."""
    alembic, printer = logging.getLogger("alembic"), _PrintSteps()
    steps = logging.getLogger("alembic.runtime.migration")
    alembic.propagate = False
    steps.setLevel(logging.INFO)
    steps.addHandler(printer)
    try:
        yield
    finally:
        steps.removeHandler(printer)
        alembic.propagate = True


class _PrintSteps(logging.Handler):
    """Shows Alembic's own lines of progress ("Running upgrade 0001 -> 0002, ...")."""

    def emit(self, record: logging.LogRecord) -> None:
        """Print one step."""
        line = record.getMessage()
        if line.startswith("Running"):
            print(f"  {line[0].lower()}{line[1:]}", flush=True)
