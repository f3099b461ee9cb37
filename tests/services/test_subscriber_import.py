"""Lists of people who have agreed: taken in whole or not at all, and never against a person's own word."""

from __future__ import annotations

import zipfile
from datetime import date, datetime
from io import BytesIO
from typing import Any

import pytest
from sqlalchemy import func, select

from sms_service.errors import Conflict, Invalid
from sms_service.services.figures.subscribers import hidden, summarise
from sms_service.services.subscribers import communities
from sms_service.services.subscribers import person as subscribers
from sms_service.services.subscribers.list_import import (
    MOST_ROWS,
    SubscriberImport,
    import_subscribers,
    read_subscribers,
)
from sms_service.store.engine import Store
from sms_service.store.models import CommunityMember, Subscriber
from tests.event_office import NOW, at_once, number
from tests.people_files import csv_file, xlsx_file

TODAY = date(2026, 11, 21)
HEAD = "number,district,language,topics,consent_source,consent_on,name,community"


def row(
    n: int, district: str = "", language: str = "", topics: str = "", name: str = "", more: str = ""
) -> str:
    return f"{number(n)},{district},{language},{topics},Formulir acara,2026-09-17,{name},{more}"


def take_in(store: Store, data: bytes, **options: bool) -> SubscriberImport:
    reading = read_subscribers(data, "ID", TODAY)
    with store.transaction() as tx:
        return import_subscribers(tx, reading, None, NOW, **options)


def faults(data: bytes) -> dict[tuple[int, str], str]:
    return {(one.row, one.field): one.message for one in read_subscribers(data, "ID", TODAY).faults}


def person(store: Store, n: int) -> Subscriber:
    with store.read() as tx:
        found = subscribers.find_by_number(tx, number(n))
    assert found is not None
    return found


def topics_of(store: Store, n: int) -> tuple[str, ...]:
    with store.read() as tx:
        return subscribers.describe(tx, number(n)).topics


def counts(plan: SubscriberImport) -> tuple[int, ...]:
    return plan.added, plan.agreed, plan.unchanged, plan.own_choice, plan.stopped


def test_people_are_taken_in_with_all_that_the_list_says(store: Store) -> None:
    plan = take_in(store, csv_file(HEAD, row(1, "Belu", "en", "biaya kerja", "Maria C."), row(2)))
    assert plan.is_written
    assert counts(plan) == (2, 0, 0, 0, 0)
    first, second = person(store, 1), person(store, 2)
    assert (first.language, first.district, first.warnings_on, first.news_on) == ("en", "53.04", True, True)
    assert (first.consent_source, first.consent_on) == ("Formulir acara", date(2026, 9, 17))
    assert (second.language, second.district, second.reminders_on, second.chosen_at) == (
        "id",
        None,
        True,
        None,
    )
    assert topics_of(store, 1) == ("jobs", "costs")
    assert topics_of(store, 2) == ()
    with store.read() as tx:
        assert first.name_sealed is not None
        assert tx.vault.open(first.name_sealed) == "Maria C."


def test_twice_is_once_and_at_once_too(store: Store) -> None:
    data = csv_file(HEAD, *[row(n, "Belu", topics="kerja") for n in range(30)])
    at_once(lambda: take_in(store, data), lambda: take_in(store, data))
    assert counts(take_in(store, data)) == (0, 0, 30, 0, 0)
    with store.read() as tx:
        assert tx.scalar(select(func.count()).select_from(Subscriber)) == 30


def test_a_dry_run_says_the_same_and_writes_nothing(store: Store) -> None:
    data = csv_file(HEAD, row(1), "0812,,,,x,,,")
    plan = take_in(store, data, dry_run=True)
    assert (plan.is_written, plan.added) == (False, 1)
    assert {(one.row, one.field) for one in plan.faults} == {
        (3, "number"),
        (3, "consent_source"),
        (3, "consent_on"),
    }
    with store.read() as tx:
        assert tx.scalar(select(func.count()).select_from(Subscriber)) == 0


