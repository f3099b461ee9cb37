"""What one caller has done today, an anonymous one too, without keeping who it was.

Redis alone holds it: under a hash of the caller's number hash with a salt that is drawn for each day (the
office's) and gone the day after, a set of hashes of what was done. From no row can it be told whose it was,
and after the salt not from Redis either. Called by limits and by the recruiter check.
"""

from __future__ import annotations

import hashlib
import hmac
import os
from dataclasses import dataclass
from datetime import date, timedelta
from typing import cast

from redis import Redis
from redis.exceptions import RedisError

from sms_service.errors import Unavailable

DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Noted:
    """`is_new`: not done before today. `many`: how many such things the caller has done, with this one."""

    is_new: bool
    many: int


def note(redis: Redis, kind: str, caller_hash: str, deed: str, today: date) -> Noted:
    """Note that a caller has done `deed`: once, however often it is noted. `today` is the date at the office.
    Raises Unavailable."""
    try:
        salt = _salt(redis, today)
        key = f"{kind}:today:{_hash(salt, f'{kind}|{caller_hash}')}"
        with redis.pipeline(transaction=True) as pipe:
            pipe.sadd(key, _hash(salt, deed))
            pipe.expire(key, DAY)
            pipe.scard(key)
            added, _, many = pipe.execute()
    except RedisError as error:
        raise Unavailable("Redis is not available") from error
    return Noted(bool(added), int(many))


def _salt(redis: Redis, today: date) -> bytes:
    key = f"today:salt:{today:%Y%m%d}"
    known = redis.get(key)
    if known is None:  # the first of the day, or Redis was emptied
        redis.set(key, os.urandom(16).hex(), nx=True, ex=2 * DAY)
        known = redis.get(key)
    if known is None:
        raise Unavailable("Redis keeps nothing")
    return cast(bytes, known)


def _hash(salt: bytes, text: str) -> str:
    return hmac.digest(salt, text.encode(), hashlib.sha256)[:12].hex()
