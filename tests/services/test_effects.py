"""An effect happens once, whatever the gateway repeats."""

from __future__ import annotations

import threading
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import func, select

from sms_service.services import effects
from sms_service.store.engine import Store, Tx
from sms_service.store.models import Effect, UnknownWord

NOW = datetime(2026, 11, 21, 2, 0, tzinfo=UTC)


def act(tx: Tx) -> effects.Done:
    tx.add(UnknownWord(day=NOW.date(), word=f"w{tx.scalar(select(func.count(UnknownWord.id)))}", count=1))
    return "done", {"place": "3"}


def count(store: Store) -> int:
    with store.read() as tx:
        return tx.scalar(select(func.count(UnknownWord.id))) or 0


def test_a_repeated_request_finds_the_effect_done_and_the_same_outcome(store: Store) -> None:
    key = effects.effect_key("session", 4, "register")
    assert effects.once(store, key, act, NOW) == ("done", {"place": "3"})
    assert effects.once(store, key, act, NOW) == ("done", {"place": "3"})
    assert count(store) == 1


def test_ten_at_once_cause_one_effect(store: Store) -> None:
    key = effects.effect_key("session", 4, "register")
    outcomes: list[effects.Done] = []
    threads = [
        threading.Thread(target=lambda: outcomes.append(effects.once(store, key, act, NOW)))
        for _ in range(10)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert outcomes == [("done", {"place": "3"})] * 10
    assert count(store) == 1


def test_an_effect_that_failed_may_be_tried_again(store: Store) -> None:
    key = effects.effect_key("session", 4, "register")

    def fail(tx: Tx) -> effects.Done:
        act(tx)
        raise RuntimeError("cable pulled")

    with pytest.raises(RuntimeError):
        effects.once(store, key, fail, NOW)
    assert count(store) == 0
    assert effects.once(store, key, act, NOW)[0] == "done"


def test_another_step_session_or_action_is_another_effect() -> None:
    keys = {effects.effect_key(s, n, a) for s in ("a", "b") for n in (1, 2) for a in ("x", "y")}
    assert len(keys) == 8


def test_old_effects_are_forgotten_and_young_ones_kept(store: Store) -> None:
    effects.once(store, "old", act, NOW - effects.KEPT - timedelta(hours=1))
    effects.once(store, "young", act, NOW)
    with store.transaction() as tx:
        assert effects.purge(tx, NOW) == 1
        assert tx.scalars(select(Effect.key)).all() == ["young"]
