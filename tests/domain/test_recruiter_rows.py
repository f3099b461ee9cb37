"""A list as spreadsheets have it is read, or the row and field that cannot be are named."""

from __future__ import annotations

from datetime import date, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sms_service.domain import recruiter_cells as cells
from sms_service.domain.recruiter_rows import COLUMNS, Reading, read_rows
from sms_service.errors import Invalid

GOOD = ("PT CONTOH SATU", "C-001", "active", "2027-12-31", "Jl. Contoh 1", "081200000001", "yes")


def read(*lines, heading=COLUMNS) -> Reading:
    return read_rows(list(enumerate([heading, *lines], start=1)))


def changed(**values: object) -> tuple:
    return tuple(values.get(column, cell) for column, cell in zip(COLUMNS, GOOD, strict=True))


def faults(*lines) -> list[tuple[int, str]]:
    return [(fault.row, fault.field) for fault in read(*lines).faults]


def test_a_good_row_is_read() -> None:
    (row,) = read(GOOD).rows
    assert row.values() == {
        "name": "PT CONTOH SATU",
        "license_number": "C-001",
        "status": "active",
        "valid_until": "2027-12-31",
        "address": "Jl. Contoh 1",
        "phone": "+6281200000001",
        "branch_in_ntt": "yes",
    }
    assert row.number == 2


def test_indonesian_headings_in_any_order_below_a_title_are_understood() -> None:
    title = ("DAFTAR PERUSAHAAN CONTOH", None, None)
    heading = (
        "No",
        "Status Izin",
        "Nama Perusahaan",
        "Nomor SIP3MI",
        "Berlaku s/d",
        "Cabang di NTT",
        "Direktur",
    )
    line = (1, "Aktif", "PT CONTOH SATU", "C-001", "31 Desember 2027", "Ya", "X")
    reading = read(heading, line, heading=title)
    (row,) = reading.rows
    assert (row.number, row.name, row.status, row.branch_in_ntt) == (3, "PT CONTOH SATU", "active", True)
    assert (row.address, row.phone) == ("", "")
    assert reading.other_columns == ("No", "Direktur")


@pytest.mark.parametrize(
    ("cell", "day"),
    [
        ("2027-12-31", date(2027, 12, 31)),
        ("2027-12-31 00:00:00", date(2027, 12, 31)),
        ("31/12/2027", date(2027, 12, 31)),
        ("1.2.2027", date(2027, 2, 1)),
        ("31-12-2027", date(2027, 12, 31)),
        ("31 Desember 2027", date(2027, 12, 31)),
        ("5 Agt 2027", date(2027, 8, 5)),
        ("1 May 2027", date(2027, 5, 1)),
        (date(2027, 12, 31), date(2027, 12, 31)),
        (datetime.fromisoformat("2027-12-31T00:00:00"), date(2027, 12, 31)),
        ("", None),
        (None, None),
        ("-", None),
    ],
)
def test_a_date_is_read_however_it_is_written(cell: cells.Cell, day: date | None) -> None:
    assert read(changed(valid_until=cell)).rows[0].valid_until == day


@pytest.mark.parametrize(
    "cell",
    ["12/31/2027", "31/12/27", "2027", "besok", 46022, 46022.0, True, "31/02/2027", "0001-01-01", "=A1"],
)
def test_what_is_no_date_is_refused(cell: cells.Cell) -> None:
    assert faults(changed(valid_until=cell)) == [(2, "valid_until")]


@pytest.mark.parametrize(
    ("word", "status"),
    [
        ("active", "active"),
        ("AKTIF", "active"),
        ("Suspended", "suspended"),
        ("dibekukan", "suspended"),
        ("dihentikan sementara", "suspended"),
        ("dicabut", "revoked"),
        ("kedaluwarsa", "expired"),
        ("Habis Masa Berlaku", "expired"),
        ("tidak berlaku", "expired"),
    ],
)
def test_a_status_is_understood_in_both_languages(word: str, status: str) -> None:
    assert read(changed(status=word)).rows[0].status == status


