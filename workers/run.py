"""One worker of one lane: RQ's SimpleWorker on one queue, watched by a heartbeat.

Not forking: 196 jobs a second against 58, and nothing is shared over a fork; a crash is covered by the
leases in SQL and by whoever starts this process again. One queue, because with two a worker that is killed
between taking a job and starting it loses the job. Redis may go and come back: we wait for it.
"""

from __future__ import annotations

import os
from types import FrameType
from typing import Any

from redis.client import Pipeline
from redis.exceptions import RedisError
from rq import SimpleWorker
from rq.exceptions import StopRequested
from rq.worker import WorkerStatus

from sms_service.logs import get_logger
from sms_service.queues import LANES, Queues
from sms_service.runtime import connect_redis
from sms_service.services.operation import heartbeats
from sms_service.settings import Settings
from workers.process import Heart, Process, install, process, runtime
from workers.stopping import Stopping

__all__ = ["process", "runtime", "work"]

log = get_logger(__name__)

WORKER_TTL_SECONDS = 30  # an idle worker looks up from its blocking read 15 s before this
MAINTENANCE_SECONDS = 10
_NICE = 5  # on one machine what comes in is stored and callers are answered first
_FIRST_PAUSE_SECONDS = 0.25
_LONGEST_PAUSE_SECONDS = 5.0


class LaneWorker(SimpleWorker):
    """RQ's worker, ended by SIGTERM after the job in hand, and without RQ's remote control by Redis."""

    max_connection_wait_time = _LONGEST_PAUSE_SECONDS
    stopping: Stopping

    def request_stop(self, signum: int | None, frame: FrameType | None) -> None:
        """SIGTERM or SIGINT. The job in hand sees `stopping` and comes to its end by itself."""
        self.stopping.set()
        if self.get_state() == WorkerStatus.BUSY:
            self._stop_requested = True
        else:
            raise StopRequested

    def heartbeat(self, timeout: int | None = None, pipeline: Pipeline | None = None) -> None:
        """RQ's own, before and after each wait for a job: here a signal is seen that came before RQ
        listened for one, or whose exception was swallowed on its way."""
        if self.stopping.is_set() and self.get_state() != WorkerStatus.BUSY:
            raise StopRequested
        super().heartbeat(timeout, pipeline)

    def subscribe(self) -> None:
        """No channel: whoever can write to Redis shall not be able to stop workers by it."""

    def unsubscribe(self) -> None:
        """Nothing was subscribed."""


def work(settings: Settings, lane: str) -> None:
    """Do the jobs of `lane` until SIGTERM or SIGINT. Call it from the main thread."""
    if lane not in LANES:
        raise ValueError(f"lane is one of {', '.join(LANES)}")
    os.nice(_NICE)
    stopping = Stopping()
    stopping.on_signals()
    here = Process(settings, stopping)
    install(here)
    heart = Heart(here, heartbeats.worker(lane))
    heart.start()
    log.info("worker started", lane=lane)
    try:
        _keep_working(here, lane)
    finally:
        stopping.set()
        heart.join(timeout=2)
        install(None)
        here.close()
        log.info("worker stopped", lane=lane)


def _keep_working(here: Process, lane: str) -> None:
    """Start RQ's worker again whenever Redis has made it give up, with a pause that grows to 5 s."""
    pause = _FIRST_PAUSE_SECONDS
    while not here.stopping.is_set():
        outcome = "ended"
        try:
            if _work_once(here, lane):
                pause = _FIRST_PAUSE_SECONDS
        except RedisError as error:
            outcome = type(error).__name__
        except StopRequested:  # the signal came between two waits
            here.stopping.set()
        here.stopping.on_signals()
        if not here.stopping.is_set():
            log.warning("worker waits for Redis", lane=lane, error=outcome, seconds=pause)
            here.stopping.wait(pause)
            pause = min(2 * pause, _LONGEST_PAUSE_SECONDS)


def _work_once(here: Process, lane: str) -> bool:
    """Run RQ's loop until it ends; return whether it did any job. Raises RedisError."""
    # A connection of its own: RQ raises the time-out of the one that it blocks on.
    connection = connect_redis(here.settings.effective_redis_url)
    queue = Queues(connection).queue(lane)
    options: dict[str, Any] = {
        "connection": connection,
        "serializer": queue.serializer,
        "worker_ttl": WORKER_TTL_SECONDS,
        "maintenance_interval": MAINTENANCE_SECONDS,
        "default_result_ttl": 0,
        "log_job_description": False,
    }
    try:
        worker = LaneWorker([queue], **options)
        worker.log_result_lifespan = False
        worker.stopping = here.stopping
        return worker.work(logging_level=None)
    finally:
        connection.close()
