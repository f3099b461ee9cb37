"""When the office leaves people in peace: at night, and on Sunday morning, by the office's local time.

Which kinds wait: reminder, info, warning and urgent (urgent may be released by an approval of its own).
Which do not: a reply and a confirmation, because the person has just written to us; an alert, because
it goes to people on duty; a notice, because it says that an event one registered for has moved or is
off, and somebody who learns it at seven may have left the village at five.
"""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from sms_service.domain import statuses

HELD_KINDS: tuple[str, ...] = (statuses.REMINDER, statuses.INFO, statuses.WARNING, statuses.URGENT)

Window = tuple[time, time]
_SUNDAY = 6
# Windows that follow each other without a gap end sooner or later: a week holds at most these many.
_MOST_IN_A_ROW = 16


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


def _end_of_window(
    moment: datetime, zone: ZoneInfo, nightly: Window | None, sunday: Window | None
) -> datetime | None:
    """The latest end among the windows that hold `moment`."""
    today = moment.astimezone(zone).date()
    ends = []
    for day in (today - timedelta(days=1), today):
        for window in (nightly, sunday if day.weekday() == _SUNDAY else None):
            if window is None or window[0] == window[1]:
                continue
            start, end = _span(day, window, zone)
            if start <= moment < end:
                ends.append(end)
    return max(ends, default=None)


def _span(day: date, window: Window, zone: ZoneInfo) -> tuple[datetime, datetime]:
    """A window that begins on `day`, in UTC (so that a change to summer time cannot confuse it)."""
    last_day = day if window[0] < window[1] else day + timedelta(days=1)
    start = datetime.combine(day, window[0], zone).astimezone(UTC)
    return start, datetime.combine(last_day, window[1], zone).astimezone(UTC)
