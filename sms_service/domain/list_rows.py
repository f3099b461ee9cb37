"""Rows of a spreadsheet of people, read by the headings of their columns, in English or Indonesian.

What cannot be read is a Fault by row number and field that says what to do and never repeats the cell: it
may be a phone number. What the columns mean stands in subscriber_rows.py and registrant_rows.py. Pure.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Generic, Protocol, TypeVar

from sms_service.domain.company_names import split_words
from sms_service.domain.recruiter_cells import Cell
from sms_service.domain.recruiter_rows import TITLE_LINES, Fault
from sms_service.errors import Invalid, listed, said

T = TypeVar("T")


class PersonRow(Protocol):
    """One person of a list."""

    @property
    def row(self) -> int:
        """The row in the file."""

    @property
    def number(self) -> str:
        """The phone number, E.164."""


R = TypeVar("R", bound=PersonRow)


@dataclass
class Reading(Generic[R]):
    """What a file holds: the rows that can be read, and the faults of those that cannot."""

    rows: list[R] = field(default_factory=list)
    faults: list[Fault] = field(default_factory=list)
    notes: list[Fault] = field(default_factory=list)
    other_columns: tuple[str, ...] = ()

    @property
    def bad_rows(self) -> int:
        """How many rows cannot be read."""
        return len({fault.row for fault in self.faults})


class Line:
    """One row of the file, taken apart cell by cell; what fails is noted."""

    def __init__(self, number: int, cells: Sequence[Cell], places: Mapping[str, int], width: int) -> None:
        self.number = number
        self.faults: list[Fault] = []
        self._cells, self._places = cells, places
        if any(_shown(cell) for cell in cells[width:]):
            self.note("row", said("has more cells than the heading: is a separator inside a cell?"))

    def take(self, column: str, reader: Callable[[Cell], T], otherwise: T) -> T:
        """The value of a column; `otherwise` where the column is missing or, with a fault, unreadable."""
        place = self._places.get(column)
        if place is None:
            return otherwise
        try:
            return reader(self._cells[place] if place < len(self._cells) else None)
        except Invalid as fault:
            self.note(column, fault.words)
            return otherwise

    def note(self, column: str, message: str) -> None:
        """Something is wrong with this row."""
        self.faults.append(Fault(self.number, column, message))


class Layout(Generic[R]):
    """The columns of a kind of list: headings by column ("a|b|c"), and those that must be there."""

    def __init__(
        self, headings: Mapping[str, str], required: Sequence[str], read: Callable[[Line], R]
    ) -> None:
        self.columns = tuple(headings)
        self._required = tuple(required)
        self._read = read
        self._column_of = {
            "".join(split_words(heading)): column
            for column, names in headings.items()
            for heading in (column.replace("_", " "), *names.split("|"))
        }

    def is_heading(self, cells: Sequence[Cell]) -> bool:
        """True when a row names the columns: the number, and another one where there are others."""
        known = self._known(cells)
        others = [cell for cell in cells if _shown(cell)]
        return "number" in known and (len(known) > 1 or len(others) == 1)

    def read(self, table: Iterable[tuple[int, Sequence[Cell]]]) -> Reading[R]:
        """Read all rows. Raises Invalid where no heading is found, or one is there twice or missing."""
        lines = iter(table)
        heading = self._find_heading(lines)
        places = self._places(heading)
        other = [_shown(cell)[:60] for place, cell in enumerate(heading) if place not in places.values()]
        reading: Reading[R] = Reading(other_columns=tuple(filter(None, other)))
        for number, cells in lines:
            if any(_shown(cell) for cell in cells):
                line = Line(number, cells, places, len(heading))
                row = self._read(line)
                if line.faults:
                    reading.faults += line.faults
                else:
                    reading.rows.append(row)
        _refuse_doubles(reading)
        return reading

    def _known(self, cells: Sequence[Cell]) -> list[str]:
        return [self._column_of[key] for cell in cells if (key := _key(cell)) in self._column_of]

    def _find_heading(self, lines: Iterable[tuple[int, Sequence[Cell]]]) -> Sequence[Cell]:
        for seen, (_, cells) in enumerate(lines, start=1):
            if self.is_heading(cells):
                return cells
            if seen >= TITLE_LINES:
                break
        why = said(
            "none of the first %(count)s rows names the columns (%(columns)s)",
            count=TITLE_LINES,
            columns=", ".join(self.columns),
        )
        raise Invalid(why, {"file": "no row names the columns"})

    def _places(self, heading: Sequence[Cell]) -> dict[str, int]:
        known = self._known(heading)
        errors = {column: said("this column is there twice") for column in known if known.count(column) > 1}
        errors |= {column: said("this column is missing") for column in self._required if column not in known}
        if errors:
            raise Invalid(listed(dict(sorted(errors.items()))), errors)
        return {
            self._column_of[key]: place
            for place, cell in enumerate(heading)
            if (key := _key(cell)) in self._column_of
        }


def _refuse_doubles(reading: Reading[R]) -> None:
    """A number twice: the same row again is taken once; with other values it is a fault of the second."""
    first: dict[str, R] = {}
    kept: list[R] = []
    for row in reading.rows:
        before = first.setdefault(row.number, row)
        if before is row:
            kept.append(row)
        elif _values(before) == _values(row):
            reading.notes.append(Fault(row.row, "row", said("is the same as row %(row)s", row=before.row)))
        else:
            message = said("row %(row)s has this number too, with other values", row=before.row)
            reading.faults.append(Fault(row.row, "number", message))
    reading.rows = kept


def _values(row: PersonRow) -> list[object]:
    fields: Mapping[str, object] = getattr(row, "__dataclass_fields__", {})
    return [getattr(row, name) for name in fields if name != "row"]


def _key(cell: Cell) -> str:
    return "".join(split_words(_shown(cell).replace("_", " ")))


def _shown(cell: Cell) -> str:
    text = "" if cell is None else str(cell)
    return " ".join("".join(" " if unicodedata.category(c) == "Cc" else c for c in text).split())
