"""What somebody typed about a company, made comparable: a name, a licence number, a phone number.

Two strengths of sameness are kept apart. `normalise` removes only what carries no meaning (legal form,
case, accents, signs, spaces): equal there is the same name. `fold` also removes common slips and old
spelling: equal there is merely similar, and the caller must be asked. Called by matching, by the import
of the official list and by the count of names that nobody finds.
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass

from sms_service.domain import phones
from sms_service.errors import Invalid

LONGEST = 120  # characters looked at; a longer text is no company's name
LEGAL_FORMS = ("pt", "cv", "ud", "pd", "fa", "firma", "koperasi", "yayasan", "perseroan terbatas")
_ATTRIBUTES = ("tbk", "persero", "p3mi", "pjtki", "pptkis")  # say what it is, not who it is
# Words of a question about a company: "apakah PT Maju resmi?", "is PT Maju registered"
_QUESTION = """
    apa apakah adakah ada kah bagaimana bisa tidak atau dengan dari tentang saya kami mau tolong kak pak bu
    cek check tanya nama perusahaan perekrut agen company agency recruiter itu ini yang di nya ya dong
    is the resmi legal ilegal terdaftar registered aman safe izin ijin benar asli penipu penipuan
"""
_QUESTION_WORDS = frozenset(_QUESTION.split())
# A run of 8 to 15 digits as a phone number starts: +62..., 00 62..., 62..., 08..., 8...
_PHONE = re.compile(r"(?<!\d)(?:\+|00(?=[1-9]))?(?:[1-9]|0[2-9])(?:[ .\-()]{0,2}\d){7,14}(?!\d)", re.ASCII)
_LABEL = re.compile(
    r"(?:no|nomor|number|izin|ijin|siup|sip3mi|lisensi|license|licence)\b[ .:#]*", re.IGNORECASE | re.ASCII
)
_OLD_SPELLING = (("dj", "j"), ("tj", "c"), ("oe", "u"))
_DOUBLED = re.compile(r"(.)\1+")
_LOOK_ALIKE = str.maketrans("oil", "011")


@dataclass(frozen=True, slots=True)
class Name:
    """A company's name taken apart: legal form ("pt", or "" where none is stated) and words."""

    form: str
    words: tuple[str, ...]

    @property
    def compact(self) -> str:
        """What makes it the same name: its words in one."""
        return "".join(self.words)


def split_words(text: str) -> list[str]:
    """Return the words of a text in lower case without accents and signs."""
    plain = unicodedata.normalize("NFKD", text[:LONGEST].casefold())
    kept = ("" if unicodedata.combining(c) or c in "'`’" else c if c.isalnum() else " " for c in plain)
    return "".join(kept).split()


def read_name(name: str) -> Name:
    """Take a name apart: "P.T. Maju Jaya, Tbk." is form pt, words maju and jaya."""
    return _strip_forms(split_words(name))


def read_question(text: str) -> Name:
    """Take the name in a question apart: without the question's own words, without "cabang ..."."""
    words = [word for word in split_words(text) if word not in _QUESTION_WORDS]
    for place, word in enumerate(words[:-1]):
        if word in LEGAL_FORMS:
            words = words[place:]
            break
    if "cabang" in words[1:]:
        words = words[: words.index("cabang", 1)]
    return _strip_forms(words)


def normalise(name: str) -> str:
    """Return what makes a name the same name: its words without legal form, in one ("majujaya")."""
    return read_name(name).compact


def fold(compact: str) -> str:
    """Return a normalised name with old spelling and doubled letters made one: for similarity only."""
    for old, new in _OLD_SPELLING:
        compact = compact.replace(old, new)
    return _DOUBLED.sub(r"\1", compact)


def split_phone(text: str, country: str = "ID") -> tuple[str, str | None]:
    """Return a text without the phone number in it, and that number in E.164 form, or None."""
    text = text[:LONGEST]
    match = _PHONE.search(text)
    if match is None:
        return text, None
    digits = match.group()
    try:
        number = phones.normalise(f"0{digits}" if digits.startswith("8") else digits, country)
    except Invalid:
        return text, None
    return f"{text[: match.start()]} {text[match.end() :]}", number


def licence_key(text: str) -> str:
    """Return what makes a typed licence number the same one: letters and digits, O as 0, I and L as 1.

    Empty when there is no digit in it: then it is no licence number.
    """
    bare = text.strip()[:LONGEST]
    while (label := _LABEL.match(bare)) and label.end() < len(bare):
        bare = bare[label.end() :]
    key = "".join(split_words(bare))
    return key.translate(_LOOK_ALIKE) if any(c.isdigit() for c in key) else ""


def _strip_forms(words: list[str]) -> Name:
    """Take legal forms and attributes off both ends, as long as a word is left."""
    form = ""
    while True:
        for name in (*LEGAL_FORMS, *_ATTRIBUTES):
            shorter = _without(words, name)
            if shorter is not None:
                form = form or (name if name in LEGAL_FORMS else "")
                words = shorter
                break
        else:
            return Name("pt" if form == "perseroan terbatas" else form, tuple(words))


def _without(words: list[str], form: str) -> list[str] | None:
    """Return the words without `form` at either end, in words or letter by letter ("p t"), or None."""
    for spelling in (form.split(), list(form)):
        size = len(spelling)
        if len(words) > size and words[:size] == spelling:
            return words[size:]
        if len(words) > size and words[-size:] == spelling:
            return words[:-size]
    return None
