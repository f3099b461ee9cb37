"""What the office does with one registration, and the calendar file of an event."""

from __future__ import annotations

from datetime import timedelta

import pytest
from icalendar import Calendar

from sms_service.errors import Conflict, NotFound
from sms_service.services.events import desk as event_desk
from sms_service.services.events import life as events
from sms_service.services.events.calendar import to_calendar
from sms_service.settings import Settings
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
)
from tests.services.test_reminders import work_off


def registration(store: Store, event: Event, n: int) -> Registration:
    with store.read() as tx:
        rows = events.list_registrations(tx, event.id, 500)
        return next(row for row in rows if tx.vault.open(row.number_sealed) == number(n))


def take_off(store: Store, event: Event, n: int, now=NOW) -> str:  # type: ignore[no-untyped-def]
    key = registration(store, event, n).id
    with store.transaction() as tx:
        return event_desk.take_off(tx, event.id, key, None, now, TEXTS).status


def note_present(store: Store, event: Event, n: int, now=START) -> str:  # type: ignore[no-untyped-def]
    key = registration(store, event, n).id
    with store.transaction() as tx:
        return event_desk.note_present(tx, event.id, key, None, now).status


def test_who_is_taken_off_is_told_and_the_next_one_moves_up_once(store: Store) -> None:
    event = make_event(store, capacity=1)
    for n in (1, 2, 3):
        register(store, event, n)
    work_off(store, START - 7 * DAY)
    at_once(*[lambda: take_off(store, event, 1)] * 3)
    assert statuses(store, event) == {1: "cancelled", 2: "registered", 3: "waiting"}
    assert texts(store, "reminder") == []  # 1's own, which has not left
    told = texts(store, "notice")
    assert sorted(n for n, _ in told) == [1, 2]
    assert "dibatalkan" in dict(told)[1]


def test_presence_is_noted_with_its_time_and_counts(store: Store) -> None:
    event = make_event(store, capacity=2)
    for n in (1, 2, 3):
        register(store, event, n)
    at_once(*[lambda: note_present(store, event, 1)] * 2)
    note_present(store, event, 3)
    assert registration(store, event, 1).attended_at == START
    with store.read() as tx:
        counts = events.count_registrations(tx, [event.id])[event.id]
    assert (counts.attended, counts.registered) == (2, 1)


def test_what_makes_no_sense_at_the_desk_is_refused(store: Store) -> None:
    event = make_event(store)
    for n in (1, 2):
        register(store, event, n)
    with pytest.raises(Conflict):
        note_present(store, event, 1, NOW)
    with pytest.raises(Conflict):
        take_off(store, event, 1, START)
    take_off(store, event, 2)
    with pytest.raises(Conflict):
        note_present(store, event, 2)
    note_present(store, event, 1, START - HOUR)
    with pytest.raises(Conflict):
        take_off(store, event, 1)
    with pytest.raises(NotFound), store.transaction() as tx:
        event_desk.take_off(tx, 77, 1, None, NOW, TEXTS)
    with pytest.raises(NotFound), store.transaction() as tx:
        event_desk.take_off(tx, event.id, 77, None, NOW, TEXTS)
    call_off(store, event)
    with pytest.raises(Conflict):
        note_present(store, event, 1)


def test_checking_in_by_text_notes_the_time_too(store: Store) -> None:
    event = make_event(store)
    register(store, event, 1)
    with store.transaction() as tx:
        events.check_in(tx, event.code, number(1), "id", "sms", START)
        events.check_in(tx, event.code, number(2), "id", "sms", START + HOUR)
    assert registration(store, event, 1).attended_at == START
    assert registration(store, event, 2).attended_at == START + HOUR
    change(store, event, now=START - HOUR, starts_at=START + 7 * DAY)
    assert registration(store, event, 1).attended_at is None


# --- the calendar file


def test_a_calendar_file_says_what_when_and_where_as_the_standard_wants(
    store: Store, settings: Settings
) -> None:
    event = make_event(
        store,
        title_id="Konsultasi; kerja, luar negeri " + "sangat panjang " * 3,
        ends_at=START + 3 * HOUR,
        venue="Aula, lantai 2",
        organiser="J-RUK Kupang",
        audience="Mahasiswa",
    )
    text = to_calendar(event, settings)
    assert all(len(line.encode()) <= 75 for line in text.split("\r\n"))
    assert "\n" not in text.replace("\r\n", "")
    assert text.startswith("BEGIN:VCALENDAR\r\n")
    assert text.endswith("END:VCALENDAR\r\n")
    assert "DTSTART:20261205T010000Z" in text
    assert "Konsultasi\\; kerja\\, luar" in text
    calendar = Calendar.from_ical(text)
    (entry,) = calendar.walk("VEVENT")
    assert str(entry["summary"]) == event.title_id
    assert str(entry["location"]) == "Aula, lantai 2, Belu"
    assert entry["dtend"].dt - entry["dtstart"].dt == 3 * HOUR
    assert event.code in str(entry["description"])
    assert (str(entry["status"]), entry["sequence"]) == ("CONFIRMED", 0)


def test_a_changed_event_keeps_its_id_and_grows_its_sequence(store: Store, settings: Settings) -> None:
    event = make_event(store)
    register(store, event, 1)
    first = to_calendar(event, settings)
    changed = to_calendar(change(store, event, starts_at=START + DAY), settings)
    off = to_calendar(call_off(store, event), settings)

    def line(text: str, name: str) -> str:
        return next(one for one in text.split("\r\n") if one.startswith(f"{name}:"))

    assert line(first, "UID") == line(changed, "UID") == line(off, "UID")
    assert [line(text, "SEQUENCE") for text in (first, changed, off)] == [
        "SEQUENCE:0",
        "SEQUENCE:1",
        "SEQUENCE:2",
    ]
    assert line(off, "STATUS") == "STATUS:CANCELLED"
    assert line(off, "METHOD") == "METHOD:CANCEL"
    assert "6281" not in first


def test_a_title_with_line_breaks_forges_no_lines(store: Store, settings: Settings) -> None:
    event = make_event(store)
    event.title_id = "x\r\nATTENDEE:mailto:a@b\nEND:VEVENT"
    text = to_calendar(event, settings)
    assert "\r\nATTENDEE" not in text
    assert text.count("\r\nEND:VEVENT") == 1
    assert event.starts_at + timedelta(hours=2) == Calendar.from_ical(text).walk("VEVENT")[0]["dtend"].dt
