"""Receipts of reports: a code that can be read aloud, and a PIN that only its owner knows.

A code is seven random digits and a check digit, said as two groups of four. The check digit (Damm) finds
every wrong digit and every two neighbours that changed places, so a slip of the finger is told as such and
does not count as a wrong PIN. Codes are random: one tells nothing about the next.
"""

from __future__ import annotations

import re
import secrets

CODE_DIGITS = 8
SHORTEST_PIN, LONGEST_PIN = 4, 6
DRAWN_PIN_DIGITS = 4

# A quasigroup of order ten without weak spots (H. M. Damm, 2004): row is the digit so far, column the next.
_DAMM = (
    "0317598642", "7092154863", "4206871359", "1750983426", "6123045978",
    "3674209581", "5869720134", "8945362017", "9438617205", "2581436790",
)  # fmt: skip
_RISING, _FALLING = "01234567890123456789", "98765432109876543210"
_TYPED = re.compile(r"[\d\s.,/*#-]*")


def draw_code() -> str:
    """Return a new code at random. It never begins with 0, which a spreadsheet or a reader may drop."""
    body = str(10 ** (CODE_DIGITS - 2) + secrets.randbelow(9 * 10 ** (CODE_DIGITS - 2)))
    return body + check_digit(body)


def check_digit(digits: str) -> str:
    """Return the digit that makes `digits` a valid code."""
    state = "0"
    for digit in digits:
        state = _DAMM[int(state)][int(digit)]
    return state


def is_code(digits: str) -> bool:
    """True for eight digits of which the last one is right."""
    return (
        len(digits) == CODE_DIGITS
        and digits.isascii()
        and digits.isdigit()
        and digits[0] != "0"
        and check_digit(digits) == "0"
    )


def spoken(code: str) -> str:
    """Return a code as it is shown and said: in two groups."""
    half = CODE_DIGITS // 2
    return f"{code[:half]} {code[half:]}"


def read_code(typed: str) -> str | None:
    """Return the code that was typed, with or without spaces; None when it is none."""
    digits = _digits(typed)
    return digits if digits is not None and is_code(digits) else None


def read_both(typed: str) -> tuple[str, str] | None:
    """Split `4821 9375 2460` into code and PIN, wherever the spaces are; None unless it can be both."""
    digits = _digits(typed)
    if digits is None or not SHORTEST_PIN <= len(digits) - CODE_DIGITS <= LONGEST_PIN:
        return None
    code, pin = digits[:CODE_DIGITS], digits[CODE_DIGITS:]
    return (code, pin) if is_code(code) else None


def pin_fault(pin: str) -> str:
    """Say why `pin` cannot be chosen: "form" (not 4 to 6 digits), "simple" (one digit, a row), or ""."""
    if not (pin.isascii() and pin.isdigit() and SHORTEST_PIN <= len(pin) <= LONGEST_PIN):
        return "form"
    if len(set(pin)) == 1 or pin in _RISING or pin in _FALLING:
        return "simple"
    return ""


def pin_from(noise: str) -> str:
    """Return the PIN that hexadecimal `noise` stands for: the same for the same, never a simple one.

    `noise` needs 16 digits or more; a PIN is drawn from it instead of anew so that a repeated request
    shows the same one.
    """
    number, size = int(noise, 16), 10**DRAWN_PIN_DIGITS
    while True:
        pin = str(number % size).zfill(DRAWN_PIN_DIGITS)
        if not pin_fault(pin):
            return pin
        number = number // size or int(noise, 16) + 1


def _digits(typed: str) -> str | None:
    if not typed.isascii() or not _TYPED.fullmatch(typed):
        return None
    return re.sub(r"\D", "", typed)
