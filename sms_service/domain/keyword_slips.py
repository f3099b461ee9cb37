"""How far a slip may lead: forgiving where a wrong guess costs a text, strict where it takes something away.

Words of three letters: listed slips only. Four: one letter missing, extra or swapped. Five to seven: one
slip. Eight and more: two. The first letter must stand (unless swapped with the second), and a tie between
two keywords is no answer. BERHENTI, BATAL, HAPUS and their synonyms: two neighbours swapped or one vowel
left out; from eight letters on any one slip. Doubled letters are taken off before, for all.
"""

from __future__ import annotations

from rapidfuzz.distance import OSA

from sms_service.domain import keyword_lists as lists
from sms_service.domain.keyword_lists import DESTRUCTIVE, Keyword

_VOWELS = frozenset("aeiou")
_SKELETONS = {
    "".join(c for c in word if c not in _VOWELS): keyword
    for word, keyword in lists.FUZZY.items()
    if keyword not in DESTRUCTIVE and len(word) > 4
}


def find_slip(word: str) -> Keyword | None:
    """Return the keyword that `word` (lower case) is a slip of, or None."""
    if len(word) < 3 or word in lists.NOT_SLIPS or word in lists.FILLERS:
        return None
    if keyword := _SKELETONS.get(word):  # vowels left out, as people save letters: JDWL, BNTN
        return keyword
    best: dict[Keyword, int] = {}
    for target, keyword in lists.FUZZY.items():
        distance = _distance(word, target, keyword in DESTRUCTIVE)
        if distance is not None:
            best[keyword] = min(distance, best.get(keyword, distance))
    if not best:
        return None
    nearest = min(best.values())
    found = [keyword for keyword, distance in best.items() if distance == nearest]
    return found[0] if len(found) == 1 else None


def _distance(word: str, target: str, strict: bool) -> int | None:
    """How many slips lead from `target` to `word`; None when more, or others, than the rules allow."""
    length = len(target)
    limit = 2 if length >= 8 else 1
    swapped = sorted(word) == sorted(target)
    if word[0] != target[0] and not (swapped and word[:2] == target[1::-1]):
        return None
    if strict and length >= 8 and _lacks_vowels(word, target, 2):
        return 2
    distance = OSA.distance(word, target, score_cutoff=limit)
    if distance > limit or (strict and distance > 1):
        return None
    if strict and length < 8 and not (swapped or (length > 4 and _lacks_vowels(word, target, 1))):
        return None
    if length == 4 and not swapped and len(word) == length:
        return None  # INFO/INDO, HELP/HELO: another letter is another word
    return distance


def _lacks_vowels(word: str, target: str, most: int) -> bool:
    """True when leaving out one to `most` vowels of `target` gives `word`."""
    missing, rest = 0, iter(word)
    wanted = next(rest, "")
    for letter in target:
        if letter == wanted:
            wanted = next(rest, "")
        elif letter in _VOWELS:
            missing += 1
        else:
            return False
    return not wanted and 0 < missing <= most
