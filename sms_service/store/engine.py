"""Connections and transactions. Services receive a Tx and never commit; entry points open it here.

`tx.wake(name)` notes a job to be woken after the commit and only then: a worker must never look for a
row that is not there yet, and a rolled back transaction must wake nobody.
"""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any, TypeVar

from sqlalchemy import Connection, Engine, Select, create_engine, event, text
from sqlalchemy.exc import DBAPIError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from sqlalchemy.orm import Session, sessionmaker
from sqlalchemy.pool import QueuePool

from sms_service.errors import Unavailable
from sms_service.logs import get_logger
from sms_service.store.together import Together
from sms_service.store.vault import Vault

log = get_logger(__name__)
T = TypeVar("T")

_SQLITE_BUSY_SECONDS = 1.5
_ASK_AGAIN_SECONDS = 0.0003
_ASK_POLITELY_SECONDS = 0.004
_POLITE_SECONDS = 0.3  # then it presses like everybody: no worker starves
_POSTGRES_WAIT_MS = 1500
_CHECKPOINT_WAIT_MS = 20  # writers wait meanwhile


class Tx(Session):
    """One transaction, with what services need beside SQL: the vault and the wake-up list."""

    vault: Vault

    def __init__(self, *args: Any, vault: Vault, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.vault = vault
        self.wakes: dict[str, None] = {}  # a set that keeps its order

    def wake(self, job: str) -> None:
        """Wake `job` (a name of queues.JOBS) once this transaction is committed."""
        self.wakes[job] = None

    @property
    def is_postgres(self) -> bool:
        """True on PostgreSQL, where rows are locked one by one (SQLite locks the file)."""
        return self.get_bind().dialect.name == "postgresql"


class Store:
    """The database: `read()` for questions, `transaction()` for changes."""

    def __init__(
        self,
        url: str,
        vault: Vault,
        on_commit: Callable[[list[str]], None] | None = None,
        pool_size: int = 5,
        is_polite: bool = False,
    ) -> None:
        """`is_polite`: lets others write first for a moment, on SQLite. For workers: a text that comes in
        must be stored while its gateway waits, an answer may leave a blink later."""
        self.vault = vault
        self.engine = make_engine(url, pool_size)
        self._on_commit = on_commit
        self._polite_seconds = _POLITE_SECONDS if is_polite else 0.0
        self._sessions = sessionmaker(self.engine, class_=Tx, vault=vault, expire_on_commit=False)
        self._plain_sql: dict[Select[Any], tuple[str, list[str] | None]] = {}
        self._together = Together(self._change, self._woken)

    @contextmanager
    def read(self) -> Iterator[Tx]:
        """A transaction that changes nothing (rolled back at the end). Raises Unavailable."""
        with _translated(), self._sessions() as tx:
            yield tx

    @contextmanager
    def transaction(self) -> Iterator[Tx]:
        """A transaction that commits at the end of the block, or rolls back on any error; then the wakes.

        Raises Unavailable when the database is away, locked for too long, read-only or full.
        """
        with self._change() as tx:
            yield tx
        if tx.wakes:
            self._woken(list(tx.wakes))

    def together(self, act: Callable[[Tx], T]) -> T:
        """Run `act` in a transaction that it shares with other threads' acts of this moment.

        For many small writes at once: one commit for all. `act` may be run twice, the first time rolled
        back. Raises what it raises, and Unavailable.
        """
        result: T = self._together.run(act)
        return result

    @contextmanager
    def _change(self) -> Iterator[Tx]:
        with _translated(), self._sessions() as tx:
            if self.engine.dialect.name == "sqlite":
                _begin_writing(tx.connection(), self._polite_seconds)
            yield tx
            tx.commit()

    def _woken(self, jobs: list[str]) -> None:
        if self._on_commit:
            self._on_commit(jobs)

    def find_scalar(self, statement: Select[Any], parameters: Mapping[str, Any]) -> Any:
        """One value as the driver has it, or None, without a Tx: for the one question of a USSD turn.

        Asked of the driver: SQLAlchemy's way to it takes and gives the interpreter so often that turns came
        at 13,300/s in place of 16,300. Raises Unavailable.
        """
        sql, names = self._plain(statement)
        dbapi: Any = self.engine.dialect.loaded_dbapi
        connection = None
        try:
            connection = self.engine.raw_connection()
            cursor = connection.cursor()
            cursor.execute(sql, [parameters[name] for name in names] if names else parameters)
            row = cursor.fetchone()
        except (dbapi.OperationalError, dbapi.InterfaceError, PoolTimeout) as error:
            if connection:
                connection.invalidate()
            raise Unavailable("the database is not available") from error
        finally:
            if connection:
                connection.close()
        return row[0] if row else None

    def _plain(self, statement: Select[Any]) -> tuple[str, list[str] | None]:
        """The SQL of a statement, and the order of its parameters where the driver takes them by place."""
        if statement not in self._plain_sql:
            compiled: Any = statement.compile(self.engine)
            self._plain_sql[statement] = (compiled.string, compiled.positiontup)
        return self._plain_sql[statement]

    def check(self) -> None:
        """Raises Unavailable unless the database answers and holds our tables."""
        with self.read() as tx:
            tx.execute(text("SELECT version_num FROM alembic_version"))

    def shrink_log(self) -> bool:
        """Move SQLite's write-ahead log into the file and cut it to nothing: until then it still holds what
        was erased. False when somebody reads from it just now. Does nothing on PostgreSQL (its own log is
        its operator's matter). Raises Unavailable."""
        if self.engine.dialect.name != "sqlite":
            return True
        with _translated(), self.engine.connect() as connection:
            connection.exec_driver_sql(f"PRAGMA busy_timeout={_CHECKPOINT_WAIT_MS}")
            try:
                busy = connection.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)").scalar_one()
            finally:
                connection.exec_driver_sql(f"PRAGMA busy_timeout={int(_SQLITE_BUSY_SECONDS * 1000)}")
        return not busy

    def close(self) -> None:
        """Give all connections back (before a fork, at the end)."""
        self.engine.dispose()


