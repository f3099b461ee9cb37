"""Events: the list, one event with all that is known of it, making and changing one, calling it off.

Officers work with every event; a partner with those of the own community, and proposes new ones. The
event's people, groups and lists: event_groups.py.
"""

from __future__ import annotations

import secrets
from datetime import datetime
from typing import Any

from flask_babel import get_locale
from flask_babel import gettext as _

from sms_service.domain import districts
from sms_service.domain.roles import may
from sms_service.errors import Invalid
from sms_service.services import idempotency
from sms_service.services.events import (
    groups as event_groups,
)
from sms_service.services.events import (
    life as events,
)
from sms_service.services.events import (
    notices as event_notices,
)
from sms_service.services.events import (
    people as event_people,
)
from sms_service.services.events import (
    proposals as event_proposals,
)
from sms_service.services.events import (
    reminders,
)
from sms_service.services.events import (
    screens as event_screens,
)
from sms_service.services.events.calendar import to_calendar
from sms_service.services.events.life import Counts, EventFields
from sms_service.services.events.texts import EventTexts, title_of
from sms_service.services.idempotency import Answer as Kept
from sms_service.store.models import Event
from sms_service.web.console import event_form, event_words
from sms_service.web.console.fields import Typed
from sms_service.web.console.lists import PAGE, listing
from sms_service.web.console.pages import Answer, File, Moved, Page, Shown, Visit

_OFFICE, _OWN = "events", "events.own"
_MADE = "/console/events/new"


def texts_of(visit: Visit) -> EventTexts:
    """The words about events, and the office's hours."""
    return EventTexts.of(visit.runtime.settings, visit.runtime.menu)


def language() -> str:
    """The reader's language, as the menus name it."""
    locale = get_locale()
    return "en" if locale is not None and locale.language == "en" else "id"


def get_event(visit: Visit) -> Event:
    """The event of the address; not found for a partner of another community."""
    return event_proposals.get_event(visit.tx, visit.id("event_id"), visit.person)


def head(visit: Visit, event: Event) -> dict[str, Any]:
    """What the pages of one event share."""
    is_over = event.status == "planned" and (event.ends_at or event.starts_at) <= visit.now
    is_office = may(visit.person.role, _OFFICE)
    return {
        "event": event,
        "title": title_of(event, language()),
        "district": districts.by_code(event.district).name,
        "state": "held" if is_over else event.status,
        "states": event_words.states(),
        "is_office": is_office,
        "is_open": event.status != "cancelled" and not is_over,
        "may_change": event_proposals.may_change(event, visit.person),
        "short_code": visit.runtime.settings.short_code,
    }


def show_all(visit: Visit) -> Shown:
    """The list: ahead and under way, or past."""
    is_past, district = visit.query.get("when") == "past", visit.query.get("district", "")
    found = event_proposals.list_events(
        visit.tx,
        visit.person,
        visit.now,
        PAGE + 1,
        is_past=is_past,
        district=district,
        after=_after(visit.query.get("after", "")),
    )
    page = listing(found, visit.query, lambda event: f"{event.starts_at.isoformat()}_{event.id}")
    counts = events.count_registrations(visit.tx, [event.id for event in page.items])
    rows = [(head(visit, event), counts[event.id]) for event in page.items]
    values = {
        "page": page,
        "rows": rows,
        "is_past": is_past,
        "query": visit.query,
        "proposed": event_proposals.list_proposed(visit.tx, visit.person),
        "is_office": may(visit.person.role, _OFFICE),
        "districts": [("", _("all districts")), *((one.code, one.name) for one in districts.DISTRICTS)],
    }
    return Shown("events.html", values)


def show_one(visit: Visit) -> Shown:
    """One event."""
    event = get_event(visit)
    counts = events.count_registrations(visit.tx, [event.id])[event.id]
    members = event_groups.count_members(visit.tx, event.id)
    values = {
        **head(visit, event),
        "counts": counts,
        "left": _left(event, counts),
        "reminders": [
            (row, event_words.plan(row.plan), event_words.reason(row.reason))
            for row in reminders.list_reminders(visit.tx, event.id)
        ],
        "reminder_states": event_words.reminder_states(),
        "notices": [
            (row, event_words.reason(row.reason)) for row in event_notices.list_notices(visit.tx, event.id)
        ],
        "news": event_words.news(),
        "groups": [(one, members.get(one.id, 0)) for one in event_groups.list_groups(visit.tx, event.id)],
        "look": event_screens.look(
            events.fields_of(event),
            texts_of(visit),
            visit.now,
            counts.registered + counts.attended,
            event.code,
        ),
        "wished": {},
    }
    values["topics"] = dict(event_words.topics(texts_of(visit), language()))
    codes = event_groups.destinations(texts_of(visit))
    values["destinations"] = dict(event_words.destinations(texts_of(visit), codes, language()))
    return Shown("event.html", values)


