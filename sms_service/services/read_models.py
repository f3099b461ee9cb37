"""Lists that every process keeps in memory, so that no reply waits for the database.

A list is reloaded when its number in table `revisions` moves: whoever changes the rows calls `bump` in
the same transaction. One background thread a process asks for the numbers (one SELECT a second); with
the database away it keeps what it holds and goes on asking. Built by whoever answers callers (web,
workers, phone), called by services/recruiters, events, content and by the rehearsal clock.

    directory = ReadModel("recruiters", load_directory, NO_DIRECTORY)
    models = ReadModels(store, [directory])
    models.start()           # in each process, after any fork; cheap to call again
    directory.value          # at once, always: the newest that could be loaded, or the default
    models.refresh()         # now, in this thread: tests, command line, a first load before serving
"""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Iterable
from types import TracebackType
from typing import Any, Generic, TypeVar

from sqlalchemy import select, text

from sms_service.errors import Unavailable
from sms_service.logs import get_logger
from sms_service.store.engine import Store, Tx
from sms_service.store.models import Revision

log = get_logger(__name__)

T = TypeVar("T")
_SLOWEST_FACTOR = 8  # while the database is away, ask at most this many times more seldom

_BUMP = text(
    "INSERT INTO revisions (name, number) VALUES (:name, 1)"
    " ON CONFLICT (name) DO UPDATE SET number = revisions.number + 1"
)


def bump(tx: Tx, name: str) -> None:
    """Tell all processes, once this transaction is committed, that list `name` has changed."""
    tx.execute(_BUMP, {"name": name})


class ReadModel(Generic[T]):
    """One list in memory. `load` must return a new object that nobody changes afterwards: threads that
    answer callers read `value` without a lock, and see either the old list or the new one."""

    def __init__(self, name: str, load: Callable[[Tx], T], default: T) -> None:
        self.name = name
        self.value: T = default
        self.revision: int | None = None  # None: nothing was loaded yet, `value` is the default
        self._load = load

    def refresh(self, store: Store) -> None:
        """Load now, whatever the revision. Raises Unavailable, and what `load` raises; `value` stays then."""
        with store.read() as tx:
            _take_snapshot(tx)
            revision = tx.execute(select(Revision.number).where(Revision.name == self.name)).scalar()
            value = self._load(tx)
        self.value, self.revision = value, revision or 0


def _take_snapshot(tx: Tx) -> None:
    """Make all SELECTs of `tx` see one state: the number, and every row that it stands for."""
    if tx.is_postgres:
        tx.connection(execution_options={"isolation_level": "REPEATABLE READ"})
    else:
        tx.connection().exec_driver_sql("BEGIN")


class ReadModels:
    """The lists of one process and the thread that keeps them fresh."""

    def __init__(self, store: Store, models: Iterable[ReadModel[Any]], interval: float = 1.0) -> None:
        """`interval` is in seconds. Starts no thread yet: a thread does not survive a fork."""
        self._store = store
        self._models = tuple(models)
        self._interval = interval
        self._lock = threading.Lock()
        self._refreshing = threading.Lock()
        self._thread: threading.Thread | None = None
        self._pid = 0
        self._stop = threading.Event()
        self._outages = _Outages()
        names = [model.name for model in self._models]
        if len(set(names)) != len(names):
            raise ValueError("two read models of one name")

    def start(self) -> None:
        """Start the thread of this process, unless it runs. Returns at once; its first act is to load."""
        if self._pid == os.getpid() and self._thread is not None:
            return
        if self._pid != os.getpid():
            # Of a parent's thread only the memory is left, maybe with its locks held: take new ones.
            self._lock, self._refreshing = threading.Lock(), threading.Lock()
            self._pid, self._thread = os.getpid(), None
        with self._lock:
            if self._thread is None:
                self._stop = threading.Event()
                self._thread = threading.Thread(
                    target=self._run, args=(self._stop,), name="read-models", daemon=True
                )
                self._thread.start()

    def stop(self) -> None:
        """End the thread and wait for it. `value` stays readable; `start` may be called again."""
        with self._lock:
            thread, self._thread = self._thread, None
        if thread is not None and self._pid == os.getpid():
            self._stop.set()
            thread.join(timeout=10)

    def refresh(self) -> tuple[str, ...]:
        """Reload what has changed, in this thread, and return its names.

        Raises Unavailable, and what a list's own loading raises; all lists keep what they held.
        """
        with self._refreshing:
            stale = self._stale()
            for model in stale:
                model.refresh(self._store)
            return tuple(model.name for model in stale)

    def _stale(self) -> list[ReadModel[Any]]:
        with self._store.read() as tx:
            rows = tx.execute(select(Revision.name, Revision.number))
            numbers = {row.name: row.number for row in rows}
        # Not "smaller than": a database restored from a backup counts from an older number.
        return [model for model in self._models if model.revision != numbers.get(model.name, 0)]

    def _run(self, stop: threading.Event) -> None:
        failures = 0
        while not stop.is_set():
            failures = 0 if self._pass() else failures + 1
            stop.wait(self._interval * min(2 ** min(failures, 8), _SLOWEST_FACTOR))

    def _pass(self) -> bool:
        """One look by the thread; True when all lists are fresh."""
        with self._refreshing:
            stale: list[ReadModel[Any]] = []
            with self._outages.watch("revisions"):
                stale = self._stale()
            for model in stale:
                with self._outages.watch(model.name):
                    model.refresh(self._store)
            return not self._outages.names


class _Outages:
    """What fails now. The thread's entry point: any fault ends here, logged once an outage, because the
    thread must outlive it and one list that cannot be loaded must not keep the others old."""

    def __init__(self) -> None:
        self.names: set[str] = set()
        self._watched = ""

    def watch(self, name: str) -> _Outages:
        """Use as `with outages.watch(name):` around what may fail."""
        self._watched = name
        return self

    def __enter__(self) -> None:
        return None

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> bool:
        if error is None:
            if self._watched in self.names:
                self.names.discard(self._watched)
                log.info("list refreshed again", model=self._watched)
            return False
        if self._watched not in self.names:
            self.names.add(self._watched)
            known = isinstance(error, Unavailable)
            log.warning(
                "list not refreshed",
                model=self._watched,
                error=type(error).__name__,
                exc_info=None if known else error,
            )
        return isinstance(error, Exception)
