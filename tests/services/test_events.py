"""Events and places: nobody loses one, nobody gets one twice, the line keeps its order."""

from __future__ import annotations

import threading
from collections.abc import Callable
from datetime import timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import insert, select

from sms_service.domain.districts import DISTRICTS
from sms_service.domain.event_codes import free_codes, is_code
from sms_service.domain.texts import is_gsm7, measure
from sms_service.errors import Conflict, Invalid, NotFound
from sms_service.services import events
from sms_service.services.event_lists import event_list
from sms_service.services.read_models import ReadModels
from sms_service.store.engine import Store
from sms_service.store.models import AuditEntry, Event, Registration, Revision
from tests.event_office import (
    DAY,
    HOUR,
    NOW,
    START,
    TEXTS,
    call_off,
    change,
    fields,
    make_event,
    number,
    register,
    reminder_rows,
    statuses,
    subscriber,
    texts,
    unregister,
)


def at_once(*acts: Callable[[], object]) -> list[object]:
    """Run all at the same moment, each in a thread; return what they returned."""
    barrier, results = threading.Barrier(len(acts)), []

    def run(act: Callable[[], object]) -> None:
        barrier.wait()
        results.append(act())

    threads = [threading.Thread(target=run, args=(act,)) for act in acts]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(results) == len(acts)
    return results


# --- making and changing


def test_a_new_event_has_a_code_and_three_reminders(store: Store) -> None:
    event = make_event(store)
    assert is_code(event.code)
    assert set(reminder_rows(store, event)) == {"7d", "1d", "2h"}


def test_events_made_at_once_never_share_a_code(store: Store) -> None:
    made = at_once(*[lambda: make_event(store).code for _ in range(6)])
    assert len(set(made)) == 6


def test_two_events_that_reach_for_the_last_short_code_at_once_both_get_one(store: Store) -> None:
    *taken, last = free_codes(())
    with store.transaction() as tx:
        told = {"title_id": "x", "title_en": "x", "venue": "x", "district": "53.04", "starts_at": START}
        tx.execute(insert(Event), [{**told, "code": c, "created_at": NOW, "updated_at": NOW} for c in taken])
    made = at_once(*[lambda: make_event(store).code for _ in range(2)])
    assert last in made
    assert sorted(len(str(code)) for code in made) == [4, 5]


@pytest.mark.parametrize(
    ("wrong", "field"),
    [
        ({"title_id": ""}, "title_id"),
        ({"title_en": "x" * 81}, "title_en"),
        ({"title_id": "Acara \U0001f600"}, "title_id"),
        ({"venue": "  "}, "venue"),
        ({"venue": "\u0645\u0631\u062d\u0628\u0627"}, "venue"),
        ({"starts_at": NOW}, "starts_at"),
        ({"starts_at": NOW - DAY}, "starts_at"),
        ({"starts_at": NOW + 4 * 366 * DAY}, "starts_at"),
        ({"ends_at": START}, "ends_at"),
        ({"ends_at": START + 40 * DAY}, "ends_at"),
        ({"capacity": 0}, "capacity"),
        ({"capacity": -1}, "capacity"),
        ({"capacity": 100_001}, "capacity"),
        ({"district": "99.99"}, "district"),
    ],
)
def test_an_event_that_makes_no_sense_is_refused_by_field(
    store: Store, wrong: dict[str, object], field: str
) -> None:
    with pytest.raises(Invalid) as refused:
        make_event(store, **wrong)
    assert list(refused.value.errors) == [field]


def test_of_two_officers_who_edit_at_once_the_second_is_told(store: Store) -> None:
    event = make_event(store)
    change(store, event, version=1, venue="Gereja Katedral Atambua")
    with pytest.raises(Conflict):
        change(store, event, version=1, venue="Aula lain")
    with store.read() as tx:
        assert events.get_event(tx, event.id).venue == "Gereja Katedral Atambua"


def test_a_change_that_changes_nothing_tells_nobody(store: Store) -> None:
    event = make_event(store)
    register(store, event, 1)
    assert change(store, event, venue=event.venue).version == 1
    assert texts(store) == []


