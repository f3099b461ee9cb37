"""When an event reminds its people, until when that still helps, and how a time reads to a person.

Pure: takes `now`. The texts say date and hour, never "tomorrow": a reminder that leaves a little late
stays true. Called by services/reminders.py and by everything that shows an event's time.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime, timedelta, tzinfo
from zoneinfo import ZoneInfo


@dataclass(frozen=True, slots=True)
class Plan:
    """One reminder of the standard plan: how long before the start, and under which name."""

    name: str
    before: timedelta


PLANS = (
    Plan("7d", timedelta(days=7)),
    Plan("1d", timedelta(days=1)),
    Plan("2h", timedelta(hours=2)),
)


@dataclass(frozen=True, slots=True)
class PlannedReminder:
    """When a reminder is due and from when on it is worse than none. `dropped` says why it never goes."""

    plan: str
    due_at: datetime
    expires_at: datetime
    dropped: str = ""


@dataclass(frozen=True, slots=True)
class Verdict:
    """What becomes of a reminder that is due: `send`, `replaced` or `dropped`, and why."""

    name: str
    reason: str = ""


def plan_reminders(starts_at: datetime, now: datetime) -> tuple[PlannedReminder, ...]:
    """Return the reminders of an event at `starts_at`, planned at `now`.

    Each expires when the next one is due, the last one at the start. Those whose time is past already
    are dropped: whoever registers from now on has just read the date.
    """
    planned = []
    for plan, following in zip(PLANS, (*PLANS[1:], Plan("", timedelta())), strict=True):
        due_at = starts_at - plan.before
        dropped = "already past when it was planned" if due_at < now else ""
        planned.append(PlannedReminder(plan.name, due_at, starts_at - following.before, dropped))
    return tuple(planned)


def late_rule(expires_at: datetime, later: Iterable[tuple[str, datetime]], now: datetime) -> Verdict:
    """Decide on a due reminder. `later` are the event's reminders still to come, as (plan, expires_at).

    In time: sent. Too late: replaced by the next one that still helps; without any, dropped.
    """
    if now < expires_at:
        return Verdict("send")
    for plan, end in sorted(later, key=lambda item: item[1]):
        if now < end:
            return Verdict("replaced", f"too late; the {plan} reminder goes instead")
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
