"""Finds companies by what a caller typed: licence number, phone number, or a name, badly spelt.

`Index` is built once for a list and asked many times: under 1 ms at 5,000 names and under 10 ms at
50,000 (benchmarks/recruiters.py). Called by services/recruiters/directory.py.

How a name is found, each step only while the ones before left a doubt:
1. the same name (dictionary);
2. the whole name, misspelt: rapidfuzz's ratio over all folded names;
3. some of its words, in any order, misspelt: each typed word against the vocabulary, then the companies
   that hold them, weighed by how rare each word is;
4. words written in one ("majujaya"), or one word written as two.

Only the same licence number, phone number or name is `exact`. Anything else is a question to the caller,
with the name found on the screen: a slip must never turn into a statement about another company.
"""

from __future__ import annotations

import heapq
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Literal

from rapidfuzz import fuzz, process

from sms_service.domain import company_names as names
from sms_service.domain.vocabulary import Hit, Vocabulary

Field = Literal["license", "phone", "name"]
Verdict = Literal["exact", "likely", "several", "none"]

# Scores run from 0 to 100. Chosen on the tables in tests/domain/test_matching.py.
CANDIDATE = 70.0  # under this a company is not offered at all
LIKELY = 84.0  # one company from here on, and no other near it: "did you mean ...?"
NEAR = 9.0  # a second company this near to the first makes it "which of these?"
SPREAD = 22.0  # companies further than this behind the first are not offered
_BEST_INEXACT = 99.0
_PART_OF_LICENCE = 88.0
_UNTYPED_COST = 0.25  # share of the score that a name loses of which almost nothing was typed
_UNKNOWN_WORD = 0.6  # what a typed word that no name holds weighs, beside the rarest known one
_COMMON_SHARE, _COMMON_FROM = 0.3, 20  # a word in a third of all names tells nothing
_COMMON_SLIP = 75.0
_FORMS_GLUED = ("pt", "cv", "ud")
_SHORTEST_GLUED, _SHORTEST_REST = 7, 3  # letters
_WIDE = 1000  # holders of one word that are looked at one by one, when others are known
_MOST = 24  # candidates kept by each step


@dataclass(frozen=True, slots=True)
class Entry:
    """One company to be found. `phone` in E.164 form or empty."""

    key: int
    name: str
    license_number: str = ""
    phone: str = ""


@dataclass(frozen=True, slots=True)
class Match:
    """A company found, by which field, and how surely (100: the same)."""

    key: int
    score: float
    field: Field
    exact: bool


@dataclass(frozen=True, slots=True)
class Result:
    """What a look-up says. `exact`: one company, of this very name or number. `likely`: one, for the caller
    to confirm. `several`: the caller chooses. `none`: nothing near enough."""

    verdict: Verdict
    matches: tuple[Match, ...] = ()


NOTHING = Result("none")
Scores = dict[int, float]  # position of the name -> score


