"""Broadcasts as people handle them: written by one, approved by another, paused, resumed, called off.

Every act locks the row and asks domain/broadcast_life whether it is legal, so that of two people who act
at once the second is told. What the service does by itself (start, canary, halt, finish) is
broadcasts/sending.py. Called by the API, the console and services/reports (warnings).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, select

from sms_service.domain import broadcast_life as life
from sms_service.domain import statuses
from sms_service.domain.roles import may
from sms_service.errors import Conflict, Invalid, NotAllowed, NotFound, said
from sms_service.services.broadcasts import (
    audience as broadcast_audience,
)
from sms_service.services.broadcasts import (
    cautions as broadcast_cautions,
)
from sms_service.services.broadcasts import (
    judging as broadcast_judging,
)
from sms_service.services.broadcasts import (
    rows as broadcast_rows,
)
from sms_service.services.broadcasts import (
    texts as broadcast_texts,
)
from sms_service.services.broadcasts.audience import Audience
from sms_service.services.staff import accounts as staff
from sms_service.services.staff.accounts import Person
from sms_service.store.engine import Tx
from sms_service.store.models import AuditEntry, Broadcast, Event

FURTHEST = timedelta(days=366)
SHORTEST_LIFE = timedelta(minutes=1)
_CLOCKS_DIFFER = timedelta(minutes=5)  # a sender's "now" may lie a little behind ours
LONGEST_REASON = 500
START_JOB = "run_broadcasts"


@dataclass(frozen=True, slots=True)
class BroadcastFields:
    """What a broadcast says, to whom, and when. `send_at` None: as soon as it is approved; `expires_at`
    None: broadcast_life.DEFAULT_LIFE after the start. An empty `text_en`: everybody reads `text_id`."""

    kind: str  # info | warning | urgent
    text_id: str
    text_en: str = ""
    audience: Audience = field(default_factory=Audience)
    send_at: datetime | None = None
    expires_at: datetime | None = None
    resend_unknown: bool = False


def create_draft(
    tx: Tx, author: Person, fields: BroadcastFields, now: datetime, cluster_id: int | None = None
) -> Broadcast:
    """Write a draft. `cluster_id`: the cluster of reports that a warning was drafted from. Raises Invalid
    by field."""
    _demand_own_people(tx, author, fields)
    check(tx, fields, now)
    row = Broadcast(
        **_columns(fields),
        status=life.DRAFT,
        author_id=author.id,
        community_id=author.community_id,
        cluster_id=cluster_id,
        created_at=now,
        updated_at=now,
    )
    tx.add(row)
    tx.flush()
    _audit(tx, row, author, "create", _described(fields), now)
    return row


def edit(
    tx: Tx,
    broadcast_id: int,
    person: Person,
    changes: Mapping[str, Any],
    now: datetime,
    version: int | None = None,
) -> Broadcast:
    """Change fields of BroadcastFields by name; only of a draft, or of a rejected one, which is a draft
    again then. `version`, when given, must be the row's. Raises NotFound, Conflict, Invalid by field."""
    row = _locked(tx, broadcast_id, person)
    _demand(row, "edit")
    _demand_version(row, version)
    before = fields_of(row)
    after = replace(before, **changes)
    _demand_own_people(tx, person, after)
    check(tx, after, now)
    for name, value in _columns(after).items():
        setattr(row, name, value)
    _move(tx, row, "edit", now)
    _audit(tx, row, person, "edit", _described(after), now)
    return row


def submit(tx: Tx, broadcast_id: int, person: Person, now: datetime, version: int | None = None) -> Broadcast:
    """Hand a draft over for approval; `version`, when given, must be the row's. Raises NotFound, Conflict,
    Invalid (its time is past by now)."""
    row = _locked(tx, broadcast_id, person)
    _demand(row, "submit")
    _demand_version(row, version)
    check(tx, fields_of(row), now)
    row.submitted_at, row.reason = now, ""
    _move(tx, row, "submit", now)
    _audit(tx, row, person, "submit", {}, now)
    return row


