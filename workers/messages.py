"""The jobs of the outbox and of texts in. They carry no ids: each looks for the rows that are due, works for
a bounded time, and wakes itself again when something is left. Safe to run twice, and at once.

RQ calls them by the names in sms_service/queues.py. They are entry points: whatever fails ends here, in
the log; the rows are still there, and the scheduler wakes the job again.
"""

from __future__ import annotations

import time
from collections.abc import Callable

from sms_service.errors import Unavailable
from sms_service.logs import get_logger
from sms_service.services import inbound
from workers.process import Process, process

log = get_logger(__name__)

FAST_SECONDS = 2.0  # the lane's jobs take turns on one worker: a reply must not wait for a pile of questions
BULK_SECONDS = 10.0
_INBOUND_AT_ONCE = 20


def send_fast() -> None:
    """Send due texts of the fast lane."""
    _run("send_fast", lambda here: here.sender.drain("fast", FAST_SECONDS))


def send_bulk() -> None:
    """Send due texts of the bulk lane."""
    _run("send_bulk", lambda here: here.sender.drain("bulk", BULK_SECONDS))


def handle_inbound() -> None:
    """Understand and answer texts that came in."""
    _run("handle_inbound", _handle_inbound)


def _handle_inbound(here: Process) -> bool:
    deadline = time.monotonic() + FAST_SECONDS
    store, clock = here.runtime.store, here.runtime.clock
    while not here.stopping.is_set() and time.monotonic() < deadline:
        with store.transaction() as tx:
            claimed = inbound.claim_due(tx, clock.now(), _INBOUND_AT_ONCE)
        for inbound_id in claimed:
            _handle(here, inbound_id)
        if len(claimed) < _INBOUND_AT_ONCE:
            return False
    return True


def _handle(here: Process, inbound_id: int) -> None:
    store, clock = here.runtime.store, here.runtime.clock
    try:
        inbound.handle(store, inbound_id, here.answering.sms, clock.now())
    except Unavailable:
        raise
    except Exception as error:
        log.error("inbound text not handled", inbound=inbound_id, error=type(error).__name__, exc_info=True)
        with store.transaction() as tx:
            inbound.postpone(tx, inbound_id, clock.now())


def _run(job: str, act: Callable[[Process], bool]) -> None:
    """Take the wake-up flag down, act, and wake the job again when there is more to do."""
    here = process()
    here.runtime.queues.begin(job)
    here.refresh_clock()
    try:
        more = act(here)
    except Unavailable:
        log.warning("job ended early: the database is away", job=job)
        return
    except Exception as error:
        log.error("job ended early", job=job, error=type(error).__name__, exc_info=True)
        return
    if more and not here.stopping.is_set():
        here.runtime.queues.wake([job])
