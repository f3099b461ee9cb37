"""A broadcast on its own: started, written down, tried, halted, resumed, finished; crashed in between."""

from __future__ import annotations

import threading
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import select

from sms_service.domain.quiet_hours import release_at
from sms_service.services.broadcasts import rows as broadcast_rows
from sms_service.services.broadcasts import sending as broadcast_sending
from sms_service.services.broadcasts.audience import Audience
from sms_service.store.engine import Store
from sms_service.store.models import Broadcast, Message, OptOut, Subscriber
from tests.broadcast_office import (
    DAY,
    HOUR,
    MINUTE,
    NOW,
    SECOND,
    act,
    advance,
    approved,
    audit,
    bodies,
    counts,
    number,
    row,
    settings_with,
    settle,
    started,
    state,
    step,
    stop,
    subscribers,
    work,
)
from tests.services import outbox

CANARY = settings_with(canary_seconds=60, canary_minimum=20, canary_percent=1)


# --- the start ------------------------------------------------------------------------------------------


def test_nothing_happens_before_its_time(store: Store) -> None:
    subscribers(store, range(3))
    broadcast_id = approved(store, send_at=NOW + HOUR)
    assert work(store, NOW + HOUR - SECOND) == 0
    with store.read() as tx:
        assert not broadcast_sending.has_work(tx, NOW + HOUR - SECOND)
        assert broadcast_sending.has_work(tx, NOW + HOUR)
    work(store, NOW + HOUR)
    assert row(store, broadcast_id).status == "running"
    assert counts(store, broadcast_id) == {"queued": 3}


def test_the_audience_gets_one_text_each_with_a_deadline(store: Store) -> None:
    subscribers(store, range(3))
    broadcast_id = started(store)
    assert bodies(store, broadcast_id) == [
        (number(n), "Awas: agen palsu di Belu. Tanya BP3MI NTT dulu.") for n in range(3)
    ]
    one = row(store, broadcast_id)
    assert (one.recipients, one.audience_size, one.fan_out_done) == (3, 3, True)
    assert one.expires_at == NOW + 2 * DAY
    with store.read() as tx:
        texts = list(tx.scalars(select(Message)))
    assert {(text.lane, text.kind, text.priority, text.expires_at) for text in texts} == {
        ("bulk", "warning", 4, NOW + 2 * DAY)
    }
    assert texts[0].idempotency_key == f"broadcast:{broadcast_id}:1"


def test_each_text_is_in_its_readers_language_and_by_their_name(store: Store) -> None:
    subscribers(store, range(1), name="Maria {kabupaten}")
    subscribers(store, range(1, 2), language="en", name="José")
    subscribers(store, range(2, 3), language="en", district=None)
    broadcast_id = started(store, text_id="Halo {nama} di {kabupaten}", text_en="Hi {name} in {district}")
    assert [body for _, body in bodies(store, broadcast_id)] == [
        "Halo Maria {kabupaten} di Belu",
        "Hi José in Belu",
        "Hi friend in NTT",
    ]


def test_an_audience_of_nobody_is_done_at_once(store: Store) -> None:
    broadcast_id = started(store)
    assert state(store, broadcast_id) == ("done", {})
    assert row(store, broadcast_id).finished_at == NOW


def test_one_whose_deadline_passed_before_its_start_is_called_off(store: Store) -> None:
    subscribers(store, range(3))
    broadcast_id = approved(store, send_at=NOW + HOUR, expires_at=NOW + 2 * HOUR)
    work(store, NOW + 3 * HOUR)
    one = row(store, broadcast_id)
    assert (one.status, one.reason) == ("cancelled", "its deadline passed before it could start")
    assert counts(store, broadcast_id) == {}


