"""An event as a calendar file (RFC 5545), for phones and programs that keep a calendar. Called by the API.

Times are in UTC, so that no reader needs to know our time zones. The id stays the same for the life of the
event and the sequence grows with each change: a calendar that takes a newer file moves its entry.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from sms_service.domain import districts
from sms_service.services.events.registrations import PROPOSED
from sms_service.settings import Settings
from sms_service.store.models import Event

_STATUSES = {"cancelled": "CANCELLED", PROPOSED: "TENTATIVE"}
_USUAL_LENGTH = timedelta(hours=2)  # where the office has said no end


def to_calendar(event: Event, settings: Settings) -> str:
    """Return the file: CRLF, folded, escaped. It names nobody who is registered."""
    # Loaded with the first such file: three megabytes in every process that never writes one.
    from icalendar import Calendar, vText
    from icalendar import Event as Entry

    entry = Entry()
    entry.add("uid", f"event-{event.id}-{event.code}@jalur-aman")
    entry.add("dtstamp", _utc(event.updated_at))
    entry.add("created", _utc(event.created_at))
    entry.add("last-modified", _utc(event.updated_at))
    entry.add("sequence", event.version - 1)
    entry.add("dtstart", _utc(event.starts_at))
    entry.add("dtend", _utc(event.ends_at or event.starts_at + _USUAL_LENGTH))
    entry.add("summary", vText(event.title_id))
    entry.add("location", vText(f"{event.venue}, {districts.by_code(event.district).name}"))
    entry.add("description", vText(_description(event, settings)))
    entry.add("status", _STATUSES.get(event.status, "CONFIRMED"))
    if event.organiser:
        entry.add("contact", vText(event.organiser))
    calendar = Calendar()
    calendar.add("prodid", "-//Jalur Aman//events//ID")
    calendar.add("version", "2.0")
    calendar.add("calscale", "GREGORIAN")
    calendar.add("method", "CANCEL" if event.status == "cancelled" else "PUBLISH")
    calendar.add_component(entry)
    return str(calendar.to_ical(), "utf-8")


def _description(event: Event, settings: Settings) -> str:
    lines = [event.title_en, f"SMS: DAFTAR {event.code} - {settings.short_code}"]
    return "\n".join(filter(None, [*lines, event.audience]))


def _utc(at: datetime) -> datetime:
    return at.astimezone(UTC).replace(microsecond=0)
