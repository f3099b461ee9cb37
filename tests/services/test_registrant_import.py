"""A hundred students of thirteen universities on one event: whole, once, in order, nobody's subscribers."""

from __future__ import annotations

import pytest
from sqlalchemy import func, select

from sms_service.errors import Conflict, Invalid, NotFound
from sms_service.services.events import groups as event_groups
from sms_service.services.events import life as events
from sms_service.services.events.registrant_import import (
    RegistrantImport,
    import_registrants,
    read_registrants,
)
from sms_service.services.subscribers import person as subscribers
from sms_service.store.engine import Store
from sms_service.store.models import Event, Message, Subscriber
from tests.event_office import (
    DAY,
    HOUR,
    NOW,
    START,
    TEXTS,
    at_once,
    call_off,
    make_event,
    number,
    register,
    statuses,
    tell,
    texts,
    unregister,
)
from tests.people_files import csv_file, xlsx_file
from tests.services.test_reminders import work_off

HEAD = "No HP,Nama,Universitas,Topik,Negara tujuan,Bahasa"


def line(n: int, topic: str = "", to: str = "", language: str = "") -> str:
    return f"{number(n)},Mahasiswa {n},Universitas Contoh {n % 13},{topic},{to},{language}"


def take_in(store: Store, event: Event, data: bytes, now=NOW, **options: bool) -> RegistrantImport:  # type: ignore[no-untyped-def]
    reading = read_registrants(data, "ID", TEXTS)
    with store.transaction() as tx:
        return import_registrants(tx, event.id, reading, None, now, **options)


def counts(plan: RegistrantImport) -> tuple[int, ...]:
    return plan.registered, plan.waiting, plan.already, plan.left, plan.stopped


def test_a_hundred_students_of_thirteen_universities_are_registered_in_order(store: Store) -> None:
    event = make_event(store, capacity=90)
    plan = take_in(store, event, csv_file(HEAD, *[line(n) for n in range(100)]))
    assert counts(plan) == (90, 10, 0, 0, 0)
    assert list(statuses(store, event).items()) == [
        (n, "registered" if n < 90 else "waiting") for n in range(100)
    ]
    with store.read() as tx:
        rows = events.list_registrations(tx, event.id, 200)
        assert len({row.organisation for row in rows}) == 13
        assert tx.vault.open(rows[7].name_sealed or b"") == "Mahasiswa 7"
        assert {row.channel for row in rows} == {"import"}
        assert tx.scalar(select(func.count()).select_from(Subscriber)) == 0


def test_they_get_this_events_reminders_and_nothing_else(store: Store) -> None:
    event = make_event(store)
    take_in(store, event, csv_file(HEAD, line(1), line(2, language="en")))
    assert texts(store) == []
    work_off(store, START - 7 * DAY)
    told = dict(texts(store, "reminder"))
    assert told[1].startswith("Ingat acara")
    assert told[2].startswith("Reminder")
    with store.read() as tx:
        assert set(tx.scalars(select(Message.kind))) == {"reminder"}


def test_twice_is_once_also_at_once(store: Store) -> None:
    event = make_event(store, capacity=5)
    data = csv_file(HEAD, *[line(n) for n in range(8)])
    at_once(*[lambda: take_in(store, event, data)] * 3)
    assert counts(take_in(store, event, data)) == (0, 0, 8, 0, 0)
    assert list(statuses(store, event).values()) == ["registered"] * 5 + ["waiting"] * 3


def test_who_registered_alone_keeps_the_place_and_who_left_is_not_brought_back(store: Store) -> None:
    event = make_event(store)
    for n in (1, 2):
        register(store, event, n, language="en")
    unregister(store, event, 2)
    assert counts(take_in(store, event, csv_file(HEAD, line(1), line(2), line(3)))) == (1, 0, 1, 1, 0)
    assert statuses(store, event) == {1: "registered", 2: "cancelled", 3: "registered"}


