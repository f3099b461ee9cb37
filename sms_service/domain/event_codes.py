"""Event codes: short, typed on a keypad, with a check digit so that a slip meets no other event.

The last digit is a check digit over a quasigroup without symmetry (H. M. Damm, 2004): every single wrong
digit and every swap of two neighbours is noticed. A digit too few or too many changes the length, and a
longer code is never handed out where leaving one digit away gives a code in use.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator

SHORTEST = 4
LONGEST = 8

# Row: what has been read so far; column: the next digit. The diagonal is zero, so a right code ends in 0.
_NEXT = (
    (0, 3, 1, 7, 5, 9, 8, 6, 4, 2),
    (7, 0, 9, 2, 1, 5, 4, 8, 6, 3),
    (4, 2, 0, 6, 8, 7, 1, 3, 5, 9),
    (1, 7, 5, 0, 9, 8, 3, 4, 2, 6),
    (6, 1, 2, 3, 0, 4, 5, 9, 7, 8),
    (3, 6, 7, 4, 2, 0, 9, 5, 8, 1),
    (5, 8, 6, 9, 7, 2, 0, 1, 3, 4),
    (8, 9, 4, 5, 3, 6, 2, 0, 1, 7),
    (9, 4, 3, 8, 6, 1, 7, 2, 0, 5),
    (2, 5, 8, 1, 4, 3, 6, 7, 9, 0),
)
# What people type for a digit, and what they put between digits.
_SLIPS = str.maketrans({"O": "0", "Q": "0", "I": "1", "L": "1", " ": "", "-": "", ".": "", "#": ""})


def _fold(digits: str) -> int:
    state = 0
    for digit in digits:
        state = _NEXT[state][int(digit)]
    return state


def with_check_digit(payload: str) -> str:
    """Return `payload` (digits) with its check digit."""
    return payload + str(_fold(payload))


def is_code(text: str) -> bool:
    """True when `text` has the form of a code: its length, only digits, the right check digit."""
    return SHORTEST <= len(text) <= LONGEST and text.isascii() and text.isdigit() and not _fold(text)


def read_code(typed: str) -> str | None:
    """Return the code that somebody typed (spaces, dashes, O for 0 and l for 1 forgiven), else None."""
    text = typed.strip().upper().translate(_SLIPS)
    return text if is_code(text) else None


def free_codes(used: Collection[str]) -> list[str]:
    """Return the codes that may be handed out next: those of the shortest length that has any left."""
    for length in range(SHORTEST, LONGEST + 1):
        free = [code for code in _codes(length) if code not in used and not _shortens_to(code, used)]
        if free:
            return free
    return []


def _codes(length: int) -> Iterator[str]:
    # The first digit is not 0: keypads and spreadsheets lose a leading zero.
    for payload in range(10 ** (length - 2), 10 ** (length - 1)):
        yield with_check_digit(str(payload))


def _shortens_to(code: str, used: Collection[str]) -> bool:
    return len(code) > SHORTEST and any(code[:i] + code[i + 1 :] in used for i in range(len(code)))
