"""Single cells of lists of people: number, name, language, topics, district, day of consent.

Each reader takes a cell and returns the value, or raises Invalid with words for whoever keeps the list. No
message repeats the cell. Called by subscriber_rows.py and registrant_rows.py.
"""

from __future__ import annotations

import re
from datetime import date

from sms_service.domain import districts, phones, topics
from sms_service.domain.recruiter_cells import Cell, read_date, read_text
from sms_service.errors import Invalid, said

LONGEST_NAME = 60
_SIGNS = re.compile(r"[\d+ ().-]+", re.ASCII)
_ROUNDED = re.compile(r"[\d.,]+[eE]\+?\d+", re.ASCII)
_LANGUAGES = {
    "id": "id indonesia indonesian bahasa bahasaindonesia ind ina",
    "en": "en english inggris eng bahasainggris",
}
_LANGUAGE_OF = {word: code for code, words in _LANGUAGES.items() for word in words.split()}
_FIRST_CONSENT = date(2000, 1, 1)


def read_number(cell: Cell, country: str) -> str:
    """Return the one number of a cell, E.164. Raises Invalid, also for what a spreadsheet has rounded."""
    if isinstance(cell, float) or (isinstance(cell, str) and _ROUNDED.fullmatch(cell.strip())):
        raise Invalid("was turned into a rounded figure by the spreadsheet: format the column as text")
    text = read_text(cell, 60).removeprefix("'")
    if not text:
        raise Invalid("is empty")
    if not _SIGNS.fullmatch(text):
        raise Invalid("is not one phone number")
    if country == "ID" and text.startswith("8"):  # a spreadsheet has taken the leading zero away
        text = f"0{text}"
    try:
        return phones.normalise(text, country)
    except Invalid as error:
        raise Invalid("is not a phone number") from error


def read_name(cell: Cell) -> str:
    """Return a person's name, or "". Raises Invalid."""
    return read_text(cell, LONGEST_NAME)


def read_language(cell: Cell) -> str:
    """Return a language of the menus, or "". Raises Invalid."""
    key = re.sub(r"[\W_]+", "", read_text(cell, 30).casefold())
    if key and key not in _LANGUAGE_OF:
        raise Invalid(said("is none of %(known)s", known=", ".join(_LANGUAGES)))
    return _LANGUAGE_OF.get(key, "")


def read_topics(cell: Cell) -> tuple[str, ...]:
    """Return the topics that a cell names, none for all. Raises Invalid."""
    text = read_text(cell, 200)
    found, rest = topics.read(text)
    if rest:
        raise Invalid(said("names something other than %(known)s", known=", ".join(topics.TOPICS)))
    return found


def read_topic(cell: Cell) -> str:
    """Return the one topic of a consultation that a cell names, or "". Raises Invalid."""
    found = topics.read_one(read_text(cell, 60))
    if found is None or (found and found not in topics.CONSULTATION_TOPICS):
        raise Invalid(said("is none of %(known)s", known=", ".join(topics.CONSULTATION_TOPICS)))
    return found


def read_district(cell: Cell) -> str:
    """Return the Kemendagri code of a district by code or name, or "". Raises Invalid."""
    if isinstance(cell, float):  # 53.1 may be 53.01 or 53.10
        raise Invalid("was turned into a figure by the spreadsheet: format the column as text")
    text = read_text(cell, 60)
    if not text:
        return ""
    found = districts.find(text)
    if len(found) != 1:
        raise Invalid("may mean several districts: give the code" if found else "is not a district of NTT")
    return found[0].code


def read_consent_source(cell: Cell) -> str:
    """Return where the consent was given: a form, a meeting. Raises Invalid."""
    text = read_text(cell, 200)
    if sum(character.isalpha() for character in text) < 3:
        raise Invalid("says where the person agreed: which form, which meeting")
    return text


def read_consent_on(cell: Cell, today: date) -> date:
    """Return the day on which the consent was given. Raises Invalid."""
    day = read_date(cell)
    if day is None:
        raise Invalid("is empty: when did the person agree?")
    if not _FIRST_CONSENT <= day <= today:
        raise Invalid("lies ahead" if day > today else "is not a year of our time")
    return day
