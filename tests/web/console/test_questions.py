"""No page of the desk asks the database more than a dozen questions, however much stands on it."""

from __future__ import annotations

import re
from datetime import UTC, datetime

from sms_service.cli import demo
from sms_service.web.console import PAGES
from tests.furnishing import address_of, furnish
from tests.web.console.conftest import Desk
from tests.web.console.queries import MOST, counted

_SENT = "<key>"  # the look at a list that was sent: e2e/desk opens it


def test_no_page_asks_more_than_twelve_questions(desk: Desk) -> None:
    runtime = desk.runtime
    with runtime.store.transaction() as tx:
        demo.seed(tx, runtime.settings, datetime.now(UTC))
        tx.wakes.clear()
    made, browser = furnish(runtime.store, runtime.settings), desk.browser("admin")
    item = re.search(r'href="/console(/content/(?!new)[^"?#]+)"', browser.get("/content").text)
    assert item
    too_many = {}
    for page in PAGES:
        if page.show is None or page.path.endswith(_SENT):
            continue
        path = item[1] if page.path.startswith("/content/<") else address_of(page.path, made)
        path = path.replace("<string:name>", "calls")
        assert "<" not in path, f"no id is known for {page.path}"
        with counted(runtime.store) as asked:
            answer = browser.get(path)
        assert answer.status_code == 200, path
        if len(asked) > MOST:
            too_many[path] = asked
    assert too_many == {}
