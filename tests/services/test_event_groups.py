"""Consultation groups: set, filled, changed by hand, and everybody told their own once."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import pytest

from sms_service.errors import Conflict, Invalid, NotFound
from sms_service.services.events import groups as event_groups
from sms_service.services.events import life as events
from sms_service.services.events.groups import GroupFields
from sms_service.services.events.lists import load_event_list
from sms_service.services.events.registrations import Wishes
from sms_service.store.engine import Store
from sms_service.store.models import Event, Registration
from tests.event_office import (
    DAY,
    HOUR,
    NOW,
    START,
    TEXTS,
    at_once,
    call_off,
    change,
    make_event,
    number,
    register,
    tell,
    texts,
    unregister,
)
from tests.services.test_reminders import work_off

TODAY = date(2026, 11, 21)
MINUTE = timedelta(minutes=1)


def slot(topic: str = "", destination: str = "", capacity: int = 2, after: timedelta = HOUR, **more: Any):  # type: ignore[no-untyped-def]
    return GroupFields(START + after, capacity, topic, destination, **more)


GROUPS = (slot("jobs", "jp", room="Ruang A"), slot("jobs", "my"), slot("documents", "", after=2 * HOUR))


def set_groups(store: Store, event: Event, *wanted: GroupFields, now: Any = NOW) -> list[int]:
    with store.transaction() as tx:
        found = event_groups.set_groups(tx, event.id, wanted, None, now, TEXTS)
    return [group.id for group in found]


def allocate(store: Store, event: Event, redo: bool = False) -> event_groups.Placed:
    with store.transaction() as tx:
        return event_groups.allocate_groups(tx, event.id, None, NOW, TODAY, redo)


def wish(store: Store, event: Event, n: int, topic: str = "", destination: str = "", **answers: str) -> None:
    with store.transaction() as tx:
        wishes = Wishes(topic, destination, answers or None)
        events.register(tx, event.id, number(n), "id", "sms", NOW, TEXTS, wishes)


def people(store: Store, event: Event) -> dict[int, Registration]:
    with store.read() as tx:
        rows = events.list_registrations(tx, event.id, 500)
        return {int(tx.vault.open(row.number_sealed)[-4:]): row for row in rows}


def placed(store: Store, event: Event) -> dict[int, int]:
    """The number of each person's group; 0 for none."""
    with store.read() as tx:
        numbers = {group.id: group.position for group in event_groups.list_groups(tx, event.id)}
    return {n: numbers.get(row.group_id or 0, 0) for n, row in people(store, event).items()}


def place(store: Store, event: Event, n: int, group: int | None) -> None:
    registration_id = people(store, event)[n].id
    with store.transaction() as tx:
        event_groups.place(tx, event.id, registration_id, group, None, NOW)


@pytest.fixture
def event(store: Store) -> Event:
    """A consultation of three hours in three groups of two."""
    event = make_event(store, ends_at=START + 3 * HOUR, capacity=6)
    set_groups(store, event, *GROUPS)
    return event


def test_people_get_what_they_wish_and_are_told_group_slot_and_room(store: Store, event: Event) -> None:
    wish(store, event, 1, "jobs", "jp")
    wish(store, event, 2, "documents")
    register(store, event, 3, language="en")
    done = allocate(store, event)
    assert (done.placed, done.changed, done.left_over) == (3, 3, 0)
    assert placed(store, event) == {1: 1, 2: 3, 3: 2}
    tell(store)
    told = dict(texts(store, "notice"))
    assert "nomor 1, Sab 5 Des 10.00 WITA, Ruang A, Aula" in told[1]
    assert "nomor 3, Sab 5 Des 11.00 WITA" in told[2]
    assert told[3].startswith("Your group")
    assert not any("jepang" in body.lower() or "japan" in body.lower() for body in told.values())


def test_the_answers_of_the_quiz_place_who_wished_nothing(store: Store, event: Event) -> None:
    wish(store, event, 1, age="22", education="sma", tongue="jlpt_n4", skill="care", experience="none")
    allocate(store, event)
    assert placed(store, event)[1] == 1


