"""`phone`: a feature phone in the terminal, against the running service over HTTP, as a gateway would.

With --keys it plays a script and exits; else it is interactive. What is typed goes into the call; words
that start with `!` are the phone's own keys (see KEYS). Texts arrive from the console gateway's inbox in
the database; the phone posts a delivery report for each one that it shows.
"""

from __future__ import annotations

import argparse
import os
import re
import select
import sys
import time
from collections.abc import Callable
from datetime import timedelta
from typing import Any

from sms_service.cli.handset import Handset
from sms_service.cli.open_store import open_store
from sms_service.cli.phone_screen import draw_call, draw_text, print_call, print_text
from sms_service.clock import Clock
from sms_service.domain import phones
from sms_service.errors import Invalid
from sms_service.services import rehearsals
from sms_service.settings import Settings
from sms_service.store.console_inbox import ConsoleInbox
from sms_service.store.engine import Store

DEFAULT_NUMBER = "+6281200000001"
KEYS = """\
  !drop        hang up in mid-call        !redial       call again
  !twice       send the last turn again, three times at once
  !twice=1     send 1, three times at once
  !sms=TEXT    send an SMS to the short code
  !wait=5      wait up to 5 seconds for a text, unless one has come since the last !wait
  !clock=+7d   move the clock: + or -, then a number and d, h, m or s (rehearsal only)
  !quit        switch the phone off"""
_OTHER_LANGUAGE = {"en": "English", "id": "Indonesia"}  # as the root's option 8 is called
_UNITS = {"d": "days", "h": "hours", "m": "minutes", "s": "seconds"}
_POLL_SECONDS = 0.25
_CLOCK_SECONDS = 1.5  # the processes look at the clock's revision once a second


def add_parser(subparsers: Any) -> None:
    """Describe the command."""
    parser = subparsers.add_parser(
        "phone",
        help="a feature phone in the terminal",
        formatter_class=argparse.RawDescriptionHelpFormatter,
        epilog=f"keys of the phone, typed or in --keys:\n{KEYS}",
    )
    parser.add_argument("--number", default=DEFAULT_NUMBER, help="the phone's own number (+62 812 0000 xxxx)")
    parser.add_argument(
        "--keys", metavar="LIST", help='what to type, e.g. "1,PT CONTOH,0"; a comma is written \\,'
    )
    parser.add_argument(
        "--draw", action="store_true", help="with --keys: draw the screens, do not just print"
    )
    parser.add_argument(
        "--language", choices=sorted(_OTHER_LANGUAGE), help="switch to it at the first screen"
    )


def run(args: argparse.Namespace, settings: Settings) -> int:
    """Be a phone. Raises Unavailable when the service does not answer, Invalid for a key that is none."""
    try:
        number = phones.normalise(args.number, settings.default_country)
    except Invalid:
        print("jalur-aman: --number is not a phone number", file=sys.stderr)
        return 2
    with open_store(settings) as store:
        phone = Phone(settings, store, number, drawn=args.keys is None or args.draw)
        phone.start(args.language)
        if args.keys is not None:
            return phone.play(split_keys(args.keys))
        return phone.interact()


def split_keys(keys: str) -> list[str]:
    """The inputs of a list: parted by commas, `\\,` is a comma, an empty one is Send with nothing typed."""
    return [part.replace("\\,", ",") for part in re.split(r"(?<!\\),", keys)] if keys else []


