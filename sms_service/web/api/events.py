"""Events over the API: made, listed, changed, called off.

Their people: event_people.py; groups: event_groups.py; reminders, news and calendar file: event_news.py.
"""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any, Literal, cast

from pydantic import AfterValidator, Field

from sms_service.domain import districts
from sms_service.domain.schedules import DEFAULT_PLAN, MOST_REMINDERS, read_plan
from sms_service.errors import Invalid
from sms_service.services.events import life as events
from sms_service.services.events.life import Counts, EventFields
from sms_service.services.events.texts import EventTexts, quiet_of
from sms_service.store.models import Event
from sms_service.web.api import cursors
from sms_service.web.api.endpoints import Call, Endpoint
from sms_service.web.api.fields import Answered, Body, DistrictCode, ListQuery, Time, Words

_FIELD_NAMES = {"title_id": "title.id", "title_en": "title.en"}


def _plan(names: list[str]) -> list[str]:
    try:
        return list(read_plan(names))
    except Invalid as error:
        raise ValueError(str(error)) from None


ReminderPlan = Annotated[list[str], Field(max_length=MOST_REMINDERS), AfterValidator(_plan)]


class Title(Body):
    """The title in both languages."""

    id: Words = Field(min_length=1, max_length=events.LONGEST_TITLE)
    en: Words = Field(min_length=1, max_length=events.LONGEST_TITLE)


def _absent() -> Any:
    """What a field holds that was not sent: never read, see model_dump(exclude_unset)."""
    return None


class TitleChange(Body):
    """One title, or both."""

    id: Words = Field(default_factory=_absent, min_length=1, max_length=events.LONGEST_TITLE)
    en: Words = Field(default_factory=_absent, min_length=1, max_length=events.LONGEST_TITLE)


class NewEvent(Body):
    """An event to be held."""

    title: Title
    starts_at: Time
    ends_at: Time | None = None
    venue: Words = Field(min_length=1, max_length=events.LONGEST_VENUE)
    district: DistrictCode
    capacity: int | None = Field(None, ge=1, le=events.LARGEST_CAPACITY, description="null: no limit")
    organiser: Words = Field("", max_length=events.LONGEST_ORGANISER)
    audience: Words = Field("", max_length=events.LONGEST_AUDIENCE)
    reminder_plan: ReminderPlan | None = Field(None, description="7d, 1d and 2h, if null")


class EventChange(Body):
    """What shall be different. `version`, when given, must be the one that was read (else 409)."""

    title: TitleChange = Field(default_factory=_absent)
    starts_at: Time = Field(default_factory=_absent)
    ends_at: Time | None = None
    venue: Words = Field(default_factory=_absent, min_length=1, max_length=events.LONGEST_VENUE)
    district: DistrictCode = Field(default_factory=_absent)
    capacity: int | None = Field(None, ge=1, le=events.LARGEST_CAPACITY)
    organiser: Words = Field(default_factory=_absent, max_length=events.LONGEST_ORGANISER)
    audience: Words = Field(default_factory=_absent, max_length=events.LONGEST_AUDIENCE)
    reminder_plan: ReminderPlan | None = None
    version: int | None = Field(None, ge=1)


class Cancellation(Body):
    """Why an event is called off, for the office's own record."""

    reason: Words = Field("", max_length=200)


class EventQuery(ListQuery):
    """Which events."""

    district: DistrictCode | None = None
    starts_from: Time | None = None


class TitleAnswer(Answered):
    """The title in both languages."""

    id: str
    en: str


class EventAnswer(Answered):
    """One event. `code` is what people type; places_left null: no limit. `no_show` are those registered who
    did not check in: null until the event is over. `proposed`: a partner's, not approved by the office yet.
    """

    id: int
    code: str
    title: TitleAnswer
    starts_at: datetime
    ends_at: datetime | None
    venue: str
    district: str
    district_name: str
    capacity: int | None
    organiser: str
    audience: str
    reminder_plan: list[str]
    status: Literal["proposed", "planned", "cancelled", "held"]
    cancel_reason: str
    registered: int
    waiting: int
    attended: int
    cancelled: int
    no_show: int | None
    places_left: int | None
    version: int
    created_at: datetime
    updated_at: datetime


class EventListAnswer(Answered):
    """Events by start."""

    items: list[EventAnswer]
    next: str | None


def create_event(call: Call) -> EventAnswer:
    """POST /events"""
    sent: NewEvent = call.body
    fields = EventFields(
        title_id=sent.title.id,
        title_en=sent.title.en,
        **_tupled(sent.model_dump(exclude={"title"})),
    )
    try:
        quiet = quiet_of(call.runtime.settings)
        event = events.create(call.tx, fields, call.person.id, call.now, quiet)
    except Invalid as error:
        raise _as_sent(error) from error
    return _answer(call, event, Counts())


