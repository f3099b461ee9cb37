"""When an event reminds its people, until when that still helps, and how a time reads to a person.

Pure: takes `now`. The texts say date and hour, never "tomorrow": a reminder that leaves a little late
stays true. Called by services/events/reminders.py and by everything that shows an event's time.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta, tzinfo
from zoneinfo import ZoneInfo

from sms_service.domain.quiet_hours import Quiet
from sms_service.errors import Invalid, said

DEFAULT_PLAN = ("7d", "1d", "2h")
MOST_REMINDERS = 6
_PLAN = re.compile(r"([1-9]\d?)([hd])", re.ASCII)
_SHORTEST, _LONGEST = timedelta(hours=1), timedelta(days=30)
# How long before the quiet hours a reminder goes that would have fallen into them: the outbox needs time.
_AHEAD_OF_QUIET = timedelta(hours=1)
_TOGETHER = timedelta(hours=1)  # a reminder that was moved so close to another one says nothing new


@dataclass(frozen=True, slots=True)
class PlannedReminder:
    """When a reminder is due and from when on it is worse than none. `dropped` says why it never goes,
    `moved` why it goes at another time than its name says."""

    plan: str
    due_at: datetime
    expires_at: datetime
    dropped: str = ""
    moved: str = ""


@dataclass(frozen=True, slots=True)
class Verdict:
    """What becomes of a reminder that is due: `send`, `replaced` or `dropped`, and why."""

    name: str
    reason: str = ""


def read_plan(names: Sequence[str]) -> tuple[str, ...]:
    """Return a reminder plan (2h, 1d, ...) with the earliest reminder first. Raises Invalid."""
    if len(names) > MOST_REMINDERS:
        raise Invalid(said("has at most %(most)s reminders", most=MOST_REMINDERS))
    befores = {name: lead(name) for name in names}
    if len(set(befores.values())) != len(names):
        raise Invalid("names the same time twice")
    return tuple(sorted(names, key=lambda name: befores[name], reverse=True))


def lead(name: str) -> timedelta:
    """Return how long before the start a reminder is: "2h", "1d". Raises Invalid."""
    match = _PLAN.fullmatch(name)
    before = timedelta()
    if match:
        before = timedelta(hours=int(match[1])) if match[2] == "h" else timedelta(days=int(match[1]))
    if not _SHORTEST <= before <= _LONGEST:
        raise Invalid("holds times like 2h or 7d, from 1h to 30d")
    return before


def plan_reminders(
    starts_at: datetime, now: datetime, names: Sequence[str] = DEFAULT_PLAN, quiet: Quiet | None = None
) -> tuple[PlannedReminder, ...]:
    """Return the reminders of an event at `starts_at`, planned at `now`, earliest first.

    One that would fall into quiet hours is moved out of them (`_out_of_quiet`). Each expires when the next
    one is due, the last one at the start. Those whose time is past already are dropped: whoever registers
    from now on has just read the date. Raises Invalid for a name that is no time.
    """
    wished = []
    for name in read_plan(names):
        nominal = PlannedReminder(name, starts_at - lead(name), starts_at)
        wished.append(_out_of_quiet(nominal, starts_at, quiet) if quiet else nominal)
    judged = _without_doubles(sorted(wished, key=lambda one: (one.due_at, -lead(one.plan))))
    planned: list[PlannedReminder] = []
    following = starts_at
    for one in reversed(judged):
        if not one.dropped and one.due_at < now:
            one = replace(one, dropped="already past when it was planned")
        planned.append(replace(one, expires_at=following))
        if not one.dropped or one.dropped.startswith("already"):
            following = one.due_at
    return tuple(reversed(planned))


def _out_of_quiet(one: PlannedReminder, starts_at: datetime, quiet: Quiet) -> PlannedReminder:
    """Move a reminder to the end of the quiet hours while half of its lead is left then; else to the hour
    before they begin, so that it comes the evening before."""
    released, began = quiet.release_at(one.due_at), quiet.began_at(one.due_at)
    if released is None or began is None:
        return one
    if released <= starts_at - lead(one.plan) / 2:
        return replace(one, due_at=released, moved="moved to the end of the quiet hours")
    return replace(one, due_at=began - _AHEAD_OF_QUIET, moved="moved to before the quiet hours")


def _without_doubles(wished: Sequence[PlannedReminder]) -> list[PlannedReminder]:
    """Drop what was moved so close to another reminder that people would read the same thing twice."""
    judged: list[PlannedReminder] = []
    for index, one in enumerate(wished):
        kept = [other for other in (*judged, *wished[index + 1 :]) if not other.dropped and other != one]
        close = [other for other in kept if abs(other.due_at - one.due_at) < _TOGETHER]
        stays = [other for other in close if not other.moved or other in judged]
        if one.moved and stays:
            why = f"quiet hours: it would come together with the {stays[0].plan} reminder"
            one = replace(one, dropped=why, moved="")
        judged.append(one)
    return judged


def late_rule(
    expires_at: datetime,
    later: Iterable[tuple[str, datetime]],
    now: datetime,
    released_at: datetime | None = None,
) -> Verdict:
    """Decide on a due reminder. `later` are the event's reminders still to come, as (plan, expires_at);
    `released_at` is when the quiet hours around `now` end, if there are any.

    In time: sent. Too late, or held back until it would be: replaced by the next one that still helps;
    without any, dropped.
    """
    leaves_at = max(now, released_at or now)
    if leaves_at < expires_at:
        return Verdict("send")
    why = "too late" if now >= expires_at else "quiet hours until it would be too late"
    for plan, end in sorted(later, key=lambda item: item[1]):
        if leaves_at < end:
            return Verdict("replaced", f"{why}; the {plan} reminder goes instead")
    if leaves_at > now:
        return Verdict("dropped", "quiet hours until the event has begun")
    return Verdict("dropped", "too late: the event had begun")


_DAYS = {
    "id": ("Sen", "Sel", "Rab", "Kam", "Jum", "Sab", "Min"),
    "en": ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"),
}
_MONTHS = {
    "id": ("Jan", "Feb", "Mar", "Apr", "Mei", "Jun", "Jul", "Agu", "Sep", "Okt", "Nov", "Des"),
    "en": ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"),
}
# The three zones of Indonesia by the names that people there use; tzdata keeps two of them twice.
_ZONES = {
    "Asia/Jakarta": "WIB",
    "Asia/Pontianak": "WIB",
    "Asia/Makassar": "WITA",
    "Asia/Ujung_Pandang": "WITA",
    "Asia/Jayapura": "WIT",
}


def local_date(at: datetime, zone: tzinfo, language: str) -> str:
    """Return the day as people write it: "Sab 6 Des" (any language but Indonesian: English names)."""
    local = at.astimezone(zone)
    words = "id" if language == "id" else "en"
    return f"{_DAYS[words][local.weekday()]} {local.day} {_MONTHS[words][local.month - 1]}"


def local_day(on: date, language: str) -> str:
    """Return a date as people write it: "31 Okt 2026"."""
    return f"{on.day} {_MONTHS['id' if language == 'id' else 'en'][on.month - 1]} {on.year}"


def local_clock(at: datetime, zone: tzinfo, language: str) -> str:
    """Return the hour as people write it: "09.00 WITA", in English "09:00 WITA"."""
    local = at.astimezone(zone)
    return (
        f"{local:%H.%M} {zone_name(at, zone)}" if language == "id" else f"{local:%H:%M} {zone_name(at, zone)}"
    )


def local_time(at: datetime, zone: tzinfo, language: str) -> str:
    """Return day and hour: "Sab 6 Des 09.00 WITA"."""
    return f"{local_date(at, zone, language)} {local_clock(at, zone, language)}"


def zone_name(at: datetime, zone: tzinfo) -> str:
    """Return what people call `zone`: WIB, WITA or WIT in Indonesia, else its letters or "UTC+8"."""
    if isinstance(zone, ZoneInfo) and zone.key in _ZONES:
        return _ZONES[zone.key]
    local = at.astimezone(zone)
    name = local.tzname() or ""
    if name.isalpha() and name.isascii():
        return name
    minutes = round((local.utcoffset() or timedelta()).total_seconds() / 60)
    sign, (hours, rest) = "-" if minutes < 0 else "+", divmod(abs(minutes), 60)
    return f"UTC{sign}{hours}" + (f":{rest:02}" if rest else "")
