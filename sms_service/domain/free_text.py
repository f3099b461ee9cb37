"""What people write in their own words, made fit to be kept: nothing is changed but what cannot be shown.

Kept: every letter, sign and emoji, line ends, and whatever looks like code to somebody. Taken out: control
characters (NUL among them), halves of surrogate pairs, and the invisible marks that turn the direction of
writing, by which a text can be made to read as another one.
"""

from __future__ import annotations

import unicodedata

# Cc control, Cs half of a surrogate pair, Co private use, Cn no character at all
_TAKEN_OUT = frozenset({"Cc", "Cs", "Co", "Cn"})
_TURNING = frozenset("\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")


def clean(text: str, longest: int) -> str:
    """Return `text` without what cannot be shown, trimmed and cut to `longest` characters."""
    lines = text.replace("\r\n", "\n").replace("\r", "\n").replace("\t", " ")
    return "".join(sign for sign in lines if _is_kept(sign)).strip()[:longest].rstrip()


def _is_kept(sign: str) -> bool:
    if sign == "\n":
        return True
    return sign not in _TURNING and unicodedata.category(sign) not in _TAKEN_OUT
