"""Places at events: nobody loses one, nobody gets one twice, the line keeps its order."""

from __future__ import annotations

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import select

from sms_service.services.events import life as events
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
    statuses,
    texts,
    unregister,
)

# --- places and the line


def test_the_last_place_goes_to_one_of_two_who_ask_at_once(store: Store) -> None:
    event = make_event(store, capacity=1)
    outcomes = at_once(*[lambda n=n: register(store, event, n).name for n in range(4)])
    assert sorted(outcomes) == ["registered", "waiting", "waiting", "waiting"]
    assert sorted(statuses(store, event).values()) == sorted(outcomes)


def test_the_same_person_twice_at_once_is_one_registration(store: Store) -> None:
    event = make_event(store, capacity=5)
    outcomes = at_once(*[lambda: register(store, event, 1).name for _ in range(3)])
    assert sorted(outcomes) == ["already", "already", "registered"]
    assert statuses(store, event) == {1: "registered"}


def test_a_place_given_back_goes_to_who_waited_longest_and_is_told(store: Store) -> None:
    event = make_event(store, capacity=1)
    for n in (1, 2, 3):
        register(store, event, n)
    assert register(store, event, 3).line == 2
    assert unregister(store, event, 1).name == "unregistered"
    assert statuses(store, event) == {1: "cancelled", 2: "registered", 3: "waiting"}
    assert [n for n, body in texts(store) if "Ada tempat" in body] == [2]
    assert register(store, event, 3).line == 1


def test_who_comes_back_stands_at_the_end_of_the_line(store: Store) -> None:
    event = make_event(store, capacity=1)
    for n in (1, 2, 3):
        register(store, event, n)
    unregister(store, event, 2)
    assert register(store, event, 2).name == "waiting"
    unregister(store, event, 1)
    assert statuses(store, event) == {1: "cancelled", 3: "registered", 2: "waiting"}


def test_more_places_move_the_line_up_and_no_limit_empties_it(store: Store) -> None:
    event = make_event(store, capacity=1)
    for n in range(5):
        register(store, event, n)
    change(store, event, capacity=3)
    assert list(statuses(store, event).values()).count("registered") == 3
    change(store, event, capacity=None)
    assert set(statuses(store, event).values()) == {"registered"}
    assert sorted(n for n, _ in texts(store)) == [1, 2, 3, 4]


def test_fewer_places_than_people_take_no_place_away_but_free_none_either(store: Store) -> None:
    event = make_event(store, capacity=3)
    for n in range(4):
        register(store, event, n)
    change(store, event, capacity=1)
    assert list(statuses(store, event).values()) == ["registered"] * 3 + ["waiting"]
    unregister(store, event, 0)
    assert statuses(store, event)[3] == "waiting"


@pytest.mark.parametrize("typed", ["", "0000", "12", "abc", "DAFTAR", "9" * 40, "\x00", "12 34 56 78 9"])
def test_a_code_that_is_none_is_not_found(store: Store, typed: str) -> None:
    make_event(store)
    with store.transaction() as tx:
        assert events.register(tx, typed, number(1), "id", "sms", NOW, TEXTS).name == "not_found"
        assert events.cancel_registration(tx, typed, number(1), NOW, TEXTS).name == "not_found"
        assert events.check_in(tx, typed, number(1), "id", "sms", NOW).name == "not_found"


def test_an_event_is_found_by_its_id_and_by_its_code_with_spaces(store: Store) -> None:
    event = make_event(store)
    spaced = f" {event.code[:2]} {event.code[2:]} "
    with store.transaction() as tx:
        assert events.register(tx, event.id, number(1), "id", "ussd", NOW, TEXTS).name == "registered"
        assert events.register(tx, spaced, number(1), "id", "sms", NOW, TEXTS).name == "already"


def test_no_place_in_what_has_begun_or_was_cancelled(store: Store) -> None:
    event = make_event(store, capacity=1)
    for n in (1, 2):
        register(store, event, n)
    assert register(store, event, 3, now=START).name == "over"
    assert unregister(store, event, 1, now=START).name == "over"
    call_off(store, event)
    assert register(store, event, 3).name == "cancelled"
    assert unregister(store, event, 1).name == "cancelled"


def test_who_is_not_registered_has_nothing_to_give_back(store: Store) -> None:
    event = make_event(store)
    assert unregister(store, event, 1).name == "not_registered"
    register(store, event, 1)
    unregister(store, event, 1)
    assert unregister(store, event, 1).name == "not_registered"


def test_a_registration_over_ussd_is_followed_by_a_text_and_one_by_sms_is_not(store: Store) -> None:
    event = make_event(store, capacity=1)
    register(store, event, 1, channel="ussd")
    register(store, event, 1, channel="ussd")
    register(store, event, 2, channel="ussd", language="en")
    register(store, event, 3, channel="sms")
    told = texts(store, "notice")
    assert [n for n, _ in told] == [1, 2]
    assert event.code in told[0][1]
    assert "number 1 in line" in told[1][1]


