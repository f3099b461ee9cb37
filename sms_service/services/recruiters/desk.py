"""The list of recruiters as the office works with it: companies, imports and what each changed, warnings.

A warning is the office's own word about a company; callers read it with what the list states, and it
outlives every list. Called by the desk.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import get_args

from sqlalchemy import func, select

from sms_service.domain.roles import may
from sms_service.domain.texts import offenders
from sms_service.errors import Conflict, Invalid, NotAllowed, NotFound
from sms_service.logs import mask_numbers
from sms_service.services.read_models import bump
from sms_service.services.recruiters.comparison import Change
from sms_service.services.recruiters.list_import import READ_MODEL
from sms_service.services.staff import accounts as staff
from sms_service.services.staff.accounts import Person
from sms_service.store.engine import Tx
from sms_service.store.models import Recruiter, RecruiterChange, RecruiterList

LONGEST_WARNING = 160  # characters; the menu pages it
STATUSES = ("active", "suspended", "revoked", "expired")
CHANGES: tuple[Change, ...] = get_args(Change)
WARNED = "warned"  # a filter beside the statuses: listed or not


def list_companies(tx: Tx, limit: int, after_id: int = 0, status: str = "") -> list[Recruiter]:
    """At most `limit` companies of the list by id, after `after_id`; of a status, or those WARNED of."""
    wanted = select(Recruiter).where(Recruiter.id > after_id).order_by(Recruiter.id).limit(limit)
    if status == WARNED:
        return list(tx.scalars(wanted.where(Recruiter.office_warning != "")))
    wanted = wanted.where(Recruiter.is_listed)
    return list(tx.scalars(wanted.where(Recruiter.status == status) if status else wanted))


def count_companies(tx: Tx) -> Mapping[str, int]:
    """How many companies of the list have each status, and how many are WARNED of."""
    listed = select(Recruiter.status, func.count()).where(Recruiter.is_listed).group_by(Recruiter.status)
    counts = dict.fromkeys(STATUSES, 0) | {status: int(count) for status, count in tx.execute(listed)}
    warned = select(func.count()).select_from(Recruiter).where(Recruiter.office_warning != "")
    return {**counts, WARNED: tx.scalar(warned) or 0}


def get_company(tx: Tx, recruiter_id: int) -> Recruiter:
    """Raises NotFound."""
    found = tx.get(Recruiter, recruiter_id)
    if found is None:
        raise NotFound("there is no such company")
    return found


def list_history(tx: Tx, company: Recruiter, limit: int = 50) -> list[tuple[RecruiterChange, RecruiterList]]:
    """What imports changed on a company under its licence number, latest first."""
    rows = tx.execute(
        select(RecruiterChange, RecruiterList)
        .join(RecruiterList, RecruiterList.id == RecruiterChange.list_id)
        .where(RecruiterChange.license_number == company.license_number)
        .order_by(RecruiterChange.id.desc())
        .limit(limit)
    )
    return [(change, entry) for change, entry in rows]


def list_imports(tx: Tx, limit: int, before_id: int | None = None) -> list[RecruiterList]:
    """At most `limit` imports, latest first, those before the id `before_id`."""
    wanted = select(RecruiterList).order_by(RecruiterList.id.desc()).limit(limit)
    return list(tx.scalars(wanted if before_id is None else wanted.where(RecruiterList.id < before_id)))


def get_import(tx: Tx, list_id: int) -> RecruiterList:
    """Raises NotFound."""
    found = tx.get(RecruiterList, list_id)
    if found is None:
        raise NotFound("there is no such import")
    return found


def list_changes(
    tx: Tx, list_id: int, limit: int, after_id: int = 0, change: str = ""
) -> list[RecruiterChange]:
    """At most `limit` of what an import changed, in its order, after the id `after_id`."""
    wanted = (
        select(RecruiterChange)
        .where(RecruiterChange.list_id == list_id, RecruiterChange.id > after_id)
        .order_by(RecruiterChange.id)
        .limit(limit)
    )
    return list(tx.scalars(wanted.where(RecruiterChange.change == change) if change else wanted))


def set_warning(
    tx: Tx, recruiter_id: int, words: str, reason: str, seen: str, person: Person, now: datetime
) -> Recruiter:
    """Say `words` about a company to everybody who asks, or nothing any more (""). `reason` is for the
    office's own record, `seen` the warning as it was read.

    Raises NotFound, NotAllowed, Invalid by field, and Conflict when a colleague has changed it meanwhile.
    """
    if not may(person.role, "recruiters.warn"):
        raise NotAllowed("your role does not sign warnings of the office")
    _check(words, reason)
    company = tx.get(Recruiter, recruiter_id, with_for_update=True, populate_existing=True)
    if company is None:
        raise NotFound("there is no such company")
    before = company.office_warning
    if before == words:
        return company
    if before != seen:
        raise Conflict("a colleague has changed the warning meanwhile")
    company.office_warning = words
    tx.flush()
    bump(tx, READ_MODEL)
    details = {"from": before, "to": words, "reason": reason}
    staff.record_audit(tx, person.id, "recruiters.warning", ("recruiter", company.id), details, now)
    return company


def _check(words: str, reason: str) -> None:
    errors = {}
    if any("?" in plain for plain in offenders(words).values()) or not words.isprintable():
        errors["warning"] = "holds signs that a simple phone cannot show"
    if len(words) > LONGEST_WARNING:
        errors["warning"] = "is too long for a phone"
    if mask_numbers(words) != words:
        errors["warning"] = "holds a phone number: leave it out"
    if not reason.strip():
        errors["reason"] = "say why, for the office's record"
    if errors:
        raise Invalid("the warning cannot be kept like this", errors)
