"""Outreach events: who comes, who waits, and when each is reminded."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import JSON, ForeignKey, Index, LargeBinary, String, Text, UniqueConstraint, false, text
from sqlalchemy.orm import Mapped, mapped_column

from sms_service.store.models.base import Base


class Event(Base):
    """An event or consultation of the office. `version` grows with each change (optimistic lock)."""

    __tablename__ = "events"

    id: Mapped[int] = mapped_column(primary_key=True)
    code: Mapped[str] = mapped_column(String(8), unique=True)  # what people type: DAFTAR 1230
    title_id: Mapped[str] = mapped_column(Text)
    title_en: Mapped[str] = mapped_column(Text)
    starts_at: Mapped[datetime] = mapped_column(index=True)
    ends_at: Mapped[datetime | None]
    venue: Mapped[str] = mapped_column(Text)
    district: Mapped[str] = mapped_column(String(5), index=True)
    capacity: Mapped[int | None]
    organiser: Mapped[str] = mapped_column(Text, default="")
    audience: Mapped[str] = mapped_column(Text, default="")
    reminder_plan: Mapped[list[str] | None] = mapped_column(JSON)  # ["7d", "1d", "2h"]; None: the default
    community_id: Mapped[int | None]  # a partner's event
    status: Mapped[str] = mapped_column(String(16), default="planned")  # planned | cancelled | held
    cancel_reason: Mapped[str] = mapped_column(Text, default="")
    version: Mapped[int] = mapped_column(default=1)
    created_by: Mapped[int | None] = mapped_column(ForeignKey("staff.id"))
    created_at: Mapped[datetime]
    updated_at: Mapped[datetime]


class Registration(Base):
    """One person's place at one event. `position` orders the waitlist."""

    __tablename__ = "registrations"
    __table_args__ = (
        UniqueConstraint("event_id", "number_hash", name="uq_registrations_event_number"),
        Index("ix_registrations_number", "number_hash"),
        Index("ix_registrations_line", "event_id", "status", "position"),
        Index("ix_registrations_position", "event_id", "position"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    event_id: Mapped[int] = mapped_column(ForeignKey("events.id"))
    number_hash: Mapped[str] = mapped_column(String(32))
    number_sealed: Mapped[bytes] = mapped_column(LargeBinary)
    language: Mapped[str] = mapped_column(String(8))
    status: Mapped[str] = mapped_column(String(16))  # registered | waiting | cancelled | attended
    position: Mapped[int]
    channel: Mapped[str] = mapped_column(String(8))  # ussd | sms | import
    name_sealed: Mapped[bytes | None] = mapped_column(LargeBinary)
    organisation: Mapped[str] = mapped_column(Text, default="", server_default="")  # a university, say
    wish_topic: Mapped[str] = mapped_column(String(24), default="", server_default="")
    wish_destination: Mapped[str] = mapped_column(String(24), default="", server_default="")
    answers: Mapped[dict[str, str] | None] = mapped_column(JSON)  # of "what fits me?", for the allocation
    group_id: Mapped[int | None] = mapped_column(index=True)
    is_placed_by_hand: Mapped[bool] = mapped_column(default=False, server_default=false())
    told_group_id: Mapped[int | None]  # the group that the person was last told of
    attended_at: Mapped[datetime | None]
    created_at: Mapped[datetime]
    updated_at: Mapped[datetime]


class Reminder(Base):
    """A planned reminder of one event: due, then done (texts written), replaced or dropped, and why."""

    __tablename__ = "reminders"
    __table_args__ = (
        UniqueConstraint("event_id", "plan", name="uq_reminders_event_plan"),
        Index(
            "ix_reminders_due",
            "due_at",
            sqlite_where=text("status = 'planned'"),
            postgresql_where=text("status = 'planned'"),
        ),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    event_id: Mapped[int] = mapped_column(ForeignKey("events.id"))
    plan: Mapped[str] = mapped_column(String(8))  # 7d | 1d | 2h
    due_at: Mapped[datetime]
    expires_at: Mapped[datetime]  # later than this it is worse than none
    status: Mapped[str] = mapped_column(String(16), default="planned")  # planned | done | replaced | dropped
    reason: Mapped[str] = mapped_column(Text, default="")
    recipients: Mapped[int] = mapped_column(default=0)
    last_registration_id: Mapped[int] = mapped_column(default=0)  # texts are written up to here
    done_at: Mapped[datetime | None]


class EventNotice(Base):
    """News for everybody whom an event concerns, written as texts slice by slice like a reminder.

    A later one of the same kind of news takes an earlier one back: it is then superseded.
    """

    __tablename__ = "event_notices"
    __table_args__ = (
        Index(
            "ix_event_notices_todo",
            "created_at",
            sqlite_where=text("status = 'planned'"),
            postgresql_where=text("status = 'planned'"),
        ),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    event_id: Mapped[int] = mapped_column(ForeignKey("events.id"), index=True)
    word: Mapped[str] = mapped_column(String(24))  # moved | elsewhere | called_off | group | move_up ...
    created_at: Mapped[datetime]
    status: Mapped[str] = mapped_column(
        String(16), default="planned"
    )  # planned | done | superseded | dropped
    reason: Mapped[str] = mapped_column(Text, default="")
    recipients: Mapped[int] = mapped_column(default=0)
    last_registration_id: Mapped[int] = mapped_column(default=0)  # texts are written up to here
    until_registration_id: Mapped[int] = mapped_column(default=0)  # who came later knows already
    done_at: Mapped[datetime | None]


class EventGroup(Base):
    """A consultation group of an event: what about, where to, when, and for how many."""

    __tablename__ = "event_groups"

    id: Mapped[int] = mapped_column(primary_key=True)
    event_id: Mapped[int] = mapped_column(ForeignKey("events.id"), index=True)
    position: Mapped[int]  # the number that people see
    topic: Mapped[str] = mapped_column(String(24), default="")
    destination: Mapped[str] = mapped_column(String(24), default="")
    starts_at: Mapped[datetime]
    room: Mapped[str] = mapped_column(Text, default="")
    capacity: Mapped[int]
