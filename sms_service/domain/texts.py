"""How long a text is, as the network counts: GSM 7-bit default alphabet or UCS-2 (3GPP TS 23.038).

A character of the extension table costs two septets and is never split between two parts; neither is a
surrogate pair in UCS-2. Used by menus (does it fit the screen?), by messages (how many segments?) and by
previews (which character makes it dear?).
"""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass
from typing import Literal

_BASIC = (
    "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?"
    "¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà"
)
_EXTENSION = "\f^{}\\[~]|€"
_COST = {**dict.fromkeys(_BASIC, 1), **dict.fromkeys(_EXTENSION, 2)}
_CHEAP = {
    "\u2018": "'", "\u2019": "'", "\u201a": "'", "`": "'", "\u00b4": "'",
    "\u201c": '"', "\u201d": '"', "\u201e": '"', "\u00ab": '"', "\u00bb": '"',
    "\u2010": "-", "\u2011": "-", "\u2012": "-", "\u2013": "-", "\u2014": "-", "\u2212": "-",
    "\u2026": "...", "\u2022": "-", "\u00b7": "-", "\t": " ", "\u00a0": " ", "\u202f": " ",
    "\u200b": "", "\u200c": "", "\u200d": "", "\ufeff": "",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Size:
    """What a text costs: its alphabet, its length in units of it (septets, UTF-16 units), its segments."""

    encoding: Literal["GSM-7", "UCS-2"]
    units: int
    segments: int


def is_gsm7(text: str) -> bool:
    """True when every character is in the GSM 7-bit default alphabet or its extension."""
    return all(character in _COST for character in text)


def septets(text: str) -> int:
    """Length in septets. Raises ValueError when a character is not in the GSM 7-bit alphabet."""
    if text.isascii() and not _needs_table(text):
        return len(text)
    try:
        return sum(_COST[character] for character in text)
    except KeyError as error:
        raise ValueError(f"U+{ord(error.args[0]):04X} is not in the GSM 7-bit alphabet") from None


def _needs_table(text: str) -> bool:
    return not _PLAIN.issuperset(text)


_PLAIN = frozenset(character for character in _BASIC if character.isascii())


def measure(text: str) -> Size:
    """Return the alphabet, the length and the number of segments of one text."""
    if is_gsm7(text):
        costs = [_COST[character] for character in text]
        return Size("GSM-7", sum(costs), _parts(costs, 160, 153))
    costs = [2 if ord(character) > 0xFFFF else 1 for character in text]
    return Size("UCS-2", sum(costs), _parts(costs, 70, 67))


def room_left(text: str) -> int:
    """How many units (septets, or UTF-16 units) may still be written before one more segment is needed."""
    if is_gsm7(text):
        return _pack([_COST[character] for character in text], 160, 153)[1]
    return _pack([2 if ord(character) > 0xFFFF else 1 for character in text], 70, 67)[1]


def _parts(costs: list[int], single: int, each: int) -> int:
    return _pack(costs, single, each)[0]


def _pack(costs: list[int], single: int, each: int) -> tuple[int, int]:
    """The number of parts, and the room that is left in the last one."""
    total = sum(costs)
    if total <= single:
        return 1, single - total
    parts, room = 1, each
    for cost in costs:
        if cost > room:
            parts, room = parts + 1, each
        room -= cost
    return parts, room


def to_gsm7(text: str) -> str:
    """Return `text` in the GSM 7-bit alphabet: typographic signs and accents made plain, the rest `?`."""
    if is_gsm7(text):
        return text
    return "".join(_plain(character) for character in text)


def _plain(character: str) -> str:
    if character in _COST:
        return character
    if character in _CHEAP:
        return _CHEAP[character]
    base = "".join(c for c in unicodedata.normalize("NFKD", character) if not unicodedata.combining(c))
    return base if base and is_gsm7(base) else "?"


def offenders(text: str) -> dict[str, str]:
    """Return each character that forces UCS-2, with its replacement."""
    return {character: _plain(character) for character in text if character not in _COST}


def truncate(text: str, limit: int) -> str:
    """Return at most `limit` septets of a GSM-7 text, ending in `..` where something was cut."""
    if septets(text) <= limit:
        return text
    used, kept = 0, []
    for character in text:
        used += _COST[character]
        if used > limit - 2:
            break
        kept.append(character)
    return "".join(kept).rstrip() + ".."
