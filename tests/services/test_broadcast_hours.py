"""A broadcast and the quiet hours: it waits, passes by permission, or is dropped in time."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from sms_service.domain.quiet_hours import release_at
from sms_service.services.broadcasts import rows as broadcast_rows
from sms_service.store.engine import Store
from tests.broadcast_office import (
    HOUR,
    MINUTE,
    NOW,
    advance,
    approved,
    counts,
    number,
    row,
    settings_with,
    started,
    subscribers,
    work,
)
from tests.services import outbox


def test_in_quiet_hours_it_waits_and_leaves_in_the_morning_in_order(store: Store) -> None:
    subscribers(store, range(5))
    broadcast_id = started(store)
    morning = NOW + 10 * HOUR
    assert outbox.take(store, NOW, release_at=morning) == []
    assert counts(store, broadcast_id) == {"queued": 5}
    advance(store, broadcast_id)
    assert row(store, broadcast_id).status == "running"
    assert outbox.send_all(store, morning) == [number(n) for n in range(5)]


@pytest.mark.parametrize(("override", "leaves"), [(False, 0), (True, 5)])
def test_an_urgent_one_passes_them_only_where_that_was_approved(
    store: Store, override: bool, leaves: int
) -> None:
    subscribers(store, range(5))
    approved(store, kind="urgent", override=override)
    work(store)
    batches = outbox.take(store, NOW, release_at=NOW + 10 * HOUR)
    assert sum(len(batch.texts) for batch in batches) == leaves


QUIET = settings_with(quiet_hours="20:00-07:00", quiet_sunday="06:00-10:00")
SATURDAY_NIGHT = datetime(2026, 11, 21, 13, 0, tzinfo=UTC)  # 21.00 in Makassar
SUNDAY_AT_TEN = datetime(2026, 11, 22, 2, 0, tzinfo=UTC)


def test_from_saturday_night_it_waits_until_sunday_at_ten(store: Store) -> None:
    subscribers(store, range(5))
    broadcast_id = started(store, SATURDAY_NIGHT)
    now = SATURDAY_NIGHT
    while (release := release_at(now, QUIET.zone, QUIET.quiet_hours, QUIET.quiet_sunday)) is not None:
        assert outbox.take(store, now, release_at=release) == []
        assert advance(store, broadcast_id, now, QUIET) is None
        now += 30 * MINUTE
    assert now == SUNDAY_AT_TEN
    assert outbox.send_all(store, now) == [number(n) for n in range(5)]


def test_what_would_be_late_by_then_is_dropped_at_once_and_says_why(store: Store) -> None:
    subscribers(store, range(5))
    late = started(store, SATURDAY_NIGHT, expires_at=SUNDAY_AT_TEN)
    advance(store, late, SATURDAY_NIGHT, QUIET)
    with store.read() as tx:
        dropped = broadcast_rows.list_not_sent(tx, late)
    assert dropped == [broadcast_rows.NotSent("expired", "quiet hours until after its deadline", 5)]
    advance(store, late, SATURDAY_NIGHT, QUIET)
    assert row(store, late).status == "done"


def test_what_may_pass_the_quiet_hours_is_not_dropped(store: Store) -> None:
    subscribers(store, range(5))
    urgent = approved(store, SATURDAY_NIGHT, True, kind="urgent", expires_at=SATURDAY_NIGHT + HOUR)
    work(store, SATURDAY_NIGHT)
    assert advance(store, urgent, SATURDAY_NIGHT, QUIET) is None
    assert counts(store, urgent) == {"queued": 5}
