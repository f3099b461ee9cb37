"""What a phone will show of an item while it is being written: by the renderer that callers get.

An item that cannot be kept yet is drawn as far as it goes: faulty fields stand as they were, signs that no
phone shows are made plain. Called by the desk at every pause in typing; touches no database.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

from menus import render
from menus.model import Menu, Node
from sms_service.domain.items import KINDS, LANGUAGES, Article, Contact, ContentItem, Job, Office
from sms_service.domain.texts import offenders, septets, to_gsm7
from sms_service.errors import Invalid
from sms_service.services.content import desk as content_desk
from sms_service.services.content import facts as content
from sms_service.services.content import jobs_abroad
from sms_service.services.content.facts import Library
from sms_service.services.content.pages import Reader
from sms_service.settings import Settings

_WORDS = ("title", "body", "line", "wage", "call", "source_name")  # fields that hold a text per language
_DATA = {Article: "article", Contact: "contact", Job: "job_details", Office: "nearest_office"}


@dataclass(frozen=True, slots=True)
class Screen:
    """One screen, with `CON ` counted in."""

    text: str
    septets: int


@dataclass(frozen=True, slots=True)
class Look:
    """How an item looks in one language. `plain`: signs that no phone shows, with what may stand instead.

    `longest`: a value of so many septets is all that its screens show; the rest of a longer one is cut.
    """

    language: str
    screens: tuple[Screen, ...]
    plain: Mapping[str, str]
    used: int
    longest: int

    @property
    def is_cut(self) -> bool:
        """True when the text is longer than its screens may show."""
        return self.used > self.longest


def looks(
    menu: Menu, settings: Settings, library: Library, item: ContentItem, raw: Mapping[str, Any], today: date
) -> list[Look]:
    """The screens of `item` in every language, with what in the raw texts must be written otherwise."""
    laid = content_desk.laid_over(library, item)
    node = _node(menu, item)
    day = min(today, item.valid_until)  # what has passed its date is not shown any more, here it is
    found = []
    for language in LANGUAGES:
        values = _values(Reader(laid, menu, settings, language, day), item)
        screens = render.screens_of_page(menu, node, language, values)
        name, text = max(values.items(), key=lambda pair: len(pair[1]))
        written = "".join(str(raw.get(field, {}).get(language, "")) for field in _WORDS if raw.get(field))
        found.append(
            Look(
                language,
                tuple(Screen(screen, septets(screen) + render.PREFIX) for screen in screens),
                offenders(written.replace("\r", "")),
                septets(to_gsm7(text)),
                menu.values[name].maximum,
            )
        )
    return found


def drawable(kind: str, raw: Mapping[str, Any], fallback: ContentItem) -> ContentItem:
    """The item that `raw` describes, as far as it can be drawn; the rest as in `fallback`."""
    plain = {name: _plain(value) if name in _WORDS else value for name, value in raw.items()}
    try:
        return content.validate(kind, plain)
    except Invalid as error:
        faulty = {name.partition(".")[0] for name in error.errors}
    values = {name: getattr(fallback, name) for name in type(fallback).model_fields}
    values |= {name: value for name, value in plain.items() if name not in faulty}
    for name in ("title", "body"):
        texts = plain.get(name) or {}
        values[name] = {language: texts.get(language) or "-" for language in LANGUAGES}
    return KINDS[kind].model_construct(**values)


def _plain(texts: Any) -> Any:
    if not isinstance(texts, Mapping):
        return texts
    return {language: to_gsm7(str(text)) for language, text in texts.items()}


def _node(menu: Menu, item: ContentItem) -> Node:
    """The page that shows an item: for an article, the one that the list of its topic leads to."""
    if isinstance(item, Article):
        for node in menu.nodes.values():
            if node.source == "articles" and node.values.get("topic") == item.topic:
                return menu.nodes[node.go]
    return next(node for node in menu.nodes.values() if node.data == _DATA[type(item)])


def _values(reader: Reader, item: ContentItem) -> Mapping[str, str]:
    if isinstance(item, Article):
        return reader.article({"article": item.key})
    if isinstance(item, Contact):
        return reader.contact({"contact": item.key})
    if isinstance(item, Job):
        return jobs_abroad.job_details(reader, {"job": item.key})
    assert isinstance(item, Office)
    district = next((code for code in item.districts if code != "all"), "53.71")
    return reader.nearest_office({"district": district})


def topics(menu: Menu) -> list[str]:
    """The topics that lists of articles in the menus have."""
    found = (node.values.get("topic", "") for node in menu.nodes.values() if node.source == "articles")
    return sorted({topic for topic in found if topic})


def sorts(menu: Menu, group: str) -> list[str]:
    """The codes that the menus have words for: `country`, `field`, `tongue`, `skill`."""
    words = menu.common[menu.languages[0]]
    codes = {key.partition(".")[2] for key in words if key.startswith(f"{group}.")}
    return sorted(codes - {"other", "none"})
