"""Who gets a place after the groups were filled is in a group at once, and is told it once."""

from __future__ import annotations

import pytest
from sqlalchemy import select

from sms_service.services.events import news as event_news
from sms_service.store.engine import Store
from sms_service.store.models import Event, EventNotice
from tests.event_office import (
    HOUR,
    NOW,
    START,
    TEXTS,
    at_once,
    change,
    make_event,
    register,
    tell,
    texts,
    unregister,
)
from tests.services.test_event_groups import GROUPS, allocate, place, placed, set_groups, slot, wish


@pytest.fixture
def event(store: Store) -> Event:
    """A consultation with six places in three groups of two, and two people waiting."""
    event = make_event(store, ends_at=START + 3 * HOUR, capacity=6)
    set_groups(store, event, *GROUPS)
    for n in range(6):
        register(store, event, n)
    wish(store, event, 6, "jobs", "my")
    wish(store, event, 7, "documents")
    return event


def heard(store: Store, n: int) -> list[str]:
    return [body for who, body in texts(store, "notice") if who == n]


def test_who_moves_up_is_told_the_place_and_then_the_group(store: Store, event: Event) -> None:
    allocate(store, event)
    tell(store)
    before = placed(store, event)
    freed = {before[0], before[1]}
    unregister(store, event, 0)
    unregister(store, event, 1)
    after = placed(store, event)
    assert {after[6], after[7]} == freed
    tell(store)
    for n in (6, 7):
        promoted, group = heard(store, n)
        assert promoted.startswith("Ada tempat")
        assert f"nomor {after[n]}," in group
    tell(store)
    assert [len(heard(store, n)) for n in (2, 6, 7)] == [1, 2, 2]


def test_many_who_move_up_at_once_are_placed_by_what_they_wish(store: Store) -> None:
    event = make_event(store, ends_at=START + 3 * HOUR, capacity=1)
    set_groups(store, event, slot("jobs", "jp", 5), slot("documents", "", 5))
    register(store, event, 1)
    allocate(store, event)
    for n, topic in enumerate(("documents", "jobs", "documents", "jobs"), start=2):
        wish(store, event, n, topic, "jp" if topic == "jobs" else "")
    change(store, event, capacity=10)
    tell(store)
    found = placed(store, event)
    assert [found[n] for n in (2, 3, 4, 5)] == [2, 1, 2, 1]


def test_who_registers_late_has_a_group_too(store: Store, event: Event) -> None:
    set_groups(store, event, *GROUPS[:2], slot("documents", capacity=9, after=2 * HOUR))
    allocate(store, event)
    unregister(store, event, 6)
    unregister(store, event, 7)
    unregister(store, event, 5)
    wish(store, event, 8, "documents")
    assert placed(store, event)[8] == 3
    tell(store)
    assert "nomor 3," in heard(store, 8)[-1]


def test_before_the_office_has_placed_people_nobody_is_placed_alone(store: Store, event: Event) -> None:
    place(store, event, 3, 1)  # by hand: that is no placing of all
    unregister(store, event, 0)
    assert placed(store, event)[6] == 0
    tell(store)
    assert len(heard(store, 6)) == 1


def test_an_event_without_groups_moves_people_up_as_ever(store: Store) -> None:
    event = make_event(store, capacity=1)
    register(store, event, 1)
    register(store, event, 2)
    unregister(store, event, 1)
    tell(store)
    assert len(heard(store, 2)) == 1


def test_no_group_is_filled_beyond_its_size(store: Store, event: Event) -> None:
    allocate(store, event)
    set_groups(store, event, slot("jobs", "jp", 1), slot("jobs", "my", 1), slot("documents", "", 1))
    unregister(store, event, 0)
    assert placed(store, event)[6] == 0  # the office sees one more without a group
    tell(store)
    assert heard(store, 6)[-1].startswith("Ada tempat")


def test_two_news_of_groups_told_at_once_tell_each_person_once(store: Store, event: Event) -> None:
    allocate(store, event)
    unregister(store, event, 0)
    unregister(store, event, 1)
    with store.read() as tx:
        planned = select(EventNotice.id).where(EventNotice.word == "group", EventNotice.status == "planned")
        ids = list(tx.scalars(planned))
    assert len(ids) == 3

    def work(notice_id: int) -> None:
        with store.transaction() as tx:
            event_news.tell(tx, notice_id, TEXTS, NOW)

    at_once(*[lambda one=one: work(one) for one in ids])
    groups = [(who, body) for who, body in texts(store, "notice") if body.startswith("Kelompok")]
    assert sorted(who for who, _ in groups) == [2, 3, 4, 5, 6, 7]


def test_leaving_while_groups_are_told_stops_nobody(store: Store, event: Event) -> None:
    """The news holds its row, then people's; who leaves holds a person's row and plans more news."""
    allocate(store, event)

    def tell_all() -> None:
        tell(store)

    at_once(tell_all, *[lambda n=n: unregister(store, event, n) for n in range(6)])
    tell(store)
    found = placed(store, event)
    assert [found[n] > 0 for n in (6, 7)] == [True, True]
