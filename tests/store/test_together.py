"""Many requests, one commit: nobody's fault is another's, and nothing is acknowledged uncommitted."""

from __future__ import annotations

import threading
from datetime import UTC, datetime

import pytest
from sqlalchemy import event, func, select

from sms_service.errors import Unavailable
from sms_service.store.engine import Store, Tx
from sms_service.store.models import Effect
from sms_service.store.together import Together

NOW = datetime(2026, 11, 21, tzinfo=UTC)


def write(key: str):  # type: ignore[no-untyped-def]
    def act(tx: Tx) -> str:
        if key.startswith("bad"):
            raise ValueError(key)
        tx.add(Effect(key=key, outcome="x", created_at=NOW))
        tx.flush()
        tx.wake("handle_inbound")
        return key

    return act


def run_at_once(together: Together, keys: list[str]) -> dict[str, object]:
    """Run one act a key from a thread each, all waiting for the same pen."""
    answers: dict[str, object] = {}

    def one(key: str) -> None:
        try:
            answers[key] = together.run(write(key))
        except (ValueError, Unavailable) as error:
            answers[key] = error

    threads = [threading.Thread(target=one, args=(key,)) for key in keys]
    with together._pen:
        for thread in threads:
            thread.start()
        while len(together._waiting) < len(keys):
            pass
    for thread in threads:
        thread.join()
    return answers


def keys(store: Store) -> set[str]:
    with store.read() as tx:
        return set(tx.scalars(select(Effect.key)))


def test_what_comes_at_once_is_one_commit_and_one_wake(store: Store) -> None:
    commits, wakes = [], []
    store._on_commit = wakes.append
    event.listen(store.engine, "commit", lambda _: commits.append(1))
    names = [f"k{n}" for n in range(20)]
    assert run_at_once(store._together, names) == {name: name for name in names}
    assert keys(store) == set(names)
    assert (len(commits), wakes) == (1, [["handle_inbound"]])


def test_one_that_fails_fails_alone(store: Store) -> None:
    answers = run_at_once(store._together, ["a", "bad", "b"])
    assert (answers["a"], answers["b"]) == ("a", "b")
    assert isinstance(answers["bad"], ValueError)
    assert keys(store) == {"a", "b"}


def test_a_database_that_is_away_is_told_to_all(store: Store) -> None:
    away = Store("sqlite:////nowhere/at/all.sqlite3", store.vault)._together
    assert all(isinstance(answer, Unavailable) for answer in run_at_once(away, ["a", "b"]).values())


def test_alone_it_is_a_transaction_like_any(store: Store) -> None:
    assert store.together(write("a")) == "a"
    with pytest.raises(ValueError, match="bad"):
        store.together(write("bad"))
    with store.read() as tx:
        assert tx.scalar(select(func.count(Effect.key))) == 1
