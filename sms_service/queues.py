"""Wake-up calls to the workers, through RQ. The work itself stands in SQL rows; a lost call costs a
sweep's delay and nothing else, a doubled one finds nothing left to do.

Many rows written at once need one call, not many: a flag in Redis is set with the call and taken down
by the job before it looks at the rows, so that a row written later always causes a new call.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from redis import Redis
from redis.backoff import NoBackoff
from redis.exceptions import RedisError
from redis.retry import Retry
from rq import Queue
from rq.serializers import JSONSerializer

from sms_service.logs import get_logger

log = get_logger(__name__)

LANES = ("fast", "bulk")
# Job name -> lane and function. A guard test resolves every function and finds every lane in the Procfile.
JOBS: dict[str, tuple[str, str]] = {
    "handle_inbound": ("fast", "workers.messages.handle_inbound"),
    "send_fast": ("fast", "workers.messages.send_fast"),
    "send_bulk": ("bulk", "workers.messages.send_bulk"),
    "link_reports": ("fast", "workers.reports.link"),
    "fan_out_reminders": ("bulk", "workers.reminders.fan_out"),
    "run_broadcasts": ("bulk", "workers.broadcasts.run"),
    "tell_registrants": ("bulk", "workers.reminders.tell_registrants"),
    "ask_balances": ("bulk", "workers.balances.ask"),
}
JOB_TIMEOUT_SECONDS = 300
_FLAG_SECONDS = 5  # a job that died before it took its flag down delays its lane no longer than this


class Queues:
    """The lanes, and the one way to wake a job."""

    def __init__(self, redis: Redis) -> None:
        self.redis = redis
        self._queues = {
            lane: Queue(
                lane, connection=redis, serializer=JSONSerializer, default_timeout=JOB_TIMEOUT_SECONDS
            )
            for lane in LANES
        }

    def wake(self, jobs: Iterable[str]) -> None:
        """Wake each named job once. Never raises for Redis: the scheduler's sweep wakes what this missed."""
        for job in jobs:
            lane, function = JOBS[job]
            try:
                if self.redis.set(_flag(job), "1", nx=True, ex=_FLAG_SECONDS):
                    self._queues[lane].enqueue(function, result_ttl=0, failure_ttl=3600)
            except RedisError as error:
                log.warning("wake-up call not delivered", job=job, error=type(error).__name__)

    def begin(self, job: str) -> None:
        """Take the flag of `job` down. The job's first act, before it looks for rows."""
        try:
            self.redis.delete(_flag(job))
        except RedisError as error:
            log.warning("wake-up flag not cleared", job=job, error=type(error).__name__)

    def is_another_awaited(self, job: str) -> bool:
        """True when another job of the lane of `job` has been woken and has not begun. Redis away: False."""
        lane = JOBS[job][0]
        others = [_flag(name) for name, (its_lane, _) in JOBS.items() if its_lane == lane and name != job]
        try:
            return bool(self.redis.exists(*others))
        except RedisError:
            return False

    def depths(self) -> dict[str, int]:
        """Waiting jobs per lane. Raises RedisError."""
        return {lane: queue.count for lane, queue in self._queues.items()}

    def queue(self, lane: str) -> Queue:
        """The RQ queue of a lane, for its worker."""
        return self._queues[lane]


def _flag(job: str) -> str:
    return f"wake:{job}"


def connection_options() -> dict[str, Any]:
    """Bounds of every Redis connection but a worker's blocking one. One retry, at once: redis-py's own
    three would hold whoever asks for 4 to 5 seconds while Redis is away."""
    return {
        "socket_timeout": 1.0,
        "socket_connect_timeout": 0.5,
        "health_check_interval": 30,
        "retry": Retry(NoBackoff(), 1),
    }
