"""Opens a list as somebody sends it, of recruiters or of people: CSV in any usual encoding, or XLSX.

Gives rows of cells with their row numbers and knows nothing of what they mean: `is_heading` says which row
names the columns (domain/recruiter_rows.py and its like).
A hostile file costs bounded memory: the bytes, the unpacked size, the rows, the columns and the letters
of a cell are all limited, and whatever is wrong ends as Invalid with one line for whoever sent it.
"""

from __future__ import annotations

import csv
import io
import struct
import zipfile
import zlib
from collections.abc import Callable, Iterator, Sequence
from datetime import date
from itertools import islice
from typing import IO, Any, ClassVar
from xml.etree.ElementTree import ParseError
from xml.parsers.expat import ExpatError, ParserCreate

from sms_service.domain.recruiter_cells import Cell
from sms_service.domain.recruiter_rows import TITLE_LINES, is_heading
from sms_service.errors import Invalid, said

LARGEST_FILE = 10 * 1024 * 1024  # bytes
LARGEST_UNPACKED = 64 * 1024 * 1024  # bytes of all parts of an XLSX; a bomb unpacks to more
MOST_PARTS = 200
LARGEST_WHOLE_PART = 2 * 1024 * 1024  # bytes of a part that is not read row by row
MOST_ELEMENTS = 4 * 64  # elements in one row
MOST_SHEETS = 10
MOST_ROWS = 100_000
MOST_COLUMNS = 64
LONGEST_CELL = 2_000  # characters; no column of ours takes more than 300

Table = Iterator[tuple[int, Sequence[Cell]]]
IsHeading = Callable[[Sequence[Cell]], bool]
_ZIP, _OLE = b"PK\x03\x04", b"\xd0\xcf\x11\xe0"
_DELIMITERS = (",", ";", "\t")
# What openpyxl and the parsers under it raise for a damaged file, beside its own InvalidFileException.
_DAMAGED = (
    ParseError, zipfile.BadZipFile, zlib.error, struct.error, EOFError, OSError,
    KeyError, ValueError, TypeError, AttributeError, IndexError, OverflowError, NotImplementedError,
    RuntimeError, AssertionError, RecursionError,
)  # fmt: skip


