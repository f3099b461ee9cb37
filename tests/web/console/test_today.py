"""Today: what waits, worst first, and to each only what the role may see."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from sms_service.circuits import Circuits
from sms_service.domain.roles import ROLES
from sms_service.errors import Misconfigured
from sms_service.gateways.base import Balance
from sms_service.queues import LANES
from sms_service.services.figures import today
from sms_service.services.operation import balances, heartbeats
from sms_service.services.texts import messages
from sms_service.store.models import (
    Broadcast,
    Community,
    Event,
    RecruiterMiss,
    Registration,
    ReportLink,
    Staff,
    Surge,
    TurnCount,
    UnknownWord,
)
from tests import cluster_office as office
from tests.services.outbox import text
from tests.web.console.conftest import Desk
from tests.web.console.test_reports import statements

HOUR, DAY = timedelta(hours=1), timedelta(days=1)


def alive(desk: Desk) -> None:
    """Every process gives a sign of life."""
    with desk.runtime.store.transaction() as tx:
        for component in (*map(heartbeats.worker, LANES), heartbeats.SCHEDULER):
            heartbeats.beat(tx, component, datetime.now(UTC))


def broadcast(desk: Desk, status: str, author: str = "officer", **given: Any) -> int:
    now = desk.runtime.clock.now()
    with desk.runtime.store.transaction() as tx:
        row = Broadcast(
            kind="info", text_id="Kabar contoh", audience={}, status=status,
            author_id=desk.people[author].id, created_at=now, updated_at=now, **given,
        )  # fmt: skip
        tx.add(row)
        tx.flush()
        return row.id


def event(desk: Desk, code: str, after: timedelta, **given: Any) -> int:
    now = desk.runtime.clock.now()
    with desk.runtime.store.transaction() as tx:
        row = Event(
            code=code, title_id=f"Acara {code}", title_en=f"Event {code}", starts_at=now + after,
            venue="Aula Contoh", district="53.04", created_at=now, updated_at=now, **given,
        )  # fmt: skip
        tx.add(row)
        tx.flush()
        for n, status in enumerate(("registered", "registered", "waiting", "cancelled"), 1):
            tx.add(
                Registration(
                    event_id=row.id, number_hash=f"{code}{n}", number_sealed=b"-", language="id",
                    status=status, position=n, channel="ussd", created_at=now, updated_at=now,
                )
            )  # fmt: skip
        return row.id


def full(desk: Desk) -> None:
    """An office on a bad day: something of everything."""
    now, store = desk.runtime.clock.now(), desk.runtime.store
    office.report(store, at=now - 3 * HOUR, is_urgent=True, priority=1, due_at=now - 2 * HOUR)
    office.report(store, at=now - HOUR, is_urgent=True, priority=1, due_at=now + HOUR)
    mine = desk.people["case_officer"].id
    one = office.report(store, at=now - DAY, due_at=now + DAY, assignee_id=mine)
    other = office.report(store, at=now - DAY, status="closed", is_urgent=True, outcome="prank")
    broadcast(desk, "halted")
    broadcast(desk, "submitted")
    broadcast(desk, "submitted", author="approver")
    broadcast(desk, "running")
    broadcast(desk, "done")
    event(desk, "1001", DAY)
    event(desk, "1002", 9 * DAY)
    day = now.astimezone(desk.runtime.settings.zone).date()
    with store.transaction() as tx:
        tx.add_all(
            [
                ReportLink(
                    earlier_id=one, later_id=other, score=0.9, reasons=[{"kind": "phone"}],
                    status="suggested", version=1, created_at=now,
                ),
                Surge(
                    day=day, kind="miss", subject="pt palsu contoh", count=12, expected=0.2, raised_at=now
                ),
                Surge(day=day, kind="reports", subject=f"report:{one}", count=4, expected=0.1, raised_at=now),
                TurnCount(day=day, channel="ussd", node="root", outcome="ok", language="id", count=41),
                TurnCount(day=day, channel="sms", node="root", outcome="ok", language="id", count=5),
                RecruiterMiss(day=day, normalised="contoh jaya", count=7, last_at=now),
                RecruiterMiss(day=day - DAY, normalised="contoh jaya", count=2, last_at=now),
                RecruiterMiss(day=day, normalised="#0123456789abcdef", count=3, last_at=now),
                UnknownWord(day=day, word="halo", count=4),
            ]
        )  # fmt: skip
        messages.enqueue_many(tx, [text(n) for n in range(3)], now)


def test_what_waits_stands_worst_first(desk: Desk) -> None:
    full(desk)
    page = desk.browser("admin").get("/").text
    page = page[page.index('class="tasks"') :]
    tasks = re.findall(r'<li(?: class="(\w+)")?><a href="([^"]+)">([^<]+)</a></li>', page)
    kinds = [kind for kind, _, _ in tasks]
    assert kinds == sorted(kinds, key=("urgent", "waits", "").index)
    said = {words: to for _, to, words in tasks}
    urgent = "Reports of people in danger: 2. The first waits for 3 h 0 min."
    assert said[urgent] == "/console/reports?urgent=1"
    assert said["Reports whose next step is overdue: 1."] == "/console/reports?overdue=1"
    assert said["Reports that nobody works on yet: 2."] == "/console/reports?assignee=nobody"
    assert said["Broadcast 1 was halted by the service: look why."] == "/console/broadcasts/1"
    assert said["Broadcast 2 waits for your approval."] == "/console/broadcasts/2/approve"
    assert said["Pairs of reports that may tell the same: 1."] == "/console/clusters/suggestions"
    assert "Nothing starts at its time" in page


def test_every_link_of_a_task_is_a_page_that_stands(desk: Desk) -> None:
    full(desk)
    browser = desk.browser("admin")
    for to in re.findall(r'<a href="/console(/[^"]+)">', browser.get("/").text):
        assert browser.get(to).status_code != 404 or "broadcasts" in to or "events" in to, to


def test_when_all_is_well_nothing_waits(desk: Desk) -> None:
    alive(desk)
    assert "Nothing waits for you." in desk.browser("admin").get("/").text


def test_nobody_approves_what_they_wrote(desk: Desk) -> None:
    full(desk)
    page = desk.browser("approver").get("/").text
    assert "Broadcast 2 waits for your approval." in page
    assert "Broadcast 3 waits for your approval." not in page
    assert "waits for your approval" not in desk.browser("officer").get("/").text


def test_a_gateway_that_is_not_called_is_told(desk: Desk) -> None:
    alive(desk)
    name = desk.runtime.senders[0].name
    Circuits(desk.runtime.redis).failed(name, Misconfigured("the account is closed"))
    page = desk.browser("officer").get("/").text
    assert f"Gateway {name} refuses our account." in page


def test_figures_of_the_day(desk: Desk) -> None:
    full(desk)
    page = desk.browser("admin").get("/").text
    assert "<strong>41</strong>calls today" in page
    assert "contoh jaya: 9" in page
    assert "a phone number: 3" in page
    assert "halo: 4" in page
    assert "#0123" not in page
    assert "Event 1001" in page
    assert "Event 1002" not in page
    row = page[page.index("Event 1001") :]
    assert re.findall(r'<td class="number">(\d+)', row)[:2] == ["2", "1"]


def test_what_is_left_on_the_account_is_shown_to_those_who_see_the_system(desk: Desk) -> None:
    balances.keep(desk.runtime, "africastalking", Balance(1785.5, "KES"), datetime.now(UTC))
    page = desk.browser("admin").get("/").text
    assert "<strong>KES 1,785.5</strong>left on our account at africastalking" in page
    assert "KES" not in desk.browser("viewer").get("/").text


def test_texts_are_looked_at_among_the_newest_only(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    now = desk.runtime.clock.now()
    with desk.runtime.store.transaction() as tx:
        messages.enqueue_many(tx, [text(n) for n in range(5)], now - 2 * DAY)
        messages.enqueue_many(tx, [text(n, key=f"new:{n}") for n in range(4)], now)
    with desk.runtime.store.read() as tx:
        assert today.count_texts(tx, now - DAY) == today.Texts({"queued": 4}, False)
        monkeypatch.setattr(today, "NEWEST_TEXTS", 3)
        assert today.count_texts(tx, now - DAY) == today.Texts({"queued": 3}, True)


def test_to_each_role_only_what_it_may_see(desk: Desk) -> None:
    full(desk)
    seen = {role: desk.browser(role).get("/").text for role in ROLES}
    shown_to = {
        "people in danger": {"admin", "case_officer"},
        "may tell the same": {"admin", "case_officer"},
        "pt palsu contoh": {"admin", "approver", "case_officer"},
        "Broadcasts under way": {"admin", "approver", "officer"},
        "Event 1001": {"admin", "approver", "officer"},
        "calls today": {"admin", "approver", "officer", "case_officer", "viewer"},
        "texts failed": {"admin", "approver", "officer"},
        "contoh jaya": {"admin", "approver", "officer"},
        "no sign of life": {"admin", "approver", "officer"},
    }
    for words, roles in shown_to.items():
        assert {role for role in ROLES if words in seen[role]} == roles, words


def test_a_partner_sees_the_own_community_only(desk: Desk) -> None:
    now = desk.runtime.clock.now()
    with desk.runtime.store.transaction() as tx:
        tx.add_all([Community(id=n, name=f"Paroki {n}", created_at=now) for n in (7, 8)])
    for community in (7, 8, None):
        broadcast(desk, "paused", community_id=community)
        event(desk, f"20{community or 9}0", DAY, community_id=community)
    partner = desk.add("mitra", "partner")
    with desk.runtime.store.transaction() as tx:
        tx.get_one(Staff, partner.id).community_id = 7
    page = desk.browser("mitra").get("/").text
    assert re.findall(r"Broadcast (\d+) is paused", page) == ["1"]
    assert re.findall(r"Event (\d+)", page) == ["2070"]


def test_a_surge_that_somebody_looks_after_is_gone(desk: Desk) -> None:
    full(desk)
    browser = desk.browser("case_officer")
    assert browser.get("/").text.count("I look after it") == 2
    browser.post("/surges/1/seen", page="/")
    page = browser.get("/").text
    assert "pt palsu contoh" not in page
    assert page.count("I look after it") == 1


@pytest.mark.parametrize("role", ROLES)
def test_the_page_asks_at_most_twelve_questions(desk: Desk, role: str) -> None:
    full(desk)
    asked = statements(desk, desk.browser(role), "/")
    assert len(asked) <= 12, asked