def test_a_person_sees_what_lies_ahead_and_nothing_of_others(store: Store) -> None:
    first, second, off, given_up = (
        make_event(store, capacity=1, starts_at=START + n * DAY) for n in range(4)
    )
    register(store, second, 9)
    for event in (second, first, off, given_up):
        register(store, event, 1)
    call_off(store, off)
    unregister(store, given_up, 1)
    with store.read() as tx:
        own = events.list_for_number(tx, number(1), NOW)
        later = events.list_for_number(tx, number(1), START + HOUR)
        stranger = events.list_for_number(tx, number(5), NOW)
    assert [(o.event.id, o.status, o.line) for o in own] == [
        (first.id, "registered", 0),
        (second.id, "waiting", 1),
    ]
    assert [o.event.id for o in later] == [second.id]
    assert stranger == []


# --- at the door


def check_in(store: Store, event: Event, n: int, now: object = START) -> str:
    with store.transaction() as tx:
        return events.check_in(
            tx,
            event.code,
            number(n),
            "id",
            "sms",
            now,
        ).name  # type: ignore[arg-type]


def test_registered_people_are_checked_in_and_others_are_walk_ins(store: Store) -> None:
    event = make_event(store, capacity=1)
    for n in (1, 2):
        register(store, event, n)
    assert check_in(store, event, 1) == "checked_in"
    assert check_in(store, event, 1) == "already"
    assert check_in(store, event, 2) == "walk_in"
    assert check_in(store, event, 3) == "walk_in"
    assert statuses(store, event) == {1: "attended", 2: "attended", 3: "attended"}


def test_the_door_opens_twelve_hours_before_and_closes_twelve_after(store: Store) -> None:
    event = make_event(store, ends_at=START + 3 * HOUR)
    assert check_in(store, event, 1, START - 13 * HOUR) == "too_early"
    assert check_in(store, event, 1, START + 16 * HOUR) == "over"
    assert check_in(store, event, 1, START + 14 * HOUR) == "walk_in"
    assert check_in(store, event, 2, START - 12 * HOUR) == "walk_in"
    off = make_event(store)
    call_off(store, off)
    assert check_in(store, off, 1) == "cancelled"


def test_who_was_there_for_a_start_that_moves_away_is_registered_again(store: Store) -> None:
    event = make_event(store)
    register(store, event, 1)
    check_in(store, event, 1, START - HOUR)
    change(store, event, now=START - HOUR, starts_at=START + 7 * DAY)
    assert statuses(store, event) == {1: "registered"}


# --- being forgotten


def test_erasing_a_number_gives_its_places_back_and_keeps_no_number(store: Store) -> None:
    ahead, past = make_event(store, capacity=1), make_event(store, starts_at=NOW + HOUR)
    register(store, ahead, 1)
    register(store, ahead, 2)
    register(store, past, 1)
    check_in(store, past, 1, NOW + HOUR)
    now = NOW + DAY
    with store.transaction() as tx:
        assert events.erase(tx, number(1), now, TEXTS) == 2
    assert statuses(store, ahead) == {2: "registered"}
    with store.read() as tx:
        own = tx.vault.number_hash(number(1))
        assert tx.scalars(select(Registration).where(Registration.number_hash == own)).all() == []
        assert events.count_registrations(tx, [past.id])[past.id].attended == 1
    call_off(store, ahead, now)  # nobody is told who is forgotten


# --- whatever happens


class Office:
    """What must be true of places, kept beside the service in the plainest way."""

    def __init__(self, capacity: int | None) -> None:
        self.capacity = capacity
        self.registered: list[int] = []
        self.waiting: list[int] = []

    def fill(self) -> None:
        while self.waiting and (self.capacity is None or len(self.registered) < self.capacity):
            self.registered.append(self.waiting.pop(0))

    def register(self, n: int) -> None:
        if n not in self.registered and n not in self.waiting:
            self.waiting.append(n)
            self.fill()

    def unregister(self, n: int) -> None:
        for people in (self.registered, self.waiting):
            if n in people:
                people.remove(n)
        self.fill()

    def resize(self, capacity: int | None) -> None:
        self.capacity = capacity
        self.fill()


STEP = st.one_of(
    st.tuples(st.just("register"), st.integers(0, 7)),
    st.tuples(st.just("unregister"), st.integers(0, 7)),
    st.tuples(st.just("resize"), st.one_of(st.none(), st.integers(1, 5))),
)


@settings(
    max_examples=25,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(capacity=st.integers(1, 4), steps=st.lists(STEP, max_size=20))
def test_places_and_line_are_as_a_fair_clerk_would_keep_them(
    store: Store, capacity: int, steps: list[tuple[str, int | None]]
) -> None:
    event, office = make_event(store, capacity=capacity), Office(capacity)
    for act, value in steps:
        if act == "resize":
            change(store, event, capacity=value)
            office.resize(value)
        else:
            assert value is not None
            (register if act == "register" else unregister)(store, event, value)
            getattr(office, act)(value)
        found = statuses(store, event)
        assert {n for n, status in found.items() if status == "registered"} == set(office.registered)
        assert [n for n, status in found.items() if status == "waiting"] == office.waiting
        if act == "register" and office.capacity is not None and office.waiting:
            assert len(office.registered) >= office.capacity
