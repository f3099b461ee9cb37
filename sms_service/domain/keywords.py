"""Reads what a person texts: a keyword however it is typed, a number of the menu, or a question in words.

Pure. Called by services/dialogues/inbound.py. The order of attempts decides: the first word as it stands, a
wish to be left alone, a word after politeness, a slip of the first word (keyword_slips.py), a question that
can be tried as a check. A STOP that does not begin the text counts only where nothing else is meant by it.
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from typing import Literal

from sms_service.domain import keyword_lists as lists
from sms_service.domain.keyword_lists import DESTRUCTIVE, EXACT, Keyword
from sms_service.domain.keyword_slips import find_slip

Certainty = Literal["exact", "close", "guess", "none"]
_LONGEST = 1000  # characters looked at: six segments, and then some
_TOKEN = re.compile(r"[^\W\d_]+|[0-9]+")
_DOUBLED = re.compile(r"(.)\1+")
_EDGE = " \t\r\n\"'#:;,.-=_/*|!?()[]<>`\u201c\u201d\u2018\u2019"
_PT = re.compile(r"\b([pPcCuU])\s?\.\s?([tTvVdD])\b\.?")
_PHONE = re.compile(r"(?<![\w+])\+?[0-9][0-9 .\-]{6,18}[0-9](?!\w)")
_SUFFIX = re.compile(r"(nya|kan|lah|in|kah)$")
_NOT_WANTED = re.compile(
    r"(?:jangan|jgn|jng|gausah|(?:ga|gak|gk|tidak|tdk|ndak|nggak) usah)(?: lagi)?"
    r" (?:(?:kirim|krim|krm|kirimi|kirimin|hubungi|telp|telpon)(?: \w+){0,3} ?(?:sms|pesan|lagi|saya|info)"
    r"|sms|ganggu|spam)"
    r"|(?:tidak|tdk|ga|gak|gk|ndak|nggak|ngga) (?:mau|ingin|perlu|butuh)(?: lagi)?"
    r"(?: (?:terima|nerima|dapat|dpt|dikirim|dikirimi))? (?:sms|pesan)"
    r"|(?:do not|dont|don t) (?:text|sms|message|contact|send)|no more (?:texts?|sms|messages?)"
    r"|remove me|take me off"
)
_SQUEEZED = {_DOUBLED.sub(r"\1", word): keyword for word, keyword in EXACT.items() if len(word) > 2}
# "INFO JADWAL BELU" asks for the schedule; "DAFTAR JADWAL" means "list of events"; "REG STOP" wants out.
_LEADS_ON = {
    Keyword.INFO: {Keyword.JADWAL, Keyword.BANTUAN, Keyword.CEK, Keyword.LAPOR},
    Keyword.DAFTAR: {Keyword.JADWAL, Keyword.INFO, Keyword.BATAL},
    Keyword.CEK: {Keyword.JADWAL},
    Keyword.REG: {Keyword.BERHENTI},
}


@dataclass(frozen=True, slots=True)
class Command:
    """What a text means. `argument` keeps the person's own spelling.

    `certainty`: exact = the word itself; close = a slip of it; guess = a question tried as a check, or a cry
    for help; none = nothing understood (keyword UNKNOWN, argument the text).
    """

    keyword: Keyword
    argument: str = ""
    certainty: Certainty = "exact"

    @property
    def is_whole(self) -> bool:
        """False where other words stand behind the keyword, so that it may be the first word of an answer.

        A STOP counts whatever follows it, and LAPOR begins a report in words.
        """
        if self.keyword in (Keyword.BERHENTI, Keyword.LAPOR):
            return True
        words = sum(any(map(str.isalpha, word)) for word in self.argument.split())
        return words <= (1 if self.keyword in (Keyword.HAPUS, Keyword.BAHASA) else 0)


@dataclass(frozen=True, slots=True)
class _Text:
    """A cleaned text and its words, lower case, with where each stands."""

    clean: str
    words: tuple[str, ...]
    spans: tuple[tuple[int, int], ...]

    def after(self, index: int) -> str:
        """What follows word `index`, without the signs around it."""
        return self.clean[self.spans[index][1] :].strip(_EDGE)

    def between(self, first: int, last: int) -> str:
        """The text from word `first` to word `last`, both included."""
        return self.clean[self.spans[first][0] : self.spans[last][1]]


def read(text: str) -> Command:
    """Return what `text` means. Never raises, whatever it holds."""
    here = _clean(text)
    if not here.words:
        return Command(Keyword.UNKNOWN, here.clean, "none")
    if all(word.isdigit() for word in here.words) or (len(here.words) == 1 and here.words[0] in ("o", "oo")):
        return _read_number(here)
    for attempt in (_read_first_word, _read_stop_phrase, _read_after_fillers, _read_slip, _read_question):
        command = attempt(here)
        if command is not None:
            return command
    return Command(Keyword.UNKNOWN, here.clean, "none")


def _clean(text: str) -> _Text:
    normal = unicodedata.normalize("NFKC", text[:_LONGEST])
    visible = "".join(
        " " if (kind := unicodedata.category(c)) == "Cc" else "" if kind in ("Cf", "Cs") else c
        for c in normal
    )
    clean = _PT.sub(r"\1\2 ", visible).strip()
    found = list(_TOKEN.finditer(clean))
    return _Text(clean, tuple(m.group().lower() for m in found), tuple(m.span() for m in found))


def _read_number(here: _Text) -> Command:
    word = here.words[0].replace("o", "0")
    if len(here.words) == 1 and len(word) <= 6 and here.clean.strip(_EDGE).lower().replace("o", "0") == word:
        return Command(Keyword.INPUT, word)
    if phone := _PHONE.search(here.clean):  # a number to call: whose is it?
        return Command(Keyword.CEK, phone.group().strip(), "guess")
    return Command(Keyword.UNKNOWN, here.clean, "none")


def _read_first_word(here: _Text) -> Command | None:
    word = here.words[0]
    if len(here.words) == 1 and (keyword := lists.ALONE.get(word)):
        return Command(keyword, word.upper() if keyword is Keyword.BAHASA else "")
    if keyword := EXACT.get(word):
        return _command(here, 0, keyword, "exact")
    if word.isdigit():  # the code first: "1230 HADIR"
        if len(here.words) == 2 and (keyword := EXACT.get(here.words[1])) in (Keyword.DAFTAR, Keyword.HADIR):
            return Command(keyword, word, "close")
        return None
    if keyword := _plain(word):
        return _command(here, 0, keyword, "close")
    if len(here.words) > 1 and (keyword := EXACT.get(word + here.words[1])):  # "UN REG", "BER HENTI"
        return _command(here, 1, keyword, "close")
    return None


def _command(here: _Text, index: int, keyword: Keyword, certainty: Certainty) -> Command:
    """The command of the keyword at word `index`, unless the next word says what is really meant."""
    following = here.words[index + 1] if index + 1 < len(here.words) else ""
    meant = EXACT.get(following)
    if meant and meant in _LEADS_ON.get(keyword, ()):
        return _command(here, index + 1, meant, certainty)
    if keyword is Keyword.CEK:
        return Command(keyword, _name_to_check(here, index + 1), certainty)
    if keyword is Keyword.INFO and following in lists.COMPANY:
        return Command(Keyword.CEK, _name_to_check(here, index + 1), "close")
    return Command(keyword, here.after(index), certainty)


def _plain(word: str) -> Keyword | None:
    """The keyword of a word with doubled letters or a suffix taken off: STOOOP, jadwalnya."""
    if word in lists.NOT_SLIPS:
        return None
    squeezed = _DOUBLED.sub(r"\1", word)
    stem = _SUFFIX.sub("", word)
    return _SQUEEZED.get(squeezed) or (EXACT.get(stem) if len(stem) > 2 else None)


def _read_stop_phrase(here: _Text) -> Command | None:
    first = _skip_fillers(here)
    if _NOT_WANTED.match(" ".join(here.words[first : first + 8])):
        return Command(Keyword.BERHENTI, "", "close")
    if first < len(here.words) and here.words[first] in lists.STOP_WITH_TAIL and _ends_stop(here, first):
        return Command(Keyword.BERHENTI, "", "close")
    return None


def _ends_stop(here: _Text, index: int) -> bool:
    following = here.words[index + 1 : index + 2]
    return not following or following[0] in lists.STOP_TAILS


def _skip_fillers(here: _Text) -> int:
    index = 0
    while index < len(here.words) and here.words[index] in lists.FILLERS:
        index += 1
    return index


def _read_after_fillers(here: _Text) -> Command | None:
    index = _skip_fillers(here)
    if index == 0:
        return None
    if index == len(here.words):
        return _cry(here)
    word = here.words[index]
    keyword = EXACT.get(word) or _plain(word)
    if keyword is None and (keyword := find_slip(word)) in DESTRUCTIVE:
        keyword = None  # two doubts at once
    if keyword is Keyword.BERHENTI and not _ends_stop(here, index):
        keyword = None  # "saya mau berhenti kerja" leaves a job, not us
    if keyword is None:
        return _read_question(here) or _cry(here)
    return _command(here, index, keyword, "close")


def _cry(here: _Text) -> Command | None:
    if here.words[0] in lists.CRIES:
        return Command(Keyword.BANTUAN, "", "guess")
    return None


def _read_slip(here: _Text) -> Command | None:
    word = here.words[0]
    if keyword := find_slip(word):
        return _command(here, 0, keyword, "close")
    for glued in ("cek", "reg"):  # CEKPT MAJU, REGBELU
        if word.startswith(glued) and len(word) > len(glued) + 1 and word not in lists.NOT_SLIPS:
            start = here.spans[0][0] + len(glued)
            return Command(EXACT[glued], here.clean[start:].strip(_EDGE), "close")
    if re.match(r"(pt|cv)[a-z]{4}", word) and len(word) > 5:
        return Command(Keyword.CEK, here.clean[here.spans[0][0] :].strip(_EDGE), "guess")
    return None


def _name_to_check(here: _Text, first: int) -> str:
    """The argument of CEK, without "status", "apakah" before it and "resmi ga?" behind it."""
    words = here.words
    while first < len(words) - 1 and words[first] in lists.CHECK_FILLERS:
        first += 1
    if first >= len(words):
        return ""
    last = len(words)
    while last - 1 > first and words[last - 1] in lists.PARTICLES:
        last -= 1
    asked = last < len(words) or here.clean.rstrip().endswith("?")
    while asked and last - 1 > first and words[last - 1] in lists.VALIDITY:
        last -= 1
    if last == len(words):
        return here.clean[here.spans[first][0] :].strip(_EDGE)
    return here.between(first, last - 1)


def _read_question(here: _Text) -> Command | None:
    words = here.words
    asks = any(word in lists.VALIDITY or word in lists.VALIDITY_LEADS for word in words)
    if asks and (phone := _PHONE.search(here.clean)):
        return Command(Keyword.CEK, phone.group().strip(), "guess")
    for index, word in enumerate(words):
        if word == "pt" or (word in lists.COMPANY and (index == 0 or asks)):
            if name := _name(here, index, index + 1):
                return Command(Keyword.CEK, name, "guess")
            return None
    if words[0] in lists.VALIDITY_LEADS or (asks and words[0] in lists.QUESTION_LEADS):
        first = 1
    elif asks and words[-1] in lists.PARTICLES and len(words) > 2 and words[-2] in lists.VALIDITY:
        first = 0
    else:
        return None
    if first < len(words) and words[first] in lists.NOT_NAMES:
        return None
    name = _name(here, first, first)
    return Command(Keyword.CEK, name, "guess") if name else None


def _name(here: _Text, start: int, first: int) -> str:
    """The name whose own words begin at `first`, shown from word `start`; empty when there is none."""
    last = first
    while last < len(here.words) and last < first + 7 and here.words[last] not in lists.NAME_ENDS:
        if last > first and re.search(r"[,;?!\n]", here.clean[here.spans[last - 1][1] : here.spans[last][0]]):
            break
        last += 1
    return here.between(start, last - 1) if last > first else ""
