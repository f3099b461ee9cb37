"""Rows of the official recruiter list as somebody's spreadsheet has them, read into typed ones.

Columns are found by their heading, in English or Indonesian, below any title lines. What cannot be read
is a Fault by row number and field that says what to do and never repeats the cell: it may be a phone
number. Called by services/recruiters/list_import.py with rows that its neighbour files.py took from a file.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import TypeVar

from sms_service.domain import recruiter_cells as cells
from sms_service.domain.company_names import normalise, split_words
from sms_service.domain.recruiter_cells import Cell
from sms_service.errors import Invalid, listed, said

T = TypeVar("T")

COLUMNS = ("name", "license_number", "status", "valid_until", "address", "phone", "branch_in_ntt")
REQUIRED = ("name", "license_number", "status", "valid_until", "branch_in_ntt")
TITLE_LINES = 20  # the heading is looked for in so many rows
_HEADINGS = {
    "name": "name|nama|nama perusahaan|nama pt|nama p3mi|perusahaan|company|company name|p3mi",
    "license_number": "license number|licence number|license|licence|nomor izin|no izin|nomor ijin"
    "|nomor lisensi|sip3mi|nomor sip3mi|no sip3mi|nomor sip|no sip|izin",
    "status": "status|status izin|status sip3mi|status license",
    "valid_until": "valid until|expiry date|berlaku sampai|berlaku hingga|berlaku sampai dengan|berlaku s d"
    "|masa berlaku|tanggal berakhir|tgl berakhir|izin berlaku sampai",
    "address": "address|alamat|alamat kantor|alamat kantor pusat",
    "phone": "phone|phone number|telepon|telp|no telp|no telepon|nomor telepon|hp|no hp|nomor hp",
    "branch_in_ntt": "branch in ntt|cabang ntt|cabang di ntt|kantor cabang ntt|kantor cabang di ntt"
    "|ada cabang di ntt",
}


@dataclass(frozen=True, slots=True)
class Row:
    """One company of a list. `phone` in E.164 form or empty; `number` is its row in the file."""

    number: int
    name: str
    license_number: str
    status: str  # active | suspended | revoked | expired
    valid_until: date | None
    address: str
    phone: str
    branch_in_ntt: bool

    def values(self) -> dict[str, str]:
        """The columns as text, for comparing and for the history."""
        return {
            "name": self.name,
            "license_number": self.license_number,
            "status": self.status,
            "valid_until": self.valid_until.isoformat() if self.valid_until else "",
            "address": self.address,
            "phone": self.phone,
            "branch_in_ntt": "yes" if self.branch_in_ntt else "no",
        }


@dataclass(frozen=True, slots=True)
class Fault:
    """What is wrong with one cell, and what to do about it."""

    row: int
    field: str
    message: str

    def __str__(self) -> str:
        return f"row {self.row}, {self.field}: {self.message}"


@dataclass
class Reading:
    """What a file holds. `doubtful` has licence identities and names of bad rows: such a company is in the
    list, and nothing else is known about it."""

    rows: list[Row] = field(default_factory=list)
    faults: list[Fault] = field(default_factory=list)
    notes: list[Fault] = field(default_factory=list)
    other_columns: tuple[str, ...] = ()
    doubtful: set[str] = field(default_factory=set)

    def is_doubtful(self, name: str, license_number: str) -> bool:
        """True when a bad row is about the company of this name or licence number."""
        return not self.doubtful.isdisjoint({licence_identity(license_number), normalise(name)})


def licence_identity(number: str) -> str:
    """Return what makes two rows the same company: the licence number's letters and digits."""
    return "".join(split_words(number))


def read_rows(table: Iterable[tuple[int, Sequence[Cell]]]) -> Reading:
    """Read all rows; each is in `rows`, or has its faults in `faults`.

    Raises Invalid where no heading is found, one is there twice, or a required one is missing.
    """
    lines = iter(table)
    places, other, width = _find_heading(lines)
    reading = Reading(other_columns=other)
    for number, line in lines:
        if any(_shown(cell) for cell in line):
            _read_row(reading, _Line(number, line, places, width))
    _refuse_doubles(reading)
    return reading


def is_heading(line: Sequence[Cell]) -> bool:
    """True when a row names the columns."""
    known = set(_known(line))
    return {"name", "license_number"} <= known


def _known(line: Sequence[Cell]) -> list[str]:
    return [_COLUMN_OF[key] for cell in line if (key := _heading_key(cell)) in _COLUMN_OF]


def _heading_key(cell: Cell) -> str:
    return "".join(split_words(_shown(cell).replace("_", " ")))


