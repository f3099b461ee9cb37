"""How an event looks on a phone: the values of its screens, and the screens themselves before it is kept.

The menu's actions and the office's preview take the values from here, so that an officer sees what callers
will see. Called by actions/events.py and the desk.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, tzinfo
from typing import Protocol

from menus import render
from menus.model import Item, Menu
from menus.words import say
from sms_service.domain import districts
from sms_service.domain.schedules import (
    DEFAULT_PLAN,
    PlannedReminder,
    local_date,
    local_time,
    plan_reminders,
)
from sms_service.domain.texts import Size, measure, septets
from sms_service.services.events.life import EventFields
from sms_service.services.events.texts import EventTexts, title_of
from sms_service.store.models import Event

LIST, PAGE = "events.all", "events.event"  # the menu's nodes
_CODE = "0000"  # of an event that has none yet


class Held(Protocol):
    """An event, or the listed form of one."""

    @property
    def code(self) -> str:
        """What people type."""

    @property
    def starts_at(self) -> datetime:
        """When it begins."""

    @property
    def venue(self) -> str:
        """Where it is held."""

    @property
    def district(self) -> str:
        """The Kemendagri code."""


@dataclass(frozen=True, slots=True)
class Screen:
    """One screen or text as a phone shows it."""

    about: str  # list | page | text
    language: str
    body: str
    size: Size


@dataclass(frozen=True, slots=True)
class Look:
    """What callers will see and when they will be reminded. `cut` names titles that the list cuts short."""

    screens: tuple[Screen, ...]
    reminders: tuple[PlannedReminder, ...]
    cut: tuple[str, ...]


def label(starts_at: datetime, title: str, zone: tzinfo, language: str) -> str:
    """One line of a list of events, before the menu cuts it to the node's length."""
    return f"{local_date(starts_at, zone, language)} {title}"


def details(
    texts: EventTexts, event: Held, title: str, places_left: int | None, language: str
) -> dict[str, str]:
    """The values of an event's page."""
    return {
        "event_title": title,
        "event_when": local_time(event.starts_at, texts.zone, language),
        "event_where": f"{event.venue}, {districts.by_code(event.district).name}",
        "event_seats": _seats(texts.menu, language, places_left),
        "event_code": event.code,
    }


def look(fields: EventFields, texts: EventTexts, now: datetime, taken: int = 0, code: str = _CODE) -> Look:
    """Show an event as its callers will see it. `taken` places are gone already. Raises Invalid for a
    reminder plan that cannot be read; the other fields should have been checked (events.check)."""
    plan = DEFAULT_PLAN if fields.reminder_plan is None else fields.reminder_plan
    event = Event(**{name: getattr(fields, name) for name in fields.__dataclass_fields__}, code=code)
    left = None if fields.capacity is None else max(fields.capacity - taken, 0)
    screens = [screen for language in ("id", "en") for screen in _screens(event, texts, left, language)]
    room = texts.menu.nodes[LIST].label
    long = [
        language
        for language in ("id", "en")
        if septets(label(event.starts_at, title_of(event, language), texts.zone, language)) > room
    ]
    return Look(tuple(screens), plan_reminders(fields.starts_at, now, plan, texts.quiet), tuple(long))


def _screens(event: Event, texts: EventTexts, left: int | None, language: str) -> Sequence[Screen]:
    menu, title = texts.menu, title_of(event, language)
    item = Item("1", label(event.starts_at, title, texts.zone, language))
    listed = render.screens_of_list(menu, menu.nodes[LIST], language, {}, [item])[0][0]
    values: Mapping[str, str] = details(texts, event, title, left, language)
    pages = render.screens_of_page(menu, menu.nodes[PAGE], language, values)
    told = texts.about("registered", event, language)
    shown = [("list", listed), *(("page", page) for page in pages), ("text", told)]
    return [Screen(about, language, body, measure(body)) for about, body in shown]


def _seats(menu: Menu, language: str, left: int | None) -> str:
    if left is None:
        return say(menu, language, "event.seats_open")
    return say(menu, language, "event.seats_left" if left else "event.seats_full", count=str(left))