def test_a_bad_row_refuses_the_whole_list_unless_it_is_to_be_skipped(store: Store) -> None:
    data = csv_file(HEAD, row(1), "08xx,,,,Formulir,2026-09-17,,", row(2))
    with pytest.raises(Invalid) as refused:
        take_in(store, data)
    assert list(refused.value.errors) == ["row 3, number"]
    assert "08xx" not in str(refused.value.errors)
    with store.read() as tx:
        assert tx.scalar(select(func.count()).select_from(Subscriber)) == 0
    assert take_in(store, data, skip_bad_rows=True).added == 2


def test_no_list_ever_undoes_a_stop(store: Store) -> None:
    data = csv_file(HEAD, row(1), row(2))
    take_in(store, data)
    with store.transaction() as tx:
        subscribers.opt_out(tx, number(1), "sms", NOW)
        subscribers.opt_out(tx, number(3), "gateway", NOW)
    assert counts(take_in(store, csv_file(HEAD, row(1), row(2), row(3)))) == (0, 0, 1, 0, 2)
    assert (person(store, 1).warnings_on, person(store, 1).news_on) == (False, False)
    with store.read() as tx:
        assert subscribers.is_opted_out(tx, number(1))
        assert subscribers.find_by_number(tx, number(3)) is None


def test_what_people_chose_by_phone_stays_as_they_chose_it(store: Store) -> None:
    with store.transaction() as tx:
        subscribers.set_warnings(tx, number(1), False, "ussd", NOW)
        subscribers.set_topics(tx, number(2), ["rights"], NOW)
        subscribers.set_reminders(tx, number(3), False, NOW)
        subscribers.opt_in(tx, number(4), "sms", NOW)
    data = csv_file(HEAD, *[row(n, "Belu", "en", "kerja", "Nama") for n in (1, 2, 3, 4)])
    assert counts(take_in(store, data)) == (0, 0, 0, 4, 0)
    assert not any(person(store, n).warnings_on for n in (1, 2, 3))
    assert person(store, 4).consent_source == "sms"
    assert topics_of(store, 2) == ("rights",)


def test_who_is_known_and_never_chose_agrees_and_keeps_language_and_district(store: Store) -> None:
    with store.transaction() as tx:
        subscribers.set_language(tx, number(1), "en", NOW)
        subscribers.set_district(tx, number(1), "53.21", NOW)
        subscribers.get_or_create(tx, number(2), NOW)
    data = csv_file(HEAD, row(1, "Belu", "id", name="Maria"), row(2, "Belu"))
    assert counts(take_in(store, data)) == (0, 2, 0, 0, 0)
    assert (person(store, 1).language, person(store, 1).district) == ("en", "53.21")
    assert person(store, 1).news_on
    assert person(store, 1).name_sealed is not None
    assert person(store, 2).district == "53.04"


def test_a_person_who_turns_news_off_stays_off_whatever_lists_say(store: Store) -> None:
    data = csv_file(HEAD, row(1))
    take_in(store, data)
    with store.transaction() as tx:
        subscribers.set_news(tx, number(1), False, "ussd", NOW)
    assert counts(take_in(store, data)) == (0, 0, 0, 1, 0)
    assert (person(store, 1).warnings_on, person(store, 1).news_on) == (True, False)


# --- communities


def test_members_come_with_lists_and_an_unknown_community_is_a_fault(store: Store) -> None:
    with store.transaction() as tx:
        made = communities.create(tx, " Paroki  Contoh ", None, NOW)
    assert made.name == "Paroki Contoh"
    plan = take_in(store, csv_file(HEAD, row(1, more="PAROKI CONTOH"), row(2)))
    assert plan.added == 2
    take_in(store, csv_file(HEAD, row(1, more="Paroki Contoh")))
    with store.read() as tx:
        assert tx.scalar(select(func.count()).select_from(CommunityMember)) == 1
        assert [one.members for one in communities.list_communities(tx, 9)] == [1]
    with pytest.raises(Invalid) as refused:
        take_in(store, csv_file(HEAD, row(3, more="Entah")))
    assert list(refused.value.errors) == ["row 2, community"]


