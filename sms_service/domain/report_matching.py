"""Which earlier reports may be about the same person or company as a new one: scored, and explained.

The rule, in points from 0 to 1; from SUGGEST on a link is suggested to staff, and never made by itself:
- the same phone number: 0.90;
- a similar name: at most 0.60, times how alike (0.5 at ratio 0.80, 1 at the same name), times how telling
  the shared words are. A word is worth log2(1 / share of names that bear it) bits, at most 10; ten bits
  tell fully. Common names of the region are worth at most 4.3 bits from the first report on: "Maria"
  alone reaches 0.26 and links nothing without village and days;
- the same village 0.15, or only the same district 0.08;
- within 7 days 0.10, within 30 days 0.06, within 90 days 0.03.
Place and time together reach 0.25: they never link by themselves, and count only beside a name or number.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from rapidfuzz import fuzz, process

from sms_service.domain.report_words import Who, is_common, read_village, read_who

SUGGEST = 0.50
NAME_LEAST = 0.80
SAME_WORD = 75.0  # ratio in percent from which two words of a name are one, misspelt
SAME_VILLAGE = 85.0
MOST_SIMILAR = 300

_PHONE, _NAME, _VILLAGE, _DISTRICT = 0.90, 0.60, 0.15, 0.08
_DAYS = ((7, 0.10), (30, 0.06), (90, 0.03))
_AROUND = _VILLAGE + _DAYS[0][1]  # the most that place and time give
_FULL_BITS = 10.0
_SMOOTHING = 1000.0  # a word that nobody bears is as rare as one in a thousand, however few the reports
_COMMON_SHARE = 1 / 20
_UNNAMED_COST = 0.15  # of a name of which one report gives a part only
_OTHER_FORM = 0.90  # PT and CV of one name are two companies
_MOST_HELD = 200  # a word in more names than this finds nobody
_MOST_ALIKE = 50
_SHORTEST_GUESSED = 4

Reason = dict[str, object]


@dataclass(frozen=True, slots=True)
class Told:
    """What one report tells about whom, where and when. `phone`: any form that is equal for equal numbers."""

    id: int
    name: str
    phone: str | None
    district: str | None
    place: str
    received_at: datetime


@dataclass(frozen=True, slots=True)
class Candidate:
    """An earlier report that may be about the same, how surely (0 to 1), and why (data, for any language)."""

    id: int
    score: float
    reasons: tuple[Reason, ...]


class Names:
    """The names of all reports in memory, by report: finds those alike, and knows how rare a word is.

    Not for many threads at once. A name that is taken out is gone from memory with its last bearer.
    """

    def __init__(self) -> None:
        self._lines: dict[int, str] = {}
        self._held: dict[str, set[int]] = {}

    def __len__(self) -> int:
        return len(self._lines)

    def __contains__(self, report_id: object) -> bool:
        return report_id in self._lines

    def __iter__(self) -> Iterator[int]:
        return iter(self._lines)

    def put(self, report_id: int, name: str) -> None:
        """Keep the name that a report gives ("" too, so that it counts as seen), in place of an older one."""
        self.drop(report_id)
        words = read_who(name).folded
        self._lines[report_id] = " ".join(words)
        for word in words:
            self._held.setdefault(word, set()).add(report_id)

    def drop(self, report_id: int) -> None:
        """Forget what a report named."""
        for word in self._lines.pop(report_id, "").split():
            bearers = self._held.get(word)
            if bearers is not None:
                bearers.discard(report_id)
                if not bearers:
                    del self._held[word]

    def similar(self, name: str) -> list[int]:
        """Reports whose name alone, with place and time at their best, could make a suggestion: the whole of
        it alike, in either order, or a telling word shared. At most MOST_SIMILAR; of these the newest."""
        words = read_who(name).folded
        if not words:
            return []
        likely = [key for key in self._near(words) if self._may_suggest(words, self._lines[key])]
        return likely[:MOST_SIMILAR]

    def _near(self, words: tuple[str, ...]) -> Iterable[int]:
        found: dict[int, None] = {}
        for line in {" ".join(words), " ".join(reversed(words))}:
            hits = process.extract(
                line, self._lines, scorer=fuzz.ratio, score_cutoff=NAME_LEAST * 100, limit=_MOST_ALIKE
            )
            found.update((key, None) for _, _, key in hits)
        bearers = [self._held[alike] for word in words for alike in self._alike(word)]
        telling = {key for held in bearers if len(held) <= _MOST_HELD for key in held}
        found.update((key, None) for key in sorted(telling, reverse=True))
        return found

    def _may_suggest(self, words: tuple[str, ...], line: str) -> bool:
        """Judged in memory, so that few names have to be read and opened."""
        ratio, telling = _likeness(words, tuple(line.split()), self)
        return ratio >= NAME_LEAST and _name_points(ratio, telling) + _AROUND >= SUGGEST

    def bits(self, word: str) -> float:
        """How telling a folded word is: 0 (everybody) to 10 (one in a thousand, or rarer)."""
        share = (len(self._held.get(word, ())) + 1) / (len(self._lines) + _SMOOTHING)
        if is_common(word):
            share = max(share, _COMMON_SHARE)
        return min(_FULL_BITS, -math.log2(min(share, 1.0)))

    def _alike(self, word: str) -> list[str]:
        if len(word) < _SHORTEST_GUESSED:
            return [word] if word in self._held else []
        hits = process.extract(word, self._held.keys(), scorer=fuzz.ratio, score_cutoff=SAME_WORD, limit=8)
        return [known for known, _, _ in hits]


def candidates(new: Told, others: Iterable[Told], names: Names) -> list[Candidate]:
    """Return those of `others` that are worth a suggestion, best first (of equals, the newest)."""
    found = (compare(new, other, names) for other in others if other.id != new.id)
    return sorted((each for each in found if each), key=lambda each: (-each.score, -each.id))


def compare(new: Told, other: Told, names: Names) -> Candidate | None:
    """Score one pair; None when it is not worth a suggestion."""
    score, reasons = 0.0, list[Reason]()
    if new.phone and new.phone == other.phone:
        score += _PHONE
        reasons.append({"kind": "phone"})
    ratio, telling = compare_names(read_who(new.name), read_who(other.name), names)
    if ratio >= NAME_LEAST:
        score += _name_points(ratio, telling)
        reasons.append({"kind": "name", "ratio": round(ratio, 2), "telling": round(telling, 2)})
    if not reasons:
        return None
    points, around = _place_and_time(new, other)
    score += points
    if score < SUGGEST:
        return None
    return Candidate(other.id, round(min(score, 1.0), 3), (*reasons, *around))


def compare_names(one: Who, other: Who, names: Names) -> tuple[float, float]:
    """Return how alike two names are (0 to 1), and how telling what they share is (0 to 1)."""
    if not one.words or not other.words:
        return 0.0, 0.0
    ratio, telling = _likeness(one.folded, other.folded, names)
    if one.form and other.form and one.form != other.form:
        ratio *= _OTHER_FORM
    return ratio, telling


def _name_points(ratio: float, telling: float) -> float:
    return _NAME * telling * (0.5 + 0.5 * (ratio - NAME_LEAST) / (1 - NAME_LEAST))


def _likeness(one: tuple[str, ...], other: tuple[str, ...], names: Names) -> tuple[float, float]:
    """compare_names of folded words, whatever the legal forms."""
    if not one or not other:
        return 0.0, 0.0
    mine, theirs = sorted((one, other), key=len)
    shared, ratio = _aligned(mine, theirs, names)
    glued = fuzz.ratio("".join(mine), "".join(theirs)) / 100
    spaced = fuzz.ratio(" ".join(sorted(mine)), " ".join(sorted(theirs))) / 100
    if glued >= NAME_LEAST and len(mine) != len(theirs):  # written in one
        shared = max(shared, glued * min(_total(mine, names), _total(theirs, names)))
    return max(ratio, glued, spaced), min(1.0, shared / _FULL_BITS)


def _aligned(mine: tuple[str, ...], theirs: tuple[str, ...], names: Names) -> tuple[float, float]:
    """The bits that two names share, and how alike they are, word by word in any order."""
    shared = asked = 0.0
    left = list(theirs)
    for word in mine:
        worth = names.bits(word)
        asked += worth
        best = max(left, key=lambda each: fuzz.ratio(word, each), default="")
        alike = fuzz.ratio(word, best)
        if best and alike >= SAME_WORD:
            left.remove(best)
            shared += alike / 100 * min(worth, names.bits(best))
    if not asked:
        return 0.0, 0.0
    unnamed = _total(tuple(left), names) / (_total(theirs, names) or 1.0)
    return shared, min(1.0, shared / asked) * (1 - _UNNAMED_COST * unnamed)


def _total(words: tuple[str, ...], names: Names) -> float:
    return sum(map(names.bits, words))


def _place_and_time(new: Told, other: Told) -> tuple[float, list[Reason]]:
    points, reasons = 0.0, list[Reason]()
    level = _same_place(new, other)
    if level:
        points += _VILLAGE if level == "village" else _DISTRICT
        reasons.append({"kind": "place", "level": level})
    days = abs((new.received_at - other.received_at).days)
    for most, worth in _DAYS:
        if days <= most:
            points += worth
            reasons.append({"kind": "days", "days": days})
            break
    return points, reasons


def _same_place(new: Told, other: Told) -> str:
    if new.district and other.district and new.district != other.district:
        return ""
    mine, theirs = read_village(new.place), read_village(other.place)
    if mine and theirs and fuzz.ratio(mine, theirs) >= SAME_VILLAGE:
        return "village"
    return "district" if new.district and new.district == other.district else ""


def reason_values(reason: Mapping[str, Any], language: str) -> dict[str, str]:
    """What the words for one reason are filled with, numbers as they are written in `language`."""
    values: dict[str, str] = {}
    if "ratio" in reason:
        plain = f"{float(reason['ratio']):.2f}"
        values["ratio"] = plain.replace(".", ",") if language == "id" else plain
    if "days" in reason:
        values["count"] = str(int(reason["days"]))
    return values