class Phone:
    """The handset with its screen and its inbox."""

    def __init__(self, settings: Settings, store: Store, number: str, drawn: bool) -> None:
        self._settings = settings
        self._call_lines, self._text_lines = (draw_call, draw_text) if drawn else (print_call, print_text)
        self._store = store
        self._handset = Handset(settings, number)
        self._inbox = ConsoleInbox(store, Clock())
        self._seen: set[int] = set()
        self._missed = False
        self._arrived = False  # since the last !wait
        self._own_keys: dict[str, Callable[[str], object]] = {
            "drop": self._drop,
            "redial": lambda _value: self._dial(),
            "twice": self._twice,
            "sms": self._send_sms,
            "wait": self._wait,
            "clock": self._shift_clock,
        }

    def start(self, language: str | None) -> None:
        """Switch on, call, and go over to `language` if asked."""
        number = phones.mask(self._handset.number)
        print(f"phone {number} calls {self._settings.service_code}", flush=True)
        first = self._dial()
        if language and re.search(rf"^8\W.*{_OTHER_LANGUAGE[language]}", first, re.MULTILINE):
            self._press("8")
        self._show_texts()

    def play(self, keys: list[str]) -> int:
        """Type `keys` one after the other. 0, or 1 when an awaited text did not come."""
        for key in keys:
            print(f"> {key}", flush=True)
            self._obey(key)
            self._show_texts()
        if self._handset.in_call:
            self._handset.drop()
        return 1 if self._missed else 0

    def interact(self) -> int:
        """Read keys from standard input until it ends; texts arrive in between."""
        print(f"type as on a phone; its own keys:\n{KEYS}")
        for line in lines_or_none(sys.stdin.fileno(), _prompt):
            if line is None:
                if self._show_texts():
                    _prompt()
                continue
            if line == "!quit":
                break
            try:
                self._obey(line)
            except Invalid as error:
                print(f"({error})", flush=True)
        if self._handset.in_call:
            self._handset.drop()
        return 0

    def _obey(self, key: str) -> None:
        if not key.startswith("!"):
            self._press(key)
            return
        name, _, value = key[1:].partition("=")
        if name not in self._own_keys:
            raise Invalid(f"the phone has no key !{name}")
        self._own_keys[name](value)

    def _dial(self) -> str:
        return self._show(self._handset.dial())

    def _press(self, typed: str) -> None:
        self._show(self._handset.press(typed))

    def _twice(self, typed: str) -> None:
        answers = self._handset.press_at_once(typed or None)
        self._show(answers[0])
        others = [answer for answer in answers[1:] if answer != answers[0]]
        print(f"({len(answers)} at once: {'the answers DIFFER' if others else 'one answer'})", flush=True)
        for answer in others:
            self._show(answer)

    def _drop(self, _value: str) -> None:
        self._handset.drop()
        print("(the call has dropped)", flush=True)

    def _send_sms(self, text: str) -> None:
        self._handset.send_sms(text)
        print(f"(SMS sent to {self._settings.short_code})", flush=True)

    def _wait(self, seconds: str) -> None:
        if not re.fullmatch(r"\d{1,4}(\.\d+)?", seconds):
            raise Invalid("write !wait=SECONDS")
        deadline = time.monotonic() + float(seconds)
        while not (self._show_texts() or self._arrived):
            if time.monotonic() > deadline:
                print(f"(no text within {seconds} s)", flush=True)
                self._missed = True
                return
            time.sleep(_POLL_SECONDS)
        self._arrived = False

    def _shift_clock(self, shift: str) -> None:
        match = re.fullmatch(r"([+-])(\d{1,6})([dhms])", shift)
        if not match:
            raise Invalid("write !clock=+7d, -2h, +30m or +10s")
        amount = timedelta(**{_UNITS[match[3]]: int(match[1] + match[2])})
        with self._store.transaction() as tx:
            total = rehearsals.shift_clock(tx, amount, self._settings)
        time.sleep(_CLOCK_SECONDS)
        print(f"(the service's clock is moved by {total} in all)", flush=True)

    def _show(self, answer: str) -> str:
        print("\n".join(self._call_lines(answer, self._settings.ussd_screen_septets)), flush=True)
        return answer

    def _show_texts(self) -> bool:
        """Show and report what has arrived. True when something has."""
        arrived = [
            text for text in self._inbox.list_undelivered(self._handset.number) if text[0] not in self._seen
        ]
        for text_id, body in arrived:
            self._seen.add(text_id)
            print("\n".join(self._text_lines(body, self._settings.short_code)), flush=True)
            self._handset.report_delivered(text_id)
        self._arrived = self._arrived or bool(arrived)
        return bool(arrived)


def _prompt() -> None:
    print("> ", end="", flush=True)


def lines_or_none(descriptor: int, prompt: Callable[[], None]) -> Any:
    """Lines of a terminal or pipe as they come, and None about once a second in between."""
    rest = b""
    prompt()
    while True:
        if not select.select([descriptor], [], [], 1.0)[0]:
            yield None
            continue
        piece = os.read(descriptor, 4096)
        if not piece:
            return
        *lines, rest = (rest + piece).split(b"\n")
        for line in lines:
            yield line.decode("utf-8", "replace").rstrip("\r")
            prompt()