def test_an_unknown_event_is_not_found(store: Store) -> None:
    with pytest.raises(NotFound), store.read() as tx:
        events.get_event(tx, 1)
    with pytest.raises(NotFound), store.transaction() as tx:
        events.change(tx, 1, {"venue": "x"}, None, NOW, TEXTS)
    with pytest.raises(NotFound), store.transaction() as tx:
        events.cancel(tx, 1, "", None, NOW, TEXTS)


def test_another_time_moves_the_end_along_and_is_told_in_each_language(store: Store) -> None:
    event = make_event(store, ends_at=START + 3 * HOUR, capacity=2)
    register(store, event, 1)
    register(store, event, 2, language="en")
    register(store, event, 3)  # waits, and waits for a date
    register(store, event, 4)
    unregister(store, event, 4)
    changed = change(store, event, starts_at=START + DAY)
    assert changed.ends_at == START + DAY + 3 * HOUR
    told = dict(texts(store, "notice"))
    assert set(told) == {1, 2, 3}
    assert "WAKTU BARU" in told[1]
    assert "Min 6 Des 09.00 WITA" in told[1]
    assert "NEW TIME" in told[2]
    assert "Sun 6 Dec 09:00 WITA" in told[2]


def test_the_language_that_a_person_has_chosen_since_counts(store: Store) -> None:
    event = make_event(store)
    register(store, event, 1)
    subscriber(store, 1, language="en")
    change(store, event, venue="Gereja")
    assert texts(store)[0][1].startswith("NEW PLACE")


def test_a_second_change_takes_back_news_that_has_not_left(store: Store) -> None:
    event = make_event(store)
    register(store, event, 1)
    change(store, event, starts_at=START + DAY)
    change(store, event, starts_at=START + 2 * DAY, venue="Gereja")
    assert len(texts(store)) == 1
    assert "Sen 7 Des" in texts(store)[0][1]
    assert len(texts(store, status="expired")) == 1


def test_another_title_or_capacity_is_told_to_nobody(store: Store) -> None:
    event = make_event(store, capacity=5)
    register(store, event, 1)
    change(store, event, title_id="Judul baru", capacity=6)
    assert texts(store) == []


def test_a_cancellation_is_told_at_once_and_only_once(store: Store) -> None:
    event = make_event(store, capacity=1)
    for n in (1, 2):
        register(store, event, n)
    call_off(store, event)
    again = call_off(store, event)
    assert again.version == 2
    told = texts(store, "notice")
    assert sorted(n for n, _ in told) == [1, 2]
    assert all("DIBATALKAN" in body for _, body in told)
    assert all(row.status == "dropped" for row in reminder_rows(store, event).values())


def test_cancelling_twice_at_once_tells_everybody_once(store: Store) -> None:
    event = make_event(store)
    register(store, event, 1)
    at_once(lambda: call_off(store, event), lambda: call_off(store, event))
    assert len(texts(store)) == 1


def test_a_cancelled_or_past_event_is_not_changed(store: Store) -> None:
    event = make_event(store)
    call_off(store, event)
    with pytest.raises(Conflict):
        change(store, event, venue="Gereja")
    other = make_event(store)
    with pytest.raises(Conflict):
        change(store, other, now=START + HOUR, starts_at=START + 30 * DAY)
    with pytest.raises(Conflict):
        call_off(store, other, now=START + HOUR)


def test_every_change_is_in_the_audit_trail_with_before_and_after(store: Store) -> None:
    event = make_event(store)
    change(store, event, venue="Gereja")
    call_off(store, event)
    with store.read() as tx:
        entries = list(tx.scalars(select(AuditEntry).order_by(AuditEntry.id)))
    assert [entry.act for entry in entries] == ["event.create", "event.change", "event.cancel"]
    assert entries[1].details == {"venue": {"from": "Aula kantor camat Atambua", "to": "Gereja"}}


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


# --- the list that callers see


