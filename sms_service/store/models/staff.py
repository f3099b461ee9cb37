"""People of the office, their tokens, what they did, and answers kept for repeated requests."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import JSON, ForeignKey, Index, LargeBinary, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from sms_service.store.models.base import Base


class Staff(Base):
    """A person with a role (domain/roles.py)."""

    __tablename__ = "staff"

    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(String(64), unique=True)
    role: Mapped[str] = mapped_column(String(16))
    password_hash: Mapped[str] = mapped_column(Text)  # Argon2id
    is_active: Mapped[bool] = mapped_column(default=True)
    language: Mapped[str] = mapped_column(String(8), default="id", server_default="id")
    community_id: Mapped[int | None]  # of a partner: the one whose people, events and drafts it sees
    totp_sealed: Mapped[bytes | None] = mapped_column(LargeBinary)
    totp_confirmed_at: Mapped[datetime | None]
    totp_last_step: Mapped[int] = mapped_column(default=0, server_default="0")  # a code is good once
    failed_sign_ins: Mapped[int] = mapped_column(default=0, server_default="0")
    locked_until: Mapped[datetime | None]
    created_at: Mapped[datetime]


class RecoveryCode(Base):
    """A code that stands in for a lost second factor, once."""

    __tablename__ = "recovery_codes"

    id: Mapped[int] = mapped_column(primary_key=True)
    staff_id: Mapped[int] = mapped_column(ForeignKey("staff.id"), index=True)
    code_hash: Mapped[str] = mapped_column(String(64))
    used_at: Mapped[datetime | None]


class StaffSession(Base):
    """A signed-in browser, kept as a hash of its cookie; its owner sees it and can end it."""

    __tablename__ = "staff_sessions"

    id: Mapped[int] = mapped_column(primary_key=True)
    token_hash: Mapped[str] = mapped_column(String(64), unique=True)
    staff_id: Mapped[int] = mapped_column(ForeignKey("staff.id"), index=True)
    browser: Mapped[str] = mapped_column(Text, default="")
    is_second_factor_given: Mapped[bool] = mapped_column(default=False)
    created_at: Mapped[datetime]
    last_seen_at: Mapped[datetime]
    expires_at: Mapped[datetime] = mapped_column(index=True)
    ended_at: Mapped[datetime | None]


class ApiToken(Base):
    """A bearer token of one person, kept as a hash. An act by token is that person's act."""

    __tablename__ = "api_tokens"

    id: Mapped[int] = mapped_column(primary_key=True)
    staff_id: Mapped[int] = mapped_column(ForeignKey("staff.id"), index=True)
    token_hash: Mapped[str] = mapped_column(String(64), unique=True)  # SHA-256 of 256 random bits
    created_at: Mapped[datetime]
    last_used_at: Mapped[datetime | None]
    revoked_at: Mapped[datetime | None]


class AuditEntry(Base):
    """One act of a person (or of the system), never holding a phone number."""

    __tablename__ = "audit_entries"
    __table_args__ = (Index("ix_audit_entries_subject", "subject_type", "subject_id"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    at: Mapped[datetime] = mapped_column(index=True)
    staff_id: Mapped[int | None] = mapped_column(ForeignKey("staff.id"))
    act: Mapped[str] = mapped_column(String(48))  # "event.create"
    subject_type: Mapped[str] = mapped_column(String(24))
    subject_id: Mapped[str] = mapped_column(String(48))
    details: Mapped[dict[str, object]] = mapped_column(JSON)


class IdempotentAnswer(Base):
    """The first answer to an Idempotency-Key, so that the second is the same."""

    __tablename__ = "idempotent_answers"

    key_hash: Mapped[str] = mapped_column(String(64), primary_key=True)  # of staff id, path and key
    body_hash: Mapped[str] = mapped_column(String(64))
    status: Mapped[int]
    answer_sealed: Mapped[bytes | None] = mapped_column(LargeBinary)  # JSON; None while it is worked on
    created_at: Mapped[datetime] = mapped_column(index=True)
