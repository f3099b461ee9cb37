"""The names that reports give, in the memory of the worker that holds new reports against old ones.

Names are sealed in the database, so similar ones can be found in memory only. About 0.5 KB a report; loaded
once a process, then only what is new is opened. A report that was emptied or deleted leaves memory at the
next refresh (the job runs once a minute also when nothing is new). Numbers never come here: they are found
by their keyed hash in SQL. Not for many threads. Called by services/reports/links.py.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from sqlalchemy import select

from sms_service.domain.report_matching import Names
from sms_service.store.engine import Tx
from sms_service.store.models import Report

_OVERLAP = 500  # ids: a report with a lower id may be committed after one with a higher
_CLOCKS_DIFFER = timedelta(hours=1)
_AT_ONCE = 2000


class KnownNames:
    """Names by report, and how far they were read."""

    def __init__(self) -> None:
        self.names = Names()
        self._last_id = 0
        self._emptied_until: datetime | None = None

    def refresh(self, tx: Tx) -> None:
        """Take in what is new, and forget what was emptied since."""
        self._take_new(tx)
        emptied = select(Report.redacted_at, Report.id).where(Report.redacted_at.is_not(None))
        if self._emptied_until is not None:
            emptied = emptied.where(Report.redacted_at >= self._emptied_until - _CLOCKS_DIFFER)
        for row in tx.execute(emptied):
            self.names.drop(row.id)
            if row.redacted_at and (self._emptied_until is None or row.redacted_at > self._emptied_until):
                self._emptied_until = row.redacted_at

    def forget_gone(self, tx: Tx) -> int:
        """Forget reports that are not in the database any more; return how many. Reads all ids."""
        gone = set(self.names) - set(tx.scalars(select(Report.id)))
        for report_id in gone:
            self.names.drop(report_id)
        return len(gone)

    def _take_new(self, tx: Tx) -> None:
        """A few hundred ids are looked at again each time, without what belongs to them."""
        recent = select(Report.id).where(Report.id > self._last_id - _OVERLAP, Report.redacted_at.is_(None))
        wanted = select(Report.id, Report.recruiter_name_sealed).where(Report.redacted_at.is_(None))
        if self._last_id:
            new = [report_id for report_id in tx.scalars(recent) if report_id not in self.names]
            if not new:
                return
            wanted = wanted.where(Report.id >= min(new))
        for row in tx.execute(wanted.order_by(Report.id).execution_options(yield_per=_AT_ONCE)):
            if row.id not in self.names:
                self.names.put(row.id, opened(tx, row.recruiter_name_sealed))
            self._last_id = max(self._last_id, row.id)


def opened(tx: Tx, sealed: bytes | None) -> str:
    """Return what was sealed; "" for nothing, and for what no key opens any more."""
    if sealed is None:
        return ""
    try:
        return tx.vault.open(sealed)
    except ValueError:
        return ""
