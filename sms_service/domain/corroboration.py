"""How many people, independent of each other, tell the same. Hints for staff, never a verdict.

What is known of a reporter is little, and on purpose: a keyed hash of the number where the caller agreed to
be known, nothing at all of an anonymous one. So:
- one known caller counts once, however often they report;
- an anonymous report is taken for the same person as another one (anonymous or known) whose story is nearly
  the same within 30 days, and as another anonymous one of the same district and channel within 10 minutes;
- from five anonymous reports of one district within an hour on, all of them count as one (a burst);
- anonymous reports alone never reach the threshold: together they count for at most one less;
- reports that staff have merged count once, as do all those that were emptied after their time;
- reports closed as unfounded do not count.
What this cannot see: one person who calls anonymously on several days, from several districts, each time
with other words; hence the last word of staff, and the cap. And it takes two honest neighbours who call
anonymously within ten minutes for one: late is better than wrong about somebody.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import combinations, pairwise
from typing import Literal

from rapidfuzz import fuzz

UNFOUNDED = frozenset({"unfounded", "prank"})  # outcomes of closed reports that do not count

SAME_REPORTER, MAY_BE_ONE, BURST = "same_reporter", "may_be_one", "burst"
FLAGS = frozenset({SAME_REPORTER, MAY_BE_ONE, BURST})  # those that are given and taken back here

BURST_REPORTS, BURST_WITHIN = 5, timedelta(hours=1)
CLOSE = timedelta(minutes=10)
SAME_STORY, SAME_STORY_WITHIN = 90.0, timedelta(days=30)
_SHORTEST_STORY = 20  # letters; shorter ones are alike by chance
_MOST_STORIES = 300  # of one cluster that are held against each other, the newest

Tier = Literal["single", "repeated", "corroborated", "confirmed"]
TIERS: tuple[Tier, ...] = ("single", "repeated", "corroborated", "confirmed")


@dataclass(frozen=True, slots=True)
class Heard:
    """One report as far as it shows who told it. `reporter`: the hash of a known caller, None: anonymous."""

    id: int
    received_at: datetime
    reporter: str | None = None
    district: str | None = None
    channel: str = ""
    story: str = ""
    outcome: str | None = None
    duplicate_of: int | None = None
    is_emptied: bool = False

    @property
    def counts(self) -> bool:
        """False for a report that staff have closed as unfounded."""
        return self.outcome not in UNFOUNDED


@dataclass(frozen=True, slots=True)
class Weighed:
    """`independent` people; `counted` reports; the flags of each report that has any."""

    independent: int
    counted: int
    flags: dict[int, tuple[str, ...]]


def weigh(reports: Iterable[Heard], threshold: int) -> Weighed:
    """Count the independent reporters among `reports`."""
    told = sorted((each for each in reports if each.counts), key=lambda each: (each.received_at, each.id))
    groups = _Groups(told)
    _join_known(told, groups)
    _join_alike(told, groups)
    _join_close(told, groups)
    _join_bursts(told, groups)
    known, anonymous = groups.count()
    counted = known + min(anonymous, max(1, threshold - 1))
    return Weighed(counted, len(told), groups.flags())


def tier(independent: int, counted: int, threshold: int, is_confirmed: bool) -> Tier:
    """How much stands behind a cluster. `confirmed`: the office has signed its own warning."""
    if is_confirmed:
        return "confirmed"
    if independent >= threshold:
        return "corroborated"
    return "repeated" if counted > 1 else "single"


class _Groups:
    """Which reports may come from one person (union-find), and the flags that say why."""

    def __init__(self, told: Sequence[Heard]) -> None:
        self._told = {each.id: each for each in told}
        self._parent = {each.id: each.id for each in told}
        self._flags: dict[int, set[str]] = {}

    def find(self, report: int) -> int:
        while self._parent[report] != report:
            self._parent[report] = self._parent[self._parent[report]]
            report = self._parent[report]
        return report

    def join(self, one: int, other: int) -> None:
        self._parent[self.find(other)] = self.find(one)

    def flag(self, report: int, flag: str) -> None:
        self._flags.setdefault(report, set()).add(flag)

    def count(self) -> tuple[int, int]:
        """Groups with a known reporter, and groups without."""
        reporters: dict[int, set[str]] = {self.find(each): set() for each in self._parent}
        for report, each in self._told.items():
            if each.reporter is not None:
                reporters[self.find(report)].add(each.reporter)
        known = sum(1 for hashes in reporters.values() if hashes)
        return known, len(reporters) - known

    def flags(self) -> dict[int, tuple[str, ...]]:
        return {report: tuple(sorted(flags)) for report, flags in self._flags.items()}


def _join_known(told: Sequence[Heard], groups: _Groups) -> None:
    """The same caller, reports merged by staff, and reports of which nothing is left."""
    here = {each.id for each in told}
    first: dict[str, int] = {}
    for each in told:
        if each.duplicate_of in here and each.duplicate_of is not None:
            groups.join(each.duplicate_of, each.id)
        who = "emptied" if each.is_emptied else each.reporter
        if who is None:
            continue
        if who in first:
            groups.join(first[who], each.id)
            if not each.is_emptied:  # the first one too: if the caller erases the number, it still tells
                groups.flag(each.id, SAME_REPORTER)
                groups.flag(first[who], SAME_REPORTER)
        first.setdefault(who, each.id)


def _join_alike(told: Sequence[Heard], groups: _Groups) -> None:
    """Nearly the same story, one of the two anonymous."""
    stories = [each for each in told if len(each.story) >= _SHORTEST_STORY][-_MOST_STORIES:]
    for one, other in combinations(stories, 2):
        if one.reporter is not None and other.reporter is not None:
            continue
        if other.received_at - one.received_at > SAME_STORY_WITHIN:
            continue
        if fuzz.ratio(one.story, other.story, score_cutoff=SAME_STORY):
            _may_be_one(groups, one, other)


def _join_close(told: Sequence[Heard], groups: _Groups) -> None:
    """Anonymous, one after the other, from one district by one channel."""
    for line in _by(told, lambda each: (each.district, each.channel)):
        for one, other in pairwise(line):
            if other.received_at - one.received_at <= CLOSE:
                _may_be_one(groups, one, other)


def _join_bursts(told: Sequence[Heard], groups: _Groups) -> None:
    """Many anonymous ones from one district within an hour."""
    for line in _by(told, lambda each: each.district):
        start = 0
        for end, each in enumerate(line):
            while each.received_at - line[start].received_at > BURST_WITHIN:
                start += 1
            if end - start + 1 >= BURST_REPORTS:
                for one in line[start : end + 1]:
                    groups.join(each.id, one.id)
                    groups.flag(one.id, BURST)


def _by(told: Sequence[Heard], key: Callable[[Heard], object]) -> Iterable[list[Heard]]:
    """Anonymous reports by `key`, each line in the order of time."""
    lines: dict[object, list[Heard]] = {}
    for each in told:
        if each.reporter is None and not each.is_emptied:
            lines.setdefault(key(each), []).append(each)
    return lines.values()


def _may_be_one(groups: _Groups, one: Heard, other: Heard) -> None:
    groups.join(one.id, other.id)
    for each in (one, other):
        if each.reporter is None:
            groups.flag(each.id, MAY_BE_ONE)