class Index:
    """All companies of one list, ready to be asked. Never changes once built: threads share it."""

    def __init__(self, entries: Iterable[Entry], country: str = "ID") -> None:
        self._entries = tuple(entries)
        self._country = country
        read = [names.read_name(entry.name) for entry in self._entries]
        self._forms = [name.form for name in read]
        self._common = _common_words(read)
        glued = [f"{form}{word}" for word in self._common for form in ("", *_FORMS_GLUED)]
        self._fronts = tuple((front, size) for front in glued for size in _around(len(front)))
        self._by_name = _group(name.compact for name in read)
        self._by_licence = _group(names.licence_key(entry.license_number) for entry in self._entries)
        self._by_phone = _group(entry.phone for entry in self._entries)
        self._licences = "\n".join(self._by_licence)
        telling = [self._telling(name.words) for name in read]
        self._cores = [names.fold("".join(words)) for words in telling]
        folded = [[names.fold(word) for word in words] for words in telling]
        self._words = Vocabulary(folded)
        self._totals = [sum(map(self._words.weight, set(words))) or 1.0 for words in folded]

    def __len__(self) -> int:
        return len(self._entries)

    def query(self, text: str, limit: int = 5) -> Result:
        """Return the companies that `text` may mean, best first, at most `limit`. Never raises."""
        rest, number = names.split_phone(text, self._country)
        found = self._exact(text, rest, number)
        if found:
            return Result("exact" if len(found) == 1 else "several", found[:limit])
        parts = self._holding_licence_part(text)
        if parts:
            return _judge([self._match(at, _PART_OF_LICENCE, "license") for at in parts], limit)
        scores = self._similar_names(names.read_question(rest).words)
        return _judge([self._match(at, score, "name") for at, score in sorted(scores.items())], limit)

    def _telling(self, words: tuple[str, ...]) -> list[str]:
        return [word for word in words if word not in self._common] or list(words)

    def _match(self, at: int, score: float, field: Field) -> Match:
        return Match(self._entries[at].key, score, field, False)

    def _exact(self, text: str, rest: str, number: str | None) -> tuple[Match, ...]:
        """Companies of exactly this licence number, else phone number, else name."""
        steps: tuple[tuple[Field, list[int]], ...] = (
            ("license", self._by_licence.get(names.licence_key(text), [])),
            ("phone", self._by_phone.get(number or "", [])),
            ("name", self._same_name(rest)),
        )
        for field, positions in steps:
            if positions:
                return tuple(Match(self._entries[at].key, 100.0, field, True) for at in positions)
        return ()

    def _same_name(self, text: str) -> list[int]:
        """Positions of the same name. With another legal form than the one typed it is another company."""
        for name in (names.read_name(text), names.read_question(text)):
            positions = self._by_name.get(name.compact, [])
            if positions:
                return [at for at in positions if not name.form or self._forms[at] in ("", name.form)]
        return []

    def _holding_licence_part(self, text: str) -> list[int]:
        """Positions of the licence numbers that hold the typed part of one. Never by similarity: one digit
        away is another company's licence."""
        part = names.licence_key(text)
        if len(part) < 5 or sum(c.isdigit() for c in part) < 3:
            return []
        found: list[int] = []
        start = self._licences.find(part)
        while start >= 0 and len(found) < _MOST:
            line = self._licences.rfind("\n", 0, start) + 1
            end = self._licences.find("\n", start)
            end = len(self._licences) if end < 0 else end
            found += self._by_licence[self._licences[line:end]]
            start = self._licences.find(part, end)
        return found

    def _similar_names(self, asked: tuple[str, ...]) -> Scores:
        """Scores of the names that the typed words may mean; those under CANDIDATE are left out."""
        if asked and all(map(self._is_common, asked)):  # "PT CONTOH": any of them may be meant
            return dict.fromkeys(range(min(_MOST, len(self._entries))), CANDIDATE)
        scores: Scores = {}
        for typed in self._readings(asked):
            _raise_to(scores, self._by_whole_name(typed))
            _raise_to(scores, self._by_words(typed))
            if max(scores.values(), default=0.0) < LIKELY:
                for respaced in self._respaced(typed):
                    _raise_to(scores, self._by_words(respaced))
        return {at: score for at, score in scores.items() if score >= CANDIDATE}

    def _readings(self, asked: tuple[str, ...]) -> Iterator[list[str]]:
        """The words that tell something, folded; and once more without a legal form glued to the first."""
        folded = [names.fold(self._unglued(word)) for word in asked if not self._is_common(word)]
        if not folded:
            return
        yield folded
        if folded[0][:2] in _FORMS_GLUED and len(folded[0]) >= 6 and folded[0] not in self._words:
            yield [folded[0][2:], *folded[1:]]

    def _is_common(self, word: str) -> bool:
        return word in self._common or (
            len(word) >= 4 and any(fuzz.ratio(word, common) >= _COMMON_SLIP for common in self._common)
        )

    def _unglued(self, word: str) -> str:
        """A word without a common one that is glued to its front, slips forgiven ("ptcntohmaju": maju)."""
        best, rest = _COMMON_SLIP, word
        for front, size in self._fronts:
            if len(word) >= size + _SHORTEST_REST:
                alike = fuzz.ratio(word[:size], front)
                if alike > best:
                    best, rest = alike, word[size:]
        return rest

    def _by_whole_name(self, typed: list[str]) -> Scores:
        hits = process.extract(
            names.fold("".join(typed)), self._cores, scorer=fuzz.ratio, score_cutoff=CANDIDATE, limit=_MOST
        )
        return {at: min(score, _BEST_INEXACT) for _, score, at in hits}

    def _by_words(self, typed: list[str]) -> Scores:
        """Scores by the words that a name shares with the typed ones, in any order."""
        hits = [self._words.similar(word) for word in typed]
        asked = sum(self._importance(each) for each in hits)
        covered: Scores = defaultdict(float)
        held: Scores = defaultdict(float)
        for each in sorted(filter(None, hits), key=_trust):
            importance = self._importance(each)
            for at, hit in _holders(each, covered).items():
                covered[at] += hit.share * importance
                held[at] += hit.weight
        scores = {at: self._score(at, share / asked, held[at]) for at, share in covered.items()}
        return dict(heapq.nlargest(_MOST, scores.items(), key=lambda pair: pair[1]))

    def _score(self, at: int, covered: float, held: float) -> float:
        """`covered`: share of what was typed that the name holds; `held`: weight of its words typed."""
        untyped = max(0.0, 1.0 - held / self._totals[at])
        return min(_BEST_INEXACT, 100.0 * covered * (1.0 - _UNTYPED_COST * untyped))

    def _importance(self, hits: list[Hit]) -> float:
        if hits:
            return max(hit.weight for hit in hits)
        return _UNKNOWN_WORD * self._words.rarest

    def _respaced(self, typed: list[str]) -> Iterator[list[str]]:
        """The typed words with other spaces: two known as one, or one that is several known words."""
        for place, word in enumerate(typed):
            before, after = typed[:place], typed[place + 1 :]
            if after and (glued := names.fold(word + after[0])) in self._words:
                yield [*before, glued, *after[1:]]
            if len(word) >= _SHORTEST_GLUED and word not in self._words:
                pieces = self._words.take_apart(word)
                if pieces:
                    yield [*before, *pieces, *after]