def approve(
    tx: Tx,
    broadcast_id: int,
    person: Person,
    now: datetime,
    override_quiet_hours: bool = False,
    version: int | None = None,
) -> Broadcast:
    """The second person's word: it goes out at its time. With `override_quiet_hours` an urgent one goes out
    at night too, and who said so is kept apart. `version`, when given, must be the row's: what is approved
    is what was read.

    Raises NotAllowed for whoever wrote any of it (by whichever token) and for roles that do not approve;
    NotFound; Conflict (also when its deadline is past); Invalid for an override of what is not urgent.
    """
    if not may(person.role, "broadcasts.approve"):
        raise NotAllowed("your role does not approve broadcasts")
    row = _locked(tx, broadcast_id, person)
    if person.id in writers(tx, row):
        raise NotAllowed("who wrote a broadcast cannot approve it: a second person must")
    _demand(row, "approve")
    _demand_version(row, version)
    if override_quiet_hours and row.kind != statuses.URGENT:
        words = said("only an urgent broadcast may go out in the quiet hours")
        raise Invalid(words, {"override_quiet_hours": words})
    if row.expires_at is not None and row.expires_at <= now:
        raise Conflict("its deadline has passed: reject it, so that it can be given a new one")
    row.approver_id, row.approved_at = person.id, now
    row.override_by = person.id if override_quiet_hours else None
    _move(tx, row, "approve", now)
    _audit(tx, row, person, "approve", {}, now)
    if override_quiet_hours:
        _audit(tx, row, person, "override_quiet_hours", {}, now)
    if row.send_at is None or row.send_at <= now:
        tx.wake(START_JOB)
    return row


def reject(tx: Tx, broadcast_id: int, person: Person, reason: str, now: datetime) -> Broadcast:
    """Send a submitted one back to its author with a reason. Raises NotAllowed, NotFound, Conflict."""
    if not may(person.role, "broadcasts.approve"):
        raise NotAllowed("your role does not decide on broadcasts")
    row = _locked(tx, broadcast_id, person)
    _demand(row, "reject")
    row.reason = reason[:LONGEST_REASON]
    _move(tx, row, "reject", now)
    _audit(tx, row, person, "reject", {"reason": row.reason}, now)
    return row


def pause(tx: Tx, broadcast_id: int, person: Person, now: datetime) -> Broadcast:
    """Nothing more goes out: one row is changed, whatever the number of texts. What a gateway is being
    handed in this moment cannot be called back. Raises NotFound, Conflict."""
    row = _locked(tx, broadcast_id, person)
    _demand(row, "pause")
    row.resume_to = row.status
    _move(tx, row, "pause", now)
    _audit(tx, row, person, "pause", {}, now)
    return row


def resume(tx: Tx, broadcast_id: int, person: Person, now: datetime) -> Broadcast:
    """Go on exactly where it stopped. After a halt a person has judged: what happened until then does not
    halt it again. Raises NotFound, Conflict (also when its deadline is past)."""
    row = _locked(tx, broadcast_id, person)
    _demand(row, "resume")
    if row.status == life.HALTED and person.role == "partner":
        raise NotAllowed("what the service has halted is judged by the office: ask it to look")
    if row.expires_at is not None and row.expires_at <= now:
        raise Conflict("its deadline has passed: what is left would come too late")
    act_details = {"halted_reason": row.halted_reason} if row.status == life.HALTED else {}
    if row.status == life.HALTED:
        row.halted_reason = ""
        broadcast_judging.forgive(tx, row)
    row.canary_until = None  # a canary waits anew: reports may have been lost to the pause
    _move(tx, row, "resume", now)
    row.resume_to = ""
    _audit(tx, row, person, "resume", act_details, now)
    tx.wake(START_JOB)
    tx.wake("send_bulk")
    return row


def cancel(tx: Tx, broadcast_id: int, person: Person, reason: str, now: datetime) -> Broadcast:
    """Call it off for good; what still waits ends as expired, with this as its reason. Raises NotFound,
    Conflict."""
    row = _locked(tx, broadcast_id, person)
    _demand(row, "cancel")
    row.reason, row.finished_at = reason[:LONGEST_REASON], now
    _move(tx, row, "cancel", now)
    _audit(tx, row, person, "cancel", {"reason": row.reason}, now)
    if broadcast_rows.withdraw(tx, row.id, now) >= broadcast_rows.SLICE:
        tx.wake(START_JOB)
    return row


def get_broadcast(tx: Tx, broadcast_id: int, person: Person | None = None) -> Broadcast:
    """Raises NotFound; to a partner (`person`) also for what is not of the own community."""
    row = tx.scalars(select(Broadcast).where(Broadcast.id == broadcast_id, *seen_by(person))).one_or_none()
    if row is None:
        raise NotFound("there is no such broadcast")
    return row


def list_broadcasts(
    tx: Tx, limit: int, before_id: int | None = None, status: str | None = None
) -> list[Broadcast]:
    """At most `limit` broadcasts, the newest first, those before `before_id`."""
    wanted = select(Broadcast).order_by(Broadcast.id.desc()).limit(limit)
    if before_id is not None:
        wanted = wanted.where(Broadcast.id < before_id)
    if status is not None:
        wanted = wanted.where(Broadcast.status == status)
    return list(tx.scalars(wanted))


