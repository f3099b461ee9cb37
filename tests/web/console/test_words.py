"""The desk in both languages: the frame of each page in the reader's own."""

from __future__ import annotations

import pytest
from sqlalchemy import update

from sms_service.store.models import Staff
from tests.web.console.conftest import Desk

_PAGES = (
    "/",
    "/reports",
    "/broadcasts",
    "/events",
    "/recruiters",
    "/subscribers",
    "/content",
    "/people",
    "/account",
)
# Words of the frame and of most pages that Indonesian does not share.
_ENGLISH = ("Sign out", "My account", "Skip to the content", "Today", "Show<", "Subscribers<", "Reports<")


@pytest.mark.parametrize("language", ["id", "en"])
def test_pages_speak_the_readers_language(desk: Desk, language: str) -> None:
    with desk.runtime.store.transaction() as tx:
        tx.execute(update(Staff).values(language=language))
    browser = desk.browser("admin")
    for path in _PAGES:
        page = browser.get(path)
        assert page.status_code == 200, path
        assert f'<html lang="{language}"' in page.text, path
        left = [words for words in _ENGLISH if words in page.text]
        assert (left == []) is (language == "id"), (path, left)
