"""An event's people: who comes and who was there, groups and slots, and lists of registrants taken in.

Whatever people are texted about is the office's; a partner looks, and notes who is here.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from flask_babel import gettext as _
from werkzeug.datastructures import MultiDict

from sms_service.domain.roles import may
from sms_service.errors import Invalid, NotAllowed
from sms_service.services.events import (
    desk as event_desk,
)
from sms_service.services.events import (
    groups as event_groups,
)
from sms_service.services.events import (
    life as events,
)
from sms_service.services.events import (
    people as event_people,
)
from sms_service.services.events import (
    registrant_import,
)
from sms_service.services.events.groups import GroupFields
from sms_service.store.models import Event
from sms_service.web.console import event_words, uploads
from sms_service.web.console.events import get_event, head, language, texts_of
from sms_service.web.console.fields import Typed
from sms_service.web.console.lists import PAGE, after_id, listing
from sms_service.web.console.pages import Answer, Moved, Page, Shown, Visit

_OFFICE, _OWN = "events", "events.own"
_SPARE_ROWS = 2
_CELLS = ("topic", "destination", "day", "time", "room", "capacity")


def show_people(visit: Visit) -> Shown:
    """Who comes, page by page."""
    event = get_event(visit)
    groups = event_groups.list_groups(visit.tx, event.id)
    status = visit.query.get("status", "")
    chosen = next((one.id for one in groups if str(one.position) == visit.query.get("group")), None)
    found = event_people.list_registrants(
        visit.tx,
        event.id,
        PAGE + 1,
        after_id(visit.query) or 0,
        status if status in event_people.STATUSES else "",
        chosen,
    )
    counts = events.count_registrations(visit.tx, [event.id])[event.id]
    had_a_place = counts.registered + counts.attended
    values = {
        **head(visit, event),
        "page": listing(found, visit.query, lambda one: one.position),
        "counts": counts,
        "rate": round(100 * counts.registered / had_a_place) if had_a_place else None,
        "names": event_words.registrations(),
        "statuses": [("", _("all")), *event_words.registrations().items()],
        "groups": [("", _("all")), *((str(one.position), str(one.position)) for one in groups)],
        "query": visit.query,
    }
    return Shown("event_people.html", values)


def show_person(visit: Visit) -> Shown:
    """One registration and what can be done."""
    event = get_event(visit)
    groups = event_groups.list_groups(visit.tx, event.id)
    values = {
        **head(visit, event),
        **_choices(visit),
        "one": event_people.get_registrant(visit.tx, event.id, visit.id("registration_id")),
        "names": event_words.registrations(),
        "channels": event_words.channels(),
        "groups": [("", _("none")), *((str(one.position), str(one.position)) for one in groups)],
    }
    values["topics"], values["destinations"] = dict(values["topics"]), dict(values["destinations"])
    return Shown("event_person.html", values)


def note_present(visit: Visit) -> Moved:
    """Somebody stands at the door without their phone."""
    event = get_event(visit)
    event_desk.note_present(visit.tx, event.id, visit.id("registration_id"), visit.person.id, visit.now)
    return _to_person(visit, _("It is noted that this person is here."))


def take_off(visit: Visit) -> Moved:
    """Somebody gives the place up."""
    event = get_event(visit)
    _require_sure(visit)
    event_desk.take_off(
        visit.tx, event.id, visit.id("registration_id"), visit.person.id, visit.now, texts_of(visit)
    )
    return _to_person(visit, _("This person is off the list and is told so."))


def move(visit: Visit) -> Moved:
    """Another group, by hand."""
    event = get_event(visit)
    typed = Typed(visit.form, visit.runtime.settings.zone)
    number = typed.number("group", smallest=1)
    typed.check()
    event_groups.place(visit.tx, event.id, visit.id("registration_id"), number, visit.person.id, visit.now)
    return _to_person(visit, _("The group is changed. The person is told."))


def show_groups(visit: Visit) -> Shown:
    """The groups in fields, and a few empty ones."""
    event = get_event(visit)
    stored = event_groups.list_groups(visit.tx, event.id)
    members = event_groups.count_members(visit.tx, event.id)
    zone = visit.runtime.settings.zone
    rows: list[dict[str, Any]] = [
        {
            "topic": one.topic,
            "destination": one.destination,
            "day": one.starts_at.astimezone(zone).date().isoformat(),
            "time": f"{one.starts_at.astimezone(zone):%H:%M}",
            "room": one.room,
            "capacity": one.capacity,
            "members": members.get(one.id, 0),
        }
        for one in stored
    ]
    starts = event.starts_at.astimezone(zone)
    empty = {"day": starts.date().isoformat(), "time": f"{starts:%H:%M}", "members": None}
    rows += [dict(empty) for _spare in range(_SPARE_ROWS)]
    if visit.typed:
        rows = [{**row, "members": None} for row in _sent(visit.typed)]
    for index, row in enumerate(rows):
        row["index"], row["faults"] = index, _faults_of(visit.errors, index)
    placed = sum(members.values())
    counts = events.count_registrations(visit.tx, [event.id])[event.id]
    values = {
        **head(visit, event),
        **_choices(visit),
        "rows": rows,
        "seen": event_groups.mark(stored),
        "has_groups": bool(stored),
        "without": max(counts.registered + counts.attended - placed, 0),
        "errors": visit.errors,
        "columns": {"starts_at": _("Begins at"), "capacity": _("Places"), "room": _("Room")},
    }
    return Shown("event_groups.html", values)


def set_groups(visit: Visit) -> Moved:
    """Keep the groups that have places."""
    event = get_event(visit)
    wanted = [_group(visit, index, row) for index, row in enumerate(_sent(visit.form)) if row["capacity"]]
    event_groups.set_groups(
        visit.tx,
        event.id,
        wanted,
        visit.person.id,
        visit.now,
        texts_of(visit),
        visit.form.get("seen"),
    )
    return Moved(f"events/{event.id}/groups", _("The groups are saved."))


def place(visit: Visit) -> Moved:
    """Place people by their wishes."""
    event, redo = get_event(visit), bool(visit.form.get("redo"))
    if redo:
        _require_sure(visit)
    today = visit.now.astimezone(visit.runtime.settings.zone).date()
    done = event_groups.allocate_groups(visit.tx, event.id, visit.person.id, visit.now, today, redo)
    said = _(
        "%(placed)s people have a group, for %(changed)s of them it is news. %(left)s found no room.",
        placed=done.placed,
        changed=done.changed,
        left=done.left_over,
    )
    return Moved(f"events/{event.id}/groups", said)


def show_send(visit: Visit) -> Shown:
    """Send a list of registrants."""
    with visit.runtime.store.read() as tx:
        event = events.get_event(tx, visit.id("event_id"))
    values = {
        **_import_frame(event, visit),
        "heading": _("Import a list of registrants"),
        "explained": [
            _("People take places in the order of the rows; when it is full, they wait in line."),
            _("They get this event's reminders and news, and nothing else."),
        ],
        "typed": visit.typed,
        "errors": visit.errors,
    }
    return Shown("import_send.html", values)


def send(visit: Visit) -> Moved:
    """Read the file once, so that one that is no list is refused here."""
    upload = uploads.take(visit)
    with visit.runtime.store.read() as tx:
        events.get_event(tx, visit.id("event_id"))
    _reading(visit, upload.content)
    key = uploads.keep(visit, _purpose(visit), upload)
    return Moved(f"events/{visit.id('event_id')}/import/{key}")


def show_check(visit: Visit) -> Answer:
    """What taking the list in would do."""
    upload = uploads.find(visit, _purpose(visit))
    if upload is None:
        return uploads.gone(f"events/{visit.id('event_id')}/import")
    reading = _reading(visit, upload.content)
    with visit.runtime.store.read() as tx:
        event = events.get_event(tx, visit.id("event_id"))
        plan = registrant_import.import_registrants(
            tx, event.id, reading, visit.person.id, visit.now, dry_run=True
        )
    values = {
        **_import_frame(event, visit),
        **uploads.told(plan.faults, plan.notes, plan.other_columns),
        "heading": _("Is this list right?"),
        "file_name": upload.name,
        "figures": [
            (_("get a place"), plan.registered),
            (_("wait in line"), plan.waiting),
            (_("are on the list already"), plan.already),
            (_("gave their place up before and stay off"), plan.left),
            (_("have said STOP and get no texts"), plan.stopped),
        ],
        "explained": [],
        "refusals": [],
        "changes": [],
        "accept": _("Take the list in"),
        "is_nothing": not (plan.registered or plan.waiting),
        "again": f"/console/events/{event.id}/import",
        "typed": visit.typed,
    }
    values["columns"] = column_names()
    return Shown("import_check.html", values)


def accept(visit: Visit) -> Answer:
    """Take the list in."""
    upload = uploads.find(visit, _purpose(visit))
    if upload is None:
        return uploads.gone(f"events/{visit.id('event_id')}/import")
    reading = _reading(visit, upload.content)
    with visit.runtime.store.transaction() as tx:
        plan = registrant_import.import_registrants(
            tx,
            visit.id("event_id"),
            reading,
            visit.person.id,
            visit.now,
            language=visit.runtime.settings.default_language,
            skip_bad_rows=bool(visit.form.get("skip_bad_rows")),
        )
    uploads.drop(visit, _purpose(visit))
    said = _(
        "The list is taken in: %(registered)s have a place, %(waiting)s wait.",
        registered=plan.registered,
        waiting=plan.waiting,
    )
    return Moved(f"events/{visit.id('event_id')}/people", said)


def column_names() -> dict[str, str]:
    """What the desk calls the columns of lists of people."""
    return {
        "row": _("the whole row"),
        "number": _("Number"),
        "name": _("Name"),
        "organisation": _("University"),
        "topic": _("Topic"),
        "topics": _("Topics"),
        "destination": _("Destination"),
        "language": _("Language"),
        "district": _("District"),
        "consent_source": _("Source of the consent"),
        "consent_on": _("Day of the consent"),
        "community": _("Community"),
    }


def _reading(visit: Visit, content: bytes) -> Any:
    country = visit.runtime.settings.default_country
    return registrant_import.read_registrants(content, country, texts_of(visit))


def _purpose(visit: Visit) -> str:
    return f"registrants:{visit.id('event_id')}"


def _import_frame(event: Event, visit: Visit) -> dict[str, Any]:
    topics = ", ".join(name for key, name in event_words.topics(texts_of(visit), language()) if key)
    return {
        "back": f"/console/events/{event.id}",
        "back_words": event.title_id if language() == "id" else event.title_en,
        "columns": [
            (_("Number"), _("the phone number; it must be there")),
            (_("Name"), _("as texts shall greet the person")),
            (_("University"), _("or another organisation")),
            (_("Topic"), _("one of: %(topics)s", topics=topics)),
            (_("Destination"), _("the country")),
            (_("Language"), _("Indonesian or English")),
        ],
    }


def _choices(visit: Visit) -> dict[str, Any]:
    words = texts_of(visit)
    codes = event_groups.destinations(words)
    return {
        "topics": event_words.topics(words, language()),
        "destinations": event_words.destinations(words, codes, language()),
    }


def _sent(form: MultiDict[str, str]) -> list[dict[str, Any]]:
    """The rows of the form; each cell comes as often as there are groups."""
    columns = [form.getlist(name)[: event_groups.MOST_GROUPS + 1] for name in _CELLS]
    return [
        {name: value.strip() for name, value in zip(_CELLS, cells, strict=True)}
        for cells in zip(*columns, strict=False)
    ]


def _group(visit: Visit, index: int, row: Mapping[str, str]) -> GroupFields:
    form = MultiDict({"at_day": row["day"], "at_time": row["time"], **row})
    typed = Typed(form, visit.runtime.settings.zone)
    starts_at, capacity = typed.moment("at", required=True), typed.number("capacity", smallest=1)
    if typed.errors or starts_at is None:
        names = {"at_day": "starts_at", "at_time": "starts_at"}
        errors = {f"groups.{index}.{names.get(key, key)}": why for key, why in typed.errors.items()}
        raise Invalid("some fields need a look", errors)
    return GroupFields(
        starts_at=starts_at,
        capacity=capacity or 0,
        topic=row["topic"],
        destination=row["destination"],
        room=row["room"],
    )


def _faults_of(errors: Mapping[str, str], index: int) -> list[tuple[str, str]]:
    start = f"groups.{index}."
    return [(key.removeprefix(start), _(why)) for key, why in errors.items() if key.startswith(start)]


def _require_sure(visit: Visit) -> None:
    if not may(visit.person.role, _OFFICE) or not visit.form.get("sure"):
        raise NotAllowed("tick the box first: this cannot be taken back")


def _to_person(visit: Visit, said: str) -> Moved:
    return Moved(f"events/{visit.id('event_id')}/people/{visit.id('registration_id')}", said)


_ONE = "/events/<int:event_id>"
_PERSON = f"{_ONE}/people/<int:registration_id>"
_BACK = "events/{event_id}/people/{registration_id}"
PAGES = (
    Page(f"{_ONE}/people", _OWN, show=show_people),
    Page(_PERSON, _OWN, show=show_person),
    Page(f"{_PERSON}/present", _OWN, act=note_present, back=_BACK),
    Page(f"{_PERSON}/take-off", _OFFICE, act=take_off, back=_BACK),
    Page(f"{_PERSON}/group", _OFFICE, act=move, back=_BACK),
    Page(f"{_ONE}/groups", _OFFICE, show=show_groups, act=set_groups),
    Page(f"{_ONE}/groups/place", _OFFICE, act=place, back="events/{event_id}/groups"),
    Page(f"{_ONE}/import", _OFFICE, show=show_send, act=send, is_upload=True, is_free=True),
    Page(f"{_ONE}/import/<key>", _OFFICE, show=show_check, act=accept, is_free=True),
)
