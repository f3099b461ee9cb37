"""Takes in lists of people who have agreed to get texts, with the evidence of it. Called by the API.

One call, one transaction of the caller's: all of it or nothing. A list never speaks for a person who has
spoken: STOP stays STOP, and what somebody has chosen by phone (`chosen_at`) stays as it is. Twice is once.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from typing import Any

from sqlalchemy import Row, bindparam, select, update

from sms_service.domain import subscriber_rows
from sms_service.domain.list_rows import Reading
from sms_service.domain.recruiter_rows import Fault
from sms_service.domain.subscriber_rows import SubscriberRow
from sms_service.services.list_files import read_table
from sms_service.services.staff import accounts as staff
from sms_service.services.subscribers import communities
from sms_service.services.subscribers.people_files import find_stopped, refuse_bad_rows, slices
from sms_service.services.subscribers.person import SUBSCRIBERS, add_topics
from sms_service.store.claim import insert_new
from sms_service.store.engine import Tx
from sms_service.store.models import SubscriberTopic

MOST_ROWS = 5_000  # about a second of lock on a busy small machine: callers wait for it meanwhile


@dataclass(frozen=True)
class SubscriberImport:
    """What an import did, or would do (`is_written` false).

    added: not known before. agreed: known, and had not chosen anything before. unchanged: on a list before.
    own_choice: has chosen by phone, and is left in peace. stopped: has said STOP.
    """

    added: int
    agreed: int
    unchanged: int
    own_choice: int
    stopped: int
    faults: tuple[Fault, ...]
    notes: tuple[Fault, ...]
    other_columns: tuple[str, ...]
    is_written: bool = False


@dataclass
class _Sorted:
    """The rows of a list, by what becomes of them. Pairs of number hash and row."""

    added: dict[str, SubscriberRow] = field(default_factory=dict)
    agreed: dict[str, SubscriberRow] = field(default_factory=dict)
    unchanged: dict[str, SubscriberRow] = field(default_factory=dict)
    own_choice: dict[str, SubscriberRow] = field(default_factory=dict)
    stopped: int = 0


def read_subscribers(data: bytes, country: str, today: date) -> Reading[SubscriberRow]:
    """Read a CSV or XLSX file. Raises Invalid when it is no such list; bad rows are in its `faults`."""
    layout = subscriber_rows.layout(country, today)
    return layout.read(read_table(data, layout.is_heading, MOST_ROWS))


def import_subscribers(
    tx: Tx,
    reading: Reading[SubscriberRow],
    by: int | None,
    now: datetime,
    *,
    dry_run: bool = False,
    skip_bad_rows: bool = False,
    community_id: int | None = None,
) -> SubscriberImport:
    """Take the people of a list in, or with `dry_run` only say what would become of them.

    Whose row names no community joins `community_id`, where it is given. Raises NotFound for one that does
    not exist, and Invalid, having written nothing, while there are bad rows that nobody said to skip. A
    community of a row that does not exist makes the row bad.
    """
    known = communities.find_ids(tx)
    if community_id is not None:
        joined = communities.get(tx, community_id).name
        rows = [row if row.community else replace(row, community=joined) for row in reading.rows]
        reading = replace(reading, rows=rows)
    reading = _without_strange_communities(reading, known)
    chosen = _sort(tx, reading.rows)
    plan = SubscriberImport(
        added=len(chosen.added),
        agreed=len(chosen.agreed),
        unchanged=len(chosen.unchanged),
        own_choice=len(chosen.own_choice),
        stopped=chosen.stopped,
        faults=tuple(reading.faults),
        notes=tuple(reading.notes),
        other_columns=reading.other_columns,
    )
    if dry_run:
        return plan
    refuse_bad_rows(reading, skip_bad_rows)
    _write(tx, chosen, known, now)
    details = {
        "added": plan.added, "agreed": plan.agreed, "unchanged": plan.unchanged,
        "own_choice": plan.own_choice, "stopped": plan.stopped, "skipped_rows": reading.bad_rows,
    }  # fmt: skip
    staff.record_audit(tx, by, "subscribers.import", ("subscribers", "list"), details, now)
    return replace(plan, is_written=True)


def _without_strange_communities(
    reading: Reading[SubscriberRow], known: Mapping[str, int]
) -> Reading[SubscriberRow]:
    strange = [row for row in reading.rows if row.community and row.community.casefold() not in known]
    faults = [Fault(row.row, "community", "is not known: make it first") for row in strange]
    bad = {row.row for row in strange}
    return replace(
        reading,
        rows=[row for row in reading.rows if row.row not in bad],
        faults=sorted([*reading.faults, *faults], key=lambda fault: fault.row),
    )


def _sort(tx: Tx, rows: Sequence[SubscriberRow]) -> _Sorted:
    by_hash = {tx.vault.number_hash(row.number): row for row in rows}
    stopped = find_stopped(tx, list(by_hash))
    found = _find(tx, list(by_hash))
    result = _Sorted(stopped=len(stopped))
    for number_hash, row in by_hash.items():
        if number_hash in stopped:
            continue
        before = found.get(number_hash)
        if before is None:
            result.added[number_hash] = row
        elif before.chosen_at is not None:
            result.own_choice[number_hash] = row
        elif before.consent_on is None:
            result.agreed[number_hash] = row
        else:
            result.unchanged[number_hash] = row
    return result


def _find(tx: Tx, hashes: Sequence[str]) -> dict[str, Row[Any]]:
    columns = [SUBSCRIBERS.c[name] for name in ("id", "number_hash", "chosen_at", "consent_on")]
    found: dict[str, Row[Any]] = {}
    for some in slices(hashes):
        rows = tx.execute(select(*columns).where(SUBSCRIBERS.c.number_hash.in_(some)))
        found |= {row.number_hash: row for row in rows}
    return found


def _write(tx: Tx, chosen: _Sorted, known: Mapping[str, int], now: datetime) -> None:
    if chosen.added:
        rows = [_columns(tx, number_hash, row, now) for number_hash, row in sorted(chosen.added.items())]
        tx.execute(insert_new(tx, SUBSCRIBERS), rows)
    if chosen.agreed:
        _agree(tx, chosen.agreed, now)
    everybody = {**chosen.added, **chosen.agreed, **chosen.unchanged, **chosen.own_choice}
    ids = {number_hash: row.id for number_hash, row in _find(tx, list(everybody)).items()}
    with_topics = _without_topics(tx, ids, {**chosen.added, **chosen.agreed})
    add_topics(tx, with_topics)
    members = [
        (known[row.community.casefold()], ids[number_hash])
        for number_hash, row in everybody.items()
        if row.community and number_hash in ids
    ]
    communities.add_members(tx, members, now)


def _columns(tx: Tx, number_hash: str, row: SubscriberRow, now: datetime) -> dict[str, Any]:
    return {
        "number_hash": number_hash,
        "number_sealed": tx.vault.seal(row.number),
        "language": row.language or "id",
        "district": row.district or None,
        "name_sealed": tx.vault.seal(row.name) if row.name else None,
        "warnings_on": True,
        "news_on": True,
        "reminders_on": True,
        "consent_source": row.consent_source,
        "consent_on": row.consent_on,
        "created_at": now,
        "updated_at": now,
    }


def _agree(tx: Tx, rows: Mapping[str, SubscriberRow], now: datetime) -> None:
    """Known people who have never chosen: their own district and language stay."""
    columns = SUBSCRIBERS.c
    statement = (
        update(SUBSCRIBERS)
        .where(columns.number_hash == bindparam("key"), columns.chosen_at.is_(None))
        .values(
            warnings_on=True,
            news_on=True,
            consent_source=bindparam("source"),
            consent_on=bindparam("day"),
            updated_at=now,
        )
    )
    tx.connection().execute(
        statement,
        [
            {"key": key, "source": row.consent_source, "day": row.consent_on}
            for key, row in sorted(rows.items())
        ],
    )
    for name, value in (("district", _district), ("name_sealed", _name)):
        given = [{"key": key, "value": value(tx, row)} for key, row in sorted(rows.items())]
        given = [one for one in given if one["value"]]
        if given:
            column = columns[name]
            fill = (
                update(SUBSCRIBERS)
                .where(columns.number_hash == bindparam("key"), column.is_(None))
                .values({name: bindparam("value", type_=column.type)})
            )
            tx.connection().execute(fill, given)


def _district(_tx: Tx, row: SubscriberRow) -> str | None:
    return row.district or None


def _name(tx: Tx, row: SubscriberRow) -> bytes | None:
    return tx.vault.seal(row.name) if row.name else None


def _without_topics(
    tx: Tx, ids: Mapping[str, int], rows: Mapping[str, SubscriberRow]
) -> list[tuple[int, str]]:
    """Topics of those who have none yet."""
    wanted = {ids[key]: row.topics for key, row in rows.items() if row.topics and key in ids}
    have: set[int] = set()
    numbers = list(wanted)
    for start in range(0, len(numbers), 1000):
        some = numbers[start : start + 1000]
        found = select(SubscriberTopic.subscriber_id).where(SubscriberTopic.subscriber_id.in_(some))
        have.update(tx.scalars(found))
    return [(key, topic) for key, topics in wanted.items() if key not in have for topic in topics]