@pytest.mark.parametrize(
    ("column", "cell"),
    [
        ("name", ""),
        ("name", None),
        ("name", 12),
        ("name", "-"),
        ("name", "x" * 121),
        ("name", '=HYPERLINK("http://contoh")'),
        ("name", "#REF!"),
        ("name", date(2027, 1, 1)),
        ("license_number", ""),
        ("license_number", "belum ada"),
        ("license_number", True),
        ("license_number", "1" * 81),
        ("status", ""),
        ("status", "aneh"),
        ("status", "aktif dicabut"),
        ("address", "x" * 301),
        ("phone", "hubungi kantor"),
        ("phone", "123"),
        ("phone", "081200000001 (Contoh)"),
        ("branch_in_ntt", ""),
        ("branch_in_ntt", None),
        ("branch_in_ntt", "mungkin"),
    ],
)
def test_a_bad_cell_is_named_by_row_and_field(column: str, cell: cells.Cell) -> None:
    assert faults(GOOD, changed(**{"license_number": "C-002", column: cell})) == [(3, column)]


def test_every_bad_cell_of_a_row_is_named_at_once() -> None:
    bad = ("name", "license_number", "status", "valid_until", "phone", "branch_in_ntt")
    assert faults(("", "", "", "x", "", "x", "")) == [(2, column) for column in bad]


def test_no_fault_repeats_a_number() -> None:
    reading = read(changed(phone="0812 0000 0001 x"), changed(name="081200000001", status="081200000001"))
    assert reading.faults
    assert not any(digits in str(fault) for fault in reading.faults for digits in ("0812", "0001"))


@pytest.mark.parametrize(
    "cell",
    [81200000001, 81200000001.0, 6281200000001, "0812-0000-0001", '="081200000001"', "+62 812 0000 0001"],
)
def test_a_phone_number_survives_what_spreadsheets_do_to_it(cell: cells.Cell) -> None:
    assert read(changed(phone=cell)).rows[0].phone == "+6281200000001"


def test_of_several_phone_numbers_the_first_is_kept_and_that_is_said() -> None:
    reading = read(changed(phone="081200000001 / 081200000002"))
    assert reading.rows[0].phone == "+6281200000001"
    assert [(note.row, note.field) for note in reading.notes] == [(2, "phone")]


def test_empty_rows_are_nothing_and_short_rows_lack_their_end() -> None:
    reading = read((), (None,) * 7, ("", " "), GOOD, GOOD[:3])
    assert [row.number for row in reading.rows] == [5]
    assert [(fault.row, fault.field) for fault in reading.faults] == [(6, "branch_in_ntt")]


def test_a_separator_inside_a_cell_is_noticed_by_the_row_being_too_long() -> None:
    assert faults((*GOOD, "yes")) == [(2, "row")]
    assert faults((*GOOD, "", None)) == []


def test_control_and_invisible_characters_become_spaces() -> None:
    row = read(changed(name="PT\x00CONTOH\u200bSATU\r\nDUA\ud800", address="a\tb")).rows[0]
    assert row.name == "PT CONTOH SATU DUA"
    assert row.address == "a b"


def test_a_row_twice_is_kept_once_and_said() -> None:
    reading = read(GOOD, GOOD)
    assert len(reading.rows) == 1
    assert [(note.row, note.field) for note in reading.notes] == [(3, "row")]
    assert not reading.faults


def test_two_rows_of_one_licence_number_with_other_values_are_both_refused() -> None:
    reading = read(GOOD, changed(status="revoked", license_number="c 001"))
    assert reading.rows == []
    assert [(fault.row, fault.field) for fault in reading.faults] == [(3, "license_number")]
    assert reading.is_doubtful("whatever", "C-001")


def test_a_bad_row_makes_its_company_doubtful_by_licence_and_by_name() -> None:
    reading = read(changed(status="aneh"))
    assert reading.is_doubtful("PT LAIN", "C/001")
    assert reading.is_doubtful("pt contoh satu", "other 9")
    assert not reading.is_doubtful("PT LAIN", "9")


@pytest.mark.parametrize(
    "heading",
    [
        (),
        ("nothing", "here"),
        tuple(column for column in COLUMNS if column != "status"),
        tuple(column for column in COLUMNS if column != "branch_in_ntt"),
        (*COLUMNS, "nama"),
    ],
)
def test_a_file_without_its_columns_is_refused_and_says_which(heading: tuple[str, ...]) -> None:
    with pytest.raises(Invalid) as refused:
        read(GOOD, heading=heading)
    assert refused.value.errors


cell_values = st.one_of(
    st.none(), st.text(max_size=40), st.integers(), st.floats(), st.booleans(), st.dates(), st.datetimes()
)


@given(st.lists(st.lists(cell_values, max_size=10), max_size=10))
def test_any_cells_end_as_rows_or_as_faults(lines: list[list[cells.Cell]]) -> None:
    reading = read(*lines)
    for row in reading.rows:
        assert row.name
        assert row.license_number
        assert row.status in cells.STATUSES
        assert "\0" not in "".join(row.values().values())
