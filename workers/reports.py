"""The job that holds new reports against all others and suggests links, one report at a time.

It carries no ids: it works off the reports that have not been looked at (`linked_at`), and wakes itself again
when time runs out. Safe to run twice and at once. RQ calls it by the name in sms_service/queues.py; filing a
report wakes it, and the scheduler does, once a minute also when nothing is new: then names of reports that
were emptied leave this process's memory.
"""

from __future__ import annotations

import time

from sms_service.errors import Unavailable
from sms_service.logs import get_logger
from sms_service.services.reports import links as report_links
from sms_service.services.reports.index import KnownNames
from sms_service.services.reports.links import Found
from workers.process import Process, process

log = get_logger(__name__)

JOB = report_links.JOB
SECONDS = 1.0  # the fast lane's jobs take turns: a reply must not wait for a pile of reports
FORGET_EVERY_SECONDS = 50.0
_AT_ONCE = 20


class Matcher:
    """The names that this process knows, and when it last looked for reports that are gone."""

    def __init__(self, here: Process) -> None:
        self.here = here
        self.known = KnownNames()
        self._forget_at = 0.0

    def work_off(self, deadline: float) -> bool:
        """Link what is due; True when something may be left."""
        self._refresh()
        while not self.here.stopping.is_set() and time.monotonic() < deadline:
            with self.here.runtime.store.read() as tx:
                due = report_links.list_due(tx, _AT_ONCE)
            for report_id in due:
                self._link_or_pass(report_id)
            if len(due) < _AT_ONCE:
                return False
        return True

    def _link_or_pass(self, report_id: int) -> None:
        """One report that cannot be matched must not keep all others from it."""
        try:
            self._link(report_id)
        except Unavailable:
            raise
        except Exception as error:
            log.error("report not matched", report=report_id, error=type(error).__name__, exc_info=True)
            with self.here.runtime.store.transaction() as tx:
                report_links.record(tx, Found(report_id, (), {}), self.here.runtime.clock.now())

    def _link(self, report_id: int) -> None:
        """Matching reads only, so that nobody waits for the write lock meanwhile."""
        store, threshold = self.here.runtime.store, self.here.settings.reporting_threshold
        with store.read() as tx:
            self.known.refresh(tx)
            found = report_links.find_alike(tx, self.known, report_id, threshold)
        if found is not None:
            with store.transaction() as tx:
                report_links.record(tx, found, self.here.runtime.clock.now())

    def _refresh(self) -> None:
        with self.here.runtime.store.read() as tx:
            self.known.refresh(tx)
            if time.monotonic() >= self._forget_at:
                self.known.forget_gone(tx)
                self._forget_at = time.monotonic() + FORGET_EVERY_SECONDS


_matcher: Matcher | None = None


def matcher(here: Process) -> Matcher:
    """The matcher of this process, built anew after a fork."""
    global _matcher
    if _matcher is None or _matcher.here is not here:
        _matcher = Matcher(here)
    return _matcher


def link() -> None:
    """Suggest links for new reports. Whatever fails ends here: the rows are still due."""
    here = process()
    here.runtime.queues.begin(JOB)
    here.refresh_clock()
    try:
        is_more = matcher(here).work_off(time.monotonic() + SECONDS)
    except Unavailable:
        log.warning("job ended early: the database is away", job=JOB)
        return
    except Exception as error:
        log.error("job ended early", job=JOB, error=type(error).__name__, exc_info=True)
        return
    if is_more and not here.stopping.is_set():
        here.runtime.queues.wake([JOB])
