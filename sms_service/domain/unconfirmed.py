"""What must not be told to callers: numbers, addresses, names and promises that were met while gathering
facts, and are wrong, for another purpose, too old, or not confirmed by the office.

Each is a pattern that does not match itself. Asked before edited content is kept, and by a guard test over
the whole repository.
"""

from __future__ import annotations

import re

GAP = r"[\s.()-]*"


def _number(*groups: str) -> str:
    return GAP.join(groups)


EVERYWHERE = {
    "a WhatsApp number that a single page prints": _number("811", "8080", "141"),
    "an embassy's line for one flood": _number("60", "17", "500", "7047"),
    "another line for one flood": _number("60", "12", "686", "6079"),
    "a web address that is not the ministry's": r"(?<!\w)siskop2mi\.go\.id",
    "penal articles of an older draft": r"ketentuan-+pidana",
    "a company that was only met in the news (1)": r"cipta\s+rezeki\s+utama",
    "a company that was only met in the news (2)": r"pamor\s+sapta\s+dharma",
    "a company that was only met in the news (3)": r"wira\s+karitas",
    "a company that was only met in the news (4)": r"zisra\s+dwi",
    "a company that was only met in the news (5)": r"bukit\s+mayak",
}
IN_CONTENT = {
    "a number for texts of 2011": r"(?<!\d)72\s?66(?!\d)",
    "a promise that nothing is to be paid": r"zero\s+cost|tanpa\s+biaya|bebas\s+biaya|biaya\s+nol|no\s+cost",
    "the articles of that draft": r"pasal\s+(6[89]|7[0-2])\b|ps\s+(6[89]|7[0-2])\b",
    "a verdict on a company": r"\b(ilegal|illegal|perusahaan legal|legal company)\b",
}


def find(text: str) -> str | None:
    """What of it stands in a text, in words; None: nothing."""
    for what, pattern in {**EVERYWHERE, **IN_CONTENT}.items():
        if re.search(pattern, text, re.IGNORECASE):
            return what
    return None