def test_allocating_again_changes_and_tells_nothing(store: Store, event: Event) -> None:
    for n in range(4):
        register(store, event, n)
    allocate(store, event)
    tell(store)
    before = placed(store, event)
    assert allocate(store, event).changed == 0
    assert allocate(store, event, redo=True).changed == 0
    tell(store)
    assert placed(store, event) == before
    assert len(texts(store, "notice")) == 4


def test_twice_at_once_places_each_person_once(store: Store, event: Event) -> None:
    for n in range(6):
        register(store, event, n)
    at_once(lambda: allocate(store, event), lambda: allocate(store, event))
    assert sorted(placed(store, event).values()) == [1, 1, 2, 2, 3, 3]
    tell(store)
    assert sorted(n for n, _ in texts(store, "notice")) == list(range(6))


def test_who_is_placed_by_hand_stays_there_and_others_move_only_on_demand(store: Store, event: Event) -> None:
    for n in (1, 2):
        wish(store, event, n, "jobs", "jp")
    allocate(store, event)
    place(store, event, 2, 3)
    wish(store, event, 3, "jobs", "jp")
    wish(store, event, 4, "jobs", "jp")
    allocate(store, event)
    assert placed(store, event) == {1: 1, 2: 3, 3: 1, 4: 2}
    place(store, event, 1, 2)
    allocate(store, event, redo=True)
    assert placed(store, event) == {1: 2, 2: 3, 3: 1, 4: 1}
    assert people(store, event)[1].is_placed_by_hand


def test_who_is_moved_before_the_first_text_left_is_told_only_the_last_group(
    store: Store, event: Event
) -> None:
    wish(store, event, 1, "jobs", "jp")
    allocate(store, event)
    tell(store)
    place(store, event, 1, 2)
    tell(store)
    place(store, event, 1, 1)
    tell(store)
    (told,) = texts(store, "notice")
    assert "nomor 1" in told[1]
    assert len(texts(store, "notice", status="expired")) == 2


def test_a_full_group_takes_nobody_by_hand(store: Store, event: Event) -> None:
    for n in (1, 2, 3):
        register(store, event, n)
    place(store, event, 1, 1)
    place(store, event, 2, 1)
    place(store, event, 2, 1)
    with pytest.raises(Conflict):
        place(store, event, 3, 1)
    with pytest.raises(NotFound):
        place(store, event, 3, 9)
    place(store, event, 2, None)
    place(store, event, 3, 1)
    assert placed(store, event) == {1: 1, 2: 0, 3: 1}


def test_only_who_comes_is_in_a_group_and_who_leaves_frees_the_place(store: Store, event: Event) -> None:
    for n in range(8):
        register(store, event, n)
    assert allocate(store, event).placed == 6
    with pytest.raises(Conflict):
        place(store, event, 7, 1)
    freed = placed(store, event)[0]
    unregister(store, event, 0)  # 6 moves up
    assert (placed(store, event)[0], placed(store, event)[6]) == (0, freed)
    done = allocate(store, event)
    assert (done.changed, done.left_over) == (0, 0)


def test_fewer_places_than_people_leaves_some_without_a_group(store: Store, event: Event) -> None:
    for n in range(5):
        register(store, event, n)
    set_groups(store, event, slot(capacity=3))
    done = allocate(store, event)
    assert (done.placed, done.left_over) == (3, 2)


def test_another_slot_is_told_and_a_group_that_is_gone_too(store: Store, event: Event) -> None:
    wish(store, event, 1, "jobs", "jp")
    wish(store, event, 2, "documents")
    allocate(store, event)
    tell(store)
    set_groups(store, event, slot("jobs", "jp", after=30 * MINUTE, room="Ruang A"), GROUPS[1])
    tell(store)
    told = dict(texts(store, "notice"))
    assert "09.30" in told[1]
    assert "berubah" in told[2]
    assert placed(store, event) == {1: 1, 2: 0}
    set_groups(store, event, slot("jobs", "jp", 9, after=30 * MINUTE, room="Ruang A"), GROUPS[1])
    tell(store)
    assert len(texts(store, "notice")) == 2  # only the size is another


def test_an_event_that_moves_takes_its_slots_along_and_tells_each_their_own(
    store: Store, event: Event
) -> None:
    wish(store, event, 1, "documents")
    register(store, event, 2)
    allocate(store, event)
    tell(store)
    place(store, event, 2, None)
    tell(store)
    change(store, event, starts_at=START + DAY)
    told = [body for _, body in texts(store, "notice") if "WAKTU BARU" in body]
    assert sorted("11.00" in body for body in told) == [False, True]
    assert all("Min 6 Des" in body for body in told)


