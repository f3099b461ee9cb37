"""A list arrives as CSV or XLSX in any dress; a hostile file costs one line and little memory."""

from __future__ import annotations

import io
import random
import tracemalloc
import zipfile
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st
from openpyxl import Workbook

from sms_service.domain.recruiter_rows import COLUMNS, read_rows
from sms_service.errors import Invalid
from sms_service.services import list_files as recruiter_files
from sms_service.services.list_files import read_table

LINES = [
    COLUMNS,
    ("PT CONTOH SATU", "C-001", "active", "2027-12-31", "Jl. Contoh, No. 1", "081200000001", "yes"),
    ("PT CONTOH DUÉ", "C-002", "revoked", "", "", "", "no"),
]


def csv_of(delimiter: str = ",", ending: str = "\r\n") -> str:
    return ending.join(delimiter.join(f'"{cell}"' for cell in line) for line in LINES) + ending


def xlsx_of(*lines, prepare=lambda book: None) -> bytes:
    book = Workbook()
    for line in lines:
        book.active.append(line)
    prepare(book)
    file = io.BytesIO()
    book.save(file)
    return file.getvalue()


def names(data: bytes) -> list[str]:
    return [row.name for row in read_rows(read_table(data)).rows]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "cp1252", "utf-16"])
@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
@pytest.mark.parametrize("ending", ["\r\n", "\n", "\r"])
def test_csv_is_read_in_every_usual_dress(encoding: str, delimiter: str, ending: str) -> None:
    data = csv_of(delimiter, ending).encode(encoding)
    reading = read_rows(read_table(data))
    assert [row.name for row in reading.rows] == ["PT CONTOH SATU", "PT CONTOH DUÉ"]
    assert reading.rows[0].address == "Jl. Contoh, No. 1"


def test_a_line_break_inside_a_cell_does_not_shift_the_row_numbers() -> None:
    data = csv_of().replace("Jl. Contoh, ", "Jl. Contoh\n").encode()
    assert [row.number for row in read_rows(read_table(data)).rows] == [2, 3]


def test_xlsx_is_read_with_dates_numbers_empty_rows_and_other_sheets() -> None:
    def prepare(book: Workbook) -> None:
        book.create_sheet("Catatan", 0).append(["bukan daftar"])

    lines = (
        ("DAFTAR CONTOH",),
        (),
        COLUMNS,
        ("PT CONTOH SATU", 1001, "aktif", date(2027, 12, 31), None, 81200000001, True),
        (),
        ("PT CONTOH DUA", "C-2", "dicabut", "31/12/2027", "", "", "tidak", None, "x"),
    )
    reading = read_rows(read_table(xlsx_of(*lines, prepare=prepare)))
    (row,) = reading.rows
    assert (row.number, row.license_number, row.valid_until) == (4, "1001", date(2027, 12, 31))
    assert row.phone == "+6281200000001"
    assert [(fault.row, fault.field) for fault in reading.faults] == [(6, "row")]


def test_merged_cells_are_empty_cells_and_are_named() -> None:
    data = xlsx_of(*LINES, prepare=lambda book: book.active.merge_cells("A2:A3"))
    faults = read_rows(read_table(data)).faults
    assert [(fault.row, fault.field) for fault in faults] == [(3, "name")]
    assert "merged" in faults[0].message


def test_a_formula_is_named_and_never_computed() -> None:
    line = ('=CONCATENATE("PT ","CONTOH")', *LINES[1][1:])
    faults = read_rows(read_table(xlsx_of(COLUMNS, line))).faults
    assert [(fault.row, fault.field) for fault in faults] == [(2, "name")]
    assert "formula" in faults[0].message


