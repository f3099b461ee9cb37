"""Every page of the desk at both widths: readable by everybody, no wider than the screen, nothing refused
by its own rules for scripts, and light.
"""

from __future__ import annotations

from typing import Any

import pytest
from playwright.sync_api import ConsoleMessage, Response

from tests.e2e.desk.addresses import every_page
from tests.e2e.desk.conftest import WIDTHS, Office, Visitor
from tests.furnishing import Furnished, furnish

FIRST_PAGE_BYTES = 100_000


@pytest.fixture(scope="module")
def furnished(office: Office) -> Furnished:
    """An office in the middle of its work."""
    return furnish(office.store, office.settings)


@pytest.mark.parametrize(("language", "kind"), [("id", "phone"), ("en", "phone"), ("id", "desk")])
def test_every_page_is_open_to_everybody(
    office: Office, furnished: Furnished, language: str, kind: str
) -> None:
    admin = office.seat("admin", WIDTHS[kind], language)
    said: list[str] = []

    def note(message: ConsoleMessage) -> None:
        if message.type in ("error", "warning"):
            said.append(f"{admin.page.url}: {message.text}")

    admin.page.on("console", note)
    admin.page.on("pageerror", lambda error: said.append(f"{admin.page.url}: {error}"))
    faults = []
    for address in every_page(admin, furnished):
        admin.go(f"/console{address.path}")
        assert admin.page.get_attribute("html", "lang") == language
        try:
            admin.check_access()
        except AssertionError as fault:
            faults.append(str(fault))
    assert faults == []
    assert said == []


def test_the_first_page_is_light(office: Office, furnished: Furnished) -> None:
    """As sent: a browser that was never here before loads the sign-in, and Today after it."""
    assert furnished.ids
    assert loaded(office, None) < FIRST_PAGE_BYTES
    assert loaded(office, office.seat("admin").page.context.storage_state()) < FIRST_PAGE_BYTES


def loaded(office: Office, cookies: Any) -> int:
    """Bytes of the bodies that a first look at the desk brings, before any compression."""
    page = office.browser.new_context(storage_state=cookies).new_page()
    answers: list[Response] = []
    page.on("response", lambda answer: answers.append(answer))
    Visitor(office, "", page).go("/console/")
    page.wait_for_load_state("networkidle")
    return sum(len(answer.body()) for answer in answers if answer.ok)
