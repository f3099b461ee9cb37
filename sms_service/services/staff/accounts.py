"""People of the office: their passwords, their tokens, and what they did.

A token is 256 random bits; only its SHA-256 is kept, and it is shown once. An act by token is its
person's act, so two tokens of one person are still one person. Called by the API, the console and the
command line (create-staff, create-token).
"""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import cache

from argon2 import PasswordHasher, Type
from argon2.exceptions import InvalidHashError, VerificationError
from sqlalchemy import select, update
from sqlalchemy.exc import IntegrityError

from sms_service.domain.roles import ROLES
from sms_service.errors import Conflict, Invalid, NotAllowed, NotFound, listed, said
from sms_service.logs import mask_numbers
from sms_service.store.engine import Tx
from sms_service.store.models import ApiToken, AuditEntry, Staff

SHORTEST_PASSWORD = 8
LONGEST_PASSWORD = 256
LONGEST_NAME = 64
USE_NOTED_EVERY = timedelta(minutes=1)

# Argon2id; the library's defaults follow RFC 9106's second recommendation (64 MiB, 3 passes).
_hasher = PasswordHasher(type=Type.ID)
_PASSWORD = said("give %(least)s to %(most)s characters", least=SHORTEST_PASSWORD, most=LONGEST_PASSWORD)


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody of the office who has proven it. `use_noted_at` is when the token's use was last noted."""

    id: int
    name: str
    role: str
    token_id: int
    use_noted_at: datetime | None
    community_id: int | None = None  # of a partner: whose people, events and drafts it sees


def create_staff(tx: Tx, name: str, role: str, password: str, now: datetime) -> Staff:
    """Add a person. Raises Invalid by field, Conflict when the name is taken."""
    errors: dict[str, str] = {}
    if not 0 < len(name) <= LONGEST_NAME or name != name.strip() or not name.isprintable():
        errors["name"] = said(
            "give 1 to %(most)s printable characters, without space at the ends", most=LONGEST_NAME
        )
    if role not in ROLES:
        errors["role"] = said("is one of %(known)s", known=", ".join(ROLES))
    if not SHORTEST_PASSWORD <= len(password) <= LONGEST_PASSWORD:
        errors["password"] = _PASSWORD
    if errors:
        raise Invalid(listed(errors), errors)
    if tx.scalar(select(Staff.id).where(Staff.name == name)) is not None:
        raise Conflict("somebody of that name exists")
    person = Staff(name=name, role=role, password_hash=_hasher.hash(password), is_active=True, created_at=now)
    try:
        with tx.begin_nested():
            tx.add(person)
    except IntegrityError as error:  # added by somebody else in this moment
        raise Conflict("somebody of that name exists") from error
    record_audit(tx, None, "staff.create", ("staff", person.id), {"role": role}, now)
    return person


@cache
def nobodys_password() -> str:
    """A hash that no password fits: to spend the same time on a name that nobody has."""
    return _hasher.hash(secrets.token_urlsafe(32))


def is_password(password_hash: str, password: str) -> bool:
    """True when `password` is the one of `password_hash`. Takes some 50 ms: outside of transactions."""
    try:
        return _hasher.verify(password_hash, password[:LONGEST_PASSWORD])
    except (VerificationError, InvalidHashError):
        return False


def set_password(tx: Tx, staff_id: int, password_hash: str, now: datetime) -> None:
    """Replace a password by the hash that `hash_password` gave."""
    tx.execute(update(Staff).where(Staff.id == staff_id).values(password_hash=password_hash))
    record_audit(tx, staff_id, "staff.password", ("staff", staff_id), {}, now)


def hash_password(password: str) -> str:
    """The hash to keep. Raises Invalid by field. Takes some 50 ms: outside of transactions."""
    if not SHORTEST_PASSWORD <= len(password) <= LONGEST_PASSWORD:
        raise Invalid(_PASSWORD, {"password": _PASSWORD})
    return _hasher.hash(password)


def create_token(tx: Tx, name: str, now: datetime) -> str:
    """Return a new token of the person called `name`, shown this once. Raises NotFound, NotAllowed."""
    person = tx.scalar(select(Staff).where(Staff.name == name))
    if person is None:
        raise NotFound("nobody of that name is known")
    if not person.is_active:
        raise NotAllowed("this person is no longer active")
    token = secrets.token_urlsafe(32)
    tx.add(ApiToken(staff_id=person.id, token_hash=_hash(token), created_at=now))
    tx.flush()
    record_audit(tx, None, "staff.create_token", ("staff", person.id), {}, now)
    return token


def authenticate_token(tx: Tx, token: str, now: datetime) -> Person:
    """Return the person whose token it is. Changes nothing: see note_token_use. Raises NotAllowed.

    The work is one hash and one look-up, whether the token is right, wrong, revoked or a megabyte long.
    """
    row = tx.execute(
        select(ApiToken, Staff)
        .join(Staff, ApiToken.staff_id == Staff.id)
        .where(ApiToken.token_hash == _hash(token))
    ).one_or_none()
    if row is None:
        raise NotAllowed("the token is not valid")
    kept, person = row
    if not person.is_active or (kept.revoked_at is not None and kept.revoked_at <= now):
        raise NotAllowed("the token is not valid")
    return Person(person.id, person.name, person.role, kept.id, kept.last_used_at, person.community_id)


def is_use_stale(person: Person, now: datetime) -> bool:
    """True when the use of this token is to be noted again: at most once a minute."""
    return person.use_noted_at is None or abs(now - person.use_noted_at) >= USE_NOTED_EVERY


def note_token_use(tx: Tx, person: Person, now: datetime) -> None:
    """Note that the token was used."""
    tx.execute(update(ApiToken).where(ApiToken.id == person.token_id).values(last_used_at=now))


def record_audit(
    tx: Tx,
    staff_id: int | None,
    act: str,
    subject: tuple[str, int | str],
    details: Mapping[str, object],
    now: datetime,
) -> None:
    """Keep what was done, by whom (None: the system or the command line) and to what, as (type, id).

    Whatever reads like a phone number is masked before it is kept.
    """
    masked = {key: _masked(value) for key, value in details.items()}
    tx.add(
        AuditEntry(
            at=now,
            staff_id=staff_id,
            act=act,
            subject_type=subject[0],
            subject_id=str(subject[1]),
            details=masked,
        )
    )


def _masked(value: object) -> object:
    if isinstance(value, Mapping):
        return {str(key): _masked(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_masked(item) for item in value]
    if isinstance(value, datetime | date):
        return value.isoformat()
    if isinstance(value, str):
        return mask_numbers(value)
    if value is None or isinstance(value, bool | int | float):
        return value
    raise TypeError(f"an audit entry cannot hold a {type(value).__name__}")


def _hash(token: str) -> str:
    return hashlib.sha256(token.encode("utf-8", "surrogatepass")).hexdigest()
