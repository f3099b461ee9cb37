"""The rate budget: how many segments a second may go to one gateway, from all workers together.

A token bucket kept as one time in Redis, "the bucket is full again at": a call may start when that time
has come, and moves it on by its segments divided by the rate. So no more than rate x seconds + one call
ever goes out, however many workers there are. The fast lane goes first: while it waits, bulk waits too.
With Redis away nothing goes (nobody could count): a little late rather than over the limit.
"""

from __future__ import annotations

from typing import cast

from redis import Redis
from redis.exceptions import RedisError

from sms_service.logs import get_logger

log = get_logger(__name__)

# KEYS: full-again time, mark of a waiting fast lane. ARGV: microseconds that this call costs, lane.
# Returns the microseconds to wait; 0 means taken.
_TAKE = """
local now = redis.call('TIME')
local at = now[1] * 1000000 + now[2]
local full = tonumber(redis.call('GET', KEYS[1]) or '0')
local wait = math.max(full - at, 0)
if ARGV[2] ~= 'fast' then
  wait = math.max(wait, redis.call('PTTL', KEYS[2]) * 1000)
elseif wait > 0 then
  redis.call('SET', KEYS[2], '1', 'PX', math.ceil(wait / 1000) + 200)
end
if wait > 0 then return wait end
local cost = tonumber(ARGV[1])
redis.call('SET', KEYS[1], string.format('%.0f', at + cost), 'PX', math.ceil(cost / 1000) + 1000)
if ARGV[2] == 'fast' then redis.call('DEL', KEYS[2]) end
return 0
"""
_CALLS_PER_SECOND = 4  # a call is at most a quarter of a second's budget, so that the fast lane gets in
_AWAY_SECONDS = 1.0


class Budget:
    """The shared budget of all gateways, each with `segments_per_second` (None: no limit of ours)."""

    def __init__(self, redis: Redis, segments_per_second: float | None) -> None:
        self.rate = segments_per_second
        self._script = redis.register_script(_TAKE)
        self._is_away = False

    @property
    def call_size(self) -> int | None:
        """The most segments that one call should cost, or None without a limit."""
        return max(1, int(self.rate / _CALLS_PER_SECOND)) if self.rate else None

    def take(self, gateway: str, lane: str, segments: int) -> float:
        """Take `segments` for a call to `gateway` and return 0; else return how many seconds to wait."""
        if self.rate is None:
            return 0.0
        keys = [f"budget:{gateway}", f"budget:{gateway}:fast-waits"]
        try:
            wait = cast(int, self._script(keys=keys, args=[round(segments / self.rate * 1_000_000), lane]))
        except RedisError as error:
            if not self._is_away:
                log.warning("rate budget away: nothing is sent", gateway=gateway, error=type(error).__name__)
            self._is_away = True
            return _AWAY_SECONDS
        self._is_away = False
        return wait / 1_000_000
