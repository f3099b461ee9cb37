"""Figures for viewers: no count that could point at a person."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import pytest

from sms_service.store.models import TurnCount
from tests.web.api.conftest import Office
from tests.web.api.test_events import register


def put(office: Office, day: date, node: str, count: int, channel: str = "ussd") -> None:
    with office.runtime.store.transaction() as tx:
        tx.add(TurnCount(day=day, channel=channel, node=node, outcome="ok", language="id", count=count))


def read(office: Office, path: str) -> dict[str, Any]:
    answer = office.call("GET", f"/statistics/{path}", "viewer")
    assert answer.status_code == 200, answer.json
    assert isinstance(answer.json, dict)
    return answer.json


@pytest.fixture
def today(office: Office) -> date:
    return office.runtime.clock.now().astimezone(office.runtime.settings.zone).date()


def test_turns_are_summed_over_the_days_and_small_sums_are_null(office: Office, today: date) -> None:
    put(office, today, "root", 3)
    put(office, today - timedelta(days=1), "root", 2)
    put(office, today, "check.ask", 4)
    put(office, today - timedelta(days=40), "check.ask", 100)
    figures = read(office, "turns")
    assert {item["node"]: item["count"] for item in figures["items"]} == {"root": 5, "check.ask": None}
    assert "under 5" in figures["note"]
    assert figures["until"] == today.isoformat()


def test_turns_are_paged_in_one_order_on_every_database(office: Office, today: date) -> None:
    nodes = ["b", "B", "a_b", "a.b", "z", "a"]
    for node in nodes:
        put(office, today, node, 9)
    found, cursor = [], ""
    while cursor is not None:
        page = read(office, f"turns?limit=2{cursor and '&cursor=' + cursor}")
        found += [item["node"] for item in page["items"]]
        cursor = page["next"]
    assert found == sorted(nodes)


def test_events_show_who_came_only_in_numbers_that_are_not_small(office: Office, today: date) -> None:
    event = office.make_event(capacity=5)
    for n in range(7):
        register(office, event, n)
    until = today + timedelta(days=30)
    (figure,) = read(office, f"events?until={until}&since={today}")["items"]
    assert (figure["registered"], figure["waiting"], figure["attended"]) == (5, None, None)
    assert read(office, "events")["items"] == []  # the last 30 days


def test_a_period_that_makes_no_sense_is_refused(office: Office) -> None:
    for query in (
        "since=2026-12-02&until=2026-12-01",
        "since=2020-01-01&until=2026-01-01",
        "since=x",
        "since=20261201",
        "until=9999-12-31",
        "until=2026-02-30",
        "day=1",
    ):
        for figures in ("turns", "events"):
            assert office.call("GET", f"/statistics/{figures}?{query}", "viewer").status_code == 422, query


def test_event_figures_are_paged(office: Office, today: date) -> None:
    made = [office.make_event()["id"] for _ in range(3)]
    until = today + timedelta(days=30)
    first = read(office, f"events?limit=2&since={today}&until={until}")
    rest = read(office, f"events?limit=2&since={today}&until={until}&cursor={first['next']}")
    assert [item["event_id"] for item in first["items"] + rest["items"]] == made
    assert rest["next"] is None
