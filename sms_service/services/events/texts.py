"""What people read about an event, in their language and in one segment.

The words stand in menus/content/text under `sms.event_...`. Title and venue give way to each other so
that a text stays in one segment; day, hour and code are never cut. Called by services/events,
registrations and reminders for notices, and by whoever answers DAFTAR, BATAL and HADIR.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from zoneinfo import ZoneInfo

from menus.model import Menu
from menus.words import cut, say
from sms_service.domain.quiet_hours import Quiet
from sms_service.domain.schedules import local_time
from sms_service.domain.texts import septets
from sms_service.settings import Settings
from sms_service.store.models import Event, EventGroup

ONE_SEGMENT = 160  # septets


@dataclass(frozen=True, slots=True)
class EventTexts:
    """The words, the office's zone and the number to text back to; and when people are left in peace."""

    menu: Menu
    zone: ZoneInfo
    short_code: str
    quiet: Quiet = field(default_factory=lambda: Quiet(ZoneInfo("UTC")))

    @classmethod
    def of(cls, settings: Settings, menu: Menu) -> EventTexts:
        """Build it from what a Runtime holds."""
        return cls(menu, settings.zone, settings.short_code, quiet_of(settings))

    def about(
        self, key: str, event: Event, language: str, line: int = 0, group: EventGroup | None = None
    ) -> str:
        """Return `sms.event_<key>` about `event`. `line` is the place on the waitlist, from 1.

        With a `group` the time and place are the group's. What the group talks about is never said: the
        phone may be read by others. Raises KeyError for a key without words.
        """
        spoken = language if language in self.menu.languages else self.menu.languages[0]
        fixed = {
            "time": local_time(group.starts_at if group else event.starts_at, self.zone, spoken),
            "code": event.code,
            "to": self.short_code,
            "line": str(line),
            "group": str(group.position) if group else "",
        }
        where = ", ".join(filter(None, (group.room if group else "", event.venue)))
        word = f"sms.event_{key}"
        room = ONE_SEGMENT - septets(say(self.menu, spoken, word, event="", place="", **fixed))
        title, venue = _share(
            room, title_of(event, spoken), where, "{place}" in self.menu.common[spoken][word]
        )
        return say(self.menu, spoken, word, event=title, place=venue, **fixed)

    def unknown_code(self, language: str) -> str:
        """Return the answer to a code that is no event's."""
        spoken = language if language in self.menu.languages else self.menu.languages[0]
        return say(self.menu, spoken, "sms.event_not_found")


def quiet_of(settings: Settings) -> Quiet:
    """Return the office's quiet hours."""
    return Quiet(settings.zone, settings.quiet_hours, settings.quiet_sunday)


def title_of(event: Event, language: str) -> str:
    """Return the event's title: Indonesian for `id`, English for every other language."""
    return event.title_id if language == "id" else event.title_en


def _share(room: int, title: str, venue: str, shows_venue: bool) -> tuple[str, str]:
    """Cut title and venue to `room` septets in all; a short one leaves its rest to the other."""
    if not shows_venue:
        return cut(title, room), ""
    venue = cut(venue, max(room // 2, room - septets(cut(title, room))))
    return cut(title, room - septets(venue)), venue
