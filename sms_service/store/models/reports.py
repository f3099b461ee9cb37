"""Reports of suspicious recruiters: what was told, who works on it, and which speak of the same person.

What people wrote, and every number, is sealed. An anonymous report holds neither the number nor its hash.
"""

from __future__ import annotations

from datetime import date, datetime

from sqlalchemy import JSON, ForeignKey, Index, LargeBinary, String, Text, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from sms_service.store.models.base import Base


class ReportDraft(Base):
    """A report that is not yet confirmed, by caller; every answer is kept as it is typed.

    It is the one place where an anonymous reporter's number leaves a (keyed) trace: it goes with the draft.
    """

    __tablename__ = "report_drafts"

    id: Mapped[int] = mapped_column(primary_key=True)
    caller_hash: Mapped[str] = mapped_column(String(32), unique=True)
    token: Mapped[str] = mapped_column(
        String(36), unique=True
    )  # becomes the report's `filing`: one draft, one report
    answers_sealed: Mapped[bytes] = mapped_column(LargeBinary)
    language: Mapped[str] = mapped_column(String(8))
    channel: Mapped[str] = mapped_column(String(8))  # ussd | sms
    created_at: Mapped[datetime]
    updated_at: Mapped[datetime]
    expires_at: Mapped[datetime] = mapped_column(index=True)