def read_table(
    data: bytes, is_heading: IsHeading = is_heading, most_rows: int | None = None
) -> list[tuple[int, Sequence[Cell]]]:
    """Return the rows of a CSV or XLSX file with their numbers, from 1. Raises Invalid."""
    if len(data) > LARGEST_FILE:
        raise _refused(said("the file is larger than %(most)s MiB", most=LARGEST_FILE // 1024 // 1024))
    if data.startswith(_OLE):
        raise _refused(said("this is an old or password-protected Excel file: save it as .xlsx or CSV"))
    rows = _read_xlsx(data, is_heading) if data.startswith(_ZIP) else _read_csv(data, is_heading)
    most = MOST_ROWS if most_rows is None else most_rows
    table = list(islice(rows, most + 1))
    if len(table) > most:
        raise _refused(said("the file has more than %(most)s rows: split it", most=most))
    return table


def _refused(message: str) -> Invalid:
    return Invalid(message, {"file": message})


def _read_csv(data: bytes, is_heading: IsHeading) -> Table:
    text = _decode(data)
    delimiter = next((each for each in _DELIMITERS if _has_heading(text, each, is_heading)), ",")
    yield from _split(text, delimiter)


def _decode(data: bytes) -> str:
    """Text of UTF-8 with or without mark, UTF-16 with mark, or Windows-1252, as spreadsheets write CSV."""
    encodings = ("utf-16",) if data[:2] in (b"\xff\xfe", b"\xfe\xff") else ("utf-8-sig", "cp1252")
    for encoding in encodings:
        try:
            text = data.decode(encoding)
        except UnicodeDecodeError:
            continue
        if "\0" not in text:
            return text
    raise _refused(said("this is neither CSV text (UTF-8 or Windows-1252) nor an XLSX file"))


def _has_heading(text: str, delimiter: str, is_heading: IsHeading) -> bool:
    try:
        return any(is_heading(line) for _, line in islice(_split(text, delimiter), TITLE_LINES))
    except Invalid:
        return False


def _split(text: str, delimiter: str) -> Table:
    lines = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    number = 0
    try:
        for number, line in enumerate(lines, start=1):
            yield number, _bounded(number, line)
    except csv.Error as error:
        raise _refused(
            said("row %(row)s: the quotation marks do not match (%(why)s)", row=number + 1, why=error)
        ) from error


def _read_xlsx(data: bytes, is_heading: IsHeading) -> Table:
    # Loaded with the first such file: six megabytes in every process that never sees one.
    from openpyxl import load_workbook
    from openpyxl.utils.exceptions import InvalidFileException

    try:
        _refuse_bomb(data)
        # Formulas are kept as such and refused later: their stored results may be old or missing.
        workbook = load_workbook(io.BytesIO(data), read_only=True, data_only=False, keep_links=False)
        sheets = [_Sheet(sheet) for sheet in workbook.worksheets[:MOST_SHEETS]]
        chosen = next((sheet for sheet in sheets if sheet.has_heading(is_heading)), None)
        yield from (chosen or sheets[0]).rows()
    except (InvalidFileException, *_DAMAGED) as error:
        raise _refused(said("the XLSX file is damaged (%(why)s)", why=type(error).__name__)) from error


class _Sheet:
    """One sheet of a workbook."""

    def __init__(self, sheet: Any) -> None:
        sheet.reset_dimensions()  # a false dimension would make every row as wide as it says
        self._sheet = sheet

    def rows(self) -> Table:
        """Its rows; empty ones count, as they do on the screen of whoever made it."""
        lines = self._sheet.iter_rows(max_row=MOST_ROWS + 1, max_col=MOST_COLUMNS + 1, values_only=True)
        for number, line in enumerate(lines, start=1):
            yield number, _bounded(number, [_plain(cell) for cell in line])

    def has_heading(self, is_heading: IsHeading) -> bool:
        """True when one of its first rows names the columns."""
        return any(is_heading(line) for _, line in islice(self.rows(), TITLE_LINES))


def _plain(cell: object) -> Cell:
    if cell is None or isinstance(cell, (str, int, float, date)):
        return cell
    # Array formulas have classes of their own; times and the like are shown as text and refused later.
    return "=" if type(cell).__name__.endswith("Formula") else str(cell)


def _bounded(number: int, line: Sequence[Cell]) -> Sequence[Cell]:
    """The row without empty cells at its end. Raises Invalid where it is too wide or a cell too long."""
    width = len(line)
    while width and line[width - 1] in (None, ""):
        width -= 1
    if width > MOST_COLUMNS:
        raise _refused(said("row %(row)s has more than %(most)s columns", row=number, most=MOST_COLUMNS))
    if any(isinstance(cell, str) and len(cell) > LONGEST_CELL for cell in line):
        raise _refused(
            said("row %(row)s has a cell of more than %(most)s characters", row=number, most=LONGEST_CELL)
        )
    return line[:width]


def _refuse_bomb(data: bytes) -> None:
    """Raise Invalid for an archive that would fill the memory. No part can unpack to more than its entry
    in the archive's directory says."""
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        parts = archive.infolist()
        if len(parts) > MOST_PARTS or sum(part.file_size for part in parts) > LARGEST_UNPACKED:
            raise _refused(said("the XLSX file unpacks to more than a list can be"))
        for part in parts:
            if part.file_size > LARGEST_WHOLE_PART:
                with archive.open(part) as stream:
                    _refuse_unless_rows(stream)


def _refuse_unless_rows(stream: IO[bytes]) -> None:
    """Raise Invalid unless a part can be read row by row: a sheet or a table of strings, in which no row
    holds very many elements. All other parts are read whole, and take many times their size."""
    watch = _RowWatch()
    parser = ParserCreate(namespace_separator=" ")
    parser.StartElementHandler, parser.EndElementHandler = watch.start, watch.end
    try:
        while watch.is_good and (chunk := stream.read(65536)):
            parser.Parse(chunk)
    except ExpatError:
        watch.is_good = False
    if not watch.is_good:
        raise _refused(
            said("the XLSX file holds a large part that is no list: take pictures out, or save it as CSV")
        )


class _RowWatch:
    """Counts the elements inside each row of a sheet (worksheet/sheetData/row) or string (sst/si)."""

    _ROW_DEPTH: ClassVar[dict[str, int]] = {"worksheet": 3, "sst": 2}

    def __init__(self) -> None:
        self.is_good = True
        self._row_depth = 0
        self._depth = 0
        self._inside = 0

    def start(self, name: str, _attributes: object) -> None:
        """An element begins."""
        if self._depth == 0:
            self._row_depth = self._ROW_DEPTH.get(name.rpartition(" ")[2], 0)
        self._depth += 1
        self._inside = self._inside + 1 if self._depth > self._row_depth else 0
        self.is_good = self.is_good and self._inside <= MOST_ELEMENTS

    def end(self, _name: str) -> None:
        """An element ends."""
        self._depth -= 1