def test_nobody_on_a_list_passes_who_waits_already(store: Store) -> None:
    event = make_event(store, capacity=1)
    register(store, event, 1)
    register(store, event, 2)
    unregister(store, event, 1)
    assert counts(take_in(store, event, csv_file(HEAD, line(3)))) == (0, 1, 0, 0, 0)
    unregister(store, event, 2)
    assert statuses(store, event) == {1: "cancelled", 2: "cancelled", 3: "registered"}
    assert [n for n, _ in texts(store) if n == 3] == [3]


def test_a_list_does_not_pass_people_who_are_just_moving_up(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sms_service.services.events.registrations.MOVE_AT_ONCE", 1)
    event = make_event(store, capacity=1)
    for n in (1, 2, 3):
        register(store, event, n)
    with store.transaction() as tx:
        events.change(tx, event.id, {"capacity": 3}, None, NOW, TEXTS)
    assert counts(take_in(store, event, csv_file(HEAD, line(4)))) == (0, 1, 0, 0, 0)
    tell(store)
    assert list(statuses(store, event).values()) == ["registered"] * 3 + ["waiting"]


def test_who_has_said_stop_has_a_place_and_is_counted(store: Store) -> None:
    event = make_event(store)
    with store.transaction() as tx:
        subscribers.opt_out(tx, number(1), "sms", NOW)
    plan = take_in(store, event, csv_file(HEAD, line(1), line(2)))
    assert (plan.registered, plan.stopped) == (2, 1)
    with store.read() as tx:
        assert subscribers.is_opted_out(tx, number(1))


def test_a_dry_run_writes_nothing_and_faults_are_named(store: Store) -> None:
    event = make_event(store, capacity=1)
    data = csv_file(HEAD, line(1), line(2), line(3, topic="sepakbola", to="Mars"), "x,,,,,")
    plan = take_in(store, event, data, dry_run=True)
    assert (plan.registered, plan.waiting, plan.is_written) == (1, 1, False)
    assert {(one.row, one.field) for one in plan.faults} == {(4, "topic"), (4, "destination"), (5, "number")}
    assert statuses(store, event) == {}
    with pytest.raises(Invalid) as refused:
        take_in(store, event, data)
    assert "row 5, number" in refused.value.errors
    assert statuses(store, event) == {}
    assert take_in(store, event, data, skip_bad_rows=True).registered == 1


def test_wishes_of_a_list_place_people_in_groups(store: Store) -> None:
    event = make_event(store, ends_at=START + 3 * HOUR)
    wanted = [
        event_groups.GroupFields(START, 5, "jobs", "jp"),
        event_groups.GroupFields(START, 5, "documents", "my"),
    ]
    with store.transaction() as tx:
        event_groups.set_groups(tx, event.id, wanted, None, NOW, TEXTS)
    rows = [["Phone", "Topic", "Country"], [number(1), "Dokumen", "Malaysia"], [number(2), "kerja", "Japan"]]
    take_in(store, event, xlsx_file(*rows))
    with store.transaction() as tx:
        event_groups.allocate_groups(tx, event.id, None, NOW, NOW.date())
        first, second = events.list_registrations(tx, event.id, 9)
        numbers = {group.id: group.position for group in event_groups.list_groups(tx, event.id)}
        assert (numbers[first.group_id or 0], numbers[second.group_id or 0]) == (2, 1)


def test_what_is_over_off_or_unknown_takes_no_list(store: Store) -> None:
    event = make_event(store)
    data = csv_file(HEAD, line(1))
    with pytest.raises(Conflict):
        take_in(store, event, data, now=START)
    call_off(store, event)
    with pytest.raises(Conflict):
        take_in(store, event, data)
    event.id = 77
    with pytest.raises(NotFound):
        take_in(store, event, data)


def test_a_column_of_numbers_alone_is_a_list(store: Store) -> None:
    event = make_event(store)
    assert take_in(store, event, csv_file("No HP", number(1), number(2))).registered == 2