def test_two_communities_of_one_name_are_one_too_many(store: Store) -> None:
    def make(name: str) -> str:
        try:
            with store.transaction() as tx:
                return communities.create(tx, name, None, NOW).name
        except Conflict:
            return "taken"

    assert sorted(str(one) for one in at_once(*[lambda: make("J Contoh")] * 3)) == [
        "J Contoh",
        "taken",
        "taken",
    ]
    assert make("j contoh") == "taken"
    for wrong in ("", "  ", "x" * 65, "a\x00b"):
        with pytest.raises(Invalid), store.transaction() as tx:
            communities.create(tx, wrong, None, NOW)


# --- files as people send them


def test_headings_in_indonesian_below_a_title_and_other_columns_are_understood() -> None:
    data = csv_file(
        "Daftar hadir;;;",
        "No;Nama Lengkap;No HP;Sumber persetujuan;Tanggal persetujuan;Umur",
        "1;Maria;0812 0000 0001;Formulir;17/09/2026;22",
    )
    reading = read_subscribers(data, "ID", TODAY)
    assert reading.faults == []
    assert (reading.rows[0].number, reading.rows[0].name) == (number(1), "Maria")
    assert reading.rows[0].consent_on == date(2026, 9, 17)
    assert reading.other_columns == ("No", "Umur")


@pytest.mark.parametrize(
    ("cell", "is_read"),
    [
        ("0812 0000 0001", True),
        ("'081200000001", True),
        ("62 812-0000-0001", True),
        ("81200000001", True),
        (81200000001, True),  # a spreadsheet has taken the zero away
        (6281200000001, True),
        ("+6281200000001", True),
        (81200000001.5, False),
        ("8.12E+10", False),
        ("8,12E+10", False),
        ("081200000001 / 081200000002", False),
        ("hp: 0812", False),
        ("=1+1", False),
        (None, False),
        (datetime(2026, 1, 1), False),  # noqa: DTZ001 - as openpyxl gives it
        (True, False),
        ("123", False),
        ("\u0660\u0668\u0661", False),
    ],
)
def test_numbers_are_read_as_spreadsheets_hold_them_or_refused_with_words(cell: Any, is_read: bool) -> None:
    data = xlsx_file(["number", "consent_source", "consent_on"], [cell, "Formulir", date(2026, 9, 17)])
    reading = read_subscribers(data, "ID", TODAY)
    assert [one.number for one in reading.rows] == ([number(1)] if is_read else [])
    assert [one.field for one in reading.faults] == ([] if is_read else ["number"])
    assert all(str(cell) not in one.message for one in reading.faults)


@pytest.mark.parametrize(
    ("line", "field"),
    [
        (f"{number(1)},Kupang,,,Formulir,2026-09-17,,", "district"),
        (f"{number(1)},Jakarta,,,Formulir,2026-09-17,,", "district"),
        (f"{number(1)},,tetun,,Formulir,2026-09-17,,", "language"),
        (f"{number(1)},,,sepakbola,Formulir,2026-09-17,,", "topics"),
        (f"{number(1)},,,,,2026-09-17,,", "consent_source"),
        (f"{number(1)},,,,-,2026-09-17,,", "consent_source"),
        (f"{number(1)},,,,Formulir,,,", "consent_on"),
        (f"{number(1)},,,,Formulir,2026-11-22,,", "consent_on"),
        (f"{number(1)},,,,Formulir,kemarin,,", "consent_on"),
        (f"{number(1)},,,,Formulir,1899-01-01,,", "consent_on"),
        (f"{number(1)},,,,Formulir,45000,,", "consent_on"),
        (f"{number(1)},,,,Formulir,2026-09-17,{'x' * 61},", "name"),
        (f"{number(1)},,,,Formulir,2026-09-17,=HYPERLINK(1),", "name"),
        (f"{number(1)},,,,Formulir,2026-09-17,,,,lebih", "row"),
    ],
)
def test_each_fault_is_named_by_row_and_field(line: str, field: str) -> None:
    assert list(faults(csv_file(HEAD, line))) == [(2, field)]


