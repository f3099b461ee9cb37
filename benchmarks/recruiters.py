"""Look-ups of recruiters by badly spelt names, at 5,000 and 50,000 names, in one process.

The reference, measured in the same run on the same names and the same slips, is what one would write
first: rapidfuzz's ratio over all normalised names, best five. It knows no word order, no part of a name,
no licence or phone number, and never says that it does not know. Names are made of syllables by a fixed
seed, with words as unevenly frequent as in real registers; every name is fictional.
"""

from __future__ import annotations

import random
import string
import time
from collections.abc import Callable, Sequence

from rapidfuzz import fuzz, process

from benchmarks.results import record
from sms_service.domain.company_names import normalise
from sms_service.domain.matching import Entry, Index

SIZES = (5_000, 50_000)
QUERIES = 400
_SYLLABLES = [consonant + vowel for consonant in "bcdgjklmnprstw" for vowel in "aiueo"]


def make_names(count: int, chance: random.Random) -> list[str]:
    """Fictional names of two to four words."""
    words = [
        "".join(chance.choices(_SYLLABLES, k=chance.choice((2, 2, 3, 3, 4))))
        + chance.choice(("", "n", "r", "s"))
        for _ in range(4_000)
    ]
    weights = [1 / (rank + 5) ** 0.8 for rank in range(len(words))]
    return [
        "PT CONTOH " + " ".join(chance.choices(words, weights, k=chance.choice((2, 2, 3, 3, 4)))).upper()
        for _ in range(count)
    ]


def slip(text: str, chance: random.Random) -> str:
    """One letter wrong, missing, too many, or two swapped."""
    place, letter = chance.randrange(len(text)), chance.choice(string.ascii_lowercase)
    return chance.choice(
        (
            text[:place] + letter + text[place + 1 :],
            text[:place] + text[place + 1 :],
            text[:place] + letter + text[place:],
            text[:place] + text[place : place + 2][::-1] + text[place + 2 :],
        )
    )


def _shapes(name: str, chance: random.Random) -> dict[str, str]:
    """The ways in which one name is typed."""
    bare = name.lower().removeprefix("pt contoh ")
    words = bare.split()
    chance.shuffle(words)
    return {
        "two slips": slip(slip(name.lower(), chance), chance),
        "two slips, written in one": slip(slip(bare.replace(" ", ""), chance), chance),
        "other order, one slip": slip(" ".join(words), chance),
        "question, one slip": f"apakah pt {slip(bare, chance)} resmi?",
        "garbage": "".join(chance.choices(_SYLLABLES, k=7)),
    }


def _measure(
    ask: Callable[[str], Sequence[int]], typed: Sequence[str]
) -> tuple[list[float], list[Sequence[int]]]:
    """Milliseconds of each question, sorted, and the answers. Of this thread's own time: what else runs on
    the machine is not counted."""
    times, answers = [], []
    for text in typed:
        start = time.thread_time()
        answers.append(ask(text))
        times.append((time.thread_time() - start) * 1000)
    return sorted(times), answers


def run(size: int) -> None:
    """Measure one size and record it."""
    chance = random.Random(size)
    names = make_names(size, chance)
    start = time.perf_counter()
    index = Index(Entry(key, name, f"CONTOH-{key:06d}", f"+62812{key:08d}") for key, name in enumerate(names))
    built = time.perf_counter() - start
    plain = [normalise(name) for name in names]

    def ours(text: str) -> list[int]:
        return [match.key for match in index.query(text).matches]

    def reference(text: str) -> list[int]:
        return [key for *_, key in process.extract(normalise(text), plain, scorer=fuzz.ratio, limit=5)]

    benchmark = f"recruiters.{size}"
    record(benchmark, "index built", built, "s", "none", 0)
    picked = [chance.randrange(size) for _ in range(QUERIES)]
    shaped = [_shapes(names[key], chance) for key in picked]
    for shape in shaped[0]:
        typed = [each[shape] for each in shaped]
        times, answers = _measure(ours, typed)
        plain_times, plain_answers = _measure(reference, typed)
        found, plain_found = (_share(each, picked, names) for each in (answers, plain_answers))
        share = "" if shape == "garbage" else f"in the first five {found:.1%}, reference {plain_found:.1%}"
        for figure, place in (("median", QUERIES // 2), ("p99", QUERIES * 99 // 100)):
            notes = share if figure == "median" else ""
            record(
                benchmark, f"{shape}, {figure}", times[place], "ms", "ratio scan", plain_times[place], notes
            )


def _share(answers: Sequence[Sequence[int]], picked: Sequence[int], names: Sequence[str]) -> float:
    hits = (
        any(names[key] == names[meant] for key in keys) for keys, meant in zip(answers, picked, strict=True)
    )
    return sum(hits) / len(picked)


def main() -> None:
    """Measure all sizes."""
    for size in SIZES:
        run(size)


if __name__ == "__main__":
    main()