def _find_heading(
    lines: Iterable[tuple[int, Sequence[Cell]]],
) -> tuple[dict[str, int], tuple[str, ...], int]:
    """Take lines up to the heading; return the place of each column, the other headings and the width."""
    for seen, (_, line) in enumerate(lines, start=1):
        if is_heading(line):
            return _read_heading(line)
        if seen >= TITLE_LINES:
            break
    raise Invalid(
        said(
            "none of the first %(count)s rows names the columns (%(columns)s)",
            count=TITLE_LINES,
            columns=", ".join(COLUMNS),
        ),
        {"file": "no row names the columns"},
    )


def _read_heading(line: Sequence[Cell]) -> tuple[dict[str, int], tuple[str, ...], int]:
    known = _known(line)
    twice = sorted({column for column in known if known.count(column) > 1})
    missing = [column for column in REQUIRED if column not in known]
    errors: dict[str, str] = {column: said("this column is there twice") for column in twice}
    errors |= {column: said("this column is missing") for column in missing}
    if errors:
        raise Invalid(listed(errors), errors)
    places = {
        _COLUMN_OF[key]: place for place, cell in enumerate(line) if (key := _heading_key(cell)) in _COLUMN_OF
    }
    other = tuple(
        _shown(cell)[:60] for place, cell in enumerate(line) if _shown(cell) and place not in places.values()
    )
    return places, other, len(line)


class _Line:
    """One row of the file, taken apart cell by cell; what fails is noted."""

    def __init__(self, number: int, line: Sequence[Cell], places: Mapping[str, int], width: int) -> None:
        self.number = number
        self.faults: list[Fault] = []
        self._line, self._places = line, places
        if any(_shown(cell) for cell in line[width:]):
            self.note("row", said("has more cells than the heading: is a separator inside a cell?"))

    def note(self, field: str, message: str) -> None:
        """Note a fault of this row."""
        self.faults.append(Fault(self.number, field, message))

    def cell(self, column: str) -> Cell:
        """The cell of a column; None where the row is too short or the file has no such column."""
        place = self._places.get(column, len(self._line))
        return self._line[place] if place < len(self._line) else None

    def take(self, column: str, reader: Callable[[Cell], T], otherwise: T) -> T:
        """The value of a column, or a fault and `otherwise`."""
        try:
            return reader(self.cell(column))
        except Invalid as fault:
            self.note(column, fault.words)
            return otherwise


def _read_row(reading: Reading, line: _Line) -> None:
    row = Row(
        number=line.number,
        name=line.take("name", cells.read_name, ""),
        license_number=line.take("license_number", cells.read_licence, ""),
        status=line.take("status", cells.read_status, ""),
        valid_until=line.take("valid_until", cells.read_valid_until, None),
        address=line.take("address", cells.read_address, ""),
        phone=line.take("phone", cells.read_phone, ""),
        branch_in_ntt=line.take("branch_in_ntt", cells.read_branch, False),
    )
    if line.faults:
        reading.faults += line.faults
        known = {licence_identity(_shown(line.cell("license_number"))), normalise(_shown(line.cell("name")))}
        reading.doubtful |= known - {""}
        return
    numbers = cells.count_phones(line.cell("phone"))
    if numbers > 1:
        reading.notes.append(
            Fault(row.number, "phone", said("only the first of %(count)s numbers is kept", count=numbers))
        )
    reading.rows.append(row)


def _refuse_doubles(reading: Reading) -> None:
    """A licence number twice: the same row again is kept once; two different rows are both refused, since
    nobody can say which of them is right."""
    first: dict[str, Row] = {}
    bad: set[str] = set()
    kept: list[Row] = []
    for row in reading.rows:
        identity = licence_identity(row.license_number)
        before = first.setdefault(identity, row)
        if before is row:
            kept.append(row)
        elif before.values() == row.values():
            reading.notes.append(
                Fault(row.number, "row", said("is the same as row %(row)s", row=before.number))
            )
        else:
            bad.add(identity)
            message = said("row %(row)s has this number too, with other values", row=before.number)
            reading.faults.append(Fault(row.number, "license_number", message))
    reading.rows = [row for row in kept if licence_identity(row.license_number) not in bad]
    reading.doubtful |= bad


def _shown(cell: Cell) -> str:
    text = "" if cell is None else str(cell)
    return " ".join("".join(" " if unicodedata.category(c) == "Cc" else c for c in text).split())


_COLUMN_OF = {
    "".join(split_words(heading)): column
    for column, headings in _HEADINGS.items()
    for heading in headings.split("|")
}