def test_a_number_that_a_spreadsheet_keeps_as_figure_is_no_district() -> None:
    head = ["number", "district", "consent_source", "consent_on"]
    data = xlsx_file(head, [number(1), 53.1, "Formulir", date(2026, 9, 17)])
    assert [one.field for one in read_subscribers(data, "ID", TODAY).faults] == ["district"]


def test_the_same_number_twice_is_taken_once_or_refused_where_the_rows_differ() -> None:
    reading = read_subscribers(csv_file(HEAD, row(1), row(1), row(1, "Belu")), "ID", TODAY)
    assert [one.row for one in reading.rows] == [2]
    assert [(one.row, one.field) for one in reading.notes] == [(3, "row")]
    assert [(one.row, one.field) for one in reading.faults] == [(4, "number")]


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"halo",
        b"\x00\x01\x02",
        b"\xd0\xcf\x11\xe0 old excel",
        b"PK\x03\x04 not a zip",
        csv_file("name,umur", "Maria,22"),
        csv_file("number,consent_on", "0812,2026-09-17"),
        csv_file("number,hp,consent_source,consent_on"),
        csv_file(HEAD, '"open quote'),
        csv_file(HEAD, row(1, name="x" * 1_000_000)),
        csv_file(HEAD, *["x"] * (MOST_ROWS + 1)),
    ],
)
def test_what_is_no_such_list_is_refused_with_words(data: bytes) -> None:
    with pytest.raises(Invalid) as refused:
        read_subscribers(data, "ID", TODAY)
    assert len(str(refused.value)) > 10


def test_a_list_of_nobody_is_refused(store: Store) -> None:
    with pytest.raises(Invalid):
        take_in(store, csv_file(HEAD))


def test_a_file_that_unpacks_to_a_bomb_is_refused() -> None:
    content = BytesIO()
    with zipfile.ZipFile(content, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("xl/worksheets/sheet1.xml", b"0" * (70 * 1024 * 1024))
    with pytest.raises(Invalid):
        read_subscribers(content.getvalue(), "ID", TODAY)


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "cp1252"])
def test_every_usual_encoding_is_read(encoding: str) -> None:
    reading = read_subscribers("\r\n".join([HEAD, row(1, name="Jos\u00e9")]).encode(encoding), "ID", TODAY)
    assert reading.rows[0].name == "Jos\u00e9"


# --- figures


def test_small_counts_are_hidden_and_one_alone_takes_another_with_it() -> None:
    assert hidden({"a": 9, "b": 8, "c": 2}) == {"a": 9, "b": None, "c": None}
    assert hidden({"a": 9, "b": 3, "c": 2}) == {"a": 9, "b": None, "c": None}
    assert hidden({"a": 9, "b": 8}) == {"a": 9, "b": 8}
    assert hidden({"a": 1}) == {"a": None}


def test_the_summary_counts_who_agreed_and_has_not_said_stop(store: Store) -> None:
    lines = [row(n, "Belu" if n < 12 else "Alor", topics="kerja" if n < 6 else "") for n in range(18)]
    take_in(store, csv_file(HEAD, *lines))
    with store.transaction() as tx:
        subscribers.opt_out(tx, number(0), "sms", NOW)
        subscribers.set_news(tx, number(1), False, "ussd", NOW)
        subscribers.get_or_create(tx, number(99), NOW)
        found = summarise(tx)
    assert found.by_district == {"53.04": 11, "53.05": 6}
    assert found.by_language == {"id": 17}
    assert found.by_kind == {"warnings": 17, "news": 16}
    assert found.by_topic == {"jobs": 5}
