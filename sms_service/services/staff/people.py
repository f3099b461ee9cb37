"""Who works at the office: adding people, their roles, their tokens, and letting them go.

Nobody changes the own role or takes the own access away, so one admin is always left. Called by the desk.
"""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import func, select, update

from sms_service.domain.roles import ROLES
from sms_service.errors import Conflict, Invalid, NotAllowed, NotFound, said
from sms_service.services.staff import accounts as staff
from sms_service.services.staff import sign_in
from sms_service.services.staff.accounts import Person
from sms_service.store.engine import Tx
from sms_service.store.models import ApiToken, Community, Staff


@dataclass(frozen=True, slots=True)
class Colleague:
    """A person of the office as colleagues see them."""

    id: int
    name: str
    role: str
    is_active: bool
    is_locked: bool
    has_second_factor: bool
    community: str
    tokens: int


@dataclass(frozen=True, slots=True)
class Token:
    """A token of a person: never the secret itself."""

    id: int
    created_at: datetime
    last_used_at: datetime | None


def list_people(tx: Tx, now: datetime) -> list[Colleague]:
    """Everybody, those who are here first. An office has dozens of people, not thousands."""
    tokens = (
        select(ApiToken.staff_id, func.count().label("count"))
        .where(ApiToken.revoked_at.is_(None))
        .group_by(ApiToken.staff_id)
        .subquery()
    )
    rows = tx.execute(
        select(Staff, Community.name, func.coalesce(tokens.c.count, 0))
        .outerjoin(Community, Community.id == Staff.community_id)
        .outerjoin(tokens, tokens.c.staff_id == Staff.id)
        .order_by(Staff.is_active.desc(), Staff.name)
        .limit(500)
    )
    return [_colleague(person, community, count, now) for person, community, count in rows]


def get_colleague(tx: Tx, staff_id: int, now: datetime) -> Colleague:
    """Raises NotFound."""
    person = _get(tx, staff_id)
    community = tx.scalar(select(Community.name).where(Community.id == person.community_id))
    count = len(list_tokens(tx, staff_id))
    return _colleague(person, community, count, now)


def list_tokens(tx: Tx, staff_id: int) -> list[Token]:
    """The tokens of a person that are still good, newest first."""
    rows = tx.scalars(
        select(ApiToken)
        .where(ApiToken.staff_id == staff_id, ApiToken.revoked_at.is_(None))
        .order_by(ApiToken.id.desc())
        .limit(100)
    )
    return [Token(row.id, row.created_at, row.last_used_at) for row in rows]


def list_communities(tx: Tx) -> list[tuple[int, str]]:
    """The partners' communities to choose from, as (id, name)."""
    return [(row.id, row.name) for row in tx.scalars(select(Community).order_by(Community.name).limit(500))]


def add(tx: Tx, admin: Person, name: str, role: str, community_id: int | None, now: datetime) -> str:
    """Add a person; returns a first password, to be told and changed. Raises Invalid, Conflict."""
    _check_community(tx, role, community_id)
    password = secrets.token_urlsafe(9)
    person = staff.create_staff(tx, name, role, password, now)
    person.community_id = community_id
    staff.record_audit(tx, admin.id, "staff.add", ("staff", person.id), {"role": role}, now)
    return password


def set_role(
    tx: Tx, admin: Person, staff_id: int, role: str, community_id: int | None, now: datetime
) -> None:
    """Give a colleague another role. Raises NotAllowed for one's own, Invalid, NotFound."""
    person = _colleague_of(tx, admin, staff_id)
    if role not in ROLES:
        raise Invalid("there is no such role", {"role": said("is one of %(known)s", known=", ".join(ROLES))})
    _check_community(tx, role, community_id)
    before, person.role, person.community_id = person.role, role, community_id
    sign_in.end_other_sessions(tx, staff_id, None, now)  # what is open was opened under the old role
    staff.record_audit(tx, admin.id, "staff.role", ("staff", staff_id), {"from": before, "to": role}, now)


def set_active(tx: Tx, admin: Person, staff_id: int, is_active: bool, now: datetime) -> None:
    """Let somebody go, or back in. Whoever goes is out at once, and so are their tokens."""
    person = _colleague_of(tx, admin, staff_id)
    person.is_active = is_active
    if not is_active:
        sign_in.end_other_sessions(tx, staff_id, None, now)
        tx.execute(
            update(ApiToken)
            .where(ApiToken.staff_id == staff_id, ApiToken.revoked_at.is_(None))
            .values(revoked_at=now)
        )
    act = "staff.reactivate" if is_active else "staff.deactivate"
    staff.record_audit(tx, admin.id, act, ("staff", staff_id), {}, now)


def new_password(tx: Tx, admin: Person, staff_id: int, password_hash: str, now: datetime) -> None:
    """Set a first password anew for a colleague who forgot theirs; ends their sessions and their lock."""
    person = _colleague_of(tx, admin, staff_id)
    person.password_hash, person.locked_until, person.failed_sign_ins = password_hash, None, 0
    sign_in.end_other_sessions(tx, staff_id, None, now)
    staff.record_audit(tx, admin.id, "staff.new_password", ("staff", staff_id), {}, now)


def revoke_token(tx: Tx, admin: Person, token_id: int, now: datetime) -> int:
    """A token is good no more; returns whose it was. Raises NotFound, Conflict when it is revoked already."""
    token = tx.get(ApiToken, token_id, with_for_update=True)
    if token is None:
        raise NotFound("there is no such token")
    if token.revoked_at is not None:
        raise Conflict("this token is revoked already")
    token.revoked_at = now
    staff.record_audit(tx, admin.id, "token.revoke", ("staff", token.staff_id), {"token": token_id}, now)
    return token.staff_id


def _colleague(person: Staff, community: str | None, tokens: int, now: datetime) -> Colleague:
    return Colleague(
        id=person.id,
        name=person.name,
        role=person.role,
        is_active=person.is_active,
        is_locked=person.locked_until is not None and now < person.locked_until,
        has_second_factor=person.totp_confirmed_at is not None,
        community=community or "",
        tokens=tokens,
    )


def _colleague_of(tx: Tx, admin: Person, staff_id: int) -> Staff:
    if admin.id == staff_id:
        raise NotAllowed("ask a colleague: nobody changes the own access")
    return _get(tx, staff_id)


def _get(tx: Tx, staff_id: int) -> Staff:
    person = tx.get(Staff, staff_id, with_for_update=True)
    if person is None:
        raise NotFound("there is no such person")
    return person


def _check_community(tx: Tx, role: str, community_id: int | None) -> None:
    if role == "partner" and (community_id is None or tx.get(Community, community_id) is None):
        raise Invalid("a partner needs a community", {"community": "choose the partner's community"})
    if role != "partner" and community_id is not None:
        raise Invalid("only a partner has a community", {"community": "leave this empty for this role"})
