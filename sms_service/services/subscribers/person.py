"""People known by number: their language, district, consent and STOP. Called by conversations and inbound.

A number is found by its keyed hash and kept sealed. STOP lives in a table of its own, so that it outlives
an erasure; only the person can take it back, by REG or by saying so in a call. What a person has chosen is
noted with its time (`chosen_at`): no import changes it afterwards.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, cast

from sqlalchemy import Table, bindparam, delete, func, select, update

from sms_service.domain import statuses, topics
from sms_service.errors import Invalid
from sms_service.services.texts import messages
from sms_service.store.claim import insert_new
from sms_service.store.engine import Tx
from sms_service.store.models import (
    CommunityMember,
    InboundMessage,
    Message,
    OptOut,
    Registration,
    Subscriber,
    SubscriberTopic,
)

SUBSCRIBERS = cast(Table, Subscriber.__table__)
OPT_OUTS = cast(Table, OptOut.__table__)
_LANGUAGE_OF = select(SUBSCRIBERS.c.language).where(SUBSCRIBERS.c.number_hash == bindparam("number_hash"))
_OPTED_OUT_AT = select(OPT_OUTS.c.opted_out_at).where(OPT_OUTS.c.number_hash == bindparam("number_hash"))


@dataclass(frozen=True, slots=True)
class Stored:
    """What is kept about one person, in plain values: what "what is stored about me" shows."""

    known: bool
    language: str
    district: str  # Kemendagri code, or ""
    warnings_on: bool
    news_on: bool
    reminders_on: bool
    topics: tuple[str, ...]  # none: all
    consent_on: date | None
    opted_out: bool
    registrations: int
    texts_received: int
    texts_sent: int
    is_named: bool  # a name stands beside the number, here or on an event's list
    communities: int


def find_by_number(tx: Tx, number: str) -> Subscriber | None:
    """Return who has `number` (E.164), or None."""
    return tx.scalars(
        select(Subscriber)
        .where(Subscriber.number_hash == tx.vault.number_hash(number))
        .execution_options(populate_existing=True)
    ).one_or_none()


def find_language(tx: Tx, number: str) -> str | None:
    """Return the language that `number` chose, or None when it is not known."""
    return tx.scalar(_LANGUAGE_OF, {"number_hash": tx.vault.number_hash(number)})


def get_or_create(tx: Tx, number: str, now: datetime, language: str = "id") -> Subscriber:
    """Return who has `number`, written down now if need be: no consent, reminders of own events on.

    Safe when two ask at once: one writes, both find.
    """
    values = {
        "number_hash": tx.vault.number_hash(number),
        "number_sealed": tx.vault.seal(number),
        "language": language,
        "warnings_on": False,
        "reminders_on": True,
        "created_at": now,
        "updated_at": now,
    }
    tx.execute(insert_new(tx, SUBSCRIBERS).values(values))
    return tx.scalars(
        select(Subscriber)
        .where(Subscriber.number_hash == values["number_hash"])
        .execution_options(populate_existing=True)
    ).one()


def set_language(tx: Tx, number: str, language: str, now: datetime) -> None:
    """Remember the language of `number`."""
    _set(tx, number, now, language=language)


def set_district(tx: Tx, number: str, district: str | None, now: datetime) -> None:
    """Remember the district (Kemendagri code), or forget it with None."""
    _set(tx, number, now, district=district)


def set_warnings(tx: Tx, number: str, on: bool, source: str, now: datetime) -> None:
    """Turn warnings on or off at the person's own wish; `source` is "ussd" or "sms".

    On is consent: it is noted where and when it was given. It does not take a STOP back. Off holds for what
    is queued too.
    """
    _choose(tx, number, source, now, warnings_on=on)
    if not on:
        _withhold(tx, number, now, statuses.WARNING, statuses.URGENT)


def set_news(tx: Tx, number: str, on: bool, source: str, now: datetime) -> None:
    """Turn news on or off, as `set_warnings`."""
    _choose(tx, number, source, now, news_on=on)
    if not on:
        _withhold(tx, number, now, statuses.INFO)


def set_reminders(tx: Tx, number: str, on: bool, now: datetime) -> None:
    """Turn reminders of the person's own events on or off. Off holds for what is queued too."""
    _set(tx, number, now, reminders_on=on, chosen_at=now)
    if not on:
        _withhold(tx, number, now, statuses.REMINDER)


def opt_in(tx: Tx, number: str, source: str, now: datetime) -> None:
    """REG: the person wants our texts (again). Consent is noted, a STOP taken back. Only ever their act."""
    _choose(tx, number, source, now, warnings_on=True, news_on=True)
    take_stop_back(tx, number)


def take_stop_back(tx: Tx, number: str) -> None:
    """The person has said that they want texts again. Only ever their own act."""
    tx.execute(delete(OPT_OUTS).where(OPT_OUTS.c.number_hash == tx.vault.number_hash(number)))


def opt_out(tx: Tx, number: str, source: str, now: datetime, said_at: datetime | None = None) -> bool:
    """STOP: nothing more goes to `number`, what waits included. Returns False when it had said so before.

    `source` is "sms", "ussd", "gateway" or "staff"; `said_at` is when the person said it (now, if None):
    what they text after that is still answered.
    """
    number_hash = tx.vault.number_hash(number)
    values = {"number_hash": number_hash, "opted_out_at": said_at or now, "source": source}
    added = tx.execute(insert_new(tx, OPT_OUTS).values(values).returning(OPT_OUTS.c.number_hash)).first()
    tx.execute(
        update(SUBSCRIBERS)
        .where(SUBSCRIBERS.c.number_hash == number_hash)
        .values(
            warnings_on=False,
            news_on=False,
            consent_source=None,
            consent_on=None,
            chosen_at=now,
            updated_at=now,
        )
    )
    messages.withhold(tx, number_hash, now)
    return added is not None


