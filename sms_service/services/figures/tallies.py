"""Figures that are counted in Redis, so that no caller waits for them, and carried into SQL soon after.

`turns` is a hash of counters (day, channel, node, outcome, language), with the districts of calls among
them; `misses` a list of what was asked of the recruiter check and not found, sealed, for it may hold a
number. A drain takes a tally away under a name of its own and notes that name in the same transaction as
the rows, so a crash counts nothing twice.
"""

from __future__ import annotations

import uuid
from collections.abc import Callable
from datetime import date, datetime
from typing import Any

from redis.exceptions import RedisError, ResponseError
from sqlalchemy.dialects import postgresql, sqlite

from sms_service.errors import Unavailable
from sms_service.logs import get_logger
from sms_service.services import effects
from sms_service.services.effects import Done
from sms_service.services.recruiters import directory as recruiters
from sms_service.store.engine import Store, Tx
from sms_service.store.models import DistrictCount, TurnCount
from sms_service.ussd_sessions import MISSES, PLACED, TURN_COUNTS

log = get_logger(__name__)

_TAKEN = "tallies:taken"  # names of tallies that are being carried over


def drain(store: Store, redis: Any, today: date, now: datetime) -> int:
    """Carry everything counted so far into SQL; return how many entries. Raises Unavailable.

    `redis` is a redis.Redis that answers in bytes.
    """
    try:
        for tally in (TURN_COUNTS, MISSES):
            _take(redis, tally)
        return sum(_carry(store, redis, name.decode(), today, now) for name in redis.smembers(_TAKEN))
    except RedisError as error:
        raise Unavailable("Redis is not available") from error


def _take(redis: Any, tally: str) -> None:
    if not redis.exists(tally):
        return
    name = f"{tally}:{uuid.uuid4().hex}"
    redis.sadd(_TAKEN, name)
    try:
        redis.rename(tally, name)
    except ResponseError:  # another scheduler took it in this instant
        redis.srem(_TAKEN, name)


def _carry(store: Store, redis: Any, name: str, today: date, now: datetime) -> int:
    entries, write = _read(redis, name, today, now)
    if entries:
        effects.once(store, effects.effect_key(name, 0, "tally"), write, now)
    redis.delete(name)
    redis.srem(_TAKEN, name)
    return entries


def _read(redis: Any, name: str, today: date, now: datetime) -> tuple[int, Callable[[Tx], Done]]:
    if name.startswith(TURN_COUNTS):
        counts = {field.decode(): int(count) for field, count in redis.hgetall(name).items()}
        return len(counts), lambda tx: _write_turns(tx, counts)
    asked = redis.lrange(name, 0, -1)
    return len(asked), lambda tx: _write_misses(tx, asked, today, now)


def _write_turns(tx: Tx, counts: dict[str, int]) -> Done:
    for key, count in sorted(counts.items()):
        day, channel, node, outcome, language = key.split("|")
        known: dict[str, date | str] = {"day": date.fromisoformat(day), "channel": channel}
        if outcome == PLACED:
            _add(tx, DistrictCount, {**known, "district": node}, count)
        else:
            _add(tx, TurnCount, {**known, "node": node, "outcome": outcome, "language": language}, count)
    return "done", {}


def _add(
    tx: Tx, counter: type[TurnCount] | type[DistrictCount], keys: dict[str, date | str], count: int
) -> None:
    insert = postgresql.insert if tx.is_postgres else sqlite.insert
    row = insert(counter).values(**keys, count=count)
    tx.execute(row.on_conflict_do_update(index_elements=list(keys), set_={"count": counter.count + count}))


def _write_misses(tx: Tx, asked: list[bytes], today: date, now: datetime) -> Done:
    for sealed in asked:
        try:
            text = tx.vault.open(sealed)
        except ValueError:  # its key was taken away meanwhile: a figure is lost
            log.warning("a miss cannot be read")
            continue
        recruiters.record_miss(tx, text, today, now)
    return "done", {}
