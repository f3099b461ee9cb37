"""What an event tells its people, over the API: reminders, news of changes, the calendar file."""

from __future__ import annotations

from datetime import datetime
from typing import Literal, cast
from zoneinfo import ZoneInfo

from sms_service.services.events import life as events
from sms_service.services.events import notices as event_notices
from sms_service.services.events import reminders
from sms_service.services.events.calendar import to_calendar
from sms_service.store.models import EventNotice, Reminder
from sms_service.web.api.endpoints import Call, Endpoint, File
from sms_service.web.api.fields import Answered


class ReminderAnswer(Answered):
    """One reminder: when it is due, until when it helps, and what became of it and why."""

    id: int
    plan: str
    due_at: datetime
    expires_at: datetime
    status: Literal["planned", "done", "replaced", "dropped"]
    reason: str
    recipients: int
    done_at: datetime | None


class ReminderListAnswer(Answered):
    """An event's reminders, earliest first."""

    items: list[ReminderAnswer]
    next: str | None


class NoticeAnswer(Answered):
    """News of a change, of groups or of free places: how many texts were written so far."""

    id: int
    about: str
    status: Literal["planned", "done", "superseded", "dropped"]
    reason: str
    recipients: int
    created_at: datetime
    done_at: datetime | None


class NoticeListAnswer(Answered):
    """An event's news, oldest first."""

    items: list[NoticeAnswer]
    next: str | None


def list_reminders(call: Call) -> ReminderListAnswer:
    """GET /events/{event_id}/reminders"""
    event = events.get_event(call.tx, call.ids["event_id"])
    zone = call.runtime.settings.zone
    rows = reminders.list_reminders(call.tx, event.id)
    return ReminderListAnswer(items=[_reminder(row, zone) for row in rows], next=None)


def list_notices(call: Call) -> NoticeListAnswer:
    """GET /events/{event_id}/notices"""
    event = events.get_event(call.tx, call.ids["event_id"])
    zone = call.runtime.settings.zone
    rows = event_notices.list_notices(call.tx, event.id)
    return NoticeListAnswer(items=[_notice(row, zone) for row in rows], next=None)


def calendar(call: Call) -> File:
    """GET /events/{event_id}/calendar.ics"""
    event = events.get_event(call.tx, call.ids["event_id"])
    return File(
        name=f"event-{event.code}.ics",
        media_type="text/calendar",
        content=to_calendar(event, call.runtime.settings),
    )


def _reminder(row: Reminder, zone: ZoneInfo) -> ReminderAnswer:
    return ReminderAnswer(
        id=row.id,
        plan=row.plan,
        due_at=row.due_at.astimezone(zone),
        expires_at=row.expires_at.astimezone(zone),
        status=cast(Literal["planned", "done", "replaced", "dropped"], row.status),
        reason=row.reason,
        recipients=row.recipients,
        done_at=None if row.done_at is None else row.done_at.astimezone(zone),
    )


def _notice(row: EventNotice, zone: ZoneInfo) -> NoticeAnswer:
    return NoticeAnswer(
        id=row.id,
        about=row.word,
        status=cast(Literal["planned", "done", "superseded", "dropped"], row.status),
        reason=row.reason,
        recipients=row.recipients,
        created_at=row.created_at.astimezone(zone),
        done_at=None if row.done_at is None else row.done_at.astimezone(zone),
    )


_ONE = "/events/{event_id}"
ENDPOINTS = (
    Endpoint(
        "GET", f"{_ONE}/reminders", "events", "List an event's reminders", list_reminders,
        ReminderListAnswer,
    ),
    Endpoint(
        "GET", f"{_ONE}/notices", "events", "List the news that an event's people were told", list_notices,
        NoticeListAnswer,
    ),
    Endpoint(
        "GET", f"{_ONE}/calendar.ics", "events", "The event as a calendar file", calendar, File,
        media_type="text/calendar",
    ),
)  # fmt: skip
