"""Signs of life of the processes that nobody dials: each beats every few seconds, /readyz looks.

Components are "worker-fast", "worker-bulk" and "scheduler"; several processes of one kind share a row. The
times are real ones (datetime.now(UTC)), never the rehearsal's: a clock that jumps must not look like a death.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import cast

from sqlalchemy import Table, delete, select
from sqlalchemy.dialects import postgresql, sqlite

from sms_service.store.engine import Tx
from sms_service.store.models import Heartbeat

TABLE = cast(Table, Heartbeat.__table__)
EVERY = timedelta(seconds=10)  # how often to beat
FRESH = timedelta(seconds=30)  # what is older is taken for dead
SCHEDULER = "scheduler"


def worker(lane: str) -> str:
    """The component of the workers of a lane."""
    return f"worker-{lane}"


def beat(tx: Tx, component: str, real_now: datetime) -> None:
    """Note that `component` lives."""
    insert = postgresql.insert(TABLE) if tx.is_postgres else sqlite.insert(TABLE)
    tx.execute(
        insert.values(component=component, beat_at=real_now).on_conflict_do_update(
            index_elements=["component"], set_={"beat_at": real_now}
        )
    )


def forget(tx: Tx) -> None:
    """Nothing lives yet: for whoever is about to start everything. Signs of an earlier run would else say
    for half a minute that workers are there which have not even begun."""
    tx.execute(delete(TABLE))


def list_alive(tx: Tx, real_now: datetime) -> frozenset[str]:
    """Return the components that have beaten lately."""
    return frozenset(tx.scalars(select(TABLE.c.component).where(TABLE.c.beat_at > real_now - FRESH)))
