"""The scheduler: once a second it finds what is due, and what is stuck, and wakes who can do something
about it. A loop of our own: RQ's cron has no lock, replays nothing missed and writes pickle.

Everything it does is a conditional change or a wake-up call, so two schedulers do no harm, and one that
was away finds in the rows what it has missed. Redis or the database away: told once, and the tick goes on.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

from sms_service import embedded_redis
from sms_service.domain.quiet_hours import release_at
from sms_service.errors import Unavailable
from sms_service.logs import get_logger
from sms_service.services.broadcasts import sending as broadcast_sending
from sms_service.services.events import notices as event_notices
from sms_service.services.events import reminders
from sms_service.services.figures import tallies
from sms_service.services.operation import balances, heartbeats
from sms_service.services.privacy import data_keys, retention
from sms_service.services.reports import clusters as report_clusters
from sms_service.services.reports import links as report_links
from sms_service.services.reports import surges
from sms_service.services.sending import deliveries, sweeps
from sms_service.services.texts import due, forgetting, inbox
from sms_service.services.texts.messages import LANE_JOBS
from sms_service.settings import Settings
from sms_service.store.engine import Tx
from workers import broadcasts
from workers.alarms import Alarms
from workers.process import BEAT_SECONDS, Process, install
from workers.stopping import Stopping

log = get_logger(__name__)

TICK_SECONDS = 1.0
ALARMS_EVERY_SECONDS = 5.0
REPORTS_EVERY_SECONDS = 5.0
TALLIES_EVERY_SECONDS = 5.0
SURGES_EVERY_SECONDS = 30.0  # an alert within a minute: misses come with the tallies before
FORGET_EVERY_SECONDS = 60.0  # names of emptied reports leave the memory of a worker within this
ERASED_EVERY_SECONDS = 5.0  # answers to HAPUS are emptied within this after they left
SHRINK_EVERY_SECONDS = 60.0  # what was erased leaves SQLite's write-ahead log within this
HISTORY_EVERY_SECONDS = 3600.0  # what the embedded Redis has dropped leaves its file within this
BALANCES_EVERY_SECONDS = 300.0
FIRST_BALANCES_SECONDS = 5.0  # after the start: what waits to be sent goes first
RETENTION_EVERY_SECONDS = 3600.0
_RETENTION_SECONDS = 0.2  # of one tick: what is left comes a second later
_SLICES = 5  # of one sweep a tick: what is left comes a second later


class Scheduler:
    """One tick after the other; `tick` is all that it does."""

    def __init__(self, here: Process) -> None:
        self._here = here
        self._lease = timedelta(seconds=here.settings.send_lease_seconds)
        started = time.monotonic()
        self._next: dict[str, float] = {
            "forget": started + FORGET_EVERY_SECONDS,
            "balances": started + FIRST_BALANCES_SECONDS,
        }
        self._failing: set[str] = set()
        self._retention: retention.Pass | None = None
        self._alarms = Alarms(here)
        self._turns = self._list_turns()

    def run(self) -> None:
        """Tick until the process is stopping."""
        # A text that a lost worker held is to be `unknown` within two leases, also where they are short.
        pause = min(TICK_SECONDS, self._lease.total_seconds() / 2)
        while not self._here.stopping.is_set():
            self.tick()
            self._here.stopping.wait(pause)

    def tick(self) -> None:
        """Look once. Never raises: what fails is told once and tried again at the next tick."""
        self._here.refresh_clock()
        self._guard("leases", lambda: self._sweep(self._free_leases))
        self._guard("deadlines", lambda: self._sweep(self._expire))
        self._guard("broadcasts", lambda: broadcasts.advance_all(self._here))
        self._guard("wake", self._wake_due)
        for what, every, act in self._turns:
            if self._is_time(what, every):
                self._guard(what, act)

    def _list_turns(self) -> list[tuple[str, float, Callable[[], None]]]:
        """What has its turn now and then, and after how many seconds again."""
        runtime = self._here.runtime
        turns = [
            ("alarms", ALARMS_EVERY_SECONDS, self._alarms.look),
            ("reports", REPORTS_EVERY_SECONDS, lambda: self._sweep(self._match_reports)),
            ("tallies", TALLIES_EVERY_SECONDS, self._drain_tallies),
            ("surges", SURGES_EVERY_SECONDS, self._watch_reports),
            ("forget", FORGET_EVERY_SECONDS, lambda: runtime.queues.wake([report_links.JOB])),
            ("heartbeat", BEAT_SECONDS, self._beat),
            ("balances", BALANCES_EVERY_SECONDS, self._ask_balances),
            ("erased", ERASED_EVERY_SECONDS, lambda: self._sweep(self._empty_marked)),
            ("shrink", SHRINK_EVERY_SECONDS, self._shrink_log),
            ("retention", RETENTION_EVERY_SECONDS, self._retain),
        ]
        if not self._here.settings.redis_url:
            drop = ("history", HISTORY_EVERY_SECONDS, lambda: embedded_redis.drop_history(runtime.redis))
            turns.append(drop)
        return turns

    def _ask_balances(self) -> None:
        """A worker asks: a provider that is slow must not hold the scheduler."""
        if balances.tellers(self._here.runtime):
            self._here.runtime.queues.wake([balances.JOB])

    def _free_leases(self, tx: Tx, now: datetime) -> bool:
        return max(sweeps.free_leases(tx, now, self._lease)) >= sweeps.SLICE

    def _expire(self, tx: Tx, now: datetime) -> bool:
        return sweeps.expire(tx, now) >= sweeps.SLICE

    def _match_reports(self, tx: Tx, now: datetime) -> bool:
        return deliveries.match_waiting(tx, now, sweeps.SLICE) >= sweeps.SLICE

    def _sweep(self, one_slice: Callable[[Tx, datetime], bool]) -> None:
        """Run a sweep, each slice in its own transaction, until one was not full."""
        for _ in range(_SLICES):
            with self._here.runtime.store.transaction() as tx:
                more = one_slice(tx, self._now())
            if not more:
                return

    def _wake_due(self) -> None:
        """Rebuilds the queue from the rows: Redis may have lost it, or missed a call."""
        now, settings = self._now(), self._here.settings
        quiet = release_at(now, settings.zone, settings.quiet_hours, settings.quiet_sunday) is not None
        with self._here.runtime.store.read() as tx:
            jobs = [job for lane, job in LANE_JOBS.items() if due.has_due(tx, lane, now, quiet)]
            jobs += ["handle_inbound"] if inbox.has_due(tx, now) else []
            jobs += ["fan_out_reminders"] if reminders.has_due(tx, now) else []
            jobs += [broadcasts.JOB] if broadcast_sending.has_work(tx, now) else []
            jobs += [report_links.JOB] if report_links.has_due(tx) else []
            jobs += [event_notices.JOB] if event_notices.has_due(tx) else []
        self._here.runtime.queues.wake(jobs)

    def _watch_reports(self) -> None:
        """Count clusters anew of which a report has changed; tell of surges. Looking takes no write lock."""
        store, settings = self._here.runtime.store, self._here.settings
        with store.transaction() as tx:
            report_clusters.recount_changed(tx, settings.reporting_threshold, self._now())
        with store.read() as tx:
            found = surges.find(tx, settings, self._now())
        if found:
            with store.transaction() as tx:
                surges.raise_all(tx, found, settings, self._now())

    def _drain_tallies(self) -> None:
        runtime, now = self._here.runtime, self._now()
        today = now.astimezone(runtime.settings.zone).date()
        tallies.drain(runtime.store, runtime.redis, today, now)

    def _beat(self) -> None:
        with self._here.runtime.store.transaction() as tx:
            heartbeats.beat(tx, heartbeats.SCHEDULER, datetime.now(UTC))
        data_keys.note(self._here.runtime.store, datetime.now(UTC))

    def _empty_marked(self, tx: Tx, _now: datetime) -> bool:
        return forgetting.empty_marked(tx, sweeps.SLICE) >= sweeps.SLICE

    def _shrink_log(self) -> None:
        if not self._here.runtime.store.shrink_log():
            self._next["shrink"] = time.monotonic() + ERASED_EVERY_SECONDS

    def _retain(self) -> None:
        """Carry out the retention, a little now and the next slices at the next tick."""
        going = self._retention = self._retention or retention.Pass()
        self._next.pop("retention", None)
        until = time.monotonic() + _RETENTION_SECONDS
        while going.advance(self._here.runtime.store, self._now()):
            if time.monotonic() >= until:
                return
        self._next["retention"] = time.monotonic() + RETENTION_EVERY_SECONDS
        self._retention = None
        log.info("retention carried out", **going.done)

    def _is_time(self, what: str, every: float) -> bool:
        if time.monotonic() < self._next.get(what, 0.0):
            return False
        self._next[what] = time.monotonic() + every
        return True

    def _guard(self, what: str, act: Callable[[], None]) -> None:
        try:
            act()
        except Exception as error:
            self._next.pop(what, None)
            if what not in self._failing:
                self._failing.add(what)
                known = isinstance(error, Unavailable)
                log.error("tick failed", part=what, error=type(error).__name__, exc_info=not known)
            return
        if what in self._failing:
            self._failing.discard(what)
            log.info("tick works again", part=what)

    def _now(self) -> datetime:
        return self._here.runtime.clock.now()


def schedule(settings: Settings) -> None:
    """Run the scheduler until SIGTERM or SIGINT. Call it from the main thread."""
    stopping = Stopping()
    stopping.on_signals()
    here = Process(settings, stopping)
    install(here)
    log.info("scheduler started")
    try:
        Scheduler(here).run()
    finally:
        install(None)
        here.close()
        log.info("scheduler stopped")