def test_every_change_of_events_and_places_refreshes_the_lists(store: Store) -> None:
    model = event_list()
    models = ReadModels(store, [model])
    models.refresh()
    event = make_event(store, capacity=2, district="53.04")
    models.refresh()
    (listed,) = model.value.upcoming(NOW, "53.04")
    assert (listed.code, listed.places_left, listed.title("en")) == (event.code, 2, event.title_en)
    for n in range(3):
        register(store, event, n)
    models.refresh()
    assert model.value.events[0].places_left == 0
    assert model.value.upcoming(NOW, "53.21") == ()
    assert model.value.upcoming(START) == ()
    found = model.value.find(f" {event.code} ")
    assert found is not None
    call_off(store, event)
    models.refresh()
    assert model.value.events == ()


def test_a_refused_change_bumps_nothing(store: Store) -> None:
    event = make_event(store)
    with pytest.raises(Invalid):
        change(store, event, capacity=0)
    with store.read() as tx:
        assert tx.get_one(Revision, "events").number == 1


# --- what people read


@pytest.mark.parametrize("language", TEXTS.menu.languages)
@pytest.mark.parametrize("key", sorted(k for k in TEXTS.menu.common["id"] if k.startswith("sms.event_")))
def test_every_text_is_one_segment_with_the_longest_names_and_never_loses_the_time(
    language: str, key: str
) -> None:
    event = Event(
        title_id="W" * events.LONGEST_TITLE,
        title_en="\u20ac" * events.LONGEST_TITLE,
        venue="M" * events.LONGEST_VENUE,
        starts_at=START + 25 * DAY,
        code="12345678",
    )
    about = key.removeprefix("sms.event_")
    text = TEXTS.unknown_code(language) if about == "not_found" else TEXTS.about(about, event, language, 9999)
    assert is_gsm7(text)
    assert measure(text).segments == 1
    words = TEXTS.menu.common[language][key]
    if "{time}" in words:
        assert ("Rab 30 Des 09.00 WITA" if language == "id" else "Wed 30 Dec 09:00 WITA") in text
    assert text.count("12345678") == words.count("{code}")
    if "{place}" in words:
        assert "MMMMM" in text


def test_a_short_title_leaves_its_room_to_the_venue() -> None:
    event = Event(title_id="Info", title_en="Info", venue="M" * 60, starts_at=START, code="1234")
    assert "M" * 60 in TEXTS.about("registered", event, "id")


def test_braces_and_line_breaks_in_a_title_stay_harmless() -> None:
    event = Event(title_id="{code} {x}\n\r", title_en="", venue="{to}", starts_at=START, code="1234")
    text = TEXTS.about("registered", event, "id")
    assert "{code} {x}" in text
    assert "\r" not in text


def test_a_language_without_words_gets_the_source_language() -> None:
    event = Event(title_id="Info", title_en="Info", venue="M", starts_at=START, code="1234")
    assert TEXTS.about("registered", event, "tet").startswith("Anda terdaftar")
    assert TEXTS.unknown_code("tet") == TEXTS.unknown_code("id")


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


def test_the_districts_of_events_are_those_of_the_list(store: Store) -> None:
    for district in DISTRICTS[:3]:
        assert make_event(store, district=district.code).district == district.code


def test_lists_go_by_start_and_go_on_after_the_last_one_shown(store: Store) -> None:
    made = [make_event(store, starts_at=START + timedelta(days=n % 2)) for n in range(5)]
    expected = [e.id for e in sorted(made, key=lambda e: (e.starts_at, e.id))]
    found: list[int] = []
    with store.read() as tx:
        page = events.list_events(tx, 2)
        while page:
            found += [event.id for event in page]
            page = events.list_events(tx, 2, after=(page[-1].starts_at, page[-1].id))
        assert found == expected
        assert events.list_events(tx, 9, district="53.21") == []
        assert len(events.list_events(tx, 9, starts_from=START + DAY)) == 2


def test_what_is_said_of_an_event_is_kept_as_it_was_said(store: Store) -> None:
    given_fields = fields(organiser="J-RUK Kupang", audience="Mahasiswa", capacity=100, ends_at=START + HOUR)
    with store.transaction() as tx:
        event = events.create(tx, given_fields, None, NOW)
    with store.read() as tx:
        assert events.fields_of(events.get_event(tx, event.id)) == given_fields
