"""Whom a broadcast reaches: one select over subscribers, used alike by preview and by fan-out.

Within one criterion a person needs to meet one value, across criteria all of them; no criterion: everybody.
Whatever is asked for, nobody is reached who has said STOP, who gave no consent for the kind, or (news only)
who has had NEWS_A_WEEK texts of news within seven days.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from typing import Any, cast

from sqlalchemy import ColumnElement, String, Table, func, literal, not_, or_, select
from sqlalchemy import cast as sql_cast

from sms_service.domain import districts, phones, statuses, topics
from sms_service.errors import Invalid, said
from sms_service.services.texts.messages import TABLE as MESSAGES
from sms_service.store.engine import Tx
from sms_service.store.models import (
    Broadcast,
    Community,
    CommunityMember,
    Event,
    OptOut,
    Registration,
    Subscriber,
    SubscriberTopic,
)

SUBSCRIBERS = cast(Table, Subscriber.__table__)
LANGUAGES = ("id", "en")
WEEK = timedelta(days=7)
# A text that may have reached the phone counts; one that certainly did not, does not.
_COUNTS_AS_NEWS = (statuses.QUEUED, statuses.SENDING, statuses.SENT, statuses.DELIVERED, statuses.UNKNOWN)
_MOST_NUMBERS = 5000


@dataclass(frozen=True, slots=True)
class Audience:
    """The criteria. `subscribers`: ids of people named one by one; None: nobody is named."""

    districts: tuple[str, ...] = ()
    languages: tuple[str, ...] = ()
    topics: tuple[str, ...] = ()
    event: int | None = None
    communities: tuple[int, ...] = ()
    subscribers: tuple[int, ...] | None = None

    def to_json(self) -> dict[str, object]:
        """What the row keeps."""
        return {name: list(v) if isinstance(v, tuple) else v for name, v in asdict(self).items()}

    @classmethod
    def from_json(cls, kept: Mapping[str, Any]) -> Audience:
        """Read what the row keeps."""
        values: dict[str, Any] = {n: tuple(v) if isinstance(v, list) else v for n, v in kept.items()}
        return cls(**values)


@dataclass(frozen=True, slots=True)
class LeftOut:
    """Who meets the criteria and is not written to, by the first reason that applies."""

    no_consent: int = 0
    opted_out: int = 0
    enough_news: int = 0


def check(tx: Tx, audience: Audience) -> dict[str, str]:
    """What is wrong with the criteria, by field; empty when all is well."""
    errors = {}
    for code in audience.districts:
        if code not in {district.code for district in districts.DISTRICTS}:
            errors["audience.districts"] = "gives Kemendagri codes of districts of NTT (53.04)"
    for language in audience.languages:
        if language not in LANGUAGES:
            errors["audience.languages"] = said("is of %(known)s", known=", ".join(LANGUAGES))
    if not set(audience.topics) <= set(topics.TOPICS):
        errors["audience.topics"] = said("is of %(known)s", known=", ".join(topics.TOPICS))
    if audience.event is not None and tx.get(Event, audience.event) is None:
        errors["audience.event"] = "there is no such event"
    if audience.communities:
        wanted = set(audience.communities)
        found = set(tx.scalars(select(Community.id).where(Community.id.in_(wanted))))
        if found != wanted:
            errors["audience.communities"] = "there is no such community"
    if audience.subscribers is not None and not audience.subscribers:
        errors["audience.numbers"] = "names nobody: leave it out, or name somebody"
    return errors


def resolve_numbers(tx: Tx, numbers: Sequence[str], country: str = "ID") -> tuple[int, ...]:
    """Return the subscribers who have these numbers, each once. Raises Invalid by position (from 0):
    what is no number, and who is no subscriber. The refusal never repeats a number."""
    if len(numbers) > _MOST_NUMBERS:
        fault = said("names at most %(most)s people", most=_MOST_NUMBERS)
        raise Invalid("too many numbers", {"audience.numbers": fault})
    errors, hashes = {}, {}
    for position, raw in enumerate(numbers):
        try:
            hashes[position] = tx.vault.number_hash(phones.normalise(raw, country))
        except Invalid:
            errors[position] = "is not a phone number"
    rows = tx.execute(
        select(Subscriber.number_hash, Subscriber.id).where(Subscriber.number_hash.in_(set(hashes.values())))
    )
    ids = {row.number_hash: row.id for row in rows}
    errors |= {p: "is not a subscriber's number" for p, hashed in hashes.items() if hashed not in ids}
    if errors:
        by_field = {f"audience.numbers.{position}": errors[position] for position in sorted(errors)}
        raise Invalid("some numbers cannot be written to", by_field)
    return tuple(sorted({ids[hashed] for hashed in hashes.values()}))


def reached(
    tx: Tx, audience: Audience, kind: str, now: datetime, news_a_week: int, broadcast_id: int = 0
) -> list[ColumnElement[bool]]:
    """The conditions on SUBSCRIBERS of who is written to. `news_a_week`: so many texts of news are enough
    for one person in seven days; `broadcast_id` is not counted as earlier news."""
    had_enough = _has_had_enough(tx, kind, now, news_a_week, broadcast_id)
    wanted = [*_meets(audience), _consents(kind), not_(_opted_out())]
    return wanted if had_enough is None else [*wanted, not_(had_enough)]


def count_left_out(
    tx: Tx, audience: Audience, kind: str, now: datetime, news_a_week: int, broadcast_id: int = 0
) -> LeftOut:
    """How many meet the criteria and are not written to, and why."""
    meets = _meets(audience)
    opted_out = _count(tx, [*meets, _opted_out()])
    no_consent = _count(tx, [*meets, not_(_opted_out()), not_(_consents(kind))])
    had_enough = _has_had_enough(tx, kind, now, news_a_week, broadcast_id)
    if had_enough is None:
        return LeftOut(no_consent, opted_out)
    return LeftOut(
        no_consent, opted_out, _count(tx, [*meets, _consents(kind), not_(_opted_out()), had_enough])
    )


def _count(tx: Tx, conditions: Sequence[ColumnElement[bool]]) -> int:
    return tx.scalar(select(func.count()).select_from(SUBSCRIBERS).where(*conditions)) or 0


def _meets(audience: Audience) -> list[ColumnElement[bool]]:
    here = SUBSCRIBERS.c
    conditions: list[ColumnElement[bool]] = []
    if audience.districts:
        conditions.append(here.district.in_(audience.districts))
    if audience.languages:
        conditions.append(here.language.in_(audience.languages))
    if audience.topics:
        # As domain/topics.wants says: who named no topic wants all of them.
        named = select(SubscriberTopic.subscriber_id)
        fits = named.where(SubscriberTopic.topic.in_(audience.topics))
        conditions.append(or_(here.id.in_(fits), here.id.not_in(named)))
    if audience.event is not None:
        registered = select(Registration.number_hash).where(
            Registration.event_id == audience.event, Registration.status != "cancelled"
        )
        conditions.append(here.number_hash.in_(registered))
    if audience.communities:
        members = select(CommunityMember.subscriber_id).where(
            CommunityMember.community_id.in_(audience.communities)
        )
        conditions.append(here.id.in_(members))
    if audience.subscribers is not None:
        conditions.append(here.id.in_(audience.subscribers))
    return conditions


def _consents(kind: str) -> ColumnElement[bool]:
    return SUBSCRIBERS.c.news_on if kind == statuses.INFO else SUBSCRIBERS.c.warnings_on


def _opted_out() -> ColumnElement[bool]:
    return select(OptOut.number_hash).where(OptOut.number_hash == SUBSCRIBERS.c.number_hash).exists()


def _has_had_enough(
    tx: Tx, kind: str, now: datetime, news_a_week: int, broadcast_id: int
) -> ColumnElement[bool] | None:
    """True for who has had `news_a_week` texts of news in the last seven days; None: nobody can have.

    Earlier texts are found by their key, which names broadcast and subscriber: a step in a unique index
    for each, where a look through a week's texts would take seconds.
    """
    if kind != statuses.INFO:
        return None
    earlier = list(
        tx.scalars(
            select(Broadcast.id).where(
                Broadcast.kind == statuses.INFO,
                Broadcast.started_at > now - WEEK,
                or_(Broadcast.finished_at.is_(None), Broadcast.finished_at > now - WEEK),
                Broadcast.id != broadcast_id,
            )
        )
    )
    if len(earlier) < news_a_week:
        return None
    keys = [key_of(one) for one in earlier]
    had = (
        select(func.count())
        .select_from(MESSAGES)
        .where(MESSAGES.c.idempotency_key.in_(keys), MESSAGES.c.status.in_(_COUNTS_AS_NEWS))
        .correlate(SUBSCRIBERS)
        .scalar_subquery()
    )
    return had >= news_a_week


def key_of(broadcast_id: int) -> ColumnElement[str]:
    """The idempotency key of a broadcast's text to the subscriber of the row, in SQL (see `key`)."""
    return literal(f"broadcast:{broadcast_id}:") + sql_cast(SUBSCRIBERS.c.id, String)


def key(broadcast_id: int, subscriber_id: int) -> str:
    """What makes a broadcast's text to one subscriber one text, however often it is written."""
    return f"broadcast:{broadcast_id}:{subscriber_id}"
