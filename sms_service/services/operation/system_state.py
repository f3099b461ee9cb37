"""What the desk shows of the service itself: queues, gateways and their last errors, sweeps, quiet hours.

Every question is bounded: the last errors are looked for among the newest texts only. A part that is away
leaves its figures out, and never keeps the page from being shown.
"""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from redis.exceptions import RedisError
from sqlalchemy import func, select

from sms_service import metrics
from sms_service.circuits import PROBE_SECONDS, STOPPED_PROBE_SECONDS
from sms_service.domain import statuses
from sms_service.domain.quiet_hours import Quiet
from sms_service.runtime import Runtime
from sms_service.services.operation import readiness
from sms_service.services.texts import inbox
from sms_service.services.texts.messages import LANE_JOBS, TABLE
from sms_service.store.claim import quoted
from sms_service.store.engine import Tx

NEWEST = 50_000  # among so many texts the last errors are looked for
MOST_ERRORS = 500
MOST_COUNTED = 1_000
BROADCASTS = "broadcasts"
_CLASS = re.compile(r"([A-Z][A-Za-z]+): (.*)", re.DOTALL)


@dataclass(frozen=True, slots=True)
class Lane:
    """What waits: in a lane, or (name "broadcasts") behind the gates of broadcasts.

    Counts end at MOST_COUNTED; `calls` are wake-up calls (None: Redis is away); `oldest_due_seconds` is 0
    when nothing is due.
    """

    name: str
    calls: int | None
    queued: int
    sending: int
    oldest_due_seconds: float


@dataclass(frozen=True, slots=True)
class GatewayState:
    """One gateway that sends. `state` is "works", "away" or "stopped"; `tries_seconds`: how often one text
    tries again. `errors`: calls that failed since the start, by class."""

    name: str
    state: str
    reason: str
    since: datetime | None
    tries_seconds: int
    errors: dict[str, int]


@dataclass(frozen=True, slots=True)
class LastError:
    """What gateways said lately: how often among the newest texts, when last, and its words then."""

    kind: str  # class of errors.py
    gateway: str
    count: int
    at: datetime
    words: str


@dataclass(frozen=True, slots=True)
class Quietness:
    """Whether the quiet hours hold now, and until or from when."""

    holds: bool
    began_at: datetime | None
    ends_at: datetime | None


def lanes(tx: Tx, runtime: Runtime, now: datetime) -> list[Lane]:
    """What waits to be sent, by lane; broadcasts by themselves: they wait for their hour and gate."""
    try:
        depths = runtime.queues.depths()
    except RedisError:
        depths = {}
    queued, sending = _waiting(tx, statuses.QUEUED, is_broadcast=True), Counter[str]()
    for is_broadcast in (True, False):
        sending += _waiting(tx, statuses.SENDING, is_broadcast=is_broadcast)
    oldest: dict[str, datetime | None] = {}
    for lane in LANE_JOBS:
        queued[lane], oldest[lane] = _first_to_go(tx, lane, now)
    ages = {lane: max((now - at).total_seconds(), 0.0) for lane, at in oldest.items() if at}
    return [
        Lane(name, depths.get(name), queued[name], sending[name], ages.get(name, 0.0))
        for name in (*LANE_JOBS, BROADCASTS)
    ]


def _first_to_go(tx: Tx, lane: str, now: datetime) -> tuple[int, datetime | None]:
    """Of the first MOST_COUNTED texts that `lane` will send: how many, and since when the oldest is due."""
    own = (TABLE.c.status == quoted(statuses.QUEUED), TABLE.c.broadcast_id.is_(None), TABLE.c.lane == lane)
    first = (
        select(TABLE.c.not_before)
        .where(*own)
        .order_by(TABLE.c.priority, TABLE.c.not_before)
        .limit(MOST_COUNTED)
        .subquery()
    )
    count, oldest = tx.execute(select(func.count(), func.min(first.c.not_before))).one()
    return int(count), oldest if oldest is not None and oldest <= now else None


def _waiting(tx: Tx, status: str, *, is_broadcast: bool) -> Counter[str]:
    """How many texts have a status, by lane or of broadcasts; millions are not counted out."""
    owner = TABLE.c.broadcast_id.is_not(None) if is_broadcast else TABLE.c.broadcast_id.is_(None)
    some = select(TABLE.c.lane).where(TABLE.c.status == quoted(status), owner).limit(MOST_COUNTED).subquery()
    counts: Counter[str] = Counter()
    for lane, count in tx.execute(select(some.c.lane, func.count()).group_by(some.c.lane)):
        counts[BROADCASTS if is_broadcast else lane] += int(count)
    return counts


def oldest_inbound_seconds(tx: Tx, now: datetime) -> float:
    """How long the oldest text in waits to be handled; 0: none does."""
    since = inbox.oldest_due(tx)
    return max((now - since).total_seconds(), 0.0) if since else 0.0


def gateways(runtime: Runtime) -> list[GatewayState]:
    """The gateways that send, in order of failover."""
    failed = metrics.totals(metrics.GATEWAY_ERRORS, "gateway", "error")
    found = []
    for name, trouble in readiness.gateways(runtime).items():
        errors = {kind: count for (gateway, kind), count in sorted(failed.items()) if gateway == name}
        if trouble is None:
            found.append(GatewayState(name, "works", "", None, 0, errors))
            continue
        since = datetime.fromtimestamp(trouble.since, UTC) if trouble.since else None
        seconds = STOPPED_PROBE_SECONDS if trouble.state == "stopped" else PROBE_SECONDS
        found.append(GatewayState(name, trouble.state, trouble.reason, since, int(seconds), errors))
    return found


def last_errors(tx: Tx) -> list[LastError]:
    """What gateways answered instead of taking a text, by class, among the NEWEST texts; the latest first."""
    newest = select(func.max(TABLE.c.id)).scalar_subquery()
    rows = tx.execute(
        select(TABLE.c.gateway, TABLE.c.error, func.coalesce(TABLE.c.finished_at, TABLE.c.created_at))
        .where(TABLE.c.id > newest - NEWEST, TABLE.c.error.is_not(None))
        .order_by(TABLE.c.id.desc())
        .limit(MOST_ERRORS)
    )
    found: dict[tuple[str, str], LastError] = {}
    for gateway, error, at in rows:
        match = _CLASS.match(error)
        if match is None:  # no gateway said it: a deadline, a lost worker
            continue
        key = (match[1], gateway or "")
        before = found.get(key)
        found[key] = LastError(
            *key,
            count=before.count + 1 if before else 1,
            at=max(before.at, at) if before else at,
            words=before.words if before else match[2],
        )
    return sorted(found.values(), key=lambda error: error.at, reverse=True)


def swept() -> dict[str, int]:
    """What sweeps have found stuck and put right since the processes of this machine started, by sweep."""
    return {name: count for (name,), count in sorted(metrics.totals(metrics.SWEPT, "sweep").items())}


def quietness(quiet: Quiet, now: datetime) -> Quietness:
    """Whether texts wait for the morning now. Not in quiet hours: `ends_at` is None."""
    ends_at = quiet.release_at(now)
    return Quietness(ends_at is not None, quiet.began_at(now) if ends_at else None, ends_at)


def next_quiet(quiet: Quiet, now: datetime) -> datetime | None:
    """When the next quiet hours begin, within a week; None: none do, or they hold now."""
    if quiet.release_at(now) is not None:
        return None
    step = timedelta(minutes=15)
    for number in range(1, 7 * 24 * 4 + 1):
        began_at = quiet.began_at(now + number * step)
        if began_at is not None:
            return began_at
    return None
