"""Lists in memory: fresh within a second, never in the way, and served on while the database is away."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from datetime import date
from pathlib import Path

import pytest
from sqlalchemy import delete, func, select, update
from structlog.testing import capture_logs

from sms_service.errors import Unavailable
from sms_service.services.read_models import ReadModel, ReadModels, bump
from sms_service.store.engine import Store, Tx
from sms_service.store.models import Revision, UnknownWord
from sms_service.store.vault import Vault


def count_words(tx: Tx) -> int:
    return tx.execute(select(func.count()).select_from(UnknownWord)).scalar_one()


def add_word(store: Store, word: str, *, tell: bool = True) -> None:
    with store.transaction() as tx:
        tx.add(UnknownWord(day=date(2026, 11, 1), word=word, count=1))
        if tell:
            bump(tx, "words")


def wait_for(condition: Callable[[], bool], seconds: float = 10) -> None:
    """Poll a condition that another thread brings about; fails when it does not come."""
    deadline = time.monotonic() + seconds
    tick = threading.Event()
    while not condition():
        assert time.monotonic() < deadline, "did not happen in time"
        tick.wait(0.005)


@pytest.fixture
def model() -> ReadModel[int]:
    return ReadModel("words", count_words, -1)


@pytest.fixture
def models(store: Store, model: ReadModel[int]) -> Iterator[ReadModels]:
    models = ReadModels(store, [model], interval=0.02)
    yield models
    models.stop()


def test_before_the_first_load_the_default_is_served(model: ReadModel[int]) -> None:
    assert model.value == -1
    assert model.revision is None


def test_the_first_refresh_loads_a_list_that_was_never_changed(
    models: ReadModels, model: ReadModel[int]
) -> None:
    assert models.refresh() == ("words",)
    assert (model.value, model.revision) == (0, 0)
    assert models.refresh() == ()


def test_a_bump_is_seen_and_no_bump_is_not(models: ReadModels, model: ReadModel[int], store: Store) -> None:
    models.refresh()
    add_word(store, "satu", tell=False)
    assert models.refresh() == ()
    assert model.value == 0
    add_word(store, "dua")
    assert models.refresh() == ("words",)
    assert model.value == 2


def test_a_change_rolled_back_bumps_nothing(models: ReadModels, model: ReadModel[int], store: Store) -> None:
    models.refresh()
    with suppress(ZeroDivisionError), store.transaction() as tx:
        bump(tx, "words")
        _ = 1 / 0
    assert models.refresh() == ()


def test_bumps_at_once_are_all_counted(store: Store) -> None:
    def many() -> None:
        for _ in range(10):
            with store.transaction() as tx:
                bump(tx, "words")

    threads = [threading.Thread(target=many) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    with store.read() as tx:
        assert tx.execute(select(Revision.number)).scalar_one() == 40


def test_a_database_restored_from_a_backup_is_loaded_again_although_its_number_is_smaller(
    models: ReadModels, model: ReadModel[int], store: Store
) -> None:
    for word in ("a", "b", "c"):
        add_word(store, word)
    models.refresh()
    with store.transaction() as tx:
        tx.execute(delete(UnknownWord).where(UnknownWord.word == "c"))
        tx.execute(update(Revision).values(number=1))
    assert models.refresh() == ("words",)
    assert model.value == 2


def test_the_thread_follows_changes_made_elsewhere(
    models: ReadModels, model: ReadModel[int], store: Store
) -> None:
    models.start()
    models.start()
    wait_for(lambda: model.value == 0)
    add_word(store, "satu")
    wait_for(lambda: model.value == 1)
    assert sum(thread.name == "read-models" for thread in threading.enumerate()) == 1


def test_stop_ends_the_thread_and_start_begins_again(
    models: ReadModels, model: ReadModel[int], store: Store
) -> None:
    models.start()
    wait_for(lambda: model.value == 0)
    models.stop()
    models.stop()
    assert not [thread for thread in threading.enumerate() if thread.name == "read-models"]
    add_word(store, "satu")
    assert model.value == 0
    models.start()
    wait_for(lambda: model.value == 1)


def test_a_database_away_leaves_the_old_list_served_and_is_logged_once(
    tmp_path: Path, sqlite_url: str, vault: Vault
) -> None:
    store = Store(sqlite_url, vault)
    model = ReadModel("words", count_words, -1)
    add_word(store, "satu")
    models = ReadModels(store, [model], interval=0.005)
    models.refresh()
    store.close()
    file, away = tmp_path / "jalur.sqlite3", tmp_path / "away"
    file.rename(away)
    file.mkdir()  # a path that no database can be opened at
    with pytest.raises(Unavailable):
        models.refresh()
    with capture_logs() as logs:
        models.start()
        wait_for(lambda: [line["event"] for line in logs].count("database unavailable") >= 4)
        assert model.value == 1
        file.rmdir()
        away.rename(file)
        add_word(store, "dua")
        wait_for(lambda: model.value == 2)
        models.stop()
    store.close()
    said = [line["event"] for line in logs]
    assert said.count("list not refreshed") == 1
    assert said.count("list refreshed again") == 1


def test_a_list_that_cannot_be_loaded_keeps_no_other_list_old(store: Store, model: ReadModel[int]) -> None:
    def broken(tx: Tx) -> int:
        raise ValueError("a row that nobody can read")

    models = ReadModels(store, [ReadModel("broken", broken, 0), model], interval=0.01)
    models.start()
    wait_for(lambda: model.value == 0)
    add_word(store, "satu")
    wait_for(lambda: model.value == 1)
    models.stop()
    with pytest.raises(ValueError, match="nobody can read"):
        models.refresh()


def test_a_forked_child_starts_a_thread_of_its_own(sqlite_url: str, vault: Vault) -> None:
    store = Store(sqlite_url, vault)
    model = ReadModel("words", count_words, -1)
    models = ReadModels(store, [model], interval=60)  # at rest while we fork
    models.start()
    wait_for(lambda: model.value == 0 and store.engine.pool.checkedout() == 0)
    add_word(store, "satu", tell=False)
    store.close()
    pid = os.fork()
    if pid == 0:
        # Only os._exit from here: the child must not run the parent's tests.
        code = 1
        try:
            store.engine.dispose(close=False)
            model.value, model.revision = -1, None
            models.start()
            wait_for(lambda: model.value == 1, 30)
            code = 0
        finally:
            os._exit(code)
    _, status = os.waitpid(pid, 0)
    models.stop()
    store.close()
    assert os.waitstatus_to_exitcode(status) == 0


def test_two_lists_of_one_name_are_refused(store: Store) -> None:
    one = ReadModel("words", count_words, 0)
    with pytest.raises(ValueError, match="one name"):
        ReadModels(store, [one, one])
