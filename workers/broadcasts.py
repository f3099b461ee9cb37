"""The job that starts broadcasts and writes their texts, slice by slice, each slice one transaction.

It carries no ids: it works off what is due and wakes itself again when time runs out. Safe to run twice
and at once. RQ calls it by the name in sms_service/queues.py; approvals and the scheduler wake it.
"""

from __future__ import annotations

from sms_service.errors import Unavailable
from sms_service.logs import get_logger
from sms_service.services.broadcasts import sending as broadcast_sending
from sms_service.services.broadcasts.texts import Words
from workers.process import Process, process
from workers.turns import Turn

log = get_logger(__name__)

JOB = "run_broadcasts"
SECONDS = 10.0  # at the most, and less when another job of the lane waits (turns.py)
BREATH_SECONDS = 0.005  # between two slices: SQLite has one writer, and a reply must not wait for a list


def run() -> None:
    """Start what is due and write its texts. Whatever fails ends here: the rows say how far it came."""
    here = process()
    here.runtime.queues.begin(JOB)
    here.refresh_clock()
    try:
        is_more = _work_off(here, Turn(here, JOB, SECONDS))
    except Unavailable:
        log.warning("job ended early: the database is away", job=JOB)
        return
    except Exception as error:
        log.error("job ended early", job=JOB, error=type(error).__name__, exc_info=True)
        return
    if is_more and not here.stopping.is_set():
        here.runtime.queues.wake([JOB])


def _work_off(here: Process, turn: Turn) -> bool:
    """True when something may be left."""
    store, clock = here.runtime.store, here.runtime.clock
    words = Words.of(here.settings, here.runtime.menu)
    while not turn.is_over():
        with store.transaction() as tx:
            if not broadcast_sending.work(tx, words, here.settings, clock.now()):
                return False
        here.stopping.wait(BREATH_SECONDS)
    return True


def advance_all(here: Process) -> None:
    """Judge each broadcast that is under way, and move it on. Looked at without a lock first: mostly there
    is nothing to do. Called by the scheduler, which is never busy with a long list."""
    store, clock = here.runtime.store, here.runtime.clock
    with store.read() as tx:
        under_way = broadcast_sending.list_under_way(tx, clock.now())
        moves = {one: broadcast_sending.next_move(tx, one, here.settings, clock.now()) for one in under_way}
    for broadcast_id in [one for one, move in moves.items() if move is not None]:
        with store.transaction() as tx:
            broadcast_sending.advance(tx, broadcast_id, here.settings, clock.now())
