"""What a broadcast must not present as a fact: numbers and contents that nobody of the office has verified.

A text is free words, so nobody can prove it true; but a number in it is either one that the office vouches
for, or it is not. A number of content that is marked unverified (or is out of date) is refused when the text
is written: it would reach a whole district under the office's name. A number that stands nowhere in the
content is pointed out in the preview, for the second person to ask about; so is a short one such as 110,
which a warning may need tonight, whoever has called it before.
"""

from __future__ import annotations

import re
from collections.abc import Collection
from dataclasses import dataclass
from datetime import date
from typing import Literal

from sms_service.domain.items import Contact
from sms_service.services.content import facts as content
from sms_service.store.engine import Tx

# What begins as a number to call does and has five digits or more, or a short one after a word that says
# "call": a price, a date or an hour is neither.
_LONG = re.compile(r"(?<![\w.,])(?:\+\d|[01]|62)(?:[ ()-]{0,2}\d){4,}(?!\w)", re.ASCII)
_SHORT_AFTER_CALL = re.compile(
    r"\b(?:telepon|telp|tlp|hubungi|call|phone|hotline|wa)\b[ :.]{0,3}(\d{3,4})(?!\d)", re.IGNORECASE
)
_LONGEST_SHORT = 4  # digits


@dataclass(frozen=True, slots=True)
class Caution:
    """A number in a text, and why to look twice: "unverified" (refused) or "unknown" (pointed out)."""

    language: str
    position: int  # of its first character, from 1
    why: Literal["unverified", "unknown"]
    is_short: bool


def look(tx: Tx, text_id: str, text_en: str, today: date, own: Collection[str] = ()) -> list[Caution]:
    """The numbers in both texts that the office does not vouch for; `own`: our own numbers."""
    trusted, doubtful = _numbers(tx, today)
    known = {_national(number) for number in own}
    found: list[Caution] = []
    for language, text in (("id", text_id), ("en", text_en)):
        for position, digits in _numbers_in(text):
            is_short = len(digits) <= _LONGEST_SHORT
            if digits in doubtful - trusted:
                found.append(Caution(language, position, "unverified", is_short))
            elif digits not in trusted | known:
                found.append(Caution(language, position, "unknown", is_short))
    return found


def refusals(tx: Tx, text_id: str, text_en: str, today: date) -> dict[str, str]:
    """The faults by field: unverified content is never broadcast."""
    return {
        f"text.{one.language}": f"character {one.position}: this number is not verified in the content; "
        "verify it there first, or leave it out"
        for one in look(tx, text_id, text_en, today)
        if one.why == "unverified" and not one.is_short
    }


def _numbers(tx: Tx, today: date) -> tuple[set[str], set[str]]:
    """Numbers of contacts that are verified and valid today, and those of all others."""
    trusted: set[str] = set()
    doubtful: set[str] = set()
    for contact in content.load(tx).items.get(Contact.kind, {}).values():
        if isinstance(contact, Contact):
            numbers = {_national(number) for number in contact.numbers}
            (trusted if contact.verified and contact.is_valid(today) else doubtful).update(numbers)
    return trusted, doubtful


def _numbers_in(text: str) -> list[tuple[int, str]]:
    """Position and digits of each number to call."""
    found = {match.start(): _national(match.group()) for match in _LONG.finditer(text)}
    for match in _SHORT_AFTER_CALL.finditer(text):
        found.setdefault(match.start(1), match.group(1))
    return [(start + 1, digits) for start, digits in sorted(found.items())]


def _national(number: str) -> str:
    digits = re.sub(r"\D", "", number)
    return "0" + digits[2:] if digits.startswith("62") and len(digits) > 6 else digits
