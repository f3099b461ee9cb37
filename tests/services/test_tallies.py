"""Figures counted in Redis reach SQL once, whatever happens on the way."""

from __future__ import annotations

from datetime import UTC, date, datetime

import pytest
from redis import Redis
from sqlalchemy import func, select

from sms_service.errors import Unavailable
from sms_service.services.figures import tallies
from sms_service.services.recruiters import directory as recruiters
from sms_service.store.engine import Store
from sms_service.store.models import TurnCount
from sms_service.ussd_sessions import MISSES, TURN_COUNTS

NOW = datetime(2026, 11, 21, 1, 0, tzinfo=UTC)
TODAY = date(2026, 11, 21)
FIELD = "2026-11-21|ussd|root|ok|id"


def turns(store: Store) -> int:
    with store.read() as tx:
        return tx.scalar(select(func.sum(TurnCount.count))) or 0


def test_turns_are_carried_over_and_added_up(store: Store, redis: Redis) -> None:
    for _ in range(2):
        redis.hincrby(TURN_COUNTS, FIELD, 3)
        redis.hincrby(TURN_COUNTS, "2026-11-21|sms|check.ask|refused|en", 1)
        assert tallies.drain(store, redis, TODAY, NOW) == 2
    assert turns(store) == 8
    assert tallies.drain(store, redis, TODAY, NOW) == 0
    assert redis.dbsize() == 0


def test_a_crash_after_the_commit_counts_nothing_twice(store: Store, redis: Redis) -> None:
    redis.hincrby(TURN_COUNTS, FIELD, 3)

    class Dying:
        """A Redis that goes away when the tally would be deleted."""

        def __getattr__(self, name: str) -> object:
            if name == "delete":
                raise ConnectionError
            return getattr(redis, name)

    with pytest.raises(ConnectionError):
        tallies.drain(store, Dying(), TODAY, NOW)
    assert turns(store) == 3
    tallies.drain(store, redis, TODAY, NOW)
    assert turns(store) == 3
    assert redis.dbsize() == 0


def test_a_crash_before_the_commit_loses_nothing(store: Store, redis: Redis, sqlite_url: str) -> None:
    redis.hincrby(TURN_COUNTS, FIELD, 3)
    away = Store("sqlite:////nowhere/at/all.sqlite3", store.vault)
    with pytest.raises(Unavailable):
        tallies.drain(away, redis, TODAY, NOW)
    tallies.drain(store, redis, TODAY, NOW)
    assert turns(store) == 3


def test_what_was_asked_and_not_found_is_counted_and_a_number_stays_unreadable(
    store: Store, redis: Redis
) -> None:
    for typed in ("PT Contoh Hilang", "pt contoh hilang", "0812 0000 0123"):
        redis.lpush(MISSES, store.vault.seal(typed))
    assert tallies.drain(store, redis, TODAY, NOW) == 3
    with store.read() as tx:
        misses = recruiters.list_misses(tx, TODAY)
    assert [(miss.count, miss.is_number) for miss in misses] == [(2, False), (1, True)]
    assert "0123" not in str(misses)


def test_without_redis_it_says_so(store: Store) -> None:
    with pytest.raises(Unavailable):
        tallies.drain(store, Redis(unix_socket_path="/nowhere.sock"), TODAY, NOW)
