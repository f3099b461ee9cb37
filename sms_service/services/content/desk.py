"""Facts as the office keeps them: what needs a look, an edit over the shipped item, and the way back.

An edit is laid over the shipped item by kind and key (facts.py); all processes take it up within a second.
`version` is 0 for what is as shipped, and grows with each edit: of two officers at one item the second is
refused and sees what has changed. Called by the desk.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any, Literal, cast

from sqlalchemy import Table, delete, select, update

from sms_service.domain import unconfirmed
from sms_service.domain.items import KINDS, ContentItem
from sms_service.errors import Conflict, Invalid, NotFound, said
from sms_service.services.content import facts as content
from sms_service.services.content.facts import Library
from sms_service.services.read_models import bump
from sms_service.services.staff.accounts import Person, record_audit
from sms_service.store.claim import insert_new
from sms_service.store.engine import Tx
from sms_service.store.models import ContentItem as ContentRow

TABLE = cast(Table, ContentRow.__table__)
READ_MODEL = "content"
SOON = timedelta(days=30)  # before its date passes, an item is due for a look
Need = Literal["expired", "unverified", "soon", "good"]
NEEDS: tuple[Need, ...] = ("expired", "unverified", "soon", "good")  # the worst first


@dataclass(frozen=True, slots=True)
class Held:
    """One item as callers get it, with what the office did to it."""

    item: ContentItem
    version: int  # 0: as shipped
    is_shipped: bool
    updated_at: datetime | None

    @property
    def kind(self) -> str:
        """articles | contacts | offices | jobs"""
        return self.item.kind

    def need(self, today: date) -> Need:
        """Whether somebody must look, and why."""
        if not self.item.is_valid(today):
            return "expired"
        if not self.item.verified:
            return "unverified"
        return "soon" if self.item.valid_until <= today + SOON else "good"


def list_items(tx: Tx, today: date) -> list[Held]:
    """All items, those that need somebody most first. A few dozen of each kind: they are held in memory."""
    kinds = list(KINDS)
    return sorted(
        _all(tx),
        key=lambda h: (NEEDS.index(h.need(today)), h.item.valid_until, kinds.index(h.kind), h.item.key),
    )


def get(tx: Tx, kind: str, key: str) -> Held:
    """One item. Raises NotFound."""
    for held in _all(tx):
        if (held.kind, held.item.key) == (kind, key):
            return held
    raise NotFound("there is no such article, contact, office or job")


def save(
    tx: Tx, person: Person, kind: str, raw: Mapping[str, Any], version: int, now: datetime, *, is_new: bool
) -> ContentItem:
    """Keep an edit, or a new item. Raises Invalid with every fault by field, Conflict when somebody else has
    changed the item since `version` (or has made one of this key)."""
    item = _validated(kind, raw)
    before = next((held for held in _all(tx) if (held.kind, held.item.key) == (kind, item.key)), None)
    if is_new and before is not None:
        raise Invalid("some fields need a look", {"key": "there is one of this name already"})
    if not is_new and before is None:
        raise NotFound("there is no such article, contact, office or job")
    _write(tx, item, version, now)
    bump(tx, READ_MODEL)
    changed = differences(before.item if before else None, item)
    details = {"version": version + 1, "changed": list(changed)}
    if before:
        details["before"] = {name: str(getattr(before.item, name)) for name in changed}
    record_audit(
        tx, person.id, "content.create" if is_new else "content.update", (kind, item.key), details, now
    )
    return item


def take_back(tx: Tx, person: Person, kind: str, key: str, version: int, now: datetime) -> None:
    """Drop the office's edit: the shipped item serves again; one that never shipped is gone.
    Raises NotFound, Conflict."""
    held = get(tx, kind, key)
    gone = tx.execute(
        delete(TABLE)
        .where(TABLE.c.kind == kind, TABLE.c.key == key, TABLE.c.version == version)
        .returning(TABLE.c.id)
    ).one_or_none()
    if gone is None:
        raise Conflict("somebody else has changed this meanwhile")
    bump(tx, READ_MODEL)
    record_audit(tx, person.id, "content.take_back", (kind, key), {"was_shipped": held.is_shipped}, now)


def differences(before: ContentItem | None, after: ContentItem) -> tuple[str, ...]:
    """The names of the fields that differ."""
    names = type(after).model_fields
    if before is None:
        return tuple(names)
    return tuple(name for name in names if getattr(before, name, None) != getattr(after, name))


def laid_over(library: Library, item: ContentItem) -> Library:
    """The library with one item in place of its own, for a look before it is kept."""
    items = {kind: dict(known) for kind, known in library.items.items()}
    items.setdefault(item.kind, {})[item.key] = item
    return Library(items)


def _all(tx: Tx) -> Iterator[Held]:
    shipped = content.shipped()
    rows = {
        (row.kind, row.key): row
        for row in tx.execute(
            select(TABLE.c.kind, TABLE.c.key, TABLE.c.item, TABLE.c.version, TABLE.c.updated_at).order_by(
                TABLE.c.id
            )
        )
    }
    library = content.overridden(shipped, [(row.kind, row.key, row.item) for row in rows.values()])
    for kind, items in library.items.items():
        for key, item in items.items():
            row = rows.get((kind, key))
            yield Held(
                item,
                row.version if row else 0,
                key in shipped.items.get(kind, {}),
                row.updated_at if row else None,
            )


def _validated(kind: str, raw: Mapping[str, Any]) -> ContentItem:
    try:
        item = content.validate(kind, dict(raw))
    except Invalid as error:
        raise Invalid("some fields need a look", error.errors) from None
    faults = {}
    for name, value in item.model_dump(mode="json").items():
        if what := unconfirmed.find(_flat(value)):
            faults[name] = said("unconfirmed: %(what)s", what=what)
    if faults:
        raise Invalid("this was never confirmed, and callers are not told it", faults)
    return item


def _flat(value: object) -> str:
    if isinstance(value, dict):
        return "\n".join(map(str, value.values()))
    return "\n".join(map(str, value)) if isinstance(value, list) else str(value)


def _write(tx: Tx, item: ContentItem, version: int, now: datetime) -> None:
    values = {"item": item.model_dump(mode="json"), "updated_at": now, "version": version + 1}
    keys = {"kind": item.kind, "key": item.key}
    if version:
        statement = update(TABLE).where(
            TABLE.c.kind == item.kind, TABLE.c.key == item.key, TABLE.c.version == version
        )
        written = tx.execute(statement.values(values).returning(TABLE.c.id)).one_or_none()
    else:
        written = tx.execute(
            insert_new(tx, TABLE).values({**keys, **values}).returning(TABLE.c.id)
        ).one_or_none()
    if written is None:
        raise Conflict("somebody else has changed this meanwhile")