def list_events(call: Call) -> EventListAnswer:
    """GET /events"""
    query: EventQuery = call.query
    after = None
    if query.cursor is not None:
        starts_at, last = cursors.decode("events", query.cursor, (datetime, int))
        after = (cast(datetime, starts_at), cast(int, last))
    found = events.list_events(call.tx, query.limit + 1, after, query.district, query.starts_from)
    shown = found[: query.limit]
    counts = events.count_registrations(call.tx, [event.id for event in shown])
    more = len(found) > query.limit
    return EventListAnswer(
        items=[_answer(call, event, counts[event.id]) for event in shown],
        next=cursors.encode("events", shown[-1].starts_at, shown[-1].id) if more else None,
    )


def get_event(call: Call) -> EventAnswer:
    """GET /events/{event_id}"""
    return _counted(call, events.get_event(call.tx, call.ids["event_id"]))


def change_event(call: Call) -> EventAnswer:
    """PATCH /events/{event_id}"""
    sent: EventChange = call.body
    given = _tupled(sent.model_dump(exclude_unset=True))
    version = given.pop("version", None)
    changes = {f"title_{language}": title for language, title in given.pop("title", {}).items()} | given
    try:
        event = events.change(
            call.tx, call.ids["event_id"], changes, call.person.id, call.now, texts_of(call), version
        )
    except Invalid as error:
        raise _as_sent(error) from error
    return _counted(call, event)


def cancel_event(call: Call) -> EventAnswer:
    """POST /events/{event_id}/cancel"""
    event = events.cancel(
        call.tx, call.ids["event_id"], call.body.reason, call.person.id, call.now, texts_of(call)
    )
    return _counted(call, event)


def _tupled(given: dict[str, Any]) -> dict[str, Any]:
    plan = given.get("reminder_plan")
    return given if plan is None else {**given, "reminder_plan": tuple(plan)}


def texts_of(call: Call) -> EventTexts:
    """The words about events, and the office's hours."""
    return EventTexts.of(call.runtime.settings, call.runtime.menu)


def _as_sent(error: Invalid) -> Invalid:
    """The same refusal with the names that the sender used."""
    return Invalid(
        str(error), {_FIELD_NAMES.get(field, field): fault for field, fault in error.errors.items()}
    )


def _counted(call: Call, event: Event) -> EventAnswer:
    return _answer(call, event, events.count_registrations(call.tx, [event.id])[event.id])


def _answer(call: Call, event: Event, counts: Counts) -> EventAnswer:
    zone = call.runtime.settings.zone
    is_held = event.status == "planned" and (event.ends_at or event.starts_at) <= call.now
    taken = counts.registered + counts.attended
    return EventAnswer(
        id=event.id,
        code=event.code,
        title=TitleAnswer(id=event.title_id, en=event.title_en),
        starts_at=event.starts_at.astimezone(zone),
        ends_at=None if event.ends_at is None else event.ends_at.astimezone(zone),
        venue=event.venue,
        district=event.district,
        district_name=districts.by_code(event.district).name,
        capacity=event.capacity,
        organiser=event.organiser,
        audience=event.audience,
        reminder_plan=list(DEFAULT_PLAN if event.reminder_plan is None else event.reminder_plan),
        status="held" if is_held else cast(Literal["proposed", "planned", "cancelled"], event.status),
        cancel_reason=event.cancel_reason,
        registered=counts.registered,
        waiting=counts.waiting,
        attended=counts.attended,
        cancelled=counts.cancelled,
        no_show=counts.registered if is_held else None,
        places_left=None if event.capacity is None else max(event.capacity - taken, 0),
        version=event.version,
        created_at=event.created_at.astimezone(zone),
        updated_at=event.updated_at.astimezone(zone),
    )


_ONE = "/events/{event_id}"
ENDPOINTS = (
    Endpoint(
        "POST", "/events", "events", "Make an event", create_event, EventAnswer, status=201, body=NewEvent
    ),
    Endpoint("GET", "/events", "events", "List events", list_events, EventListAnswer, query=EventQuery),
    Endpoint("GET", _ONE, "events", "Show an event", get_event, EventAnswer),
    Endpoint(
        "PATCH", _ONE, "events", "Change an event and tell registrants", change_event, EventAnswer,
        body=EventChange,
    ),
    Endpoint(
        "POST", f"{_ONE}/cancel", "events", "Call an event off and tell registrants", cancel_event,
        EventAnswer, body=Cancellation, is_body_optional=True,
    ),
)  # fmt: skip
