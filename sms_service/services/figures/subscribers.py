"""How many people may be reached, by district, language, kind and topic. Small counts are never shown.

A count under statistics.SMALLEST is None. The counts of a division add up to figures that can be learnt
elsewhere, so where one alone is hidden the next smallest is hidden with it: nobody can subtract it out.
Called by the API and the desk.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from sqlalchemy import ColumnElement, Row, exists, func, select

from sms_service.services.figures.statistics import shown
from sms_service.store.engine import Tx
from sms_service.store.models import OptOut, Subscriber, SubscriberTopic


@dataclass(frozen=True)
class Summary:
    """Figures of people who have agreed to warnings or news and have not said STOP. None: too few to show.

    `by_district` has "" for those who named none.
    """

    by_district: Mapping[str, int | None]
    by_language: Mapping[str, int | None]
    by_kind: Mapping[str, int | None]
    by_topic: Mapping[str, int | None]


def summarise(tx: Tx) -> Summary:
    """Count: everybody once for districts, languages and kinds together, and once for topics."""
    agreed = _agreed()
    divided = (Subscriber.district, Subscriber.language, Subscriber.warnings_on, Subscriber.news_on)
    districts: Counter[str] = Counter()
    languages: Counter[str] = Counter()
    kinds = Counter(warnings=0, news=0)
    for district, language, warnings, news, count in tx.execute(
        select(*divided, func.count()).where(*agreed).group_by(*divided)
    ):
        districts[district or ""] += count
        languages[language] += count
        kinds["warnings"] += count if warnings else 0
        kinds["news"] += count if news else 0
    topics = tx.execute(
        select(SubscriberTopic.topic, func.count())
        .join(Subscriber, Subscriber.id == SubscriberTopic.subscriber_id)
        .where(*agreed)
        .group_by(SubscriberTopic.topic)
    )
    return Summary(
        by_district=hidden(districts),
        by_language=hidden(languages),
        by_kind={name: shown(count) for name, count in kinds.items()},
        by_topic={name: shown(count) for name, count in sorted(_counted(topics.all()).items())},
    )


def by_district(tx: Tx) -> dict[str, int | None]:
    """The first of these figures alone."""
    rows = tx.execute(
        select(func.coalesce(Subscriber.district, ""), func.count())
        .where(*_agreed())
        .group_by(Subscriber.district)
    )
    return hidden(_counted(rows.all()))


def count_opt_outs(tx: Tx) -> dict[str, int | None]:
    """How many have said STOP, by where they said it; None: too few to show."""
    rows = tx.execute(select(OptOut.source, func.count()).group_by(OptOut.source))
    return hidden(_counted(rows.all()))


def hidden(counts: Mapping[str, int]) -> dict[str, int | None]:
    """Return the counts of a division with the small ones hidden, and with one alone another one."""
    result = {name: shown(count) for name, count in sorted(counts.items())}
    small = [name for name, count in result.items() if count is None]
    left = [name for name, count in result.items() if count is not None]
    if len(small) == 1 and left:
        result[min(left, key=lambda name: (counts[name], name))] = None
    return result


def _agreed() -> tuple[ColumnElement[bool], ...]:
    return (
        (Subscriber.warnings_on | Subscriber.news_on),
        ~exists().where(OptOut.number_hash == Subscriber.number_hash),
    )


def _counted(rows: Iterable[Row[str, int]]) -> dict[str, int]:
    return {name: int(count) for name, count in rows}
