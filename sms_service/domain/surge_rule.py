"""When is a count more than its past suggests? Explained, no magic: a Poisson tail over the mean of 28 days.

If a name was asked about `past` times in the 28 days before, its usual day is past / 28; a floor stands for
names without a past. A day is a surge from `least` on, when a day of at least this count would come less
often than once in a thousand usual days. Counts of today are of a part of a day only: that errs to the late.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

DAYS = 28
RARER_THAN = 0.001


@dataclass(frozen=True, slots=True)
class Rule:
    """`least`: fewer are never a surge. `floor`: the usual day of what has no past."""

    least: int
    floor: float


MISSES = Rule(least=5, floor=0.5)  # look-ups of one name that found nothing
REPORTS = Rule(least=3, floor=0.1)  # reports that seem to be about the same


def expected(past: int, rule: Rule) -> float:
    """The usual day's count, from what was counted in the DAYS before."""
    return max(rule.floor, past / DAYS)


def is_surge(count: int, past: int, rule: Rule) -> bool:
    """True when `count` in a day is more than `past` suggests."""
    return count >= rule.least and tail(count, expected(past, rule)) < RARER_THAN


def tail(count: int, mean: float) -> float:
    """The share of days with at least `count`, if they come by chance, `mean` a day (Poisson)."""
    if count <= 0:
        return 1.0
    if count > mean + 20 * math.sqrt(mean) + 50:
        return 0.0  # and no sum of thousands of terms for it
    below = sum(math.exp(n * math.log(mean) - mean - math.lgamma(n + 1)) for n in range(count))
    return max(0.0, 1.0 - below)
