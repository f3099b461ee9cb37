"""When the office leaves people in peace: at night, and on Sunday morning, by the office's local time.

Which kinds wait: reminder, info, warning and urgent (urgent may be released by an approval of its own).
Which do not: a reply and a confirmation, because the person has just written to us; an alert, because
it goes to people on duty; a notice, because it says that an event one registered for has moved or is
off, and somebody who learns it at seven may have left the village at five.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from sms_service.domain import statuses

HELD_KINDS: tuple[str, ...] = (statuses.REMINDER, statuses.INFO, statuses.WARNING, statuses.URGENT)

Window = tuple[time, time]
_SUNDAY = 6
# Windows that follow each other without a gap end sooner or later: a week holds at most these many.
_MOST_IN_A_ROW = 16


@dataclass(frozen=True, slots=True)
class Quiet:
    """The office's quiet hours. Without windows: none."""

    zone: ZoneInfo
    nightly: Window | None = None
    sunday: Window | None = None

    def release_at(self, at: datetime) -> datetime | None:
        """Return None when texts may go at `at`, else the UTC time at which they may again."""
        return release_at(at, self.zone, self.nightly, self.sunday)

    def began_at(self, at: datetime) -> datetime | None:
        """Return None when texts may go at `at`, else the UTC time since which they may not."""
        return began_at(at, self.zone, self.nightly, self.sunday)


def release_at(
    now: datetime, zone: ZoneInfo, nightly: Window | None, sunday: Window | None
) -> datetime | None:
    """Return None when texts may go at `now`, else the UTC time at which they may again.

    A window may span midnight; windows that touch or overlap are one. A window of no length is none.
    """
    moment = now.astimezone(UTC)
    for _ in range(_MOST_IN_A_ROW):
        end = _end_of_window(moment, zone, nightly, sunday)
        if end is None:
            break
        moment = end
    return moment if moment > now else None


def began_at(now: datetime, zone: ZoneInfo, nightly: Window | None, sunday: Window | None) -> datetime | None:
    """Return None when texts may go at `now`, else the UTC time at which the quiet hours around it began.

    Windows that touch or overlap are one.
    """
    start = None
    moment = now.astimezone(UTC)
    for _ in range(_MOST_IN_A_ROW):
        spans = [span for span in _spans(moment, zone, nightly, sunday) if _holds(span, moment, start)]
        if not spans:
            break
        start = moment = min(span[0] for span in spans)
    return start


def _holds(span: tuple[datetime, datetime], moment: datetime, later: datetime | None) -> bool:
    """True when a window holds `moment`, or ends exactly where the `later` one found before begins."""
    begins_before = span[0] < moment if later is not None else span[0] <= moment
    return begins_before and (moment < span[1] or (later is not None and moment == span[1]))


def _end_of_window(
    moment: datetime, zone: ZoneInfo, nightly: Window | None, sunday: Window | None
) -> datetime | None:
    """The latest end among the windows that hold `moment`."""
    spans = _spans(moment, zone, nightly, sunday)
    return max((end for start, end in spans if start <= moment < end), default=None)


def _spans(
    moment: datetime, zone: ZoneInfo, nightly: Window | None, sunday: Window | None
) -> Iterator[tuple[datetime, datetime]]:
    """The windows that begin on the day of `moment` or on the day before."""
    today = moment.astimezone(zone).date()
    for day in (today - timedelta(days=1), today):
        for window in (nightly, sunday if day.weekday() == _SUNDAY else None):
            if window is not None and window[0] != window[1]:
                yield _span(day, window, zone)


def _span(day: date, window: Window, zone: ZoneInfo) -> tuple[datetime, datetime]:
    """A window that begins on `day`, in UTC (so that a change to summer time cannot confuse it)."""
    last_day = day if window[0] < window[1] else day + timedelta(days=1)
    start = datetime.combine(day, window[0], zone).astimezone(UTC)
    return start, datetime.combine(last_day, window[1], zone).astimezone(UTC)
