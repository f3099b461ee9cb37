"""Broadcasts at the desk: the list, the live part, pause and end; and what it costs to look."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from html import unescape
from typing import Any

from sqlalchemy import event as sql_event
from sqlalchemy import update

from sms_service.services.broadcasts import (
    life as broadcasts,
)
from sms_service.services.broadcasts.life import BroadcastFields
from sms_service.store.models import Broadcast, Message
from tests.broadcast_office import settle, subscribers
from tests.web.console.broadcast_desk import do, main, running, status, submitted, write
from tests.web.console.conftest import Desk

# --- watching


def test_it_is_paused_goes_on_and_is_called_off_with_a_reason(desk: Desk) -> None:
    broadcast = running(desk)
    officer, page = desk.browser("officer"), f"/broadcasts/{broadcast}"
    before = status(desk, broadcast)
    assert officer.post(f"{page}/pause", page=page).status_code == 303
    assert status(desk, broadcast) == "paused"
    assert "Nothing goes out until somebody lets it go on" in main(officer.get(page).text)
    assert do(officer, broadcast, "pause").status_code == 303  # back to the page, which says so
    assert "the broadcast is paused" in officer.get(page).text
    assert officer.post(f"{page}/resume", page=page).status_code == 303
    assert status(desk, broadcast) == before
    assert do(officer, broadcast, "cancel", reason="").status_code == 422
    assert status(desk, broadcast) == before
    assert officer.post(f"{page}/cancel", reason="Salah alamat").status_code == 303
    over = main(officer.get(page).text)
    assert "Called off." in over
    assert "Salah alamat" in over
    assert "called off before they went out" in over


def test_the_live_part_counts_and_stops_when_it_is_over(desk: Desk) -> None:
    broadcast = running(desk)
    store, officer = desk.runtime.store, desk.browser("officer")
    settle(store, broadcast, "delivered", 12, datetime.now(UTC))
    settle(store, broadcast, "failed", 3, datetime.now(UTC))
    page = officer.get(f"/broadcasts/{broadcast}").text
    again = re.search(r'hx-get="([^"]+)" hx-trigger="every 2s"', page)
    assert again
    part = officer.get(unescape(again[1]).removeprefix("/console"))
    assert part.status_code == 200
    assert "<html" not in part.text
    assert "15 of 30 are through" in main(part.text)
    assert re.search(r'<rect class="is-delivered" x="0.0" y="0" width="40.0"', part.text)
    assert "style=" not in part.text
    assert 'id="acts"' not in part.text  # the buttons stay where they are
    with store.transaction() as tx:
        tx.execute(update(Message).where(Message.status == "queued").values(status="delivered"))
        tx.get_one(Broadcast, broadcast).status = "done"
        tx.get_one(Broadcast, broadcast).version += 1
    last = officer.get(unescape(again[1]).removeprefix("/console")).text
    assert "hx-get" not in last
    assert 'id="acts" class="acts" hx-swap-oob="true"' in last
    assert "/pause" not in last
    assert "htmx.min.js" not in officer.get(f"/broadcasts/{broadcast}").text


def test_the_rate_and_the_time_left_come_from_what_was_seen_before(desk: Desk) -> None:
    broadcast = running(desk)
    settle(desk.runtime.store, broadcast, "delivered", 20, datetime.now(UTC))
    officer = desk.browser("officer")
    ago = int((datetime.now(UTC) - timedelta(seconds=30)).timestamp() * 1000)
    part = main(officer.get(f"/broadcasts/{broadcast}/live?since={ago}&tried=10&rate=0").text)
    assert re.search(r"\b(19|20) texts a minute", part)
    assert "1 min left" in part
    for odd in (
        "since=x&tried=1",
        "since=99999999999999999&tried=1",
        f"since={ago}&tried=999",
        "since=\u0661&tried=1",
    ):
        assert "- texts a minute" in main(officer.get(f"/broadcasts/{broadcast}/live?{odd}&rate=nan").text)


def test_what_the_service_halted_says_why(desk: Desk) -> None:
    broadcast = running(desk)
    told = "8 of 30 texts failed or got lost at the gateway (26.7 %; the limit is 20 %)"
    with desk.runtime.store.transaction() as tx:
        row = tx.get_one(Broadcast, broadcast)
        row.status, row.resume_to, row.halted_reason = "halted", "running", told
    page = main(desk.browser("officer").get(f"/broadcasts/{broadcast}").text)
    assert "8 of 30 texts failed or got lost. More than 20 % stops a broadcast." in page
    assert "Let it go on" in page


# --- the list


def test_the_list_shows_what_is_under_way_first_and_goes_on_page_by_page(desk: Desk) -> None:
    officer = desk.people["officer"]
    wanted = {"done": 20, "draft": 30, "running": 25, "submitted": 28}
    with desk.runtime.store.transaction() as tx:
        for state, count in wanted.items():
            for one in range(count):
                fields = BroadcastFields("info", f"{state} {one}")
                row = broadcasts.create_draft(tx, officer, fields, datetime.now(UTC))
                row.status = state
    browser, path = desk.browser("approver"), "/broadcasts"
    seen: list[str] = []
    while path:
        page = browser.get(path).text
        seen += re.findall(r'<a href="/console/broadcasts/\d+">(\w+ \d+)</a>', page)
        following = re.search(r'rel="next" href="([^"]+)"', page)
        path = f"/broadcasts{unescape(following[1])}" if following else ""
    order = ("running", "submitted", "draft", "done")
    assert seen == [f"{state} {one}" for state in order for one in reversed(range(wanted[state]))]
    only = browser.get("/broadcasts?group=waiting&kind=info").text
    assert len(re.findall("yours to decide", only)) == 28
    assert browser.get("/broadcasts?group=x&kind=%00&after=9999999999-1").status_code == 200


# --- what it costs to look


def test_no_page_of_broadcasts_asks_the_database_more_than_twelve_times(desk: Desk) -> None:
    subscribers(desk.runtime.store, range(40, 45))
    draft, waits, live = write(desk.browser("officer")), submitted(desk, kind="info"), running(desk)
    approver = desk.browser("approver")
    statements: list[str] = []

    def note(_connection: Any, _cursor: Any, statement: str, *_rest: Any) -> None:
        statements.append(statement)

    engine = desk.runtime.store.engine
    sql_event.listen(engine, "before_cursor_execute", note)
    try:
        for path in (
            "",
            "/new",
            f"/{draft}",
            f"/{draft}/edit",
            f"/{waits}/approve",
            f"/{live}",
            f"/{live}/live",
        ):
            statements.clear()
            assert approver.get(f"/broadcasts{path}").status_code == 200
            asked = [
                one for one in statements if one.lstrip().upper().startswith(("SELECT", "UPDATE", "INSERT"))
            ]
            assert len(asked) <= 12, (path, len(asked), [one[:90] for one in asked])
    finally:
        sql_event.remove(engine, "before_cursor_execute", note)