def show_new(visit: Visit) -> Shown:
    """The form of a new event."""
    form = event_form.of_typed(visit.typed)
    if not visit.typed:
        form = event_form.Form({"once": secrets.token_urlsafe(12)}, events_default())
    return _form(visit, form, None)


def events_default() -> tuple[str, ...]:
    """The usual reminders."""
    return ("7d", "1d", "2h")


def make(visit: Visit) -> Answer:
    """Look at what was typed; or go back to it; or make the event."""
    if visit.form.get("do") == "edit":
        return _form(visit, event_form.of_typed(visit.form), None)
    fields = event_form.read(visit.form, visit.runtime.settings.zone)
    with event_form.as_typed():
        events.check(fields, visit.now)
    if visit.form.get("do") != "save":
        return _check(visit, fields, None, 0)
    key = idempotency.key_hash(visit.person.id, _MADE, visit.form.get("once", ""))
    kept = idempotency.claim(visit.tx, key, key, visit.now) if visit.form.get("once") else None
    if kept is not None:  # sent twice: made once
        return Moved(f"events/{kept.body['id']}", _("The event is made."))
    event = event_proposals.make(visit.tx, fields, visit.person, visit.now, texts_of(visit))
    if visit.form.get("once"):
        idempotency.record(visit.tx, key, Kept(303, {"id": event.id}))
    if event.status == events.PROPOSED:
        return Moved(f"events/{event.id}", _("The event is proposed. The office looks at it."))
    return Moved(f"events/{event.id}", _("The event is made."))


def show_edit(visit: Visit) -> Shown:
    """The form of an event, with what has changed meanwhile when somebody was faster."""
    event = get_event(visit)
    zone = visit.runtime.settings.zone
    now = event_form.of_fields(events.fields_of(event), zone, event.version)
    if not visit.typed:
        return _form(visit, now, event)
    form = event_form.of_typed(visit.typed)
    meanwhile: list[tuple[str, str]] = []
    if form.values["version"] != now.values["version"]:
        meanwhile = [
            (name, now.values[name])
            for name in event_form.CARRIED
            if name not in ("version", "once") and now.values.get(name, "") != form.values[name]
        ]
        form.values["version"] = now.values["version"]  # saved now, it is saved knowingly
    return _form(visit, form, event, meanwhile)


def change(visit: Visit) -> Answer:
    """Look at the change; or go back to it; or make it."""
    event = get_event(visit)
    if visit.form.get("do") == "edit":
        return _form(visit, event_form.of_typed(visit.form), event)
    fields = event_form.read(visit.form, visit.runtime.settings.zone)
    before = events.fields_of(event)
    typed = Typed(visit.form, visit.runtime.settings.zone)
    version = typed.number("version", required=True)
    typed.check()
    with event_form.as_typed():
        events.check(fields, visit.now, before)
        if visit.form.get("do") != "save":
            return _check(visit, fields, event, _to_tell(visit, event, before, fields))
        changes = {name: getattr(fields, name) for name in EventFields.__dataclass_fields__}
        event_proposals.change(
            visit.tx, event.id, changes, visit.person, visit.now, texts_of(visit), version or 0
        )
    return Moved(f"events/{event.id}", _("The event is changed."))


def look(visit: Visit) -> Shown:
    """What callers will see of what is typed so far: for the form, while typing."""
    try:
        fields = event_form.read(visit.form, visit.runtime.settings.zone)
        events.check(fields, visit.now)
    except Invalid:
        return Shown("event_look.html", {"look": None})
    return Shown("event_look.html", _looked(visit, fields, 0))


def show_cancel(visit: Visit) -> Shown:
    """Ask before an event is called off."""
    event = get_event(visit)
    values = {
        **head(visit, event),
        "to_tell": event_people.count_to_tell(visit.tx, event),
        "typed": visit.typed,
        "errors": visit.errors,
    }
    return Shown("event_cancel.html", values)


