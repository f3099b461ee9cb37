"""The answers of a report, which of them are still missing, and what a text in free words already tells.

Pure. Kept by services/reports/drafts.py while a report is being told, filed by filing.py there. A text is
read with great care: what is not sure is asked, and the whole text stays the story.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from typing import Any

from sms_service.domain import districts, phones
from sms_service.domain.free_text import clean
from sms_service.domain.keyword_lists import NAME_ENDS
from sms_service.errors import Invalid

# What was offered or asked. The words are `report.modus.<key>` of the menus; the order is that of the list.
MODI = (
    "advance",  # money to the parents ("sirih pinang"), or an advance that becomes a debt
    "visa",  # a tourist, visit or pilgrim visa, "the permit comes later"
    "age",  # age or other data changed on the papers
    "no_contract",
    "held",  # papers or phone taken away
    "fee",  # money asked from the worker
    "internship",  # training or internship as a cover
    "stages",  # a job in another town first, abroad later
    "force",  # threatened, beaten, locked in
    "other",
)
DESTINATIONS = ("my", "sg", "hk_tw", "gulf", "kh_mm_th", "id", "other", "unknown")
CONTACTS = ("anonymous", "call", "texts")  # what may be chosen: see Answers.contact and .texts

# In this order they are asked.
QUESTIONS = ("danger", "modus", "who", "phone", "where", "destination", "contact")

LONGEST_NAME, LONGEST_PLACE, LONGEST_STORY = 80, 80, 2000  # characters
_PHONE = re.compile(r"(?<![\w+])(?:\+|00)?\d[\d .\-()]{6,18}\d(?!\w)")
_MONEY = re.compile(r"(?:\brp|\bidr|\brm|\$)\s*\Z", re.IGNORECASE)
_COMPANY = re.compile(r"\b(pt|cv|ud)\b\.?\s+", re.IGNORECASE)
_NAMED = re.compile(r"\b(?:bernama|namanya|named|called)\s+", re.IGNORECASE)
_WORD = re.compile(r"[^\W\d_][\w'.-]*", re.UNICODE)
_MOST_WORDS = 4  # of a name
# Names of places that are common words too, or a place in many districts.
_NO_PLACES = frozenset({"kota", "roti", "sabu", "seba", "menia", "timor"})
_COUNTRIES = {
    "malaysia": "my", "sabah": "my", "tawau": "my", "serawak": "my", "sarawak": "my",
    "singapura": "sg", "singapore": "sg", "hongkong": "hk_tw", "taiwan": "hk_tw", "arab": "gulf",
    "saudi": "gulf", "dubai": "gulf", "kamboja": "kh_mm_th", "cambodia": "kh_mm_th", "myanmar": "kh_mm_th",
    "thailand": "kh_mm_th",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Answers:
    """What has been answered so far. `skipped` names questions that were passed over, or answered with no."""

    modi: tuple[str, ...] = ()  # keys of MODI
    recruiter_name: str = ""
    recruiter_phone: str = ""  # E.164
    district: str = ""  # Kemendagri code
    place: str = ""  # village or place in the person's own words
    destination: str = ""  # of DESTINATIONS
    is_urgent: bool = False  # somebody is in danger now
    story: str = ""
    contact: str = ""  # "anonymous": no number is kept; "known": the office may call
    texts: str = ""  # "none", or "neutral": short texts that say nothing
    pin: str = ""  # chosen digits; never part of a draft
    skipped: tuple[str, ...] = ()

    def to_json(self) -> str:
        """The answers as text, without the PIN."""
        kept = {name: value for name, value in asdict(self).items() if value and name != "pin"}
        return json.dumps(kept, ensure_ascii=False)


def from_json(text: str) -> Answers:
    """The answers that to_json wrote. Fields of another version of the service are left out."""
    read: Any = json.loads(text)
    known = {field.name for field in fields(Answers)}
    given = {name: value for name, value in read.items() if name in known}
    for name in ("modi", "skipped"):
        given[name] = tuple(given.get(name, ()))
    return Answers(**given)


def missing(answers: Answers) -> tuple[str, ...]:
    """Which of QUESTIONS are still to be asked, in their order."""
    return tuple(name for name in QUESTIONS if not _is_answered(answers, name))


def _is_answered(answers: Answers, question: str) -> bool:
    told: Mapping[str, object] = {
        "danger": answers.is_urgent,
        "modus": answers.modi,
        "who": answers.recruiter_name,
        "phone": answers.recruiter_phone,
        "where": answers.district,
        "destination": answers.destination,
        "contact": answers.contact,
    }
    return bool(told[question]) or question in answers.skipped


def read_phone(text: str, country: str = "ID") -> str:
    """The one phone number in `text` in E.164 form; empty when there is none, or more than one."""
    found = {number for number, _ in _phones(text, country)}
    return found.pop() if len(found) == 1 else ""


def split_who(text: str, country: str = "ID") -> tuple[str, str]:
    """What was typed for "who" as (name, phone): either may be empty."""
    words = clean(text, LONGEST_STORY).replace("\n", " ")
    for number, span in _phones(words, country):
        rest = f"{words[: span[0]]} {words[span[1] :]}"
        name = re.sub(r"\b(?:hp|no|nomor|telp|tlp|wa|phone|number)\b[.:]*\s*$", "", rest.strip(), flags=re.I)
        return _trimmed(name)[:LONGEST_NAME].strip(), number
    return _trimmed(words)[:LONGEST_NAME].strip(), ""


def split_where(text: str) -> tuple[str, str]:
    """What was typed for "where" as (village or place, Kemendagri code): a code only where it is sure."""
    words = clean(text, LONGEST_STORY).replace("\n", " ")
    found = _districts_in(words, whole=True)
    if len(found) != 1:
        return words[:LONGEST_PLACE].strip(), ""
    ((code, (start, end)),) = found.items()
    rest = _trimmed(
        re.sub(r"\b(?:kab|kabupaten|kec|di)\b[. ]*$", "", words[:start], flags=re.I) + words[end:]
    )
    return rest[:LONGEST_PLACE].strip(), code


def likely_districts(text: str) -> tuple[districts.District, ...]:
    """The districts that may be meant by what was typed for "where", best first."""
    sure = tuple(districts.by_code(code) for code in _districts_in(text, whole=True))
    if sure:
        return sure
    words = text.split()
    return districts.find(text) or (districts.find(words[-1]) if words else ())


def read_story(text: str, country: str = "ID") -> Answers:
    """What a text in free words tells for sure; the whole of it stays the story."""
    story = clean(text, LONGEST_STORY)
    found = _districts_in(story, whole=False)
    countries = {code for word in _words(story) if (code := _COUNTRIES.get(word))}
    return Answers(
        story=story,
        recruiter_name=_name_in(story),
        recruiter_phone=read_phone(story, country),
        district=next(iter(found)) if len(found) == 1 else "",
        destination=countries.pop() if len(countries) == 1 else "",
    )


def _words(text: str) -> list[str]:
    return [match.group().casefold().strip(".'-") for match in _WORD.finditer(text)]


def _trimmed(text: str) -> str:
    return re.sub(r"\s+", " ", text).strip(" ,;:/-.()")


def _phones(text: str, country: str) -> list[tuple[str, tuple[int, int]]]:
    """Phone numbers of at least nine digits with their places; sums of money are none."""
    found = []
    for match in _PHONE.finditer(text):
        digits = re.sub(r"\D", "", match.group())
        is_grouped = re.fullmatch(r"\d{1,3}(?:\.000)+", match.group().strip())
        if len(digits) < 9 or is_grouped or _MONEY.search(text[: match.start()]):
            continue
        if not match.group().startswith(("+", "0", "62", "60", "65", "670")):
            continue
        typed = "+" + digits[2:] if match.group().startswith("00") else match.group()
        try:
            found.append((phones.normalise(typed, country), match.span()))
        except Invalid:
            continue
    return found


def _name_in(text: str) -> str:
    """A company after PT, CV or UD, or a person after "bernama": as far as the name surely goes."""
    for pattern in (_COMPANY, _NAMED):
        for match in pattern.finditer(text):
            name = _name_from(text, match.end())
            if name:
                prefix = f"{match[1].upper()} " if pattern is _COMPANY else ""
                return f"{prefix}{name}"[:LONGEST_NAME]
    return ""


def _name_from(text: str, start: int) -> str:
    words: list[str] = []
    end = start
    for match in _WORD.finditer(text, start):
        between = text[end : match.start()] if words else ""
        word = match.group()
        if len(words) == _MOST_WORDS or re.search(r"[,;:?!\d\n(]", between) or word.lower() in NAME_ENDS:
            break
        if words and text[start].isupper() and not word[0].isupper():
            break  # a name in capitals ends with them
        words.append(word.rstrip(".'-"))
        end = match.end()
        if word.endswith("."):
            break
    return " ".join(words)


def _districts_in(text: str, *, whole: bool) -> dict[str, tuple[int, int]]:
    """The districts that `text` names exactly, each with the place of its name. `whole`: the text is about
    a place, so that names which are common words count too."""
    matches = list(re.finditer(r"[^\W\d_]+(?:['’][^\W\d_]+)?", text))
    found: dict[str, tuple[int, int]] = {}
    taken: set[int] = set()
    for length in (3, 2, 1):
        for first in range(len(matches) - length + 1):
            span = range(first, first + length)
            phrase = " ".join(match.group() for match in matches[first : first + length]).casefold()
            if taken & set(span) or (not whole and phrase in _NO_PLACES):
                continue
            named = districts.named_exactly(phrase)
            if named and not (length == 1 and phrase == "kota"):
                taken |= set(span)
                place = (matches[first].start(), matches[span[-1]].end())
                for district in named:  # "Maumere, Sikka": the last name is the district, the first the place
                    found[district.code] = max(place, found.get(district.code, place))
    return found
