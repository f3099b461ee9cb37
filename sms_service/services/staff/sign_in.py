"""Signing in to the office's desk: password, second factor, and the sessions of browsers.

Passwords are Argon2id (accounts.py); the second factor is TOTP (RFC 6238) by pyotp, with recovery
codes. What is slow (Argon2) happens outside of transactions: look up, verify, then record. Times here are
real ones, also in a rehearsal: a shifted clock must neither sign anybody out nor let an old code in.
"""

from __future__ import annotations

import hashlib
import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta

import pyotp
from sqlalchemy import delete, select, update

from sms_service.domain.roles import needs_second_factor
from sms_service.errors import Conflict, Invalid, NotAllowed, said
from sms_service.services.staff import accounts as staff
from sms_service.services.staff.accounts import Person
from sms_service.store.engine import Tx
from sms_service.store.models import RecoveryCode, Staff, StaffSession

SESSION_LIVES = timedelta(hours=12)
SESSION_RESTS = timedelta(hours=2)  # slow lines and long counters; a desk that is left is closed
MOST_FAILURES = 5
LOCKED_FOR = timedelta(minutes=15)
SEEN_NOTED_EVERY = timedelta(minutes=1)
RECOVERY_CODES = 10
_STEP_SECONDS = 30
_WRONG = said("the name or the password is not right")
_LOCKED = said("too many wrong tries: wait a quarter of an hour, or ask a colleague to lift the lock")


@dataclass(frozen=True, slots=True)
class Candidate:
    """Somebody who may be signing in. `id` is None when nobody has that name: checked all the same."""

    id: int | None
    password_hash: str
    is_locked: bool


@dataclass(frozen=True, slots=True)
class SignedIn:
    """The person of a live session."""

    session_id: int
    person: Person
    language: str
    is_complete: bool  # the second factor was given, or is not needed
    has_second_factor: bool
    seen_at: datetime


@dataclass(frozen=True, slots=True)
class OpenSession:
    """A session as its owner sees it."""

    id: int
    browser: str
    created_at: datetime
    last_seen_at: datetime


def find_candidate(tx: Tx, name: str, now: datetime) -> Candidate:
    """Return who signs in as `name`."""
    person = tx.scalar(select(Staff).where(Staff.name == name.strip(), Staff.is_active))
    if person is None:
        return Candidate(None, staff.nobodys_password(), False)
    return Candidate(person.id, person.password_hash, _is_locked(person, now))


def verify_password(candidate: Candidate, password: str) -> None:
    """Compare, in the same time for a name that nobody has. Raises NotAllowed.

    A locked person is refused also with the right password, and is told so only by the right one.
    """
    is_right = staff.is_password(candidate.password_hash, password)
    if not is_right or candidate.id is None:
        raise NotAllowed(_WRONG)
    if candidate.is_locked:
        raise NotAllowed(_LOCKED)


def note_failure(tx: Tx, staff_id: int | None, now: datetime) -> None:
    """Count a wrong password or code; the fifth in a row locks."""
    person = tx.get(Staff, staff_id, with_for_update=True) if staff_id else None
    if person is None:
        return
    person.failed_sign_ins += 1
    if person.failed_sign_ins >= MOST_FAILURES and not _is_locked(person, now):
        person.locked_until, person.failed_sign_ins = now + LOCKED_FOR, 0
        staff.record_audit(tx, None, "staff.lock", ("staff", person.id), {}, now)


def open_session(tx: Tx, staff_id: int, browser: str, now: datetime, *, is_complete: bool = False) -> str:
    """Return the secret of a new session; it is complete at once where no second factor is needed."""
    person = tx.get_one(Staff, staff_id)
    needs_more = needs_second_factor(person.role) or person.totp_confirmed_at is not None
    if is_complete or not needs_more:
        person.failed_sign_ins = 0
    token = secrets.token_urlsafe(32)
    tx.add(
        StaffSession(
            token_hash=_hash(token),
            staff_id=staff_id,
            browser=browser[:160],
            is_second_factor_given=is_complete or not needs_more,
            created_at=now,
            last_seen_at=now,
            expires_at=now + SESSION_LIVES,
        )
    )
    staff.record_audit(tx, staff_id, "session.open", ("staff", staff_id), {"complete": is_complete}, now)
    return token