def cancel(visit: Visit) -> Moved:
    """Call it off; everybody is told by a job."""
    event = get_event(visit)
    typed = Typed(visit.form, visit.runtime.settings.zone)
    reason = typed.text("reason", required=True, longest=200)
    typed.check()
    event_proposals.cancel(visit.tx, event.id, reason, visit.person, visit.now, texts_of(visit))
    return Moved(f"events/{event.id}", _("The event is called off. Its people are being told."))


def approve(visit: Visit) -> Moved:
    """The office says yes to a partner's event."""
    typed = Typed(visit.form, visit.runtime.settings.zone)
    version = typed.number("version", required=True)
    typed.check()
    event_proposals.approve(
        visit.tx, visit.id("event_id"), visit.person, visit.now, texts_of(visit), version or 0
    )
    return Moved(f"events/{visit.id('event_id')}", _("The event is approved. Callers find it now."))


def calendar(visit: Visit) -> File:
    """The event for a calendar."""
    event = get_event(visit)
    return File(
        f"event-{event.code}.ics", to_calendar(event, visit.runtime.settings).encode(), "text/calendar"
    )


def show_door(visit: Visit) -> Shown:
    """The code to check in with, large: for the wall beside the door."""
    return Shown("event_door.html", head(visit, get_event(visit)))


def _form(
    visit: Visit, form: event_form.Form, event: Event | None, meanwhile: list[tuple[str, str]] | None = None
) -> Shown:
    values = {
        **event_form.choices(form),
        **(head(visit, event) if event else {"event": None, "is_office": may(visit.person.role, _OFFICE)}),
        "errors": visit.errors,
        "meanwhile": meanwhile or [],
        "room": visit.runtime.menu.nodes[event_screens.LIST].label - 11,
    }
    return Shown("event_form.html", values)


def _check(visit: Visit, fields: EventFields, event: Event | None, to_tell: int) -> Shown:
    counts = events.count_registrations(visit.tx, [event.id])[event.id] if event else Counts()
    values = {
        **_looked(visit, fields, counts.registered + counts.attended, event),
        **(head(visit, event) if event else {"event": None, "is_office": may(visit.person.role, _OFFICE)}),
        "fields": fields,
        "district": districts.by_code(fields.district).name,
        "hidden": event_form.of_typed(visit.form).hidden(),
        "to_tell": to_tell,
    }
    return Shown("event_check.html", values)


def _looked(visit: Visit, fields: EventFields, taken: int, event: Event | None = None) -> dict[str, Any]:
    code = {"code": event.code} if event else {}
    found = event_screens.look(fields, texts_of(visit), visit.now, taken, **code)
    plans = [
        (one, event_words.plan(one.plan), event_words.reason(one.dropped or one.moved))
        for one in found.reminders
    ]
    return {"look": found, "plans": plans}


def _to_tell(visit: Visit, event: Event, before: EventFields, after: EventFields) -> int:
    """How many people a change is told to: only another time or place is."""
    told = ("starts_at", "venue", "district")
    if event.status != "planned" or all(getattr(before, name) == getattr(after, name) for name in told):
        return 0
    return event_people.count_to_tell(visit.tx, event)


def _left(event: Event, counts: Counts) -> int | None:
    return None if event.capacity is None else max(event.capacity - counts.registered - counts.attended, 0)


def _after(given: str) -> tuple[datetime, int] | None:
    at, _underscore, number = given.partition("_")
    try:
        moment = datetime.fromisoformat(at)
    except ValueError:
        return None
    known = moment.tzinfo is not None and number.isascii() and number.isdigit() and len(number) < 10
    return (moment, int(number)) if known else None


_ONE = "/events/<int:event_id>"
PAGES = (
    Page("/events", _OWN, show=show_all),
    Page("/events/new", _OWN, show=show_new, act=make),
    Page("/events/look", _OWN, act=look, back="events/new"),
    Page(_ONE, _OWN, show=show_one),
    Page(f"{_ONE}/edit", _OWN, show=show_edit, act=change),
    Page(f"{_ONE}/cancel", _OWN, show=show_cancel, act=cancel),
    Page(f"{_ONE}/approve", _OFFICE, act=approve, back="events/{event_id}"),
    Page(f"{_ONE}/door", _OWN, show=show_door),
    Page(f"{_ONE}/calendar.ics", _OWN, show=calendar),
)
