"""People sign in with a real browser, by keyboard too."""

from __future__ import annotations

import pytest

from tests.e2e.desk.conftest import PASSWORD, Office


@pytest.mark.parametrize("language", ["id", "en"])
def test_an_officer_signs_in_sees_the_own_account_and_leaves(
    office: Office, width: int, language: str
) -> None:
    name = f"petugas-{width}-{language}"
    office.hire(name, "officer")
    visitor = office.enter(name, width, language)
    visitor.check_access()
    visitor.go("/console/account")
    visitor.check_access()
    assert visitor.page.get_attribute("html", "lang") == language
    visitor.page.click("form.who button")
    assert visitor.page.url.endswith("/console/sign-in")
    visitor.check_access()


def test_the_second_factor_is_scanned_once_and_asked_for_afterwards(office: Office, width: int) -> None:
    name = f"penyetuju-{width}"
    office.hire(name, "approver")
    page = office.enter(name, width).page
    assert page.url.endswith("/console/")
    again = office.enter(name, width)
    assert again.page.url.endswith("/console/")


def test_the_sign_in_works_by_keyboard_alone(office: Office) -> None:
    office.hire("tombol", "officer")
    page = office.browser.new_context().new_page()
    page.goto(f"{office.address}/console/sign-in")
    page.focus("[name=name]")
    page.keyboard.type("tombol")
    page.keyboard.press("Tab")
    page.keyboard.type(PASSWORD)
    page.keyboard.press("Enter")
    page.wait_for_url("**/console/")
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.className") == "skip"
