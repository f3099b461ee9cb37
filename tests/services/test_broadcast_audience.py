"""Whom a broadcast reaches: each criterion, consent by kind, STOP, and enough news for one week."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import pytest
from sqlalchemy import select

from sms_service.errors import Invalid
from sms_service.services.broadcasts import audience as broadcast_audience
from sms_service.services.broadcasts import preview as broadcast_preview
from sms_service.services.broadcasts import rows as broadcast_rows
from sms_service.services.broadcasts.audience import SUBSCRIBERS, Audience, LeftOut
from sms_service.services.subscribers import person as opting
from sms_service.store.engine import Store
from sms_service.store.models import Community, CommunityMember, SubscriberTopic
from tests import event_office
from tests.broadcast_office import (
    DAY,
    NOW,
    PLAIN,
    WORDS,
    advance,
    fields,
    number,
    settings_with,
    settle,
    started,
    stop,
    subscribers,
)

ENOUGH = PLAIN.news_a_week


def reached(store: Store, audience: Audience, kind: str = "warning", now: datetime = NOW) -> list[int]:
    with store.read() as tx:
        conditions = broadcast_audience.reached(tx, audience, kind, now, ENOUGH)
        return list(tx.scalars(select(SUBSCRIBERS.c.id).where(*conditions).order_by(SUBSCRIBERS.c.id)))


def left_out(store: Store, kind: str, now: datetime = NOW) -> LeftOut:
    with store.read() as tx:
        return broadcast_audience.count_left_out(tx, Audience(), kind, now, ENOUGH)


def test_without_criteria_it_is_everybody_who_consents(store: Store) -> None:
    ids = subscribers(store, range(3))
    assert reached(store, Audience()) == ids


def test_districts_and_languages_each_widen_and_together_narrow(store: Store) -> None:
    belu = subscribers(store, range(2))
    malaka = subscribers(store, range(2, 4), district="53.21", language="en")
    nowhere = subscribers(store, range(4, 5), district=None)
    assert reached(store, Audience(districts=("53.04",))) == belu
    assert reached(store, Audience(districts=("53.04", "53.21"))) == belu + malaka
    assert reached(store, Audience(languages=("id",))) == belu + nowhere
    assert reached(store, Audience(districts=("53.21",), languages=("en",))) == malaka
    assert reached(store, Audience(districts=("53.04",), languages=("en",))) == []


def test_who_named_no_topic_wants_all_of_them(store: Store) -> None:
    jobs, rights, none = subscribers(store, range(3))
    with store.transaction() as tx:
        tx.add_all([SubscriberTopic(subscriber_id=jobs, topic="jobs")])
        tx.add_all([SubscriberTopic(subscriber_id=rights, topic="rights")])
    assert reached(store, Audience(topics=("jobs",))) == [jobs, none]
    assert reached(store, Audience(topics=("jobs", "rights"))) == [jobs, rights, none]
    assert reached(store, Audience(topics=("costs",))) == [none]


def test_an_event_means_its_registrants_who_are_subscribers(store: Store) -> None:
    event = event_office.make_event(store)
    for n in range(4):
        event_office.register(store, event, n)
    event_office.unregister(store, event, 3)
    with store.transaction() as tx:
        known = [opting.get_or_create(tx, event_office.number(n), NOW) for n in (0, 1, 3)]
        for one in known:
            one.warnings_on = True
        tx.flush()
        ids = [one.id for one in known]
    subscribers(store, range(100, 102))  # of no event
    assert reached(store, Audience(event=event.id)) == ids[:2]


def test_communities(store: Store) -> None:
    ids = subscribers(store, range(3))
    with store.transaction() as tx:
        parish = Community(name="Paroki", created_at=NOW)
        tx.add(parish)
        tx.flush()
        tx.add(CommunityMember(community_id=parish.id, subscriber_id=ids[1], added_at=NOW))
        parish_id = parish.id
    assert reached(store, Audience(communities=(parish_id,))) == [ids[1]]


def test_people_named_one_by_one_are_kept_as_who_they_are(store: Store) -> None:
    ids = subscribers(store, range(3))
    with store.read() as tx:
        spellings = [number(2), number(0).replace("+62", "0"), number(0)]
        found = broadcast_audience.resolve_numbers(tx, spellings)
    assert found == (ids[0], ids[2])
    assert reached(store, Audience(subscribers=found)) == [ids[0], ids[2]]


def test_numbers_of_nobody_are_refused_by_position_and_never_repeated(store: Store) -> None:
    subscribers(store, range(2))
    given = [number(0), number(7), "kantor", number(1), "12", number(8)]
    with pytest.raises(Invalid) as refused, store.read() as tx:
        broadcast_audience.resolve_numbers(tx, given)
    errors = refused.value.errors
    assert list(errors) == [f"audience.numbers.{position}" for position in (1, 2, 4, 5)]
    assert errors["audience.numbers.1"] == "is not a subscriber's number"
    assert errors["audience.numbers.2"] == "is not a phone number"
    assert number(7) not in str(refused.value) + str(errors)


def test_consent_is_asked_for_by_kind(store: Store) -> None:
    both = subscribers(store, range(1))
    warned = subscribers(store, range(1, 2), news_on=False)
    told = subscribers(store, range(2, 3), warnings_on=False)
    subscribers(store, range(3, 4), warnings_on=False, news_on=False)
    assert reached(store, Audience(), "info") == both + told
    assert reached(store, Audience(), "warning") == both + warned
    assert reached(store, Audience(), "urgent") == both + warned
    assert left_out(store, "info") == LeftOut(no_consent=2)


def test_consent_and_stop_hold_for_people_named_one_by_one_too(store: Store) -> None:
    ids = subscribers(store, range(3))
    no_news = subscribers(store, range(3, 4), news_on=False)
    stop(store, 1)
    wanted = Audience(subscribers=(*ids, *no_news))
    assert reached(store, wanted, "info") == [ids[0], ids[2]]


def test_who_said_stop_is_left_out_and_counted(store: Store) -> None:
    subscribers(store, range(3))
    stop(store, 1)
    assert len(reached(store, Audience())) == 2
    assert left_out(store, "warning") == LeftOut(opted_out=1)


def news(store: Store, times: int, now: datetime = NOW, **given: Any) -> None:
    for _ in range(times):
        broadcast_id = started(store, now, kind="info", **given)
        settle(store, broadcast_id, "sent", len(reached(store, given["audience"], "info", now)), now)
        advance(store, broadcast_id, now)


def test_enough_news_is_enough_for_one_week(store: Store) -> None:
    ids = subscribers(store, range(4))
    few = Audience(subscribers=tuple(ids[:2]))
    news(store, ENOUGH - 1, audience=few)
    assert reached(store, Audience(), "info") == ids
    last = started(store, kind="info", audience=few)
    settle(store, last, "sent", 2)
    advance(store, last)
    assert reached(store, Audience(), "info") == ids[2:]
    assert left_out(store, "info") == LeftOut(enough_news=2)
    assert reached(store, Audience(), "warning") == ids  # a warning is no news
    assert reached(store, Audience(), "info", NOW + 8 * DAY) == ids


def test_how_much_news_is_enough_is_a_setting(store: Store) -> None:
    ids = subscribers(store, range(2))
    careful = settings_with(news_a_week=1)
    started(store, settings=careful, kind="info", audience=Audience(subscribers=(ids[0],)))
    with store.read() as tx:
        seen = broadcast_preview.preview(tx, fields(kind="info"), WORDS, careful, NOW)
        usual = broadcast_preview.preview(tx, fields(kind="info"), WORDS, PLAIN, NOW)
    assert (seen.recipients, seen.left_out) == (1, LeftOut(enough_news=1))
    assert (usual.recipients, usual.left_out) == (2, LeftOut())
    last = started(store, settings=careful, kind="info")
    with store.read() as tx:
        assert sum(broadcast_rows.count(tx, [last])[last].values()) == 1


def test_news_that_did_not_go_out_is_not_counted(store: Store) -> None:
    ids = subscribers(store, range(1))
    news(store, ENOUGH - 1, audience=Audience())
    lost = started(store, kind="info")
    settle(store, lost, "failed", 1)
    advance(store, lost)
    assert reached(store, Audience(), "info") == ids


def test_the_fan_out_leaves_out_whom_the_preview_leaves_out(store: Store) -> None:
    subscribers(store, range(2))
    news(store, ENOUGH, audience=Audience())
    subscribers(store, range(2, 3))
    last = started(store, kind="info")
    with store.read() as tx:
        assert sum(broadcast_rows.count(tx, [last])[last].values()) == 1