def seen_by(person: Person | None) -> list[ColumnElement[bool]]:
    """The conditions on rows that `person` may know of: a partner those of the own community, and one
    without a community none at all."""
    if person is None or person.role != "partner":
        return []
    return [Broadcast.community_id == (person.community_id or 0)]


def writers(tx: Tx, row: Broadcast) -> set[int]:
    """Everybody who wrote any of it: the author, and who has edited it."""
    editors = select(AuditEntry.staff_id).where(
        AuditEntry.subject_type == "broadcast",
        AuditEntry.subject_id == str(row.id),
        AuditEntry.act == "broadcast.edit",
    )
    return {row.author_id, *(one for one in tx.scalars(editors) if one is not None)}


def fields_of(row: Broadcast) -> BroadcastFields:
    """The fields that a row holds."""
    return BroadcastFields(
        kind=row.kind,
        text_id=row.text_id,
        text_en=row.text_en,
        audience=Audience.from_json(row.audience),
        send_at=row.send_at,
        expires_at=row.expires_at,
        resend_unknown=row.resend_unknown,
    )


def check(tx: Tx, fields: BroadcastFields, now: datetime) -> None:
    """Raises Invalid by field, every fault at once."""
    errors = broadcast_audience.check(tx, fields.audience)
    if fields.kind not in life.KINDS:
        errors["kind"] = said("is one of %(known)s", known=", ".join(life.KINDS))
    errors |= broadcast_texts.check(fields.text_id, fields.text_en) or broadcast_cautions.refusals(
        tx, fields.text_id, fields.text_en, now.date()
    )
    send_at = fields.send_at or now
    if fields.send_at is not None and not now - _CLOCKS_DIFFER <= fields.send_at <= now + FURTHEST:
        errors["send_at"] = "lies ahead, within a year; leave it out to send at once"
    if fields.expires_at is not None and fields.expires_at < max(send_at, now) + SHORTEST_LIFE:
        errors["expires_at"] = "lies at least a minute after the sending"
    elif fields.expires_at is not None and fields.expires_at > max(send_at, now) + FURTHEST:
        errors["expires_at"] = "lies within a year"
    if errors:
        raise Invalid("the broadcast cannot be accepted", errors)


def _demand_own_people(tx: Tx, person: Person, fields: BroadcastFields) -> None:
    """A partner writes to the partner's own community and to nobody else; nor does a partner learn who is
    a subscriber by naming numbers, or of the events of others."""
    if person.role != "partner":
        return
    audience = fields.audience
    if person.community_id is None or audience.communities != (person.community_id,):
        raise NotAllowed("a partner's broadcast goes to the partner's own community")
    if audience.subscribers is not None:
        raise NotAllowed("a partner's broadcast names nobody one by one")
    if audience.event is not None:
        event = tx.get(Event, audience.event)
        if event is None or event.community_id != person.community_id:
            words = "there is no such event"
            raise Invalid("the broadcast cannot be accepted", {"audience.event": words})


def _columns(fields: BroadcastFields) -> dict[str, Any]:
    return {
        "kind": fields.kind,
        "text_id": fields.text_id,
        "text_en": fields.text_en,
        "audience": fields.audience.to_json(),
        "send_at": fields.send_at,
        "expires_at": fields.expires_at,
        "resend_unknown": fields.resend_unknown,
    }


def _described(fields: BroadcastFields) -> dict[str, object]:
    """What the audit keeps: all of it, people named one by one only as how many they are."""
    described = _columns(fields)
    named = fields.audience.subscribers
    audience = {**described["audience"], "subscribers": None if named is None else len(named)}
    return {**described, "audience": audience}


def _locked(tx: Tx, broadcast_id: int, person: Person) -> Broadcast:
    wanted = select(Broadcast).where(Broadcast.id == broadcast_id, *seen_by(person)).with_for_update()
    row = tx.scalars(wanted.execution_options(populate_existing=True)).one_or_none()
    if row is None:
        raise NotFound("there is no such broadcast")
    return row


def _demand(row: Broadcast, act: str) -> None:
    if not life.may(act, row.status):
        raise Conflict(life.refusal(act, row.status))


def _demand_version(row: Broadcast, version: int | None) -> None:
    if version is not None and version != row.version:
        raise Conflict("the broadcast has been changed meanwhile: look at it again")


def _move(tx: Tx, row: Broadcast, act: str, now: datetime) -> None:
    row.status = life.after(act, row.resume_to)
    row.version, row.updated_at = row.version + 1, now
    tx.flush()


def _audit(
    tx: Tx, row: Broadcast, person: Person, act: str, details: Mapping[str, object], now: datetime
) -> None:
    staff.record_audit(tx, person.id, f"broadcast.{act}", ("broadcast", row.id), details, now)
