"""The jobs of the outbox and of texts in. They carry no ids: each looks for the rows that are due, works for
a bounded time, and wakes itself again when something is left. Safe to run twice, and at once.

RQ calls them by the names in sms_service/queues.py. They are entry points: whatever fails ends here, in
the log; the rows are still there, and the scheduler wakes the job again.
"""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable

from sqlalchemy.exc import OperationalError

from sms_service.errors import Unavailable
from sms_service.logs import get_logger
from sms_service.services.dialogues import inbound
from sms_service.services.dialogues.inbound import Ready
from sms_service.services.texts import inbox
from workers.process import Process, process
from workers.turns import Turn

log = get_logger(__name__)

FAST_SECONDS = 2.0  # the lane's jobs take turns on one worker: a reply must not wait for a pile of questions
BULK_SECONDS = 10.0
_INBOUND_AT_ONCE = 20
_WRITTEN_TOGETHER = 10  # on SQLite: a tenth of the commits, and the pen is held for some milliseconds only


def send_fast() -> None:
    """Send due texts of the fast lane."""
    _run("send_fast", lambda here: here.sender.drain("fast", FAST_SECONDS))


def send_bulk() -> None:
    """Send due texts of the bulk lane."""
    _run("send_bulk", _send_bulk)


def _send_bulk(here: Process) -> bool:
    return here.sender.drain("bulk", BULK_SECONDS, Turn(here, "send_bulk", BULK_SECONDS).is_over)


def handle_inbound() -> None:
    """Understand and answer texts that came in."""
    _run("handle_inbound", _handle_inbound)


def _handle_inbound(here: Process) -> bool:
    deadline = time.monotonic() + FAST_SECONDS
    store, clock = here.runtime.store, here.runtime.clock
    while not here.stopping.is_set() and time.monotonic() < deadline:
        with store.transaction() as tx:
            claimed = deque(inbox.claim_due(tx, clock.now(), _INBOUND_AT_ONCE))
            # PostgreSQL locks rows: two workers that write several answers at once could wait for each other.
            together = 1 if tx.is_postgres else _WRITTEN_TOGETHER
        more = len(claimed) == _INBOUND_AT_ONCE
        while claimed:
            _act(here, _understand(here, claimed, together))
        if not more:
            return False
    return True


def _understand(here: Process, claimed: deque[int], at_most: int) -> list[Ready]:
    """Take texts from the front, each of another sender: what one does may change how his next is read."""
    ready: dict[str, Ready] = {}
    while claimed and len(ready) < at_most:
        now = here.runtime.clock.now()
        try:
            received = inbound.find(here.runtime.store, claimed[0], here.answering.sms, now)
            if received and received.number_hash in ready:
                break
            if received:
                ready[received.number_hash] = inbound.prepare(received, here.answering.sms, now)
        except Unavailable:
            raise
        except Exception as error:  # noqa: BLE001 - the others are not to suffer for it
            _put_off(here, claimed[0], error)
        claimed.popleft()
    return list(ready.values())


def _act(here: Process, ready: list[Ready]) -> None:
    """Write the answers with one commit; when one fails, nothing is written, and each is tried alone. A crash
    undoes all, and their leases bring them back."""
    sms, now = here.answering.sms, here.runtime.clock.now()
    try:
        with here.runtime.store.transaction() as tx:
            done = [(one, inbound.act(tx, one, sms, now)) for one in ready]
    except (Unavailable, OperationalError):  # no text's fault: their leases bring them back
        raise
    except Exception as error:  # noqa: BLE001 - the others are not to suffer for it
        if len(ready) == 1:
            _put_off(here, ready[0].received.id, error)
            return
        for one in ready:
            _act(here, [one])
        return
    for one, (_, is_forgotten) in done:
        if is_forgotten:
            sms.walks.forget(one.received.number)


def _put_off(here: Process, inbound_id: int, error: Exception) -> None:
    log.error("inbound text not handled", inbound=inbound_id, error=type(error).__name__, exc_info=error)
    with here.runtime.store.transaction() as tx:
        inbox.postpone(tx, inbound_id, here.runtime.clock.now())


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
