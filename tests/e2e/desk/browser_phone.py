"""The feature phone of the desk, in somebody's browser: dialled, typed on, hung up, read."""

from __future__ import annotations

import re
import time
from dataclasses import dataclass

from playwright.sync_api import Locator, Page, expect

ENGLISH = "8"  # on the first screen of callers who read Indonesian
ANSWERS_SECONDS = 20
LISTED_SECONDS = 20  # the lists of calls are read again each second; longer on a busy machine
_MORE = re.compile(r"^9 (Lagi|More)$", re.MULTILINE)
_SHIFTS = {"1h", "1d", "7d", "back"}


@dataclass
class BrowserPhone:
    """One phone with one number. `language`: in which its caller reads the menus."""

    page: Page
    address: str
    number: str
    language: str

    def take(self) -> None:
        """Look at the phone."""
        answer = self.page.goto(f"{self.address}/console/phone?number=%2B{self.number[1:]}")
        assert answer is not None
        assert answer.ok, answer.status

    def dial(self, *inputs: str) -> str:
        """A new call, and what is typed in it; returns the last screen."""
        self._press("button[name=do][value=dial]")
        if self.language == "en" and f"{ENGLISH} English" in self.screen():
            self.type(ENGLISH)
        return self.type(*inputs)

    def type(self, *inputs: str) -> str:
        """Type and send, one input after the other; returns the last screen."""
        for text in inputs:
            assert self.in_call(), f"nothing to type {text!r} into, the call is over: {self.screen()!r}"
            self.page.fill("#f-input", text)
            self._press("button[name=do][value=send]")
        return self.screen()

    def type_by_keys(self, digits: str) -> str:
        """The same by the phone's own keys."""
        for digit in digits:
            self.page.click(f"button.key[value='{digit}']")
        self._press("button[name=do][value=send]")
        return self.screen()

    def drop(self) -> None:
        """Hang up in mid-call."""
        self._press("button[name=do][value=drop]")

    def choose(self, words: str) -> str:
        """The key before a line of the screen, found by what stands in that line."""
        found = re.search(rf"^(\d+) .*{re.escape(words)}", self.screen(), re.MULTILINE)
        assert found, f"{words!r} does not stand in {self.screen()!r}"
        return found[1]

    def leaf(self, words: str) -> str:
        """Turn the pages of what is shown until one has `words`, or there are no more; returns the last."""
        self._turn_pages_to(re.escape(words))
        return self.screen()

    def await_screen(self, pattern: str, *inputs: str) -> None:
        """Dial and turn pages until one matches `pattern`, again and again as callers would: what the desk
        has just written is not in the lists of calls yet."""
        until = time.monotonic() + LISTED_SECONDS
        self.dial(*inputs)
        while not self._turn_pages_to(pattern):
            assert time.monotonic() < until, f"{pattern!r} is on no page; the last: {self.screen()!r}"
            if self.in_call():
                self.drop()
            self.dial(*inputs)

    def in_call(self) -> bool:
        """Is there something to type into?"""
        return self.page.locator("#f-input").count() > 0

    def screen(self) -> str:
        """What stands on it."""
        return self.page.inner_text(".phone .screen")

    def texts(self, words: str = "") -> Locator:
        """Texts that have arrived, those with `words` in them."""
        return self.page.locator("#inbox .bubble").filter(has_text=words)

    def await_text(self, words: str, count: int = 1) -> None:
        """Wait until so many texts with these words have arrived: the page looks by itself."""
        expect(self.texts(words)).to_have_count(count, timeout=ANSWERS_SECONDS * 1000)

    def shift_clock(self, by: str) -> None:
        """Move the service's clock by one of the page's steps."""
        assert by in _SHIFTS
        self.page.locator(f"form[action='/console/phone/clock']:has([name=by][value='{by}']) button").click()
        expect(self.page.locator("main .said")).to_be_visible()

    def _turn_pages_to(self, pattern: str) -> bool:
        while not re.search(pattern, self.screen(), re.IGNORECASE):
            if not (self.in_call() and _MORE.search(self.screen())):
                return False
            self.type("9")
        return True

    def _press(self, key: str) -> None:
        """One key; over when the page has noted the step."""
        steps = self.page.locator("#call [name=steps]")
        before = steps.input_value()
        self.page.click(key)
        expect(steps).not_to_have_value(before, timeout=ANSWERS_SECONDS * 1000)
