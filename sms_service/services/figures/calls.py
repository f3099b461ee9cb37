"""Figures for the desk: calls by day, ways through the menus and where they end, questions without answer,
fate of texts by operator, districts. Small counts are never shown (statistics.shown), and where one of a
division could be worked out from the others, the next smallest is hidden with it.

Every question is bounded by its period or by a number of rows, so that a page costs the same after a
million texts.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from sqlalchemy import case, func, select

from sms_service.domain import operators, statuses
from sms_service.domain.districts import DISTRICTS
from sms_service.services.figures import subscribers as subscriber_figures
from sms_service.services.figures.statistics import SMALLEST, shown
from sms_service.services.recruiters import directory as recruiters
from sms_service.services.texts.messages import TABLE
from sms_service.store.claim import quoted
from sms_service.store.engine import Tx
from sms_service.store.models import DistrictCount, Report, TurnCount, UnknownWord
from sms_service.ussd_sessions import LEFT

ROOT = "root"
LOOK_AT = 100_000  # the newest texts among which ...
SAMPLE = 2_000  # ... so many settled ones are opened for their operator
SETTLED = (statuses.SENT, statuses.DELIVERED, statuses.FAILED, statuses.UNKNOWN)
# A way through the menus: each step is reached when one of its nodes is shown.
FUNNELS: Mapping[str, tuple[tuple[str, tuple[str, ...]], ...]] = {
    "check": (
        ("menu", (ROOT,)),
        ("asked", ("check.ask",)),
        ("answered", ("check.answer", "check.not_found", "check.no_list")),
    ),
    "report": (
        ("menu", (ROOT,)),
        ("begun", ("report.start", "report.draft")),
        ("first", ("report.modus", "report.danger_now")),
        ("confirm", ("report.confirm",)),
        ("filed", ("report.receipt",)),
    ),
    "event": (
        ("menu", (ROOT,)),
        ("lists", ("events.near", "events.all")),
        ("event", ("events.event",)),
        ("registered", ("events.registered", "events.waiting")),
    ),
    "job": (
        ("menu", (ROOT,)),
        ("begun", ("jobs.start",)),
        ("job", ("jobs.job", "jobs.fit")),
    ),
}


@dataclass(frozen=True, slots=True)
class Day:
    """How often the main menu was shown (a call begins there) and how many steps went by text."""

    on: date
    calls: int | None
    texts: int | None


@dataclass(frozen=True, slots=True)
class NodeFigure:
    """One screen in a period. `ended_percent`: how many of 100 that saw it did not go on from it; None where
    too few saw it, or nothing is known."""

    shown: int | None
    ended: int | None
    ended_percent: int | None


@dataclass(frozen=True, slots=True)
class Step:
    """One step of a funnel."""

    name: str
    count: int | None


@dataclass(frozen=True, slots=True)
class Asked:
    """What was asked or written and not understood, and how often; `others` are too rare to be shown."""

    rows: tuple[tuple[str, int], ...]
    others: int


@dataclass(frozen=True, slots=True)
class Delivery:
    """What became of texts to one operator (a guess from the prefix). None: too few to show."""

    operator: str
    by_status: Mapping[str, int | None]


def count_days(tx: Tx, since: date, until: date) -> list[Day]:
    """Figures of each day from `since` to `until`, both included."""
    rows = tx.execute(
        select(TurnCount.day, TurnCount.channel, func.sum(TurnCount.count))
        .where(
            *(TurnCount.day >= since, TurnCount.day <= until, TurnCount.outcome != LEFT),
            (TurnCount.channel != "ussd") | (TurnCount.node == ROOT),
        )
        .group_by(TurnCount.day, TurnCount.channel)
    )
    counts = {(day, channel): int(count) for day, channel, count in rows}
    days = [since + timedelta(days=n) for n in range((until - since).days + 1)]
    return [Day(day, shown(counts.get((day, "ussd"), 0)), shown(counts.get((day, "sms"), 0))) for day in days]


def count_nodes(tx: Tx, since: date, until: date) -> dict[str, tuple[int, int]]:
    """How often each node was shown and left for another, as they are: for `node_figure` and `funnel`."""
    was_left = case((TurnCount.outcome == LEFT, TurnCount.count), else_=0)
    rows = tx.execute(
        select(TurnCount.node, func.sum(TurnCount.count), func.sum(was_left))
        .where(TurnCount.day >= since, TurnCount.day <= until)
        .group_by(TurnCount.node)
    )
    return {node: (int(total) - int(left), int(left)) for node, total, left in rows}


def node_figure(counts: Mapping[str, tuple[int, int]], node: str) -> NodeFigure:
    """What may be shown of one node. Both its count and how many went on from it must be large enough, or
    the one could be worked out from the other."""
    seen, left = counts.get(node, (0, 0))
    ended = max(seen - left, 0)
    if shown(seen) is None or not left or ended < SMALLEST:
        return NodeFigure(shown(seen), None, None)
    return NodeFigure(seen, ended, round(100 * ended / seen))


def funnel(counts: Mapping[str, tuple[int, int]], name: str) -> list[Step]:
    """The steps of one way."""
    return [
        Step(step, shown(sum(counts.get(node, (0, 0))[0] for node in nodes))) for step, nodes in FUNNELS[name]
    ]


def endings(
    counts: Mapping[str, tuple[int, int]], ends: Sequence[str], limit: int = 15
) -> list[tuple[str, NodeFigure]]:
    """The screens where most calls end, without `ends`: those that are meant to be the last."""
    figures = [(node, node_figure(counts, node)) for node in sorted(counts) if node not in ends]
    known = [(node, figure) for node, figure in figures if figure.ended]
    return sorted(known, key=lambda pair: -(pair[1].ended or 0))[:limit]


def names_not_found(tx: Tx, since: date, limit: int = 30) -> Asked:
    """Names and numbers that the recruiter check did not find; numbers without the numbers."""
    found = recruiters.list_misses(tx, since, limit=10 * limit)
    rows = [("#" if miss.is_number else miss.asked, miss.count) for miss in found if miss.count >= SMALLEST]
    return Asked(tuple(rows[:limit]), len(found) - len(rows))


def words_not_known(tx: Tx, since: date, limit: int = 30) -> Asked:
    """First words of texts that nothing understood."""
    times = func.sum(UnknownWord.count)
    rows = tx.execute(
        select(UnknownWord.word, times)
        .where(UnknownWord.day >= since)
        .group_by(UnknownWord.word)
        .order_by(times.desc(), UnknownWord.word)
        .limit(10 * limit)
    ).all()
    often = [(word, int(count)) for word, count in rows if count >= SMALLEST]
    return Asked(tuple(often[:limit]), len(rows) - len(often))


def deliveries(tx: Tx) -> list[Delivery]:
    """What became of the newest settled texts (SAMPLE at most), by operator as the prefix hints. Texts whose
    numbers are emptied do not count."""
    newest = select(func.max(TABLE.c.id)).scalar_subquery()
    rows = tx.execute(
        select(TABLE.c.number_sealed, TABLE.c.status)
        .where(
            TABLE.c.id > newest - LOOK_AT,
            TABLE.c.status.in_([quoted(status) for status in SETTLED]),
            TABLE.c.number_hash != "",
        )
        .order_by(TABLE.c.id.desc())
        .limit(SAMPLE)
    ).all()
    counts: dict[str, Counter[str]] = {}
    for sealed, status in rows:
        counts.setdefault(operators.hint(tx.vault.open(sealed)), Counter())[status] += 1
    cells = {f"{name} {status}": counts[name][status] for name in counts for status in SETTLED}
    hidden = subscriber_figures.hidden(cells)
    return [
        Delivery(operator, {status: hidden[f"{operator} {status}"] for status in SETTLED})
        for operator in sorted(counts, key=lambda name: (-counts[name].total(), name))
    ]


def reports_by_district(tx: Tx, since: datetime) -> dict[str, int | None]:
    """Reports since a moment, for every district; "" for those without one."""
    rows = tx.execute(
        select(func.coalesce(Report.district, ""), func.count())
        .where(Report.received_at >= since)
        .group_by(Report.district)
    )
    counts = {district: int(count) for district, count in rows}
    return subscriber_figures.hidden({**_none(), **counts})


def calls_by_district(tx: Tx, since: date, until: date) -> dict[str, int | None]:
    """Calls, and walks by text, in which somebody chose a district, for every district. Where the others come
    from nobody tells."""
    rows = tx.execute(
        select(DistrictCount.district, func.sum(DistrictCount.count))
        .where(DistrictCount.day >= since, DistrictCount.day <= until)
        .group_by(DistrictCount.district)
    )
    counts = {district: int(count) for district, count in rows}
    return subscriber_figures.hidden({**_none(), **counts})


def subscribers_by_district(tx: Tx) -> dict[str, int | None]:
    """People who have agreed to texts, for every district; "" for those who named none."""
    return {**dict.fromkeys(_none(), None), **subscriber_figures.by_district(tx)}


def _none() -> dict[str, int]:
    return dict.fromkeys((district.code for district in DISTRICTS), 0)