def test_a_formula_in_a_column_that_nobody_reads_does_no_harm() -> None:
    lines = [(*COLUMNS, "no"), (*LINES[1], "=ROW()-1")]
    assert names(xlsx_of(*lines)) == ["PT CONTOH SATU"]


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"\x00\x01\x02",
        b"\xd0\xcf\x11\xe0" + b"\0" * 600,  # an old or encrypted workbook
        b"PK\x03\x04 not an archive",
        b"%PDF-1.7",
        b"\xff\xfe\x00",
        b"\x81\x8d\x8f",  # no Windows-1252 either
        b'name,license_number,status\r\n"never closed,1,active\r\n',
        csv_of().encode() + b'"x"y,1\r\n',
        ("a" * 3000).encode(),
        (",".join(["x"] * 65)).encode(),
        csv_of().encode("utf-16-le"),
    ],
    ids=repr,
)
def test_what_is_no_list_is_refused_in_one_line(data: bytes) -> None:
    with pytest.raises(Invalid) as refused:
        read_rows(read_table(data))
    assert "\n" not in str(refused.value)


def test_a_file_or_a_list_too_large_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(Invalid, match="larger"):
        read_table(b"x" * (recruiter_files.LARGEST_FILE + 1))
    monkeypatch.setattr(recruiter_files, "MOST_ROWS", 2)
    with pytest.raises(Invalid, match="more than 2 rows"):
        read_table(csv_of().encode())


SHEET = "xl/worksheets/sheet1.xml"
HEAD = b'<worksheet xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"><sheetData>'
TAIL = b"</sheetData></worksheet>"


def with_part(name: str, content: bytes) -> bytes:
    """A workbook of which one part was replaced."""
    packed = io.BytesIO()
    with (
        zipfile.ZipFile(io.BytesIO(xlsx_of(*LINES))) as good,
        zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as bad,
    ):
        for part in good.namelist():
            bad.writestr(part, content if part == name else good.read(part))
        if name not in good.namelist():
            bad.writestr(name, content)
    return packed.getvalue()


ENTITIES = (
    b'<!DOCTYPE z [<!ENTITY a "' + b"a" * 1000 + b'"><!ENTITY b "' + b"&a;" * 1000 + b'">'
    b'<!ENTITY c "' + b"&b;" * 1000 + b'">]>'
)  # fmt: skip
BOMBS = {
    "spaces": (SHEET, HEAD + b" " * (65 * 1024 * 1024) + TAIL),
    "cells": (SHEET, HEAD + b"<row>" + b"<c><v>1</v></c>" * 400_000 + b"</row>" + TAIL),
    "letters": (SHEET, HEAD + b'<row><c t="str"><v>' + b"a" * 3_000_000 + b"</v></c></row>" + TAIL),
    "far row": (SHEET, HEAD + b'<row r="1048576"><c r="XFD1048576"><v>1</v></c></row>' + TAIL),
    "styles": ("xl/styles.xml", b"<styleSheet>" + b"<x/>" * 1_000_000 + b"</styleSheet>"),
    "picture": ("xl/media/picture.png", random.Random(1).randbytes(3_000_000)),
    "entities": (SHEET, ENTITIES + HEAD + b"<row><c><v>&c;</v></c></row>" + TAIL),
}


@pytest.mark.parametrize("bomb", BOMBS)
def test_a_bomb_is_refused_before_it_fills_the_memory(bomb: str) -> None:
    data = with_part(*BOMBS[bomb])
    tracemalloc.start()
    with pytest.raises(Invalid):
        read_table(data)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 60 * 1024 * 1024


def test_a_damaged_workbook_is_refused_or_read_whatever_the_damage() -> None:
    chance = random.Random(3)
    whole = xlsx_of(*LINES)
    with zipfile.ZipFile(io.BytesIO(whole)) as archive:
        parts = {name: archive.read(name) for name in archive.namelist()}
    for _ in range(150):
        name = chance.choice(list(parts))
        content = bytearray(parts[name])
        for _ in range(chance.randint(1, 4)):
            place = chance.randrange(len(content))
            content[place : place + chance.randint(0, 20)] = chance.randbytes(chance.randint(0, 6))
        for data in (with_part(name, bytes(content)), whole[: chance.randrange(len(whole))]):
            try:
                read_table(data)
            except Invalid:
                continue


@given(st.binary(max_size=300))
def test_any_bytes_are_refused_or_read(data: bytes) -> None:
    for file in (data, b"PK\x03\x04" + data, csv_of().encode() + data):
        try:
            read_rows(read_table(file))
        except Invalid:
            continue
