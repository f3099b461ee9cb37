"""The facts that callers read, held in memory: shipped files, overridden by what the office has edited.

Information works with the database away: the files are read at start, and the read model "content" lays
the rows of `content_items` over them whenever they change. What a screen says of an item is in
pages.py; jobs in jobs_abroad.py.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date, timedelta
from functools import cache
from pathlib import Path
from typing import Any, TypeVar

import yaml
from pydantic import ValidationError
from sqlalchemy import select

from menus.loader import CONTENT
from sms_service.domain.items import KINDS, Article, Contact, ContentItem, Job, Office
from sms_service.errors import Invalid, MenuError
from sms_service.logs import get_logger
from sms_service.services.read_models import ReadModel
from sms_service.store.engine import Tx
from sms_service.store.models import ContentItem as ContentRow

log = get_logger(__name__)

ITEMS = CONTENT / "items"
AnyItem = TypeVar("AnyItem", bound=ContentItem)


@dataclass(frozen=True)
class Library:
    """All items, by kind and key, in file order. Nobody changes it: an edit makes a new one."""

    items: Mapping[str, Mapping[str, ContentItem]] = field(default_factory=dict)

    @property
    def articles(self) -> tuple[Article, ...]:
        """Every article, old ones too: those are marked when shown."""
        return self._all(Article)

    def contacts(self, today: date) -> tuple[Contact, ...]:
        """The contacts that are valid today."""
        return tuple(contact for contact in self._all(Contact) if contact.is_valid(today))

    def jobs(self, today: date) -> tuple[Job, ...]:
        """The jobs that are valid today."""
        return tuple(job for job in self._all(Job) if job.is_valid(today))

    def offices(self, district: str) -> tuple[Office, ...]:
        """The offices for a district: those for every district first, then its own."""
        everywhere = [office for office in self._all(Office) if "all" in office.districts]
        return (*everywhere, *(office for office in self._all(Office) if district in office.districts))

    def find_article(self, key: str) -> Article | None:
        """The article of that key, if there is one."""
        return self._find(Article, key)

    def find_contact(self, key: str, today: date) -> Contact | None:
        """The contact of that key, if there is one and it is valid."""
        found = self._find(Contact, key)
        return found if found and found.is_valid(today) else None

    def find_job(self, key: str, today: date) -> Job | None:
        """The job of that key, if there is one and it is valid."""
        found = self._find(Job, key)
        return found if found and found.is_valid(today) else None

    def expiring(self, today: date, within: timedelta) -> tuple[ContentItem, ...]:
        """Items whose valid_until is past or comes `within` that time, soonest first: somebody must look."""
        ending = [item for items in self.items.values() for item in items.values()]
        return tuple(
            sorted(
                (item for item in ending if item.valid_until <= today + within), key=lambda i: i.valid_until
            )
        )

    def _all(self, model: type[AnyItem]) -> tuple[AnyItem, ...]:
        return tuple(item for item in self.items.get(model.kind, {}).values() if isinstance(item, model))

    def _find(self, model: type[AnyItem], key: str) -> AnyItem | None:
        found = self.items.get(model.kind, {}).get(key)
        return found if isinstance(found, model) else None


def validate(kind: str, raw: object) -> ContentItem:
    """Return the item, or raise Invalid with every fault by field."""
    if kind not in KINDS:
        raise Invalid("unknown kind of item", {"kind": f"one of {', '.join(KINDS)}"})
    try:
        return KINDS[kind].model_validate(raw)
    except ValidationError as error:
        faults = {
            ".".join(str(part) for part in fault["loc"]) or "item": fault["msg"].removeprefix("Value error, ")
            for fault in error.errors(include_input=False, include_url=False)
        }
        raise Invalid("; ".join(f"{name}: {text}" for name, text in faults.items()), faults) from None


@cache
def shipped(folder: Path = ITEMS) -> Library:
    """Read the files. Raises MenuError for the first item that cannot be used."""
    return Library({kind: _file(folder / f"{kind}.yaml", kind) for kind in KINDS})


def _file(file: Path, kind: str) -> dict[str, ContentItem]:
    try:
        raw: Any = yaml.load(file.read_text(encoding="utf-8"), Loader=yaml.CSafeLoader)
    except (OSError, yaml.YAMLError) as error:
        raise MenuError(file.name, "-", f"cannot be read: {error}") from error
    if not isinstance(raw, list):
        raise MenuError(file.name, "-", "is not a list")
    items: dict[str, ContentItem] = {}
    for number, entry in enumerate(raw, 1):
        name = str(entry.get("key", number)) if isinstance(entry, dict) else str(number)
        try:
            item = validate(kind, entry)
        except Invalid as error:
            raise MenuError(file.name, name, str(error)) from error
        if item.key in items:
            raise MenuError(file.name, name, "stands there twice")
        items[item.key] = item
    return items


def overridden(library: Library, rows: Iterable[tuple[str, str, object]]) -> Library:
    """Lay edited items (kind, key, item) over the library. One that cannot be used is left out and logged:
    the shipped one goes on serving, and a bad edit never takes the others down."""
    items = {kind: dict(library.items.get(kind, {})) for kind in KINDS}
    for kind, key, raw in rows:
        try:
            item = validate(kind, raw)
        except Invalid as error:
            log.warning("content item not usable", kind=kind, key=key, fields=sorted(error.errors))
            continue
        if item.key != key:
            log.warning("content item not usable", kind=kind, key=key, fields=["key"])
            continue
        items[kind][key] = item
    return Library(items)


def load(tx: Tx) -> Library:
    """The shipped items with the office's edits."""
    rows = tx.execute(select(ContentRow.kind, ContentRow.key, ContentRow.item).order_by(ContentRow.id))
    return overridden(shipped(), [(row.kind, row.key, row.item) for row in rows])


def read_model() -> ReadModel[Library]:
    """The list "content" for read_models: shipped items at once, edits as soon as they can be read."""
    return ReadModel("content", load, shipped())
