"""Texts in and out. The row is the truth; Redis and RQ only say that there is something to do."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import ForeignKey, Index, LargeBinary, String, Text, UniqueConstraint, false, text
from sqlalchemy.orm import Mapped, mapped_column

from sms_service.store.models.base import Base


class InboundMessage(Base):
    """One MO text, stored before it is acknowledged. Body sealed; duplicates fall on the two keys."""

    __tablename__ = "inbound_messages"
    __table_args__ = (
        UniqueConstraint("gateway", "gateway_id", name="uq_inbound_messages_gateway_gateway_id"),
        Index(
            "ix_inbound_messages_todo",
            "received_at",
            sqlite_where=text("status IN ('received', 'handling')"),
            postgresql_where=text("status IN ('received', 'handling')"),
        ),
        Index("ix_inbound_messages_content", "content_hash", "received_at"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    gateway: Mapped[str] = mapped_column(String(32))
    gateway_id: Mapped[str] = mapped_column(String(128))
    number_hash: Mapped[str] = mapped_column(String(32), index=True)
    number_sealed: Mapped[bytes] = mapped_column(LargeBinary)
    text_sealed: Mapped[bytes] = mapped_column(LargeBinary)
    content_hash: Mapped[str] = mapped_column(String(32))  # keyed hash of number and text
    link_id: Mapped[str] = mapped_column(String(128), default="")
    status: Mapped[str] = mapped_column(
        String(16), default="received"
    )  # received|handling|handled|ignored|failed
    keyword: Mapped[str | None] = mapped_column(String(16))
    attempts: Mapped[int] = mapped_column(default=0)
    lease_until: Mapped[datetime | None]
    received_at: Mapped[datetime]
    handled_at: Mapped[datetime | None]


class Message(Base):
    """One MT text. Statuses and their legal moves: domain/statuses.py."""

    __tablename__ = "messages"
    __table_args__ = (
        # Texts of broadcasts stand in an index of their own: a million that wait cost the others nothing.
        Index(
            "ix_messages_lane_due",
            "lane",
            "priority",
            "not_before",
            "id",
            sqlite_where=text("status = 'queued' AND broadcast_id IS NULL"),
            postgresql_where=text("status = 'queued' AND broadcast_id IS NULL"),
        ),
        Index(
            "ix_messages_expiry",
            "expires_at",
            sqlite_where=text("status = 'queued'"),
            postgresql_where=text("status = 'queued'"),
        ),
        Index(
            "ix_messages_lease",
            "lease_until",
            sqlite_where=text("status = 'sending'"),
            postgresql_where=text("status = 'sending'"),
        ),
        Index("ix_messages_number", "number_hash"),  # STOP and erasure
        Index(
            "ix_messages_forget",
            "id",
            sqlite_where=text("forget"),
            postgresql_where=text("forget"),
        ),
        Index(
            "ix_messages_broadcast_due",
            "broadcast_id",
            "wave",
            "not_before",
            "id",
            sqlite_where=text("status = 'queued' AND broadcast_id IS NOT NULL"),
            postgresql_where=text("status = 'queued' AND broadcast_id IS NOT NULL"),
        ),
        Index(
            "ix_messages_broadcast",
            "broadcast_id",
            "status",
            sqlite_where=text("broadcast_id IS NOT NULL"),
            postgresql_where=text("broadcast_id IS NOT NULL"),
        ),
        Index(
            "ix_messages_event",
            "event_id",
            sqlite_where=text("event_id IS NOT NULL"),
            postgresql_where=text("event_id IS NOT NULL"),
        ),
        Index(
            "ix_messages_report",
            "report_id",
            sqlite_where=text("report_id IS NOT NULL"),
            postgresql_where=text("report_id IS NOT NULL"),
        ),
        Index(
            "ix_messages_gateway",
            "gateway",
            "gateway_id",
            sqlite_where=text("gateway_id IS NOT NULL"),
            postgresql_where=text("gateway_id IS NOT NULL"),
        ),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    idempotency_key: Mapped[str] = mapped_column(String(128), unique=True)
    lane: Mapped[str] = mapped_column(String(8))  # fast | bulk
    kind: Mapped[str] = mapped_column(
        String(16)
    )  # reply | confirmation | notice | reminder | info | warning | urgent | alert
    priority: Mapped[int] = mapped_column(default=5)  # smaller goes first
    number_hash: Mapped[str] = mapped_column(String(32))
    number_sealed: Mapped[bytes] = mapped_column(LargeBinary)
    body_sealed: Mapped[bytes] = mapped_column(LargeBinary)
    segments: Mapped[int]
    link_id: Mapped[str] = mapped_column(String(128), default="")
    status: Mapped[str] = mapped_column(String(16), default="queued")
    attempts: Mapped[int] = mapped_column(default=0)
    created_at: Mapped[datetime]
    not_before: Mapped[datetime]
    expires_at: Mapped[datetime]
    lease_until: Mapped[datetime | None]
    claim: Mapped[str | None] = mapped_column(
        String(36)
    )  # who holds the lease; a late recorder is refused by it
    gateway: Mapped[str | None] = mapped_column(String(32))
    gateway_id: Mapped[str | None] = mapped_column(String(128))
    error: Mapped[str | None] = mapped_column(Text)
    sent_at: Mapped[datetime | None]
    finished_at: Mapped[datetime | None]
    inbound_id: Mapped[int | None] = mapped_column(ForeignKey("inbound_messages.id"))
    event_id: Mapped[int | None] = mapped_column(ForeignKey("events.id"))
    # Without a constraint: it could only be added by rewriting a table of millions of rows.
    report_id: Mapped[int | None]
    forget: Mapped[bool] = mapped_column(  # number and words go as soon as it is on its way
        default=False, server_default=false()
    )
    broadcast_id: Mapped[int | None]
    wave: Mapped[int] = mapped_column(default=0, server_default="0")  # of a broadcast: 0 canary, 1 the rest


class DeliveryReportRow(Base):
    """A delivery report as it came: kept even when unknown, matched when its text is known."""

    __tablename__ = "delivery_reports"
    __table_args__ = (
        Index("ix_delivery_reports_gateway", "gateway", "gateway_id"),
        Index(
            "ix_delivery_reports_unmatched",
            "received_at",
            sqlite_where=text("matched_at IS NULL"),
            postgresql_where=text("matched_at IS NULL"),
        ),
        UniqueConstraint("gateway", "gateway_id", "raw_status", name="uq_delivery_reports_once"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    gateway: Mapped[str] = mapped_column(String(32))
    gateway_id: Mapped[str] = mapped_column(String(128))
    status: Mapped[str | None] = mapped_column(String(16))  # ours; None: a word unknown to us
    raw_status: Mapped[str] = mapped_column(String(64))
    reason: Mapped[str] = mapped_column(String(128), default="")
    received_at: Mapped[datetime]
    matched_at: Mapped[datetime | None]


class ConsoleText(Base):
    """A text that the console gateway delivered: the inbox of the terminal and browser phones."""

    __tablename__ = "console_texts"

    id: Mapped[int] = mapped_column(primary_key=True)
    number_hash: Mapped[str] = mapped_column(String(32), index=True)
    body_sealed: Mapped[bytes] = mapped_column(LargeBinary)
    sent_at: Mapped[datetime]