def _trust(hits: list[Hit]) -> tuple[float, int]:
    """Order of the typed words: known before guessed, rare before frequent."""
    return -hits[0].share, sum(len(hit.positions) for hit in hits)


def _holders(hits: list[Hit], known: Scores) -> dict[int, Hit]:
    """The names that hold one typed word, each with its best hit. Where a word is held by very many, only
    names that hold a more trusted word too are looked at."""
    wide = sum(len(hit.positions) for hit in hits) > _WIDE and bool(known)
    holders: dict[int, Hit] = {}
    for hit in reversed(hits):  # best last, so that it stays
        among = [at for at in known if at in hit.positions] if wide else hit.positions
        holders.update(dict.fromkeys(among, hit))
    return holders


def _around(size: int) -> tuple[int, int, int]:
    return size, size - 1, size + 1


def _group(keys: Iterable[str]) -> dict[str, list[int]]:
    """Positions by key, without the empty key."""
    groups: dict[str, list[int]] = {}
    for position, key in enumerate(keys):
        if key:
            groups.setdefault(key, []).append(position)
    return groups


def _common_words(read: list[names.Name]) -> tuple[str, ...]:
    """Words that so many names hold that they tell nothing ("contoh" in the demo list)."""
    if len(read) < _COMMON_FROM:
        return ()
    counts = Counter(word for name in read for word in set(name.words))
    return tuple(word for word, count in counts.items() if count > _COMMON_SHARE * len(read))


def _raise_to(scores: Scores, others: Scores) -> None:
    for at, score in others.items():
        scores[at] = max(scores.get(at, 0.0), score)


def _judge(matches: list[Match], limit: int) -> Result:
    """Order what was found, leave out what is far behind, and say how sure it is."""
    if not matches:
        return NOTHING
    best = sorted(matches, key=lambda match: -match.score)  # of equals, the list's own order
    offered = tuple(match for match in best if match.score >= best[0].score - SPREAD)[:limit]
    alone = len(offered) == 1 or offered[1].score < best[0].score - NEAR
    clear = len(offered) == 1 or (best[0].score >= LIKELY and alone)
    return Result("likely" if clear else "several", offered)
