"""Who comes to an event, over the API: listed with masked numbers, imported, moved and noted by hand."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Literal, cast

from pydantic import Field

from sms_service.domain import phones
from sms_service.domain.list_rows import Reading
from sms_service.domain.registrant_rows import RegistrantRow
from sms_service.errors import Invalid
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
    registrant_import,
)
from sms_service.services.events.texts import EventTexts
from sms_service.store.engine import Tx
from sms_service.store.models import Registration
from sms_service.web.api import cursors
from sms_service.web.api.endpoints import Call, Endpoint, Parts, Upload
from sms_service.web.api.events import texts_of
from sms_service.web.api.fields import Answered, Body, ListQuery, Query
from sms_service.web.api.recruiters import FaultAnswer

Status = Literal["registered", "waiting", "cancelled", "attended"]


class RegistrationAnswer(Answered):
    """One registration; the number is masked. `position` is the order in which people came; `group` the
    number of their group."""

    id: int
    number: str
    name: str
    organisation: str
    status: Status
    position: int
    language: str
    channel: str
    wish_topic: str
    wish_destination: str
    group: int | None
    is_placed_by_hand: bool
    attended_at: datetime | None
    registered_at: datetime
    updated_at: datetime


class RegistrationListAnswer(Answered):
    """Registrations in the order in which people came."""

    items: list[RegistrationAnswer]
    next: str | None


class RegistrationChange(Body):
    """What shall be different: the group by its number (null: none), or the status; one of the two."""

    group: int | None = Field(None, ge=1)
    status: Literal["cancelled", "attended"] | None = None


class RegistrantImportForm(Query):
    """The form beside the file."""

    dry_run: bool = False
    skip_bad_rows: bool = False


class RegistrantImportAnswer(Answered):
    """What an import did, or would do (`is_written` false). `already` are those on the list before, `left`
    those who gave their place up before, `stopped` those who get no texts, for they have said STOP."""

    is_written: bool
    registered: int
    waiting: int
    already: int
    left: int
    stopped: int
    faults: list[FaultAnswer]
    notes: list[FaultAnswer]
    other_columns: list[str]


def list_registrations(call: Call) -> RegistrationListAnswer:
    """GET /events/{event_id}/registrations"""
    event = events.get_event(call.tx, call.ids["event_id"])
    query: ListQuery = call.query
    listing = f"registrations/{event.id}"
    after = 0 if query.cursor is None else cast(int, cursors.decode(listing, query.cursor, (int,))[0])
    found = events.list_registrations(call.tx, event.id, query.limit + 1, after)
    shown = found[: query.limit]
    numbers = _group_numbers(call.tx, event.id)
    return RegistrationListAnswer(
        items=[_registration(call, person, numbers) for person in shown],
        next=cursors.encode(listing, shown[-1].position) if len(found) > query.limit else None,
    )


def change_registration(call: Call) -> RegistrationAnswer:
    """PATCH /events/{event_id}/registrations/{registration_id}"""
    sent: RegistrationChange = call.body
    if len(sent.model_fields_set) != 1 or (sent.status is None and "status" in sent.model_fields_set):
        raise Invalid("the change cannot be accepted", {"body": "names the group or the status"})
    tx, event_id, by = call.tx, call.ids["event_id"], call.person.id
    registration_id = call.ids["registration_id"]
    if sent.status == "cancelled":
        person = event_desk.take_off(tx, event_id, registration_id, by, call.now, texts_of(call))
    elif sent.status == "attended":
        person = event_desk.note_present(tx, event_id, registration_id, by, call.now)
    else:
        person = event_groups.place(tx, event_id, registration_id, sent.group, by, call.now)
    return _registration(call, person, _group_numbers(tx, event_id))


def read_file(parts: Parts, _form: RegistrantImportForm, upload: Upload) -> Reading[RegistrantRow]:
    """Read the uploaded list before any lock is taken. Raises Invalid."""
    runtime = parts.runtime
    words = EventTexts.of(runtime.settings, runtime.menu)
    return registrant_import.read_registrants(upload.content, runtime.settings.default_country, words)


def import_registrants(call: Call) -> RegistrantImportAnswer:
    """POST /events/{event_id}/registrations/import"""
    form: RegistrantImportForm = call.body
    plan = registrant_import.import_registrants(
        call.tx,
        call.ids["event_id"],
        call.prepared,
        call.person.id,
        call.now,
        language=call.runtime.settings.default_language,
        dry_run=form.dry_run,
        skip_bad_rows=form.skip_bad_rows,
    )
    return RegistrantImportAnswer(
        is_written=plan.is_written,
        registered=plan.registered,
        waiting=plan.waiting,
        already=plan.already,
        left=plan.left,
        stopped=plan.stopped,
        faults=[FaultAnswer(row=one.row, field=one.field, message=one.message) for one in plan.faults],
        notes=[FaultAnswer(row=one.row, field=one.field, message=one.message) for one in plan.notes],
        other_columns=list(plan.other_columns),
    )


def _group_numbers(tx: Tx, event_id: int) -> dict[int | None, int]:
    return {group.id: group.position for group in event_groups.list_groups(tx, event_id)}


def _registration(call: Call, person: Registration, numbers: dict[int | None, int]) -> RegistrationAnswer:
    zone = call.runtime.settings.zone
    return RegistrationAnswer(
        id=person.id,
        number=_masked(call.tx, person.number_sealed),
        name=_opened(call.tx, person.name_sealed),
        organisation=person.organisation,
        status=cast(Status, person.status),
        position=person.position,
        language=person.language,
        channel=person.channel,
        wish_topic=person.wish_topic,
        wish_destination=person.wish_destination,
        group=numbers.get(person.group_id),
        is_placed_by_hand=person.is_placed_by_hand,
        attended_at=None if person.attended_at is None else person.attended_at.astimezone(zone),
        registered_at=person.created_at.astimezone(zone),
        updated_at=person.updated_at.astimezone(zone),
    )


def _masked(tx: Tx, sealed: bytes) -> str:
    if not sealed:
        return "(erased)"
    try:
        return phones.mask(tx.vault.open(sealed))
    except ValueError:
        return "(cannot be read)"


def _opened(tx: Tx, sealed: Any) -> str:
    if not sealed:
        return ""
    try:
        return tx.vault.open(sealed)
    except ValueError:
        return "(cannot be read)"


_PEOPLE = "/events/{event_id}/registrations"
ENDPOINTS = (
    Endpoint(
        "GET", _PEOPLE, "events", "List who is registered, numbers masked", list_registrations,
        RegistrationListAnswer, query=ListQuery,
    ),
    Endpoint(
        "PATCH", f"{_PEOPLE}/{{registration_id}}", "events",
        "Move somebody to another group, take them off the list, or note that they are there",
        change_registration, RegistrationAnswer, body=RegistrationChange,
    ),
    Endpoint(
        "POST", f"{_PEOPLE}/import", "events", "Import a list of registrants (CSV or XLSX)",
        import_registrants, RegistrantImportAnswer, body=RegistrantImportForm, is_upload=True,
        prepare=read_file,
    ),
)  # fmt: skip
