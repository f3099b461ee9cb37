"""How often one caller reports within a day, also an anonymous one, without keeping who it was.

Redis alone holds it: under a hash of the caller's number hash with a salt that is drawn for each day and gone
the day after, a set of hashed filings. From no row can it be told whose reports they were, and after the
salt not from Redis either. Redis away, or emptied: nobody is limited, and that is counted.

Nobody is refused for a second report: it is flagged, so that it does not count as a second witness. From the
sixth on reports wait behind others; from the 31st on they are refused, but never one of danger.
"""

from __future__ import annotations

import hashlib
import hmac
import os
from dataclasses import dataclass
from datetime import datetime, timedelta

from redis import Redis
from redis.exceptions import RedisError

from sms_service.domain.corroboration import SAME_REPORTER
from sms_service.errors import Locked
from sms_service.logs import get_logger
from sms_service.metrics import DEGRADED

log = get_logger(__name__)

USUAL_A_DAY = 5  # reports of one caller; more than these wait behind others
MOST = 30
_DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Standing:
    """What follows from how much a caller has reported today."""

    flags: tuple[str, ...] = ()
    waits: bool = False


def note(redis: Redis, caller_hash: str, filing: str, is_urgent: bool, now: datetime) -> Standing:
    """Count this filing (once, however often it is confirmed). Raises Locked for the 31st of a day."""
    try:
        many = _count(redis, caller_hash, filing, now)
    except RedisError as error:
        DEGRADED.labels("redis").inc()
        log.warning("reports of a caller not counted", error=type(error).__name__)
        return Standing()
    if many > MOST and not is_urgent:
        raise Locked("too many reports in one day", now + _DAY)
    return Standing((SAME_REPORTER,) if many > 1 else (), many > USUAL_A_DAY)


def _count(redis: Redis, caller_hash: str, filing: str, now: datetime) -> int:
    salt_key = f"reports:salt:{now:%Y%m%d}"
    with redis.pipeline(transaction=True) as pipe:
        pipe.set(salt_key, os.urandom(16).hex(), nx=True, ex=2 * _DAY)
        pipe.get(salt_key)
        salt = bytes(pipe.execute()[1])
    key = f"reports:today:{_hash(salt, caller_hash)}"
    with redis.pipeline(transaction=True) as pipe:
        pipe.sadd(key, _hash(salt, filing))
        pipe.expire(key, _DAY)
        pipe.scard(key)
        return int(pipe.execute()[2])


def _hash(salt: bytes, text: str) -> str:
    return hmac.digest(salt, text.encode(), hashlib.sha256)[:12].hex()
