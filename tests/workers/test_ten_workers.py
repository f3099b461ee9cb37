"""Ten workers and two schedulers at once on one outbox: reminders, a broadcast, a list; each text once."""

from __future__ import annotations

import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing, contextmanager
from datetime import UTC, datetime, timedelta

from sms_service.services.broadcasts import sending as broadcast_sending
from sms_service.services.broadcasts.texts import Words
from sms_service.services.events import life as events
from sms_service.services.events import registrations, reminders
from sms_service.services.events.texts import EventTexts
from sms_service.services.texts import messages
from sms_service.settings import Settings
from sms_service.store.engine import Store
from tests.broadcast_office import approved, counts, row, subscribers
from tests.broadcast_office import number as subscriber_number
from tests.doubles.gateway_server import ACCEPT, ERROR_500, THROTTLED, Behaviour, GatewayServer, chaos
from tests.event_office import fields
from tests.services.outbox import number, statuses_of, text
from workers.process import Process
from workers.schedule import Scheduler

WORKERS, SCHEDULERS = 10, 2
BROADCAST, LIST, REGISTRANTS = 300, 300, 60
PATIENCE = 60.0
# Refusals for now only: whoever gets one must be tried again, and nobody else.
MOODS = {ACCEPT: 6.0, Behaviour(latency=0.05): 3, ERROR_500: 0.2, THROTTLED: 0.2}


def work(here: Process, stop: threading.Event, faults: list[Exception]) -> None:
    """What a bulk worker does, without a pause: it starts broadcasts, reminds, and sends."""
    runtime = here.runtime
    fillers = Words.of(here.settings, runtime.menu)
    words = EventTexts.of(here.settings, runtime.menu)
    try:
        while not stop.is_set():
            now = runtime.clock.now()
            with runtime.store.transaction() as tx:
                broadcast_sending.work(tx, fillers, here.settings, now)
            with runtime.store.transaction() as tx:
                due = reminders.claim_due(tx, now)
                if due is not None:
                    reminders.fan_out(tx, due, words, now, 10)
            here.sender.drain("bulk", 0.3)
    except Exception as error:  # noqa: BLE001 - the test tells it
        faults.append(error)


def schedule(here: Process, stop: threading.Event, faults: list[Exception]) -> None:
    """Ticks without a pause."""
    scheduler = Scheduler(here)
    while not stop.is_set():
        scheduler.tick()
    if scheduler._failing:
        faults.append(AssertionError(f"failing: {scheduler._failing}"))


@contextmanager
def crowd(settings: Settings) -> Iterator[Callable[[], None]]:
    """The threads, each with a store and a sender of its own; gives what raises when one of them broke."""
    stop, faults = threading.Event(), list[Exception]()

    def all_well() -> None:
        assert faults == []

    with ExitStack() as stack:
        acts = [work] * WORKERS + [schedule] * SCHEDULERS
        parts = [stack.enter_context(closing(Process(settings))) for _ in acts]
        threads = [
            threading.Thread(target=act, args=(here, stop, faults))
            for act, here in zip(acts, parts, strict=True)
        ]
        for thread in threads:
            thread.start()
        try:
            yield all_well
        finally:
            stop.set()
            for thread in threads:
                thread.join()
    all_well()


def fill(store: Store, live: Settings, here: Process) -> int:
    """A broadcast to some, a list to others, an event with a reminder that is due; return its broadcast."""
    now = datetime.now(UTC)
    words = EventTexts.of(live, here.runtime.menu)
    subscribers(store, range(5000, 5000 + BROADCAST))
    with store.transaction() as tx:
        given = {"body": "Daftar", "expires_at": now + timedelta(hours=1)}
        messages.enqueue_many(tx, [text(n, **given) for n in range(LIST)], now)
    made_at = now - timedelta(hours=2)
    with store.transaction() as tx:
        starts_at = now + timedelta(hours=24) - timedelta(minutes=1)
        event = events.create(tx, fields(starts_at=starts_at), None, made_at)
        for n in range(1000, 1000 + REGISTRANTS):
            registrations.register(tx, event.code, number(n), "id", "sms", made_at, words)
    return approved(store, now, text_id="Awas perekrut liar")


def test_nobody_gets_anything_twice_and_the_sums_are_equal(
    live: Settings, here: Process, store: Store, gateway: GatewayServer
) -> None:
    gateway.default = chaos(10, MOODS)
    settings = live.model_copy(update={"canary_seconds": 0.3})
    broadcast_id = fill(store, settings, here)
    everybody = BROADCAST + LIST + REGISTRANTS
    deadline = time.monotonic() + PATIENCE
    with crowd(settings) as all_well:
        while statuses_of(store) != {"sent": everybody} or row(store, broadcast_id).status != "done":
            all_well()
            assert time.monotonic() < deadline, (statuses_of(store), row(store, broadcast_id).status)
            time.sleep(0.05)
    assert gateway.doubled() == {}
    got = Counter(one.number for one in gateway.accepted)
    expected = [number(n) for n in (*range(LIST), *range(1000, 1000 + REGISTRANTS))]
    expected += [subscriber_number(n) for n in range(5000, 5000 + BROADCAST)]
    assert got == Counter(expected)
    assert statuses_of(store) == {"sent": everybody}
    assert counts(store, broadcast_id) == {"sent": BROADCAST}
