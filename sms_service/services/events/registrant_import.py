"""Puts a list of people on an event: a hundred students of thirteen universities, say.

One call, one transaction of the caller's: all of it or nothing. Twice is once: who is registered stays as
they are, and who gave their place up is not brought back by a list. Places are taken in the order of the
rows, the rest waits. They become nobody's subscribers: what they get is this event's reminders and notices,
and after a STOP nothing at all. Called by the API.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, cast

from sqlalchemy import Table, func, insert, select

from sms_service.domain import registrant_rows
from sms_service.domain.list_rows import Reading
from sms_service.domain.recruiter_rows import Fault
from sms_service.domain.registrant_rows import RegistrantRow
from sms_service.errors import Conflict, NotFound
from sms_service.services.events.registrations import PROPOSED, REVISION, lock_event, places_left
from sms_service.services.events.texts import EventTexts
from sms_service.services.list_files import read_table
from sms_service.services.read_models import bump
from sms_service.services.staff import accounts as staff
from sms_service.services.subscribers.people_files import count_stopped, refuse_bad_rows
from sms_service.store.engine import Tx
from sms_service.store.models import Registration

MOST_ROWS = 5_000
_TABLE = cast(Table, Registration.__table__)


@dataclass(frozen=True)
class RegistrantImport:
    """What an import did, or would do (`is_written` false). `already`: on the list before; `left`: gave
    their place up before; `stopped`: get no texts, for they have said STOP."""

    registered: int
    waiting: int
    already: int
    left: int
    stopped: int
    faults: tuple[Fault, ...]
    notes: tuple[Fault, ...]
    other_columns: tuple[str, ...]
    is_written: bool = False


def read_registrants(data: bytes, country: str, words: EventTexts) -> Reading[RegistrantRow]:
    """Read a CSV or XLSX file. Raises Invalid when it is no such list; bad rows are in its `faults`."""
    layout = registrant_rows.layout(country, _destinations(words))
    return layout.read(read_table(data, layout.is_heading, MOST_ROWS))


def import_registrants(
    tx: Tx,
    event_id: int,
    reading: Reading[RegistrantRow],
    by: int | None,
    now: datetime,
    *,
    language: str = "id",
    dry_run: bool = False,
    skip_bad_rows: bool = False,
) -> RegistrantImport:
    """Register the people of a list, or with `dry_run` only say what would become of them.

    `language` is for those whose row names none. Raises NotFound, Conflict when the event is over or off,
    and Invalid, having written nothing, while there are bad rows that nobody said to skip.
    """
    event = lock_event(tx, event_id)
    if event is None:
        raise NotFound("there is no such event")
    if event.status == PROPOSED:
        raise Conflict("the office has not approved this event yet")
    if event.status == "cancelled" or event.starts_at <= now:
        raise Conflict("the event is cancelled" if event.status == "cancelled" else "the event has begun")
    known = _known(tx, event.id)
    left, last = places_left(tx, event), _last_position(tx, event.id)
    waits = "waiting" in known.values()
    new: list[dict[str, Any]] = []
    taken = 0
    hashes = [tx.vault.number_hash(row.number) for row in reading.rows]
    for row, number_hash in zip(reading.rows, hashes, strict=True):
        if number_hash in known:
            continue
        is_full = waits or (left is not None and left <= taken)
        taken += not is_full
        position = last + len(new) + 1
        new.append(
            _columns(tx, row, event.id, number_hash, "waiting" if is_full else "registered", position)
            | {"language": row.language or language, "created_at": now, "updated_at": now}
        )
    plan = _plan(reading, hashes, known, new, count_stopped(tx, hashes))
    if dry_run:
        return plan
    refuse_bad_rows(reading, skip_bad_rows)
    if new:
        tx.execute(insert(_TABLE), new)
        bump(tx, REVISION)
    details = {"registered": plan.registered, "waiting": plan.waiting, "skipped_rows": reading.bad_rows}
    staff.record_audit(tx, by, "event.import_registrants", ("event", event.id), details, now)
    return replace(plan, is_written=True)


def _plan(
    reading: Reading[RegistrantRow],
    hashes: Sequence[str],
    known: Mapping[str, str],
    new: Sequence[Mapping[str, Any]],
    stopped: int,
) -> RegistrantImport:
    before = [known[number_hash] for number_hash in hashes if number_hash in known]
    return RegistrantImport(
        registered=sum(one["status"] == "registered" for one in new),
        waiting=sum(one["status"] == "waiting" for one in new),
        already=sum(status != "cancelled" for status in before),
        left=before.count("cancelled"),
        stopped=stopped,
        faults=tuple(reading.faults),
        notes=tuple(reading.notes),
        other_columns=reading.other_columns,
    )


def _known(tx: Tx, event_id: int) -> dict[str, str]:
    rows = tx.execute(select(_TABLE.c.number_hash, _TABLE.c.status).where(_TABLE.c.event_id == event_id))
    return {row.number_hash: row.status for row in rows}


def _last_position(tx: Tx, event_id: int) -> int:
    return tx.scalar(select(func.max(_TABLE.c.position)).where(_TABLE.c.event_id == event_id)) or 0


def _columns(
    tx: Tx, row: RegistrantRow, event_id: int, number_hash: str, status: str, position: int
) -> dict[str, Any]:
    return {
        "event_id": event_id,
        "number_hash": number_hash,
        "number_sealed": tx.vault.seal(row.number),
        "name_sealed": tx.vault.seal(row.name) if row.name else None,
        "organisation": row.organisation,
        "wish_topic": row.topic,
        "wish_destination": row.destination,
        "channel": "import",
        "status": status,
        "position": position,
        "is_placed_by_hand": False,
    }


def _destinations(words: EventTexts) -> dict[str, str]:
    """The code of every word that the menus have for a destination, and of the codes themselves."""
    found: dict[str, str] = {}
    for language in words.menu.languages:
        for key, name in words.menu.common[language].items():
            if key.startswith("country."):
                code = key.removeprefix("country.")
                found |= dict.fromkeys((code, name.casefold()), code)
    return found