def test_reminders_say_the_group_and_its_time(store: Store, event: Event) -> None:
    wish(store, event, 1, "documents")
    register(store, event, 2)
    allocate(store, event)
    tell(store)
    place(store, event, 2, None)
    work_off(store, START - DAY)
    told = dict(texts(store, "reminder"))
    assert "kelompok 3, Sab 5 Des 11.00" in told[1]
    assert "kelompok" not in told[2]


@pytest.mark.parametrize(
    ("wrong", "field"),
    [
        (slot("sepakbola"), "groups.0.topic"),
        (slot("events"), "groups.0.topic"),
        (slot("", "mars"), "groups.0.destination"),
        (slot(capacity=0), "groups.0.capacity"),
        (slot(after=-MINUTE), "groups.0.starts_at"),
        (slot(after=4 * HOUR), "groups.0.starts_at"),
        (slot(room="x" * 41), "groups.0.room"),
        (slot(room="Ruang \U0001f600"), "groups.0.room"),
    ],
)
def test_a_group_that_makes_no_sense_is_refused_by_field(
    store: Store, event: Event, wrong: GroupFields, field: str
) -> None:
    with pytest.raises(Invalid) as refused:
        set_groups(store, event, wrong)
    assert list(refused.value.errors) == [field]
    with pytest.raises(Invalid):
        set_groups(store, event, *[slot()] * 61)


def test_what_is_over_off_or_without_groups_is_not_allocated(store: Store, event: Event) -> None:
    with pytest.raises(Conflict):
        set_groups(store, event, slot(), now=START + 4 * HOUR)
    set_groups(store, event)
    with pytest.raises(Conflict):
        allocate(store, event)
    call_off(store, event)
    with pytest.raises(Conflict):
        set_groups(store, event, slot())
    with pytest.raises(NotFound), store.transaction() as tx:
        event_groups.allocate_groups(tx, 99, None, NOW, TODAY)


def test_somebody_elses_registration_is_not_found(store: Store, event: Event) -> None:
    other = make_event(store)
    register(store, other, 1)
    with pytest.raises(NotFound), store.transaction() as tx:
        event_groups.place(tx, event.id, people(store, other)[1].id, 1, None, NOW)


def test_callers_are_asked_only_where_there_is_a_choice(store: Store, event: Event) -> None:
    with store.read() as tx:
        (listed,) = load_event_list(tx).events
    assert listed.topics == ("jobs", "documents")
    assert listed.destinations == ("jp", "my")
    set_groups(store, event, slot("jobs", "jp"), slot("jobs", "jp"))
    with store.read() as tx:
        (listed,) = load_event_list(tx).events
    assert (listed.topics, listed.destinations) == ((), ())


def test_being_forgotten_forgets_wishes_answers_and_group(store: Store, event: Event) -> None:
    wish(store, event, 1, "jobs", "jp", age="22")
    allocate(store, event)
    with store.transaction() as tx:
        events.erase(tx, number(1), NOW, TEXTS)
    with store.read() as tx:
        (row,) = events.list_registrations(tx, event.id, 10)
    assert (row.wish_topic, row.wish_destination, row.answers, row.group_id) == ("", "", None, None)


def test_placing_while_the_job_tells_neither_waits_for_ever_nor_doubles(store: Store) -> None:
    event = make_event(store, ends_at=START + 3 * HOUR)
    set_groups(store, event, slot(capacity=40), slot(capacity=40))
    for n in range(40):
        register(store, event, n)
    allocate(store, event)

    def place_some() -> None:
        for n in range(0, 40, 4):
            place(store, event, n, 1 + (n // 4) % 2)

    at_once(lambda: tell(store, chunk=3), place_some, lambda: tell(store, chunk=3))
    tell(store)
    numbers = placed(store, event)
    with store.read() as tx:
        rows = events.list_registrations(tx, event.id, 100)
        assert all(row.told_group_id == row.group_id for row in rows)
    last = dict(texts(store, "notice"))  # the last one written to each
    assert all(f"nomor {numbers[n]}," in last[n] for n in range(40))
    assert len(texts(store, "notice")) == 40
