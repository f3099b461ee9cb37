"""Surges: more reports of one person, or more look-ups of one name that find nothing, than the past suggests.

Looked for by the scheduler every half minute; misses reach the table within seconds (tallies). Once a day and
subject: a row for the console, an entry in the audit, a text to the officers on duty that does not say what.
One caller counts once a day for a name, as far as that is known without knowing who it was (callers_today).
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import cast

from sqlalchemy import Table, func, or_, select

from sms_service.domain import company_names, surge_rule
from sms_service.errors import Conflict, NotFound
from sms_service.services.reports.links import SPLIT
from sms_service.services.staff import accounts as staff
from sms_service.services.texts import duty
from sms_service.settings import Settings
from sms_service.store.claim import insert_new
from sms_service.store.engine import Tx
from sms_service.store.models import RecruiterMiss, Report, ReportLink, Surge

MISS, REPORTS = "miss", "reports"
MOST_TEXTS_AN_HOUR = 10  # to one person on duty; what comes above it is on the console
_TABLE = cast(Table, Surge.__table__)
_OF_REPORT = "report:"


@dataclass(frozen=True, slots=True)
class Found:
    """One surge that is not told yet."""

    kind: str  # miss | reports
    subject: str
    count: int
    expected: float


def find(tx: Tx, settings: Settings, now: datetime) -> list[Found]:
    """Return what is a surge today and was not raised yet. Changes nothing."""
    today = now.astimezone(settings.zone).date()
    raised: dict[str, set[str]] = defaultdict(set)
    for row in tx.execute(select(Surge.kind, Surge.subject).where(Surge.day == today)):
        raised[row.kind].add(row.subject)
    begin = datetime.combine(today, time(), settings.zone).astimezone(UTC)
    return [*_misses(tx, today, raised[MISS]), *_reports(tx, begin, raised[REPORTS])]


def raise_all(tx: Tx, found: Iterable[Found], settings: Settings, now: datetime) -> int:
    """Write surges down, tell the officers on duty, and return how many were new. Two at once: once."""
    today = now.astimezone(settings.zone).date()
    before = select(func.count()).where(Surge.raised_at > now - timedelta(hours=1))
    is_quiet = (tx.scalar(before) or 0) >= MOST_TEXTS_AN_HOUR
    made = []
    for each in sorted(found, key=lambda one: (one.kind, one.subject)):
        row = {
            "day": today, "kind": each.kind, "subject": each.subject, "count": each.count,
            "expected": round(each.expected, 3), "raised_at": now,
        }  # fmt: skip
        surge_id = tx.execute(insert_new(tx, _TABLE).values(row).returning(_TABLE.c.id)).scalar_one_or_none()
        if surge_id is not None:
            made.append(surge_id)
            details = {"kind": each.kind, "count": each.count, "expected": round(each.expected, 3)}
            staff.record_audit(tx, None, "surge.raise", ("surge", surge_id), details, now)
    if made and not is_quiet:
        duty.alert(tx, settings, "surge", now, str(made[0]))  # one text for all that came at once
    return len(made)


def list_surges(tx: Tx, limit: int, before: int | None = None, *, unseen: bool = False) -> list[Surge]:
    """Return at most `limit` surges, newest first, those with an id under `before`."""
    wanted = select(Surge).order_by(Surge.id.desc()).limit(limit)
    if before is not None:
        wanted = wanted.where(Surge.id < before)
    if unseen:
        wanted = wanted.where(Surge.seen_at.is_(None))
    return list(tx.scalars(wanted))


def mark_seen(tx: Tx, surge_id: int, staff_id: int, now: datetime) -> Surge:
    """Note that somebody looks after it. Raises NotFound, Conflict when somebody else does already."""
    surge = tx.get(Surge, surge_id, with_for_update=True, populate_existing=True)
    if surge is None:
        raise NotFound("there is no such surge")
    if surge.seen_by is not None and surge.seen_by != staff_id:
        raise Conflict("somebody else looks after this surge already")
    if surge.seen_at is None:
        surge.seen_by, surge.seen_at = staff_id, now
        staff.record_audit(tx, staff_id, "surge.seen", ("surge", surge_id), {}, now)
    return surge


def _misses(tx: Tx, today: date, raised: set[str]) -> list[Found]:
    of_today = _merged(
        tx.execute(select(RecruiterMiss.normalised, RecruiterMiss.count).where(RecruiterMiss.day == today))
    )
    told = {_key(subject) for subject in raised}
    many = {
        key: spellings
        for key, spellings in of_today.items()
        if key not in told and sum(spellings.values()) >= surge_rule.MISSES.least
    }
    if not many:
        return []
    since = today - timedelta(days=surge_rule.DAYS)
    past = _merged(
        tx.execute(
            select(RecruiterMiss.normalised, func.sum(RecruiterMiss.count))
            .where(RecruiterMiss.day >= since, RecruiterMiss.day < today)
            .group_by(RecruiterMiss.normalised)
        )
    )
    found = []
    for key, spellings in many.items():
        count, before = sum(spellings.values()), sum(past.get(key, {}).values())
        if surge_rule.is_surge(count, before, surge_rule.MISSES):
            name = max(spellings, key=lambda spelling: (spellings[spelling], spelling))
            found.append(Found(MISS, name, count, surge_rule.expected(before, surge_rule.MISSES)))
    return found


def _merged(rows: Iterable[tuple[str, int]]) -> dict[str, dict[str, int]]:
    """Counts by spelling, by name: the spellings of one name belong together."""
    merged: dict[str, dict[str, int]] = defaultdict(dict)
    for spelling, count in rows:
        merged[_key(spelling)][spelling] = int(count)
    return merged


def _key(spelling: str) -> str:
    return company_names.fold(spelling.replace(" ", ""))


def _reports(tx: Tx, begin: datetime, raised: set[str]) -> list[Found]:
    of_today = set(tx.scalars(select(Report.id).where(Report.received_at >= begin)))
    if len(of_today) < surge_rule.REPORTS.least:
        return []
    told = {int(subject.removeprefix(_OF_REPORT)) for subject in raised}
    found = []
    for members in _alike(tx, begin).values():
        new = members & of_today
        if len(new) < surge_rule.REPORTS.least or new & told:
            continue
        past = len(_past(tx, members, begin))
        if surge_rule.is_surge(len(new), past, surge_rule.REPORTS):
            usual = surge_rule.expected(past, surge_rule.REPORTS)
            found.append(Found(REPORTS, f"{_OF_REPORT}{min(new)}", len(new), usual))
    return found


def _alike(tx: Tx, begin: datetime) -> Mapping[int, set[int]]:
    """Reports that belong together by links (not split ones) or clusters of today's, by one of them."""
    pairs = select(ReportLink.earlier_id, ReportLink.later_id).join(Report, Report.id == ReportLink.later_id)
    found = tx.execute(pairs.where(Report.received_at >= begin, ReportLink.status != SPLIT))
    edges = [(row.earlier_id, row.later_id) for row in found]
    first: dict[int, int] = {}
    in_clusters = select(Report.cluster_id, Report.id).where(
        Report.received_at >= begin, Report.cluster_id.is_not(None)
    )
    for cluster_id, report_id in tx.execute(in_clusters):
        edges.append((first.setdefault(cast(int, cluster_id), report_id), report_id))
    return _components(edges)


def _components(edges: Iterable[tuple[int, int]]) -> dict[int, set[int]]:
    of: dict[int, set[int]] = {}
    for one, other in edges:
        small, large = sorted((of.get(one, {one}), of.get(other, {other})), key=len)
        if small is not large:
            large |= small
        for member in {one, other} | small:
            large.add(member)
            of[member] = large
    return {min(members): members for members in of.values()}


def _past(tx: Tx, members: set[int], begin: datetime) -> set[int]:
    """Reports of the days before that belong to the same: linked, of one cluster, or of one number."""
    rows = list(
        tx.execute(select(Report.cluster_id, Report.recruiter_phone_hash).where(Report.id.in_(members)))
    )
    clusters = {row.cluster_id for row in rows} - {None}
    phones = {row.recruiter_phone_hash for row in rows} - {None}
    same = or_(
        Report.id.in_(members), Report.cluster_id.in_(clusters), Report.recruiter_phone_hash.in_(phones)
    )
    since = begin - timedelta(days=surge_rule.DAYS)
    return set(
        tx.scalars(select(Report.id).where(same, Report.received_at >= since, Report.received_at < begin))
    )
