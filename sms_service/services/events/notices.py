"""News of events as rows: who changes an event plans the news, and a worker writes the texts in slices.

So the officer's call returns at once however many are registered, and a crash costs a slice. Later news
supersedes earlier: what was not told yet is not told any more, and texts that still wait are taken back.
The rows are planned here and told by services/events/news.py.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import ColumnElement, Select, func, select

from sms_service.services.texts import messages
from sms_service.store.claim import quoted
from sms_service.store.engine import Tx
from sms_service.store.models import Event, EventNotice, Registration

JOB = "tell_registrants"
CALLED_OFF, GROUP, MOVE_UP = "called_off", "group", "move_up"
CHANGES = ("moved", "elsewhere", "moved_elsewhere", CALLED_OFF)


def announce(tx: Tx, event: Event, word: str, now: datetime) -> EventNotice:
    """Plan news for everybody concerned. `word` is moved, elsewhere, moved_elsewhere, called_off, group
    (each is told their group) or move_up (free places go to who waits). The event is locked by the caller.

    Who was to be told of another time, and now of another place, and has read neither, is told of both.
    """
    if word in CHANGES:
        untold = _supersede(tx, event, CHANGES if word != CALLED_OFF else (*CHANGES, GROUP, MOVE_UP), now)
        withdrawn = messages.withdraw(tx, event.id, change_key(event.id), now)
        if word != CALLED_OFF:
            word = _both(word, untold or (_last_change(tx, event) if withdrawn else ()))
    else:
        _supersede(tx, event, (word,), now)
    return announce_to_more(tx, event, word, now)


def announce_to_more(tx: Tx, event: Event, word: str, now: datetime) -> EventNotice:
    """Plan news that takes nothing back: for whoever is concerned and has not been told. It waits for nobody
    who tells earlier news in this moment, so the caller may have changed people's rows."""
    last = tx.scalar(select(func.max(Registration.id)).where(Registration.event_id == event.id))
    notice = EventNotice(event_id=event.id, word=word, created_at=now, until_registration_id=last or 0)
    tx.add(notice)
    tx.flush()
    tx.wake(JOB)
    return notice


def change_key(event_id: int) -> str:
    """How the keys of texts about changes of an event begin."""
    return f"event-change:{event_id}:"


def list_notices(tx: Tx, event_id: int) -> list[EventNotice]:
    """Return the news of an event, oldest first."""
    return list(tx.scalars(_of(event_id)))


def has_due(tx: Tx) -> bool:
    """True when news waits to be told: the scheduler then wakes the job."""
    return tx.scalar(select(EventNotice.id).where(_planned()).limit(1)) is not None


def _of(event_id: int) -> Select[EventNotice]:
    return select(EventNotice).where(EventNotice.event_id == event_id).order_by(EventNotice.id)


def _planned() -> ColumnElement[bool]:
    return EventNotice.status == quoted("planned")


def _supersede(tx: Tx, event: Event, words: Sequence[str], now: datetime) -> list[str]:
    """End planned news of these words and return them. A worker in the middle of a slice is waited for,
    so that afterwards all of its texts can be seen, and taken back."""
    rows = tx.scalars(
        _of(event.id)
        .where(_planned(), EventNotice.word.in_(words))
        .with_for_update(key_share=True)
        .execution_options(populate_existing=True)
    ).all()
    for row in rows:
        row.status, row.reason, row.done_at = "superseded", "later news goes instead", now
    tx.flush()
    return [row.word for row in rows]


def _last_change(tx: Tx, event: Event) -> list[str]:
    rows = _of(event.id).where(EventNotice.word.in_(CHANGES)).order_by(None).order_by(EventNotice.id.desc())
    return [row.word for row in tx.scalars(rows.limit(1))]


def _both(word: str, untold: Sequence[str]) -> str:
    words = {word, *untold} - {CALLED_OFF}
    return word if words == {word} else "moved_elsewhere"
