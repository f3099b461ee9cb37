"""The jobs that turn due reminders and news of events into texts, slice by slice, each one transaction.

They carry no ids: they work off what is due and wake themselves again when time runs out. Safe to run
twice and at once. RQ calls them by the names in sms_service/queues.py; the scheduler wakes them.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

from sms_service.errors import Unavailable
from sms_service.logs import get_logger
from sms_service.services.events import news as event_news
from sms_service.services.events import notices as event_notices
from sms_service.services.events import reminders
from sms_service.services.events.texts import EventTexts
from sms_service.store.engine import Tx
from workers.process import Process, process
from workers.turns import Turn

log = get_logger(__name__)

JOB = "fan_out_reminders"
SECONDS = 10.0  # at the most, and less when another job of the lane waits (turns.py)

Slice = Callable[[Tx, EventTexts, datetime], bool]  # does one slice; False when nothing is left


def fan_out() -> None:
    """Write the texts of due reminders."""
    _run(JOB, _remind)


def tell_registrants() -> None:
    """Write the texts that tell people of a change, a cancellation, their group or their place."""
    _run(event_notices.JOB, event_news.work_off)


def _remind(tx: Tx, texts: EventTexts, now: datetime) -> bool:
    reminder_id = reminders.claim_due(tx, now)
    if reminder_id is not None:
        reminders.fan_out(tx, reminder_id, texts, now)
    return reminder_id is not None


def _run(job: str, one_slice: Slice) -> None:
    """Work off what is due. Whatever fails ends here: the rows are still due."""
    here = process()
    here.runtime.queues.begin(job)
    here.refresh_clock()
    try:
        is_more = _work_off(here, one_slice, Turn(here, job, SECONDS))
    except Unavailable:
        log.warning("job ended early: the database is away", job=job)
        return
    except Exception as error:
        log.error("job ended early", job=job, error=type(error).__name__, exc_info=True)
        return
    if is_more and not here.stopping.is_set():
        here.runtime.queues.wake([job])


def _work_off(here: Process, one_slice: Slice, turn: Turn) -> bool:
    """True when something may be left."""
    store, clock = here.runtime.store, here.runtime.clock
    texts = EventTexts.of(here.settings, here.runtime.menu)
    while not turn.is_over():
        with store.transaction() as tx:
            if not one_slice(tx, texts, clock.now()):
                return False
    return True
