"""Between the form of an item and the item: names of fields, and the words for what is wrong with them."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, tzinfo
from typing import Any

from flask_babel import gettext as _
from werkzeug.datastructures import MultiDict

from sms_service.domain.items import KINDS, LANGUAGES, ContentItem
from sms_service.domain.texts import offenders, septets, to_gsm7
from sms_service.web.console.fields import Typed

MARKS = ("official", "two_sources", "one_source", "general", "old", "advice")
WORDS = ("title", "body", "source_name", "line", "wage", "call")
OPTIONAL_WORDS = ("source_name", "line", "wage", "call")
TICKS = ("verified", "danger", "own", "closed", "wage_verified")
LISTS = ("kinds", "countries", "districts", "language", "skills")
LINES = ("numbers",)
DAYS = ("checked_on", "valid_until")
LONGEST = {"title": 24, "source_name": 32, "line": 24}
LONGEST_JOB_TITLE = 30
_LONGEST_TEXT = 4000


def read(kind: str, key: str, form: MultiDict[str, str], zone: tzinfo) -> dict[str, Any]:
    """The item that a form describes, as it stands: judging it is the service's part."""
    typed = Typed(form, zone)
    raw: dict[str, Any] = {"key": key}
    for name in KINDS[kind].model_fields:
        if name == "key":
            continue
        if name in WORDS:
            texts = {one: typed.text(f"{name}_{one}", longest=_LONGEST_TEXT) for one in LANGUAGES}
            if name not in OPTIONAL_WORDS or any(texts.values()):
                raw[name] = texts
        elif name in TICKS:
            raw[name] = typed.ticked(name)
        elif name in LISTS:
            raw[name] = tuple(form.getlist(name))
        elif name in LINES:
            raw[name] = tuple(line.strip() for line in typed.text(name).splitlines() if line.strip())
        elif given := typed.text(name):
            raw[name] = _as_day(given) if name in DAYS else given
    return raw


def _as_day(given: str) -> date | str:
    try:
        return date.fromisoformat(given)
    except ValueError:
        return given  # the service says what is wrong with it


def fill(item: ContentItem) -> MultiDict[str, str]:
    """The form of an item."""
    form: MultiDict[str, str] = MultiDict()
    for name, value in item.model_dump(mode="json").items():
        if name in WORDS:
            for language in LANGUAGES:
                form[f"{name}_{language}"] = (value or {}).get(language, "")
        elif name in TICKS:
            if value:
                form[name] = "1"
        elif name in LISTS:
            form.setlist(name, value)
        elif name in LINES:
            form[name] = "\n".join(value)
        elif value is not None:
            form[name] = str(value)
    return form


def made_plain(form: MultiDict[str, str]) -> MultiDict[str, str]:
    """The same form, its words in signs that every phone shows."""
    plain = form.copy()
    for name in WORDS:
        for language in LANGUAGES:
            if given := form.get(f"{name}_{language}"):
                plain[f"{name}_{language}"] = to_gsm7(given.replace("\r\n", "\n"))
    return plain


def said(kind: str, raw: Mapping[str, Any], errors: Mapping[str, str]) -> dict[str, str]:
    """What is wrong, by field of the form, in the reader's language."""
    found: dict[str, str] = {}
    for path, fault in errors.items():
        name = path.partition(".")[0]
        if fault.startswith("unconfirmed: "):
            words = _("This was never confirmed by the office, and callers are not told it.")
            found[f"{name}_id" if name in WORDS else name] = words
        elif name in WORDS:
            found |= _of_words(kind, name, raw.get(name) or {})
        elif name == "item":
            field, words = _of_whole(fault)
            found[field] = words
        else:
            found[name] = _of_field(name)
    return found


def _of_words(kind: str, name: str, texts: Mapping[str, str]) -> dict[str, str]:
    longest = LONGEST_JOB_TITLE if (kind, name) == ("jobs", "title") else LONGEST.get(name)
    found = {}
    for language in LANGUAGES:
        text = texts.get(language, "")
        if not text:
            found[f"{name}_{language}"] = _("fill this in")
        elif signs := offenders(text):
            pairs = ", ".join(f"{sign} → {plain or _('nothing')}" for sign, plain in signs.items())
            found[f"{name}_{language}"] = _(
                "Not every phone shows these signs. Write them otherwise: %(signs)s", signs=pairs
            )
        elif longest and (septets(text) > longest or "\n" in text):
            found[f"{name}_{language}"] = _(
                "%(count)s signs on one line at most; these are %(used)s", count=longest, used=septets(text)
            )
    return found


def _of_whole(fault: str) -> tuple[str, str]:
    if "who verified it" in fault:
        return "verified", _("A source of this kind is doubtful: say who checked it, or take the tick away.")
    if "checked_on is missing" in fault:
        return "checked_on", _("When did somebody last look at the source?")
    if "half a year" in fault:
        return "valid_until", _("At most half a year after somebody looked at the source.")
    if "danger needs" in fault:
        return "danger", _("To be shown to people in danger it needs a number and a line.")
    if "stands in no list" in fault:
        return "kinds", _("Choose in which lists it stands: by kind of help, or by country.")
    return "key", fault


def _of_field(name: str) -> str:
    words: dict[str, str] = {
        "key": _("small letters, digits and hyphens, as kr-factory"),
        "source": _("An address, or a law with its article: without a source nothing is told."),
        "source_date": _("a year, a month or a day: 2026, 2026-11 or 2026-11-21"),
        "checked_on": _("a date as 2026-12-31"),
        "valid_until": _("a date as 2026-12-31"),
        "numbers": _("digits with spaces or hyphens, one number a line"),
        "min_age": _("a whole number, 18 or more"),
        "max_age": _("a whole number, not below the smallest age"),
        "districts": _("choose at least one"),
    }
    return words.get(name) or str(_("choose one of those offered"))
