"""What people may want news about, and what a consultation may be about: few topics, one list.

Warnings are no topic: they are switched on and off apart. Who wants news and names no topic wants all of
them (`wants`). A topic's words stand in menus/content/text as `topic.<key>`; `read` understands what people
type after REG and what stands in a spreadsheet. Pure.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable

TOPICS = ("jobs", "training", "documents", "costs", "rights", "events")
CONSULTATION_TOPICS = tuple(topic for topic in TOPICS if topic != "events")

_ALIASES = {
    "jobs": "jobs job kerja pekerjaan lowongan loker lamaran work vacancy vacancies",
    "training": "training pelatihan latihan kursus bahasa sertifikat course courses language",
    "documents": "documents document dokumen syarat surat berkas paspor visa papers passport",
    "costs": "costs cost biaya ongkos kur kredit uang money loan",
    "rights": "rights right hak kontrak perlindungan contract protection",
    "events": "events event acara kegiatan jadwal sosialisasi konsultasi",
}
_TOPIC_OF = {word: topic for topic, words in _ALIASES.items() for word in words.split()}
_WORD = re.compile(r"[^\W\d_]+")
_JOINED_BY = frozenset({"dan", "and", "atau", "or", "topik", "topic", "info", "tentang", "about"})


def read(text: str) -> tuple[tuple[str, ...], str]:
    """Return the topics that `text` names, in the order of TOPICS, and the text without their words."""
    found: set[str] = set()
    spans = []
    for match in _WORD.finditer(text):
        word = match.group().casefold()
        if topic := _TOPIC_OF.get(word):
            found.add(topic)
        if topic or word in _JOINED_BY:
            spans.append(match.span())
    if not found:
        return (), text.strip()
    rest = text
    for start, end in reversed(spans):
        rest = rest[:start] + rest[end:]
    return tuple(topic for topic in TOPICS if topic in found), " ".join(rest.split()).strip(" ,.;:/&+-")


def read_one(text: str) -> str | None:
    """Return the one topic that a cell names, "" for an empty one; None when it names none or several."""
    if not text.strip():
        return ""
    found, rest = read(text)
    return found[0] if len(found) == 1 and not rest else None


def wants(chosen: Collection[str], about: Iterable[str]) -> bool:
    """True when news `about` these topics is for somebody who chose `chosen`: none chosen means all."""
    return not chosen or not set(chosen).isdisjoint(about)
