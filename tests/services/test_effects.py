"""An effect happens once, whatever the gateway repeats."""

from __future__ import annotations

import threading
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import func, select, update

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
    old, young = (effects.effect_key(session, 1, "register") for session in ("old", "young"))
    effects.once(store, old, act, NOW - effects.KEPT - timedelta(hours=1))
    effects.once(store, young, act, NOW)
    with store.transaction() as tx:
        assert effects.purge(tx, NOW) == 1
        assert tx.scalars(select(Effect.key)).all() == [young.name]


def test_what_an_effect_came_to_is_opened_by_its_own_session_and_not_by_the_keys_of_the_database(
    store: Store,
) -> None:
    key = effects.effect_key("session", 4, "register")
    effects.once(store, key, act, NOW)
    with store.read() as tx:
        kept = tx.scalars(select(Effect)).one()
        assert kept.values_sealed is not None
        assert "place" not in tx.vault.open(kept.values_sealed)
        for other in (
            effects.effect_key("session", 5, "register"),
            effects.effect_key("other", 4, "register"),
        ):
            with pytest.raises(ValueError, match="another opener"):
                tx.vault.open_for(other.opener, kept.values_sealed)
        assert key.opener not in kept.values_sealed
        assert key.opener.hex() not in kept.key
    with store.transaction() as tx:  # a new DATA_KEY: the outer seal is made anew
        tx.execute(update(Effect).values(values_sealed=tx.vault.reseal(kept.values_sealed)))
    assert effects.once(store, key, act, NOW) == ("done", {"place": "3"})
