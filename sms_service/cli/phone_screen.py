"""Draws a feature phone's screen as lines of text. Pure: no terminal, no network.

Options stand in two columns where two fit side by side, as on a small keypad phone; below stands how much
of the network's 160 septets the whole answer takes, its `CON ` or `END ` included.
"""

from __future__ import annotations

import re
import textwrap
from itertools import zip_longest

from sms_service.domain.texts import measure

WIDTH = 44  # columns inside the frame
_OPTION = re.compile(r"\d{1,2}[ .:)]\s*\S")


def draw_call(answer: str, limit: int) -> list[str]:
    """The screen of one whole USSD answer, prefix included. `limit` is in septets."""
    return _framed(_columns(_plain(answer[4:]).split("\n")), "", _call_note(answer, limit))


def print_call(answer: str, limit: int) -> list[str]:
    """The same for scripts: the answer's own lines, unbroken, under one that counts."""
    return [f"--- {_call_note(answer, limit)}", *_plain(answer[4:]).split("\n")]


def draw_text(body: str, sender: str) -> list[str]:
    """An incoming SMS."""
    return _framed(_wrapped(_plain(body)), f"SMS from {_plain(sender)}", _text_note(body))


def print_text(body: str, sender: str) -> list[str]:
    """The same for scripts."""
    return [f"--- SMS from {_plain(sender)}, {_text_note(body)}", *_plain(body).split("\n")]


def _call_note(answer: str, limit: int) -> str:
    state = {"CON ": "", "END ": "call ended"}.get(answer[:4], "not an answer")
    size = measure(answer)
    unit = "septets" if size.encoding == "GSM-7" else f"{size.encoding} units"
    over = " TOO LONG" if size.units > limit or size.encoding != "GSM-7" else ""
    return ", ".join(filter(None, (state, f"{size.units}/{limit} {unit}{over}")))


def _text_note(body: str) -> str:
    size = measure(body)
    parts = "1 segment" if size.segments == 1 else f"{size.segments} segments"
    return f"{size.units} {size.encoding}, {parts}"


def _plain(text: str) -> str:
    """Nothing that a terminal would obey."""
    return "".join(c if c.isprintable() or c == "\n" else "?" for c in text.replace("\r\n", "\n"))


def _columns(lines: list[str]) -> list[str]:
    """Wrapped lines, neighbouring options side by side where both fit into half a screen."""
    half = WIDTH // 2
    drawn: list[str] = []
    run: list[str] = []
    for line in [*lines, None]:
        if line is not None and _OPTION.match(line) and len(line) < half:
            run.append(line)
            continue
        drawn += [f"{a:<{half}}{b}".rstrip() for a, b in zip_longest(run[::2], run[1::2], fillvalue="")]
        run = []
        if line is not None:
            drawn += _wrapped(line)
    return drawn


def _wrapped(text: str) -> list[str]:
    return [
        row
        for line in text.split("\n")
        for row in (textwrap.wrap(line, WIDTH, break_on_hyphens=False, drop_whitespace=True) or [""])
    ]


def _framed(rows: list[str], head: str, foot: str) -> list[str]:
    top = f" {head} " if head else ""
    return [
        f".-{top:-<{WIDTH}}-.",
        *(f"| {row:<{WIDTH}} |" for row in rows),
        f"'-{f' {foot} ':->{WIDTH}}-'",
    ]