def find_session(tx: Tx, token: str, now: datetime) -> SignedIn | None:
    """The person whose live session `token` opens, if any. Changes nothing: see note_seen."""
    row = tx.execute(
        select(StaffSession, Staff)
        .join(Staff, StaffSession.staff_id == Staff.id)
        .where(StaffSession.token_hash == _hash(token), Staff.is_active)
    ).one_or_none()
    if row is None:
        return None
    kept, person = row
    is_live = kept.ended_at is None and now < kept.expires_at and now - kept.last_seen_at < SESSION_RESTS
    if not is_live:
        return None
    return SignedIn(
        session_id=kept.id,
        person=Person(person.id, person.name, person.role, 0, now, person.community_id),
        language=person.language,
        is_complete=kept.is_second_factor_given,
        has_second_factor=person.totp_confirmed_at is not None,
        seen_at=kept.last_seen_at,
    )


def note_seen(tx: Tx, session_id: int, now: datetime) -> None:
    """Keep a session that is used from coming to rest."""
    tx.execute(update(StaffSession).where(StaffSession.id == session_id).values(last_seen_at=now))


def list_sessions(tx: Tx, staff_id: int, now: datetime) -> list[OpenSession]:
    """The live sessions of a person, the one used last first."""
    rows = tx.scalars(
        select(StaffSession)
        .where(
            StaffSession.staff_id == staff_id,
            StaffSession.ended_at.is_(None),
            StaffSession.expires_at > now,
            StaffSession.last_seen_at > now - SESSION_RESTS,
        )
        .order_by(StaffSession.last_seen_at.desc())
        .limit(50)
    )
    return [OpenSession(row.id, row.browser, row.created_at, row.last_seen_at) for row in rows]


def end_session(tx: Tx, staff_id: int, session_id: int, now: datetime) -> None:
    """End one of the person's own sessions; of others' nothing happens."""
    ended = tx.execute(
        update(StaffSession)
        .where(
            StaffSession.id == session_id, StaffSession.staff_id == staff_id, StaffSession.ended_at.is_(None)
        )
        .values(ended_at=now)
        .returning(StaffSession.id)
    ).first()
    if ended is not None:
        staff.record_audit(tx, staff_id, "session.end", ("staff", staff_id), {}, now)


def end_other_sessions(tx: Tx, staff_id: int, but: int | None, now: datetime) -> None:
    """End all sessions of a person, save the one named."""
    tx.execute(
        update(StaffSession)
        .where(
            StaffSession.staff_id == staff_id, StaffSession.id != (but or 0), StaffSession.ended_at.is_(None)
        )
        .values(ended_at=now)
    )


def begin_second_factor(tx: Tx, person: Person) -> str:
    """Return the secret to scan: a new one each time until it is confirmed. Raises Conflict afterwards."""
    kept = tx.get_one(Staff, person.id, with_for_update=True)
    if kept.totp_confirmed_at is not None:
        raise Conflict("the second factor is set up already")
    if kept.totp_sealed is not None:
        return tx.vault.open(kept.totp_sealed)
    secret = pyotp.random_base32()
    kept.totp_sealed = tx.vault.seal(secret)
    return secret


def scan_address(secret: str, name: str, agency: str) -> str:
    """The otpauth: address that an authenticator scans."""
    return pyotp.TOTP(secret).provisioning_uri(name=name, issuer_name=f"Jalur Aman {agency}".strip())