def list_topics(tx: Tx, subscriber_id: int) -> tuple[str, ...]:
    """Return the topics that a subscriber wants news about, in the order of topics.TOPICS. None: all."""
    found = set(tx.scalars(select(SubscriberTopic.topic).filter_by(subscriber_id=subscriber_id)))
    return tuple(topic for topic in topics.TOPICS if topic in found)


def set_topics(tx: Tx, number: str, chosen: Sequence[str], now: datetime) -> None:
    """Remember what the person wants news about; none: everything. Raises Invalid for an unknown topic."""
    if not set(chosen) <= set(topics.TOPICS):
        raise Invalid("there is no such topic")
    _set(tx, number, now, chosen_at=now)
    person = get_or_create(tx, number, now)
    tx.execute(delete(SubscriberTopic).where(SubscriberTopic.subscriber_id == person.id))
    add_topics(tx, [(person.id, topic) for topic in set(chosen)])


def add_topics(tx: Tx, rows: Sequence[tuple[int, str]]) -> None:
    """Add topics by subscriber's id; those that are there already stay."""
    if rows:
        table = cast(Table, SubscriberTopic.__table__)
        tx.execute(insert_new(tx, table), [{"subscriber_id": key, "topic": topic} for key, topic in rows])


def is_opted_out(tx: Tx, number: str) -> bool:
    """True when `number` has said STOP and has not taken it back."""
    return opted_out_at(tx, number) is not None


def opted_out_at(tx: Tx, number: str) -> datetime | None:
    """When `number` said STOP, or None."""
    return tx.scalar(_OPTED_OUT_AT, {"number_hash": tx.vault.number_hash(number)})


def describe(tx: Tx, number: str) -> Stored:
    """Return what is kept about `number`, in plain values and counts.

    Never reports, nor drafts of them: whoever holds the phone must not learn that its owner has told us
    something. A reporter asks with code and PIN.
    """
    number_hash = tx.vault.number_hash(number)
    person = find_by_number(tx, number)
    registrations = tx.scalar(
        select(func.count()).select_from(Registration).where(Registration.number_hash == number_hash)
    )
    received = tx.scalar(
        select(func.count()).select_from(InboundMessage).where(InboundMessage.number_hash == number_hash)
    )
    return Stored(
        known=person is not None,
        language=person.language if person else "",
        district=(person.district or "") if person else "",
        warnings_on=person is not None and person.warnings_on,
        news_on=person is not None and person.news_on,
        reminders_on=person is None or person.reminders_on,
        topics=list_topics(tx, person.id) if person else (),
        consent_on=person.consent_on if person else None,
        opted_out=is_opted_out(tx, number),
        registrations=registrations or 0,
        texts_received=received or 0,
        texts_sent=_count_texts_out(tx, number_hash),
        is_named=_is_named(tx, person, number_hash),
        communities=_count_communities(tx, person),
    )


def _count_texts_out(tx: Tx, number_hash: str) -> int:
    return tx.scalar(select(func.count()).where(Message.number_hash == number_hash)) or 0


def _is_named(tx: Tx, person: Subscriber | None, number_hash: str) -> bool:
    if person is not None and person.name_sealed:
        return True
    named = select(Registration.id).where(
        Registration.number_hash == number_hash, Registration.name_sealed.is_not(None)
    )
    return tx.scalars(named.limit(1)).first() is not None


def _count_communities(tx: Tx, person: Subscriber | None) -> int:
    if person is None:
        return 0
    theirs = select(func.count()).where(CommunityMember.subscriber_id == person.id)
    return tx.scalar(theirs) or 0


def erase(tx: Tx, number: str) -> Sequence[int]:
    """Forget the person's settings, wishes and communities. A STOP stays: it is the person's own wish, kept
    as a keyed hash. Returns the ids that they had.

    It is one part of an erasure; the whole is services/erasure.erase.
    """
    own = select(SUBSCRIBERS.c.id).where(_is(tx, number)).with_for_update()
    ids = tx.scalars(own).all()
    forget_ids(tx, ids)
    return ids


def forget_ids(tx: Tx, ids: Sequence[int]) -> None:
    """Delete these subscribers, and what belongs to them."""
    if not ids:
        return
    for theirs in (SubscriberTopic.__table__, CommunityMember.__table__):
        table = cast(Table, theirs)
        tx.execute(delete(table).where(table.c.subscriber_id.in_(ids)))
    tx.execute(delete(SUBSCRIBERS).where(SUBSCRIBERS.c.id.in_(ids)))


def _is(tx: Tx, number: str) -> Any:
    return SUBSCRIBERS.c.number_hash == tx.vault.number_hash(number)


def _choose(tx: Tx, number: str, source: str, now: datetime, **kinds: bool) -> None:
    """Switch kinds of text. Consent lives as long as any of them is on."""
    person = get_or_create(tx, number, now)
    on = {name: kinds.get(name, getattr(person, name)) for name in ("warnings_on", "news_on")}
    consent: dict[str, Any] = {}
    if any(kinds.values()):
        consent = {"consent_source": source, "consent_on": now.date()}
    elif not any(on.values()):
        consent = {"consent_source": None, "consent_on": None}
    _set(tx, number, now, **on, **consent, chosen_at=now)


def _withhold(tx: Tx, number: str, now: datetime, *kinds: str) -> None:
    messages.withhold(tx, tx.vault.number_hash(number), now, kinds)


def _set(tx: Tx, number: str, now: datetime, **values: Any) -> None:
    get_or_create(tx, number, now)
    tx.execute(update(SUBSCRIBERS).where(_is(tx, number)).values(**values, updated_at=now))
