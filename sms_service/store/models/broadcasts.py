"""Broadcasts and warnings: a text to an audience, written by one person and approved by another.

Its texts are rows of `messages` (broadcast_id, wave): the audience is frozen when they are written. Legal
moves of the status: domain/broadcast_life.py.
"""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import JSON, ForeignKey, Index, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from sms_service.store.models.base import Base


class Broadcast(Base):
    """One broadcast. `version` grows with each change (optimistic lock)."""

    __tablename__ = "broadcasts"
    __table_args__ = (Index("ix_broadcasts_status", "status", "send_at"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    kind: Mapped[str] = mapped_column(String(16))  # info | warning | urgent
    text_id: Mapped[str] = mapped_column(Text)
    text_en: Mapped[str] = mapped_column(Text, default="")
    # districts, languages, topics, event, communities, and ids of subscribers who were named one by one
    audience: Mapped[dict[str, object]] = mapped_column(JSON)
    send_at: Mapped[datetime | None]
    expires_at: Mapped[datetime | None]
    resend_unknown: Mapped[bool] = mapped_column(default=False)
    status: Mapped[str] = mapped_column(String(16), default="draft")
    version: Mapped[int] = mapped_column(default=1)

    author_id: Mapped[int] = mapped_column(ForeignKey("staff.id"))
    approver_id: Mapped[int | None] = mapped_column(ForeignKey("staff.id"))
    override_by: Mapped[int | None] = mapped_column(
        ForeignKey("staff.id")
    )  # who let an urgent one pass quiet hours
    community_id: Mapped[int | None] = mapped_column(ForeignKey("communities.id"))  # a partner's own draft
    cluster_id: Mapped[int | None] = mapped_column(
        ForeignKey("report_clusters.id")
    )  # the warning was drafted from
    reason: Mapped[str] = mapped_column(Text, default="")  # of a rejection or a cancellation
    halted_reason: Mapped[str] = mapped_column(Text, default="")
    resume_to: Mapped[str] = mapped_column(String(16), default="")  # where a paused or halted one goes on

    recipients: Mapped[int] = mapped_column(default=0)
    fan_out_done: Mapped[bool] = mapped_column(default=False)
    fan_out_cursor: Mapped[int] = mapped_column(default=0)  # subscribers up to this id are written
    # Frozen at the start: how many there are to write, and the last subscriber who was one by then.
    audience_size: Mapped[int] = mapped_column(default=0, server_default="0")
    audience_last_id: Mapped[int] = mapped_column(default=0, server_default="0")
    canary_size: Mapped[int] = mapped_column(default=0)
    canary_until: Mapped[datetime | None]

    # Figures up to which it has been judged: only what came after them can halt it.
    judged_texts: Mapped[int] = mapped_column(default=0, server_default="0")
    judged_failures: Mapped[int] = mapped_column(default=0, server_default="0")
    judged_stops: Mapped[int] = mapped_column(default=0, server_default="0")

    created_at: Mapped[datetime]
    submitted_at: Mapped[datetime | None]
    approved_at: Mapped[datetime | None]
    started_at: Mapped[datetime | None]
    finished_at: Mapped[datetime | None]
    updated_at: Mapped[datetime]


class Community(Base):
    """A partner's own people: a parish, a volunteer network, a university, a district's office."""

    __tablename__ = "communities"

    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(String(64), unique=True)
    created_at: Mapped[datetime]


class CommunityMember(Base):
    """A subscriber of a community."""

    __tablename__ = "community_members"
    __table_args__ = (Index("ix_community_members_subscriber", "subscriber_id"),)

    community_id: Mapped[int] = mapped_column(ForeignKey("communities.id"), primary_key=True)
    subscriber_id: Mapped[int] = mapped_column(ForeignKey("subscribers.id"), primary_key=True)
    added_at: Mapped[datetime]
