"""System: what the page says of parts, queues, gateways and quiet hours, and what it never says."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, time, timedelta

import pytest
from sqlalchemy import update

from sms_service.circuits import FAILURES_TO_OPEN, Circuits
from sms_service.domain import statuses
from sms_service.domain.quiet_hours import Quiet
from sms_service.errors import GatewayUnavailable, Misconfigured
from sms_service.gateways.base import Balance
from sms_service.queues import LANES
from sms_service.runtime import Runtime
from sms_service.services.operation import balances, heartbeats, system_state
from sms_service.services.texts.messages import TABLE
from sms_service.store.engine import Store
from tests.conftest import SECRETS
from tests.services.outbox import put, text
from tests.web.console.conftest import Desk
from tests.web.console.queries import MOST, counted

NOW = datetime.now(UTC)


def live(store: Store) -> None:
    with store.transaction() as tx:
        for component in (*map(heartbeats.worker, LANES), heartbeats.SCHEDULER):
            heartbeats.beat(tx, component, datetime.now(UTC))


def test_all_is_well_only_when_every_part_lives(desk: Desk) -> None:
    officer = desk.browser("officer")
    assert "A part of the service does not work" in officer.get("/system").text
    live(desk.runtime.store)
    assert "Every part works." in officer.get("/system").text
    assert "<html" not in officer.get("/system/live").text


def test_what_waits_is_told_by_lane_with_the_age_of_the_oldest(desk: Desk) -> None:
    store, now = desk.runtime.store, datetime.now(UTC)
    soon = now + timedelta(hours=5)
    put(store, text(1, lane="fast", expires_at=soon), now=now - timedelta(minutes=7))
    put(store, text(2, expires_at=soon), text(3, expires_at=soon, broadcast_id=4), now=now)
    with store.read() as tx:
        lanes = {lane.name: lane for lane in system_state.lanes(tx, desk.runtime, now)}
    assert [lanes[name].queued for name in ("fast", "bulk", "broadcasts")] == [1, 1, 1]
    assert lanes["fast"].oldest_due_seconds == pytest.approx(420, abs=1)
    assert "7 min" in desk.browser("officer").get("/system").text


def test_a_gateway_that_refuses_our_account_is_named_with_what_to_do(desk: Desk) -> None:
    live(desk.runtime.store)
    Circuits(desk.runtime.redis).failed("console", Misconfigured("balance used up"))
    page = desk.browser("officer").get("/system").text
    assert "refuses our account" in page
    assert "balance used up" in page
    assert "One text tries again every 60 seconds" in page


def test_a_gateway_that_does_not_answer_says_how_it_goes_on(desk: Desk) -> None:
    circuits = Circuits(desk.runtime.redis)
    for _ in range(FAILURES_TO_OPEN):
        circuits.failed("console", GatewayUnavailable("no answer"))
    page = desk.browser("officer").get("/system").text
    assert "One text tries again every 5 seconds" in page
    assert ": The gateway did not answer" in page


def test_a_balance_that_was_told_is_shown_with_its_age(desk: Desk) -> None:
    officer = desk.browser("officer")
    assert "The balance cannot be told here" in officer.get("/system").text
    told_at = datetime.now(UTC) - timedelta(minutes=12)
    balances.keep(desk.runtime, "africastalking", Balance(1234567.5, "IDR"), told_at)
    page = officer.get("/system").text
    assert "On our account at africastalking are IDR 1,234,567.5, as it said 12 min ago." in page


def test_the_last_errors_are_put_together_by_class_and_nobodys_number_is_among_them(desk: Desk) -> None:
    store, now = desk.runtime.store, datetime.now(UTC)
    ids = put(store, *(text(n) for n in range(4)), now=now)
    words = ("Rejected: not a number", "Rejected: blocked", "its deadline passed first", "Throttled: slow")
    with store.transaction() as tx:
        for number, error in zip(ids, words, strict=True):
            tx.execute(
                update(TABLE)
                .where(TABLE.c.id == number)
                .values(status=statuses.FAILED, error=error, gateway="console", finished_at=now)
            )
    with store.read() as tx:
        found = {error.kind: error for error in system_state.last_errors(tx)}
    assert {kind: error.count for kind, error in found.items()} == {"Rejected": 2, "Throttled": 1}
    assert found["Rejected"].words == "blocked"
    page = desk.browser("officer").get("/system").text
    assert "refused this text for good" in page
    assert "+62812" not in page


def test_quiet_hours_say_since_when_and_until_when(desk: Desk) -> None:
    quiet = Quiet(desk.runtime.settings.zone, (time(20), time(7)))
    night = datetime(2026, 11, 20, 15, 0, tzinfo=UTC)  # 23.00 WITA
    held = system_state.quietness(quiet, night)
    assert (held.holds, held.began_at, held.ends_at) == (
        True,
        datetime(2026, 11, 20, 12, 0, tzinfo=UTC),
        datetime(2026, 11, 20, 23, 0, tzinfo=UTC),
    )
    assert system_state.next_quiet(quiet, night) is None
    noon = datetime(2026, 11, 20, 4, 0, tzinfo=UTC)
    assert not system_state.quietness(quiet, noon).holds
    assert system_state.next_quiet(quiet, noon) == held.began_at
    assert system_state.next_quiet(Quiet(desk.runtime.settings.zone), noon) is None
    assert "None are set" in desk.browser("officer").get("/system").text


def test_settings_are_shown_without_their_secrets(desk: Desk) -> None:
    page = desk.browser("admin").get("/system").text
    assert "QUIET_HOURS" in page
    for secret in SECRETS.values():
        assert secret not in page


def test_with_redis_away_the_page_still_tells_what_it_knows(runtime: Runtime) -> None:
    desk = Desk(runtime)
    officer = desk.browser("officer")
    gone = replace(desk.runtime, redis=type(runtime.redis)(unix_socket_path="/nowhere/redis.sock"))
    gone = replace(gone, queues=type(runtime.queues)(gone.redis))
    assert system_state.gateways(gone)[0].state == "works"
    with runtime.store.read() as tx:
        assert system_state.lanes(tx, gone, NOW)[0].calls is None
    assert officer.get("/system").status_code == 200


def test_the_page_asks_the_database_little(desk: Desk) -> None:
    officer = desk.browser("officer")
    put(desk.runtime.store, *(text(n, priority=n % 5) for n in range(30)))
    with counted(desk.runtime.store) as asked:
        assert officer.get("/system").status_code == 200
    assert len(asked) <= MOST, asked
