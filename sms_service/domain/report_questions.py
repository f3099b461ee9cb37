"""One answer of a report: what a person types for a question, and what must be asked again.

Pure. Called by services/dialogues/actions/reports.py at every turn of a report, whichever way it is told.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from sms_service.domain import districts, phones
from sms_service.domain.free_text import clean
from sms_service.domain.report_answers import (
    CONTACTS,
    DESTINATIONS,
    LONGEST_STORY,
    MODI,
    Answers,
    likely_districts,
    missing,
    read_phone,
    split_where,
    split_who,
)
from sms_service.errors import Invalid

CONFIRM = "confirm"  # what comes when nothing is missing
_NOT_KNOWN = (
    *("tidak tahu", "tdk tahu", "tidak tau", "tdk tau", "ga tau", "gak tau", "ga tahu", "tak tahu", "lupa"),
    *("--", "??", "unknown", "not known", "i do not know", "dont know", "don't know", "no idea"),
)
_MAY_BE_UNKNOWN = ("who", "phone", "where")  # typed in free words
Taken = tuple[Answers, str]  # the answers now, and what to ask at once: "" for the next missing question


def take(answers: Answers, question: str, typed: str, country: str = "ID") -> Taken:
    """Return the answers with one more, and where to go if not to the next missing question.

    `typed` is the key of a choice or free text; empty (or "I do not know") passes the question over. An
    answer given before is replaced. What cannot be a choice of `question` changes nothing.
    """
    reader = _READERS.get(question)
    if reader is None:
        return answers, ""
    words = clean(typed, LONGEST_STORY)
    if question in _MAY_BE_UNKNOWN and words.casefold() in _NOT_KNOWN:
        words = ""
    return reader(answers, words, country)


def next_question(answers: Answers) -> str:
    """The first missing question, or CONFIRM."""
    left = missing(answers)
    return left[0] if left else CONFIRM


def add_story(answers: Answers, told: Answers) -> Answers:
    """`answers` with what a text told: its words join the story, and fill only what was not answered."""
    story = "\n".join(part for part in (answers.story, told.story) if part)
    filled = {
        name: getattr(told, name)
        for name in ("recruiter_name", "recruiter_phone", "district", "destination")
        if getattr(told, name) and not getattr(answers, name)
    }
    return replace(answers, story=story[:LONGEST_STORY], **filled)


def _danger(answers: Answers, typed: str, country: str) -> Taken:
    if typed == "yes":
        return replace(_asked(answers, "danger"), is_urgent=True), "urgent"
    return _passed(replace(answers, is_urgent=False), "danger"), ""


def _modus(answers: Answers, typed: str, country: str) -> Taken:
    return (replace(answers, modi=(typed,)) if typed in MODI else answers), ""


def _who(answers: Answers, typed: str, country: str) -> Taken:
    """Name and number in one, or either. Who knows neither is not asked for the number again."""
    name, phone = split_who(typed, country)
    told = replace(_asked(answers, "who", "phone"), recruiter_name=name, recruiter_phone=phone)
    if not name:
        told = _passed(told, "who")
    return (told if name or phone else _passed(told, "phone")), ""


def _phone(answers: Answers, typed: str, country: str) -> Taken:
    if not typed:
        return _passed(replace(answers, recruiter_phone=""), "phone"), ""
    try:
        number = phones.normalise(typed, country)
    except Invalid:
        number = read_phone(typed, country)
    if not number:
        return answers, "phone_again"
    return replace(_asked(answers, "phone"), recruiter_phone=number), ""


def _where(answers: Answers, typed: str, country: str) -> Taken:
    if not typed:
        return _passed(replace(answers, place="", district=""), "where"), ""
    place, code = split_where(typed)
    told = replace(_asked(answers, "where"), place=place, district=code)
    if code:
        return told, ""
    return told, "which" if likely_districts(place) else "district"


def _district(answers: Answers, typed: str, country: str) -> Taken:
    try:
        return replace(_asked(answers, "where"), district=districts.by_code(typed).code), ""
    except KeyError:
        return answers, ""


def _destination(answers: Answers, typed: str, country: str) -> Taken:
    return (replace(answers, destination=typed) if typed in DESTINATIONS else answers), ""


def _contact(answers: Answers, typed: str, country: str) -> Taken:
    if typed not in CONTACTS:
        return answers, ""
    if typed == "anonymous":
        return replace(answers, contact="anonymous", texts="none"), ""
    return replace(answers, contact="known", texts="neutral" if typed == "texts" else "none"), ""


def _story(answers: Answers, typed: str, country: str) -> Taken:
    return add_story(answers, Answers(story=typed)), ""


def _asked(answers: Answers, *questions: str) -> Answers:
    return replace(answers, skipped=tuple(name for name in answers.skipped if name not in questions))


def _passed(answers: Answers, question: str) -> Answers:
    return replace(answers, skipped=(*_asked(answers, question).skipped, question))


_READERS: dict[str, Callable[[Answers, str, str], Taken]] = {
    "danger": _danger,
    "modus": _modus,
    "who": _who,
    "phone": _phone,
    "where": _where,
    "district": _district,
    "destination": _destination,
    "contact": _contact,
    "story": _story,
}
