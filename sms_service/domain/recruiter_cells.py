"""Single cells of the recruiter list: text, number, date or nothing, as spreadsheets hold them.

Each reader takes a cell and returns the value, or raises Invalid with words for whoever keeps the list.
No message repeats the cell. Days come before months, as in Indonesia. Called by recruiter_rows.py.
"""

from __future__ import annotations

import re
import unicodedata
from datetime import date, datetime

from sms_service.domain import company_names, phones
from sms_service.errors import Invalid, said

Cell = str | int | float | bool | date | datetime | None
STATUSES = ("active", "suspended", "revoked", "expired")

_STATUS_WORDS = {
    "active": "active aktif berlaku",
    "suspended": "suspended skorsing diskors dibekukan ditangguhkan dihentikansementara tunda"
    " penghentiansementara",
    "revoked": "revoked dicabut cabut pencabutan",
    "expired": "expired kedaluwarsa kadaluwarsa kadaluarsa habis habisberlaku habismasaberlaku tidakberlaku"
    " berakhir",
}
_STATUS = {word: status for status, words in _STATUS_WORDS.items() for word in words.split()}
_YES = frozenset({"yes", "y", "ya", "ada", "1", "true", "benar"})
_NO = frozenset({"no", "n", "tidak", "tdk", "tidakada", "0", "false"})
_MONTHS = """
    jan januari january | feb februari february peb | mar maret march | apr april | mei may | jun juni june
    | jul juli july | agu agustus august aug agt | sep september sept | okt oktober october oct
    | nov november nop | des desember december dec
"""
_MONTH = {word: place for place, words in enumerate(_MONTHS.split("|"), start=1) for word in words.split()}
_ISO = re.compile(r"(\d{4})-(\d{1,2})-(\d{1,2})(?:[T ]00:00(?::00(?:\.0+)?)?)?", re.ASCII)
_DAY_FIRST = re.compile(r"(\d{1,2})[-/. ](\d{1,2})[-/. ](\d{4})", re.ASCII)
_IN_WORDS = re.compile(r"(\d{1,2})[ \-/.]+([a-z]+)[ \-/.]+(\d{4})", re.ASCII)
_NO_DATE = frozenset(["", "-", "--"])
_NO_SIGN = frozenset(["Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"])
_SEVERAL_PHONES = re.compile(r"[/;,|]| atau | dan |\n")
_PHONE_LABEL = re.compile(r"(?:hp|wa|telp|tel|telepon|phone)\b[ .:]*", re.IGNORECASE)
_PHONE_SIGNS = re.compile(r"[\d+ ().-]+", re.ASCII)
_EXCEL_ERROR = re.compile(r"#(N/A|REF!|VALUE!|NAME\?|DIV/0!|NULL!|NUM!)")


def read_text(cell: Cell, longest: int) -> str:
    """Return one line of text. Raises Invalid for a formula, an error value, a date or too long a text."""
    if isinstance(cell, (date, bool)):
        raise Invalid("is not text")
    if isinstance(cell, float):
        cell = int(cell) if cell.is_integer() else str(cell)
    text = "" if cell is None else str(cell)
    quoted = re.fullmatch(r'="(.*)"', text)  # how spreadsheets keep a leading zero in CSV
    text = quoted[1] if quoted else text
    if text.startswith("=") or _EXCEL_ERROR.match(text):
        raise Invalid("is a formula, not a value: copy the column and paste it as values")
    # Spaces of all kinds are one; control characters and half of an emoji are none of a list's business.
    if not text.isprintable():
        text = "".join(" " if unicodedata.category(c) in _NO_SIGN else c for c in text)
    plain = " ".join(text.split())
    if len(plain) > longest:
        raise Invalid(said("is longer than %(most)s characters", most=longest))
    return plain


def read_name(cell: Cell) -> str:
    """Return a company's name. Raises Invalid."""
    text = read_text(cell, 120)
    if not text:
        raise Invalid("is empty (merged cells must be taken apart)")
    if sum(character.isalpha() for character in text) < 2 or not company_names.normalise(text):
        raise Invalid("is not a name")
    return text


def read_address(cell: Cell) -> str:
    """Return an address, or "". Raises Invalid."""
    return read_text(cell, 300)


def read_licence(cell: Cell) -> str:
    """Return a licence number as written. Raises Invalid."""
    text = read_text(cell, 80)
    if not text:
        raise Invalid("is empty (merged cells must be taken apart)")
    if not any(character.isdigit() for character in text):
        raise Invalid("holds no digit")
    return text


def read_status(cell: Cell) -> str:
    """Return one of STATUSES. Raises Invalid."""
    key = "".join(company_names.split_words(read_text(cell, 80)))
    if not key:
        raise Invalid("is empty")
    if key not in _STATUS:
        raise Invalid(
            said("is none of active (aktif), suspended (dibekukan), revoked (dicabut), expired (habis)")
        )
    return _STATUS[key]


def read_date(cell: Cell) -> date | None:
    """Return the day of a date cell or of a date as text (2026-12-31, 31/12/2026, 31 Desember 2026).

    None when empty. Raises Invalid. A number is refused: which day it stands for depends on the program.
    """
    if isinstance(cell, datetime):
        return cell.date()
    if isinstance(cell, date):
        return cell
    if isinstance(cell, (int, float)):
        raise Invalid("is a number, not a date: format the column as date")
    text = read_text(cell, 40).casefold()
    if text in _NO_DATE:
        return None
    try:
        if match := _ISO.fullmatch(text):
            return date(int(match[1]), int(match[2]), int(match[3]))
        if match := _DAY_FIRST.fullmatch(text):
            return date(int(match[3]), int(match[2]), int(match[1]))
        if (match := _IN_WORDS.fullmatch(text)) and match[2] in _MONTH:
            return date(int(match[3]), _MONTH[match[2]], int(match[1]))
    except ValueError as error:
        raise Invalid("is not a day of the calendar: write it as 2026-12-31") from error
    raise Invalid("is not a date: write it as 2026-12-31")


def read_valid_until(cell: Cell) -> date | None:
    """Return the day on which a licence ends, or None when the list states none. Raises Invalid."""
    day = read_date(cell)
    if day is not None and not 2000 <= day.year <= 2100:
        raise Invalid("is not a year of our time")
    return day


def read_phone(cell: Cell) -> str:
    """Return the first number of the cell in E.164 form, or "" when there is none. Raises Invalid."""
    written = _phones(cell)
    if not written:
        return ""
    first = _PHONE_LABEL.sub("", written[0])
    if not _PHONE_SIGNS.fullmatch(first):
        raise Invalid("is not a phone number")
    try:
        return phones.normalise(f"0{first}" if first.startswith("8") else first)
    except Invalid as error:
        raise Invalid("is not a phone number") from error


def _phones(cell: Cell) -> list[str]:
    text = read_text(cell, 200)
    return [part.strip() for part in _SEVERAL_PHONES.split(text) if part.strip(" -")]


def count_phones(cell: Cell) -> int:
    """How many numbers a cell that `read_phone` accepted holds."""
    return len(_phones(cell))


def read_branch(cell: Cell) -> bool:
    """Return yes or no. Raises Invalid: an empty cell must not become "no branch here"."""
    if isinstance(cell, bool):
        return cell
    key = "".join(company_names.split_words(read_text(cell, 40)))
    if key in _YES or key in _NO:
        return key in _YES
    raise Invalid("is empty" if not key else "is neither yes nor no")
