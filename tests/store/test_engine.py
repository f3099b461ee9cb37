"""Transactions: who waits for the write lock gets it soon, and not for ever."""

from __future__ import annotations

import threading
import time

import pytest
from sqlalchemy import func, select

from sms_service.errors import Unavailable
from sms_service.store.engine import Store
from sms_service.store.models import UnknownWord
from sms_service.store.vault import Vault


def write(store: Store, word: str) -> None:
    with store.transaction() as tx:
        tx.add(UnknownWord(day=tx.scalar(select(func.current_date())), word=word, count=1))


@pytest.fixture
def sqlite_store(sqlite_url: str, vault: Vault) -> Store:
    return Store(sqlite_url, vault)


def test_a_writer_that_waited_goes_on_as_soon_as_the_lock_is_free(sqlite_store: Store) -> None:
    begun, let_go = threading.Event(), threading.Event()
    waited: list[float] = []

    def hold() -> None:
        with sqlite_store.transaction():
            begun.set()
            let_go.wait(5)
        waited.append(time.perf_counter())

    def wait() -> None:
        write(sqlite_store, "second")
        waited.append(time.perf_counter())

    holder, waiter = threading.Thread(target=hold), threading.Thread(target=wait)
    holder.start()
    begun.wait(5)
    waiter.start()
    threading.Event().wait(0.4)  # by now SQLite's own waiting would sleep 100 ms at a time
    let_go.set()
    holder.join()
    waiter.join()
    assert waited[1] - waited[0] < 0.25


def test_a_lock_that_is_never_free_is_unavailable_in_time(sqlite_store: Store) -> None:
    with sqlite_store.transaction():
        started = time.perf_counter()
        failures: list[Exception] = []

        def attempt() -> None:
            try:
                write(sqlite_store, "never")
            except Unavailable as error:
                failures.append(error)

        thread = threading.Thread(target=attempt)
        thread.start()
        thread.join()
    assert len(failures) == 1
    assert 1.4 < time.perf_counter() - started < 4
    write(sqlite_store, "again")


def test_many_writers_at_once_all_get_their_turn(store: Store) -> None:
    threads = [threading.Thread(target=write, args=(store, f"w{n}")) for n in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    with store.read() as tx:
        assert tx.scalar(select(func.count(UnknownWord.id))) == 8


def test_what_is_wrong_and_not_busy_is_said_at_once(sqlite_url: str, vault: Vault) -> None:
    store = Store(sqlite_url.replace("jalur.sqlite3", "no/such/folder.sqlite3"), vault)
    started = time.perf_counter()
    with pytest.raises(Unavailable), store.transaction():
        pass
    assert time.perf_counter() - started < 1