def test_whoever_becomes_a_subscriber_after_the_start_is_not_written_to(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(broadcast_sending, "FAN_OUT_SLICE", 2)
    subscribers(store, range(5))
    broadcast_id = approved(store)
    for _ in range(2):  # started, and one slice
        step(store)
    subscribers(store, range(5, 9))
    work(store)
    assert len(bodies(store, broadcast_id)) == 5


def test_an_urgent_one_is_written_before_a_longer_one_that_began_earlier(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(broadcast_sending, "FAN_OUT_SLICE", 2)
    subscribers(store, range(7))
    news = approved(store, kind="info")
    step(store)
    step(store)
    urgent = approved(store, kind="urgent")
    for _ in range(5):
        step(store)
    assert (row(store, urgent).status, row(store, news).status) == ("running", "starting")


# --- crashes, pauses, and two at once -------------------------------------------------------------------


def test_a_crash_costs_a_slice_and_doubles_nothing(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(broadcast_sending, "FAN_OUT_SLICE", 3)
    subscribers(store, range(10))
    broadcast_id = approved(store)
    step(store)
    step(store)
    with pytest.raises(RuntimeError):
        step(store, cable_pulled=True)
    assert counts(store, broadcast_id) == {"queued": 3}
    work(store)
    assert sorted(body[0] for body in bodies(store, broadcast_id)) == [number(n) for n in range(10)]
    assert row(store, broadcast_id).recipients == 10


def test_a_slice_that_is_written_again_adds_nothing(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(broadcast_sending, "FAN_OUT_SLICE", 3)
    subscribers(store, range(6))
    broadcast_id = approved(store)
    step(store)
    step(store)
    with store.transaction() as tx:  # as if the cursor had been lost and the texts had not
        tx.get_one(Broadcast, broadcast_id).fan_out_cursor = 0
        tx.get_one(Broadcast, broadcast_id).recipients = 3
    work(store)
    assert len(bodies(store, broadcast_id)) == row(store, broadcast_id).recipients == 6


def test_starters_at_once_write_each_text_once(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(broadcast_sending, "FAN_OUT_SLICE", 5)
    subscribers(store, range(60))
    broadcast_id = approved(store)
    errors: list[Exception] = []

    def run() -> None:
        try:
            for _ in range(200):
                if not step(store) and row(store, broadcast_id).status == "running":
                    return
        except Exception as error:  # noqa: BLE001 - shown below
            errors.append(error)

    threads = [threading.Thread(target=run) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert errors == []
    assert [acts for acts, _ in audit(store, broadcast_id)].count("start") == 1
    assert sorted(body[0] for body in bodies(store, broadcast_id)) == [number(n) for n in range(60)]
    assert row(store, broadcast_id).recipients == 60


def test_paused_while_it_is_written_down_it_goes_on_there(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(broadcast_sending, "FAN_OUT_SLICE", 4)
    subscribers(store, range(10))
    broadcast_id = approved(store)
    step(store)
    step(store)
    act(store, "pause", broadcast_id)
    assert work(store) == 0
    assert counts(store, broadcast_id) == {"queued": 4}
    assert outbox.take(store, NOW) == []  # nothing leaves meanwhile
    act(store, "resume", broadcast_id)
    work(store)
    assert counts(store, broadcast_id) == {"queued": 10}
    assert len({body[0] for body in bodies(store, broadcast_id)}) == 10


def test_cancelled_while_it_is_written_down_nobody_is_added(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(broadcast_sending, "FAN_OUT_SLICE", 4)
    subscribers(store, range(10))
    broadcast_id = approved(store)
    step(store)
    step(store)
    act(store, "cancel", broadcast_id, reason="salah")
    work(store)
    assert counts(store, broadcast_id) == {"expired": 4}


def test_nothing_leaves_until_all_is_written_down(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(broadcast_sending, "FAN_OUT_SLICE", 4)
    subscribers(store, range(10))
    approved(store)
    step(store)
    step(store)
    assert outbox.take(store, NOW) == []


def test_pausing_is_one_row_and_nothing_leaves_after_it(store: Store) -> None:
    subscribers(store, range(10))
    broadcast_id = started(store)
    first = outbox.take(store, NOW, limit=4)
    act(store, "pause", broadcast_id)
    assert (
        sum(len(outbox.hand(store, batch).texts) for batch in first) == 0
    )  # claimed before, not handed over
    assert outbox.take(store, NOW) == []
    assert counts(store, broadcast_id) == {"queued": 10}
    assert advance(store, broadcast_id) is None
    act(store, "resume", broadcast_id)
    assert sorted(outbox.send_all(store)) == [number(n) for n in range(10)]
    advance(store, broadcast_id)
    assert state(store, broadcast_id) == ("done", {"sent": 10})


# --- who has said STOP ----------------------------------------------------------------------------------


def test_a_stop_between_the_freezing_and_the_sending_counts(store: Store) -> None:
    subscribers(store, range(5))
    broadcast_id = started(store)
    stop(store, 2)
    with store.transaction() as tx:  # one that the withholding has not reached
        tx.merge(OptOut(number_hash=tx.vault.number_hash(number(3)), opted_out_at=NOW, source="sms"))
    assert sorted(outbox.send_all(store)) == [number(n) for n in (0, 1, 4)]
    assert counts(store, broadcast_id) == {"sent": 3, "opted_out": 2}


def test_a_stop_before_the_start_leaves_them_out(store: Store) -> None:
    subscribers(store, range(5))
    broadcast_id = approved(store)
    stop(store, 2)
    work(store)
    assert number(2) not in {body[0] for body in bodies(store, broadcast_id)}
    assert len(bodies(store, broadcast_id)) == 4


# --- the end --------------------------------------------------------------------------------------------


def test_it_is_done_when_nothing_waits_and_nothing_is_on_its_way(store: Store) -> None:
    subscribers(store, range(5))
    broadcast_id = started(store)
    batches = outbox.take(store, NOW)
    going = [outbox.hand(store, batch) for batch in batches]
    assert advance(store, broadcast_id) is None
    for batch in going:
        outbox.record(store, batch, outbox.accepted(batch))
    advance(store, broadcast_id, NOW + MINUTE)
    one = row(store, broadcast_id)
    assert (one.status, one.finished_at) == ("done", NOW + MINUTE)


def test_what_is_too_late_expires_and_it_is_done(store: Store) -> None:
    subscribers(store, range(5))
    broadcast_id = started(store, expires_at=NOW + HOUR)
    assert outbox.take(store, NOW + HOUR) == []
    advance(store, broadcast_id, NOW + HOUR)
    assert state(store, broadcast_id) == ("done", {"expired": 5})


def test_unknown_texts_stay_so_unless_somebody_chose_otherwise(store: Store) -> None:
    subscribers(store, range(30))
    broadcast_id = started(store)
    settle(store, broadcast_id, "sent", 28)
    settle(store, broadcast_id, "unknown", 2)
    advance(store, broadcast_id)
    assert state(store, broadcast_id) == (
        "done",
        {"sent": 28, "unknown": 2},
    )


def test_who_chose_so_has_them_sent_again_exactly_once(store: Store) -> None:
    subscribers(store, range(30))
    broadcast_id = started(store, resend_unknown=True)
    settle(store, broadcast_id, "unknown", 2)
    assert advance(store, broadcast_id) is None  # first the others
    settle(store, broadcast_id, "sent", 28)
    advance(store, broadcast_id)
    assert state(store, broadcast_id) == (
        "running",
        {"sent": 28, "queued": 2},
    )
    settle(store, broadcast_id, "unknown", 1)
    assert sorted(outbox.send_all(store)) == [number(1)]
    advance(store, broadcast_id)
    assert state(store, broadcast_id) == (
        "done",
        {"sent": 29, "unknown": 1},
    )


def test_they_are_not_sent_again_after_the_deadline_nor_after_stop(store: Store) -> None:
    subscribers(store, range(30))
    late = started(store, resend_unknown=True, expires_at=NOW + HOUR)
    settle(store, late, "unknown", 1)
    settle(store, late, "sent", 29)
    advance(store, late, NOW + HOUR)
    assert state(store, late) == ("done", {"sent": 29, "unknown": 1})
    stopped = started(store, resend_unknown=True)
    settle(store, stopped, "unknown", 1)
    settle(store, stopped, "sent", 29)
    stop(store, 0, NOW + SECOND)
    advance(store, stopped, NOW + SECOND)
    assert outbox.send_all(store, NOW + SECOND) == []
    advance(store, stopped, NOW + SECOND)
    assert counts(store, stopped) == {"sent": 29, "opted_out": 1}


# --- quiet hours ----------------------------------------------------------------------------------------


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


def test_the_sums_add_up_at_every_step(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(broadcast_sending, "FAN_OUT_SLICE", 7)
    subscribers(store, range(40))
    broadcast_id = approved(store, audience=Audience(districts=("53.04",)))
    now = NOW
    while row(store, broadcast_id).status != "done":
        step(store, now, CANARY)
        for batch in outbox.take(store, now, limit=9):
            going = outbox.hand(store, batch, now)
            outbox.record(store, going, outbox.accepted(going), now)
        advance(store, broadcast_id, now, CANARY)
        now += timedelta(seconds=10)
        assert sum(counts(store, broadcast_id).values()) == row(store, broadcast_id).recipients
    assert counts(store, broadcast_id) == {"sent": 40}
    with store.read() as tx:
        assert len(list(tx.scalars(select(Subscriber.id)))) == 40
