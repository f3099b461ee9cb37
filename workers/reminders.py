"""The job that turns due reminders into texts, chunk by chunk, each chunk one transaction.

It carries no ids: it works off what is due and wakes itself again when time runs out. Safe to run twice
and at once. RQ calls it by the name in sms_service/queues.py; the scheduler wakes it.
"""

from __future__ import annotations

import time

from sms_service.errors import Unavailable
from sms_service.logs import get_logger
from sms_service.services import reminders
from sms_service.services.event_texts import EventTexts
from workers.process import Process, process

log = get_logger(__name__)

JOB = "fan_out_reminders"
SECONDS = 10.0  # the bulk lane's jobs take turns


def fan_out() -> None:
    """Write the texts of due reminders. Whatever fails ends here: the rows are still due."""
    here = process()
    here.runtime.queues.begin(JOB)
    here.refresh_clock()
    try:
        is_more = _work_off(here, time.monotonic() + SECONDS)
    except Unavailable:
        log.warning("job ended early: the database is away", job=JOB)
        return
    except Exception as error:
        log.error("job ended early", job=JOB, error=type(error).__name__, exc_info=True)
        return
    if is_more and not here.stopping.is_set():
        here.runtime.queues.wake([JOB])


def _work_off(here: Process, deadline: float) -> bool:
    """True when something may be left."""
    store, clock = here.runtime.store, here.runtime.clock
    texts = EventTexts.of(here.settings, here.runtime.menu)
    while not here.stopping.is_set() and time.monotonic() < deadline:
        now = clock.now()
        with store.transaction() as tx:
            reminder_id = reminders.claim_due(tx, now)
            if reminder_id is None:
                return False
            reminders.fan_out(tx, reminder_id, texts, now)
    return True