class Report(Base):
    """One confirmed report. `version` grows with each change (optimistic lock)."""

    __tablename__ = "reports"
    __table_args__ = (
        Index("ix_reports_queue", "status", "priority", "received_at"),
        Index("ix_reports_reporter", "reporter_hash"),
        Index("ix_reports_phone", "recruiter_phone_hash"),
        Index("ix_reports_cluster", "cluster_id"),
        Index("ix_reports_received", "received_at"),
        Index(
            "ix_reports_urgent",
            "status",
            "priority",
            "received_at",
            sqlite_where=text("is_urgent"),
            postgresql_where=text("is_urgent"),
        ),
        Index(
            "ix_reports_duplicate",
            "duplicate_of_id",
            sqlite_where=text("duplicate_of_id IS NOT NULL"),
            postgresql_where=text("duplicate_of_id IS NOT NULL"),
        ),
        Index(
            "ix_reports_unlinked",
            "id",
            sqlite_where=text("linked_at IS NULL"),
            postgresql_where=text("linked_at IS NULL"),
        ),
        Index(
            "ix_reports_redacted",
            "redacted_at",
            sqlite_where=text("redacted_at IS NOT NULL"),
            postgresql_where=text("redacted_at IS NOT NULL"),
        ),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    code: Mapped[str] = mapped_column(String(10), unique=True)  # digits, with a check digit
    pin_hash: Mapped[str] = mapped_column(Text)  # Argon2id
    filing: Mapped[str] = mapped_column(
        String(36), unique=True
    )  # of the draft that it was: confirmed twice, filed once
    version: Mapped[int] = mapped_column(default=1)

    status: Mapped[str] = mapped_column(
        String(16), default="new"
    )  # new | triaged | verifying | referred | closed
    outcome: Mapped[str | None] = mapped_column(String(24))  # of a closed one
    priority: Mapped[int] = mapped_column(default=3)  # 1 urgent ... 4 low
    is_urgent: Mapped[bool] = mapped_column(default=False)  # somebody is in danger now, as the reporter says
    due_at: Mapped[datetime]  # when the office means to have looked at it
    assignee_id: Mapped[int | None] = mapped_column(ForeignKey("staff.id"))
    duplicate_of_id: Mapped[int | None] = mapped_column(ForeignKey("reports.id"))  # both receipts stay good
    cluster_id: Mapped[int | None] = mapped_column(ForeignKey("report_clusters.id"))
    flags: Mapped[list[str]] = mapped_column(
        JSON, default=list
    )  # burst | repeated | ...: hints, never verdicts

    modi: Mapped[list[str]] = mapped_column(JSON)  # keys of domain/report_answers.py
    recruiter_name_sealed: Mapped[bytes | None] = mapped_column(LargeBinary)
    recruiter_phone_sealed: Mapped[bytes | None] = mapped_column(LargeBinary)
    recruiter_phone_hash: Mapped[str | None] = mapped_column(String(32))
    story_sealed: Mapped[bytes | None] = mapped_column(LargeBinary)
    district: Mapped[str | None] = mapped_column(String(5), index=True)  # Kemendagri code
    place_sealed: Mapped[bytes | None] = mapped_column(LargeBinary)
    destination: Mapped[str] = mapped_column(String(16), default="")

    reporter_hash: Mapped[str | None] = mapped_column(String(32))  # None: anonymous
    reporter_sealed: Mapped[bytes | None] = mapped_column(LargeBinary)
    texts_allowed: Mapped[bool] = mapped_column(default=False)  # neutral texts only, and only where true
    language: Mapped[str] = mapped_column(String(8))
    channel: Mapped[str] = mapped_column(String(8))  # ussd | sms

    received_at: Mapped[datetime]
    triaged_at: Mapped[datetime | None]
    closed_at: Mapped[datetime | None]
    updated_at: Mapped[datetime]
    redacted_at: Mapped[datetime | None]  # retention or erasure has emptied it; figures remain
    linked_at: Mapped[datetime | None]  # when it was held against the others; None: still to be done


class ReportNote(Base):
    """What staff wrote on a report, and the replies that went to the reporter through the service."""

    __tablename__ = "report_notes"

    id: Mapped[int] = mapped_column(primary_key=True)
    report_id: Mapped[int] = mapped_column(ForeignKey("reports.id"), index=True)
    staff_id: Mapped[int | None] = mapped_column(ForeignKey("staff.id"))
    kind: Mapped[str] = mapped_column(String(8))  # note | reply
    text_sealed: Mapped[bytes] = mapped_column(LargeBinary)
    message_id: Mapped[int | None] = mapped_column(ForeignKey("messages.id"))  # of a reply that went by text
    created_at: Mapped[datetime]


class ReportCluster(Base):
    """Reports that staff hold to be about the same person or company. The tier is computed, not stored.

    `confirmed_*` is the office's own warning: a separate, signed act.
    """

    __tablename__ = "report_clusters"

    id: Mapped[int] = mapped_column(primary_key=True)
    status: Mapped[str] = mapped_column(String(16), default="open")  # open | dismissed | joined
    joined_into_id: Mapped[int | None]  # of a joined one: the cluster that holds its reports now
    independent: Mapped[int] = mapped_column(default=1)  # reporters that count (domain/corroboration.py)
    version: Mapped[int] = mapped_column(default=1)
    confirmed_by: Mapped[int | None] = mapped_column(ForeignKey("staff.id"))
    confirmed_at: Mapped[datetime | None]
    confirmed_reason: Mapped[str] = mapped_column(Text, default="")
    created_at: Mapped[datetime]
    updated_at: Mapped[datetime] = mapped_column(index=True)


class ReportLink(Base):
    """Why two reports may be about the same: scored and explained, then confirmed or split by staff."""

    __tablename__ = "report_links"
    __table_args__ = (UniqueConstraint("earlier_id", "later_id", name="uq_report_links_pair"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    earlier_id: Mapped[int] = mapped_column(ForeignKey("reports.id"))
    later_id: Mapped[int] = mapped_column(ForeignKey("reports.id"), index=True)
    score: Mapped[float]  # 0 to 1
    reasons: Mapped[list[dict[str, object]]] = mapped_column(
        JSON
    )  # [{"kind": "phone"}, {"kind": "name", "ratio": 0.91}]
    status: Mapped[str] = mapped_column(String(16), default="suggested")  # suggested | confirmed | split
    version: Mapped[int] = mapped_column(default=1, server_default="1")
    decided_by: Mapped[int | None] = mapped_column(ForeignKey("staff.id"))
    decided_at: Mapped[datetime | None]
    created_at: Mapped[datetime]


class PinFailure(Base):
    """Wrong PINs by caller, so that nobody tries one code after the other, and by code, whether a report has
    it or not. Forgotten after a day."""

    __tablename__ = "pin_failures"

    caller_hash: Mapped[str] = mapped_column(String(32), primary_key=True)  # a keyed hash of either
    failures: Mapped[int]
    locked_until: Mapped[datetime | None]
    last_at: Mapped[datetime] = mapped_column(index=True)


class Surge(Base):
    """A name or a cluster asked about or reported more than its past suggests: told to staff once a day."""

    __tablename__ = "surges"
    __table_args__ = (UniqueConstraint("day", "kind", "subject", name="uq_surges_day"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    day: Mapped[date]
    kind: Mapped[str] = mapped_column(String(8))  # miss | reports
    subject: Mapped[str] = mapped_column(
        String(80)
    )  # a normalised name (numbers: their hash), or "report:" and the id of the first one of the day
    count: Mapped[int]
    expected: Mapped[float]
    raised_at: Mapped[datetime]
    seen_by: Mapped[int | None] = mapped_column(ForeignKey("staff.id"))
    seen_at: Mapped[datetime | None]
