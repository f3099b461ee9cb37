"""The job of reminders on real rows: wakes the sender, loses nothing, writes nothing twice."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import update

from sms_service.services.events import life as events
from sms_service.services.events.texts import EventTexts
from sms_service.store.models import Event, Registration
from tests.event_office import HOUR, fields, number, reminder_rows, texts
from workers import reminders
from workers.process import Process
from workers.schedule import Scheduler
from workers.stopping import Stopping


def make(here: Process, ahead: timedelta) -> Event:
    """An event that starts `ahead` of now, made two hours ago, with three people registered."""
    runtime = here.runtime
    words = EventTexts.of(runtime.settings, runtime.menu)
    now = runtime.clock.now()
    made_at = now - 2 * HOUR
    with runtime.store.transaction() as tx:
        event = events.create(tx, fields(starts_at=now + ahead), None, made_at)
        for n in (1, 2, 3):
            events.register(tx, event.code, number(n), "id", "sms", made_at, words)
    return event


@pytest.fixture
def event(here: Process) -> Event:
    """An event that starts in a little less than a day: one reminder is due."""
    return make(here, 24 * HOUR - timedelta(minutes=1))


def test_what_is_due_becomes_texts_once_and_the_sender_is_woken(here: Process, event: Event) -> None:
    reminders.fan_out()
    reminders.fan_out()
    assert [n for n, _ in texts(here.runtime.store, "reminder")] == [1, 2, 3]
    assert reminder_rows(here.runtime.store, event)["1d"].status == "done"
    assert here.runtime.queues.depths() == {"fast": 0, "bulk": 1}


def test_nothing_happens_before_it_is_due(here: Process) -> None:
    make(here, 30 * HOUR)
    Scheduler(here).tick()
    assert here.runtime.queues.depths()["bulk"] == 0
    reminders.fan_out()
    assert texts(here.runtime.store) == []


def test_the_scheduler_wakes_the_job_once_when_a_reminder_is_due(here: Process, event: Event) -> None:
    Scheduler(here).tick()
    Scheduler(here).tick()
    assert here.runtime.queues.depths()["bulk"] == 1


def test_a_job_that_must_stop_leaves_the_rows_due(here: Process, event: Event) -> None:
    here.stopping.set()
    reminders.fan_out()
    assert reminder_rows(here.runtime.store, event)["1d"].status == "planned"
    here.stopping = Stopping()  # as in the next process
    reminders.fan_out()
    assert len(texts(here.runtime.store, "reminder")) == 3


def test_out_of_time_it_wakes_itself(here: Process, event: Event, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reminders, "SECONDS", 0.0)
    reminders.fan_out()
    assert here.runtime.queues.depths()["bulk"] == 1
    assert reminder_rows(here.runtime.store, event)["1d"].status == "planned"


def test_a_number_that_no_key_opens_keeps_nobody_else_from_being_reminded(
    here: Process, event: Event
) -> None:
    with here.runtime.store.transaction() as tx:
        tx.execute(update(Registration).where(Registration.position == 2).values(number_sealed=b"gone"))
    reminders.fan_out()
    row = reminder_rows(here.runtime.store, event)["1d"]
    assert (row.status, row.recipients) == ("done", 2)
    assert "DATA_KEY" in row.reason
    assert [n for n, _ in texts(here.runtime.store, "reminder")] == [1, 3]


def test_a_change_wakes_the_job_that_tells_and_it_tells_once(here: Process) -> None:
    event = make(here, 30 * HOUR)
    runtime = here.runtime
    words = EventTexts.of(runtime.settings, runtime.menu)
    with runtime.store.transaction() as tx:
        events.change(tx, event.id, {"venue": "Gereja"}, None, runtime.clock.now(), words)
    assert runtime.queues.depths()["bulk"] == 1  # woken by the commit itself
    reminders.tell_registrants()
    reminders.tell_registrants()
    assert [n for n, _ in texts(runtime.store, "notice")] == [1, 2, 3]


def test_the_scheduler_finds_news_whose_call_was_lost(here: Process) -> None:
    event = make(here, 30 * HOUR)
    runtime = here.runtime
    words = EventTexts.of(runtime.settings, runtime.menu)
    with runtime.store.transaction() as tx:
        events.cancel(tx, event.id, "", None, runtime.clock.now(), words)
    runtime.redis.flushall()
    Scheduler(here).tick()
    assert runtime.queues.depths()["bulk"] == 1
    here.stopping.set()
    reminders.tell_registrants()
    assert texts(runtime.store) == []
    here.stopping = Stopping()
    reminders.tell_registrants()
    assert len(texts(runtime.store, "notice")) == 3
