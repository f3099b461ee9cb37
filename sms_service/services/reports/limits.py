"""How often one caller reports within a day, also an anonymous one, without keeping who it was.

Counted in Redis alone, under a salt of the day (callers_today). Redis away, or emptied: nobody is limited,
and that is counted.

Nobody is refused for a second report: it is flagged, so that it does not count as a second witness. From the
sixth on reports wait behind others; from the 31st on they are refused, but never one of danger.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, time, tzinfo

from redis import Redis

from sms_service.domain.corroboration import SAME_REPORTER
from sms_service.errors import Locked, Unavailable
from sms_service.logs import get_logger
from sms_service.metrics import DEGRADED
from sms_service.services.reports import callers_today

log = get_logger(__name__)

USUAL_A_DAY = 5  # reports of one caller; more than these wait behind others
MOST = 30


@dataclass(frozen=True, slots=True)
class Standing:
    """What follows from how much a caller has reported today."""

    flags: tuple[str, ...] = ()
    waits: bool = False


def note(
    redis: Redis, caller_hash: str, filing: str, is_urgent: bool, now: datetime, zone: tzinfo
) -> Standing:
    """Count this filing (once, however often it is confirmed). Raises Locked for the 31st of a day, until the
    office's midnight (`zone` is the office's)."""
    today = now.astimezone(zone).date()
    try:
        many = callers_today.note(redis, "reports", caller_hash, filing, today).many
    except Unavailable as error:
        DEGRADED.labels("redis").inc()
        log.warning("reports of a caller not counted", error=type(error).__name__)
        return Standing()
    if many > MOST and not is_urgent:
        midnight = datetime.combine(today + callers_today.DAY, time(), zone)
        raise Locked("too many reports in one day", midnight)
    return Standing((SAME_REPORTER,) if many > 1 else (), many > USUAL_A_DAY)
