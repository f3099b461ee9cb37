"""What each recipient of a broadcast reads, and what that costs: the one code of preview and fan-out.

The text is parsed once, what is the same for everybody is put in once, and a body that many read is
measured once. With names in it every body differs: those are measured by adding lengths where that is
exact, character by character where it is not.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from menus.model import Menu
from menus.words import say
from sms_service.domain import districts, personalisation, texts
from sms_service.domain.personalisation import AGENCY, DISTRICT, NAME, SHORT_CODE, Template
from sms_service.errors import Invalid
from sms_service.settings import Settings

Spoken = Literal["id", "en"]
LONGEST_TEXT = 1000  # characters, placeholders included
MOST_SEGMENTS = 6  # of one body: a longer one is cut or lost on old phones
_NO_DISTRICT = "NTT"
_SINGLE, _EACH = 160, 153  # septets of a text in one segment, and of each part of a longer one


@dataclass(frozen=True, slots=True)
class Words:
    """What placeholders stand for when nothing personal is known."""

    agency: str
    short_code: str
    somebody: dict[str, str]  # language -> how to address whoever gave no name

    @classmethod
    def of(cls, settings: Settings, menu: Menu) -> Words:
        """Build it from what a Runtime holds."""
        somebody = {language: say(menu, language, "sms.broadcast_somebody") for language in ("id", "en")}
        return cls(settings.agency_name, settings.short_code, somebody)


@dataclass(frozen=True, slots=True)
class Body:
    """A text as one recipient reads it. `gsm7` False: UCS-2."""

    text: str
    segments: int
    gsm7: bool


@dataclass(frozen=True, slots=True)
class _Prepared:
    """A text with all but the name put in."""

    template: Template
    names: int  # how often the name stands in it
    length: int  # of what stands around the names, in characters
    is_plain: bool  # every character around the names is one septet


class Composer:
    """The bodies of one broadcast."""

    def __init__(self, text_id: str, text_en: str, words: Words) -> None:
        self._words = words
        self._parsed: dict[str, Template] = {"id": personalisation.parse(text_id)}
        if text_en.strip():
            self._parsed["en"] = personalisation.parse(text_en)
        # Only then need names be opened.
        self.uses_names = any(template.uses(NAME) for template in self._parsed.values())
        self._prepared: dict[tuple[str, str | None], _Prepared] = {}
        self._without_name: dict[tuple[str, str | None], Body] = {}

    def language(self, chosen: str) -> str:
        """The language in which somebody who chose `chosen` reads it."""
        return chosen if chosen in self._parsed else "id"

    def compose(self, language: str, district: str | None, name: str = "") -> Body:
        """The body for somebody who chose `language` and lives in `district` (Kemendagri code, or None).
        Without a name there is a word of address in its place."""
        spoken = self.language(language)
        prepared = self._prepare(spoken, district)
        if not name or not prepared.names:
            return self._nameless(spoken, district, prepared)
        text = prepared.template.fill({NAME: name})
        if prepared.is_plain and _is_plain(name):
            length = prepared.length + prepared.names * len(name)
            return Body(text, 1 if length <= _SINGLE else -(-length // _EACH), gsm7=True)
        return measured(text)

    def _prepare(self, spoken: str, district: str | None) -> _Prepared:
        found = self._prepared.get((spoken, district))
        if found is None:
            template = self._parsed[spoken]
            template = template.put(AGENCY, self._words.agency).put(SHORT_CODE, self._words.short_code)
            template = template.put(DISTRICT, _district_name(district))
            around = "".join(template.pieces)
            found = _Prepared(template, len(template.fields), len(around), _is_plain(around))
            self._prepared[spoken, district] = found
        return found

    def _nameless(self, spoken: str, district: str | None, prepared: _Prepared) -> Body:
        found = self._without_name.get((spoken, district))
        if found is None:
            found = measured(prepared.template.fill({NAME: self._words.somebody[spoken]}))
            self._without_name[spoken, district] = found
        return found


def measured(text: str) -> Body:
    """A finished text with its size."""
    size = texts.measure(text)
    return Body(text, size.segments, size.encoding == "GSM-7")


def check(text_id: str, text_en: str) -> dict[str, str]:
    """What is wrong with the texts, by field; empty when all is well."""
    errors = {}
    for language, text in (("id", text_id), ("en", text_en)):
        fault = _fault(text) if text.strip() or language == "id" else None
        if fault:
            errors[f"text.{language}"] = fault
    return errors


def _fault(text: str) -> str | None:
    if not text.strip():
        return "is empty"
    if len(text) > LONGEST_TEXT:
        return f"is longer than {LONGEST_TEXT} characters"
    if not all(character.isprintable() or character == "\n" for character in text):
        return "holds control characters or signs that cannot be sent"
    try:
        template = personalisation.parse(text)
    except Invalid as error:
        return str(error)
    values = {field: "x" * 10 for field in personalisation.PLACEHOLDERS.values()}
    if texts.measure(template.fill(values)).segments > MOST_SEGMENTS:
        return f"takes more than {MOST_SEGMENTS} segments"
    return None


def _district_name(code: str | None) -> str:
    try:
        return _NO_DISTRICT if code is None else districts.by_code(code).name
    except KeyError:
        return _NO_DISTRICT


def _is_plain(text: str) -> bool:
    try:
        return texts.septets(text) == len(text)
    except ValueError:
        return False