def confirm_second_factor(tx: Tx, person: Person, code: str, now: datetime) -> list[str]:
    """Set the second factor up and return the recovery codes, shown this once. Raises Invalid."""
    kept = tx.get_one(Staff, person.id, with_for_update=True)
    if kept.totp_confirmed_at is not None or not _takes_code(tx, kept, code, now):
        raise Invalid("the code is not right", {"code": "not the code of this moment"})
    kept.totp_confirmed_at = now
    tx.execute(delete(RecoveryCode).where(RecoveryCode.staff_id == person.id))
    codes = ["-".join((secrets.token_hex(3), secrets.token_hex(3))) for _ in range(RECOVERY_CODES)]
    tx.add_all(RecoveryCode(staff_id=person.id, code_hash=_hash(code)) for code in codes)
    staff.record_audit(tx, person.id, "staff.second_factor", ("staff", person.id), {}, now)
    return codes


def check_second_factor(tx: Tx, person: Person, code: str, now: datetime) -> bool:
    """True when `code` is the authenticator's of this moment, or a recovery code not used before.

    Each is good once. Raises NotAllowed while the person is locked. The caller notes failures.
    """
    kept = tx.get_one(Staff, person.id, with_for_update=True)
    if _is_locked(kept, now):
        raise NotAllowed(_LOCKED)
    if kept.totp_confirmed_at is None:
        return False
    if _takes_code(tx, kept, code, now):
        return True
    spelt = _hash(code.strip().lower())
    used = tx.execute(
        update(RecoveryCode)
        .where(
            RecoveryCode.staff_id == person.id,
            RecoveryCode.code_hash == spelt,
            RecoveryCode.used_at.is_(None),
        )
        .values(used_at=now)
        .returning(RecoveryCode.id)
    ).first()
    return used is not None


def complete_session(tx: Tx, signed_in: SignedIn, browser: str, now: datetime) -> str:
    """After the second factor: a new session in place of the half one. Returns its secret."""
    end_session(tx, signed_in.person.id, signed_in.session_id, now)
    return open_session(tx, signed_in.person.id, browser, now, is_complete=True)


def lift_lock(tx: Tx, colleague: Person, staff_id: int, now: datetime) -> None:
    """A colleague lets somebody try again at once. Raises NotAllowed to lift one's own."""
    if colleague.id == staff_id:
        raise NotAllowed("ask a colleague to lift your lock")
    person = tx.get_one(Staff, staff_id, with_for_update=True)
    person.locked_until, person.failed_sign_ins = None, 0
    staff.record_audit(tx, colleague.id, "staff.unlock", ("staff", staff_id), {}, now)


def reset_second_factor(tx: Tx, colleague: Person, staff_id: int, now: datetime) -> None:
    """Take a lost second factor away: it is set up anew at the next sign-in. Ends all sessions."""
    if colleague.id == staff_id:
        raise NotAllowed("ask a colleague to reset your second factor")
    person = tx.get_one(Staff, staff_id, with_for_update=True)
    person.totp_sealed = person.totp_confirmed_at = None
    person.totp_last_step = 0
    tx.execute(delete(RecoveryCode).where(RecoveryCode.staff_id == staff_id))
    end_other_sessions(tx, staff_id, None, now)
    staff.record_audit(tx, colleague.id, "staff.second_factor_reset", ("staff", staff_id), {}, now)


def _takes_code(tx: Tx, person: Staff, code: str, now: datetime) -> bool:
    if person.totp_sealed is None:
        return False
    totp = pyotp.TOTP(tx.vault.open(person.totp_sealed))
    digits = "".join(code.split())
    this = int(now.timestamp()) // _STEP_SECONDS
    for step in (this - 1, this, this + 1):  # clocks of phones are off by some seconds
        if step > person.totp_last_step and pyotp.utils.strings_equal(totp.at(step * _STEP_SECONDS), digits):
            person.totp_last_step = step
            return True
    return False


def _is_locked(person: Staff, now: datetime) -> bool:
    return person.locked_until is not None and now < person.locked_until


def _hash(secret: str) -> str:
    return hashlib.sha256(secret.encode("utf-8", "surrogatepass")).hexdigest()
