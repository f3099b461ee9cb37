"""The words of many names: which word a misspelt one may be, and which names hold it.

Built once by matching.Index. Similarity is rapidfuzz's ratio, over the words of about the same length
only: that halves the time, and a word three letters longer is another word.
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Collection
from dataclasses import dataclass

from rapidfuzz import fuzz, process

SAME_WORD = 72.0  # ratio in percent from which a typed word is taken for a known one
_LENGTH_SLACK = 2
_SHORTEST_GUESSED = 3
_MOST_GUESSES = 8
_SHORT_LIST = 16  # names that hold one word; more are kept as a set
_SHORTEST_PIECE = 3


@dataclass(frozen=True, slots=True)
class Hit:
    """A known word that the typed one may be: how alike (0 to 1), how telling, and the names with it."""

    share: float
    weight: float
    positions: Collection[int]


class Vocabulary:
    """Words, and the positions of the names that hold each. Never changes once built."""

    def __init__(self, names: list[list[str]]) -> None:
        """`names`: the words of each name, in the order of their positions."""
        held: dict[str, dict[int, None]] = defaultdict(dict)
        for position, words in enumerate(names):
            for word in words:
                held[word][position] = None
        self._positions: dict[str, Collection[int]] = {
            word: tuple(at) if len(at) <= _SHORT_LIST else frozenset(at) for word, at in held.items()
        }
        self._by_length: dict[int, list[str]] = defaultdict(list)
        for word in self._positions:
            self._by_length[len(word)].append(word)
        self._names = max(len(names), 1)

    def __contains__(self, word: str) -> bool:
        return word in self._positions

    @property
    def rarest(self) -> float:
        """The weight of a word that one name holds."""
        return math.log(1 + self._names)

    def weight(self, word: str) -> float:
        """How telling a known word is: the rarer, the more. Raises KeyError."""
        return math.log(1 + self._names / len(self._positions[word]))

    def similar(self, word: str) -> list[Hit]:
        """Return the known words that `word` may be, best first. A known word is taken as meant."""
        if word in self._positions:
            return [self._hit(word, 1.0)]
        if len(word) < _SHORTEST_GUESSED:
            return []
        near: list[tuple[str, float, int]] = []
        for length in range(len(word) - _LENGTH_SLACK, len(word) + _LENGTH_SLACK + 1):
            bucket = self._by_length.get(length)
            if bucket:
                near += process.extract(
                    word, bucket, scorer=fuzz.ratio, score_cutoff=SAME_WORD, limit=_MOST_GUESSES
                )
        near.sort(key=lambda found: -found[1])
        return [self._hit(known, score / 100) for known, score, _ in near[:_MOST_GUESSES]]

    def take_apart(self, glued: str) -> list[str] | None:
        """Split words written in one into known words, with at most one unknown piece for each known one.

        Returns None where that cannot be done. As few letters as possible stay unknown.
        """
        # best[i]: (unknown letters, pieces) of glued[:i]; an unknown letter costs, a piece costs a little.
        best: list[tuple[float, tuple[str, ...]]] = [(0.0, ())]
        for end in range(1, len(glued) + 1):
            cost, pieces = best[end - 1]
            options = [(cost + 1.0, _grow(pieces, glued[end - 1]))]
            for start in range(end - _SHORTEST_PIECE + 1):
                if glued[start:end] in self._positions:
                    cost, pieces = best[start]
                    options.append((cost + 0.1, (*pieces, glued[start:end], "")))
            best.append(min(options))
        unknown, marked = best[-1]
        pieces = tuple(piece for piece in marked if piece)
        known = sum(piece in self._positions for piece in pieces)
        return list(pieces) if known and len(pieces) > 1 and unknown < len(glued) / 2 else None

    def _hit(self, word: str, share: float) -> Hit:
        return Hit(share, self.weight(word), self._positions[word])


def _grow(pieces: tuple[str, ...], letter: str) -> tuple[str, ...]:
    """Add a letter to the unknown piece at the end. A known piece is always followed by "", which grows."""
    return (*pieces[:-1], pieces[-1] + letter) if pieces else (letter,)