def _begin_writing(connection: Connection, polite_seconds: float) -> None:
    """Take SQLite's write lock, or raise OperationalError after _SQLITE_BUSY_SECONDS. Ask seldom in the first
    `polite_seconds`, often thereafter.

    SQLite's own waiting sleeps longer and longer, up to 100 ms, while others come and go: whoever waits is
    starved. Asking often gave two writers beside a worker 2.5 times as many commits, and a p99 of 27 ms
    in place of 170 ms. The driver is asked: SQLAlchemy's way of saying "busy" costs ten times the question.
    """
    driver: Any = connection.connection.driver_connection
    asked_at = time.monotonic()
    deadline, pressing_at = asked_at + _SQLITE_BUSY_SECONDS, asked_at + polite_seconds
    driver.execute("PRAGMA busy_timeout=0")
    try:
        while _is_busy(driver) and time.monotonic() < deadline:
            is_pressing = time.monotonic() >= pressing_at
            time.sleep(_ASK_AGAIN_SECONDS if is_pressing else _ASK_POLITELY_SECONDS)
        if not driver.in_transaction:
            connection.exec_driver_sql("BEGIN IMMEDIATE")  # raises what is wrong, in SQLAlchemy's words
    finally:
        driver.execute(f"PRAGMA busy_timeout={int(_SQLITE_BUSY_SECONDS * 1000)}")


def _is_busy(driver: Any) -> bool:
    """Try to begin; True when another process writes, False when it is ours or something else is wrong."""
    try:
        driver.execute("BEGIN IMMEDIATE")
    except sqlite3.Error as error:
        return getattr(error, "sqlite_errorcode", 0) & 0xFF == sqlite3.SQLITE_BUSY
    return False


@contextmanager
def _translated() -> Iterator[None]:
    try:
        yield
    except PoolTimeout as error:
        raise Unavailable("every connection to the database is in use") from error
    except OperationalError as error:
        # Who asked says so once; the driver's message may hold parameters, its class is safe to keep.
        log.debug("database unavailable", error=type(error.orig).__name__)
        raise Unavailable("the database is not available") from error
    except DBAPIError as error:
        if error.connection_invalidated:
            raise Unavailable("the database is not available") from error
        raise


def make_engine(url: str, pool_size: int = 5) -> Engine:
    """Return an engine with our pragmas and bounds for `url`."""
    if not url.startswith("sqlite"):
        return create_engine(
            url,
            pool_size=pool_size,
            max_overflow=5,
            pool_pre_ping=True,
            pool_timeout=5,
            hide_parameters=True,
            connect_args={
                "connect_timeout": 2,
                "options": f"-c lock_timeout={_POSTGRES_WAIT_MS} -c timezone=UTC"
                f" -c idle_in_transaction_session_timeout=60000",
            },
        )
    engine = create_engine(
        url,
        poolclass=QueuePool,
        pool_size=pool_size,
        max_overflow=5,
        pool_timeout=5,
        hide_parameters=True,
        # isolation_level None: we say BEGIN ourselves, so that a writer takes its lock at once.
        connect_args={"timeout": _SQLITE_BUSY_SECONDS, "check_same_thread": False, "isolation_level": None},
    )
    event.listen(engine, "connect", _set_pragmas)
    return engine


def _set_pragmas(connection: Any, _record: Any) -> None:
    cursor = connection.cursor()
    # FULL: a committed row survives a power cut, or a text could go out twice. Measured at 0.25 ms.
    for pragma in (
        "journal_mode=WAL",
        "synchronous=FULL",
        "foreign_keys=ON",
        "temp_store=MEMORY",
        "cache_size=-8000",
        "secure_delete=ON",  # what is erased is overwritten in the file, not only unlinked
    ):
        cursor.execute(f"PRAGMA {pragma}")
    cursor.close()
