"""The official list of recruiters as imported, its history, and the names that nobody finds."""

from __future__ import annotations

from datetime import date, datetime

from sqlalchemy import JSON, ForeignKey, Index, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from sms_service.store.models.base import Base


class RecruiterList(Base):
    """One import of the official list, with the date that the list itself states."""

    __tablename__ = "recruiter_lists"

    id: Mapped[int] = mapped_column(primary_key=True)
    as_of: Mapped[date]
    file_name: Mapped[str] = mapped_column(Text)
    sha256: Mapped[str] = mapped_column(String(64))
    is_demo: Mapped[bool] = mapped_column(default=False)
    added: Mapped[int]
    changed: Mapped[int]
    removed: Mapped[int]
    unchanged: Mapped[int]
    imported_by: Mapped[str] = mapped_column(Text)
    imported_at: Mapped[datetime]


class Recruiter(Base):
    """A company of the list in force, or one that left it (`is_listed` false: kept for its warning and id).

    Never proof that an offer is safe, nor that its absence is a crime.
    """

    __tablename__ = "recruiters"

    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(Text)
    license_number: Mapped[str] = mapped_column(Text, index=True)
    status: Mapped[str] = mapped_column(String(16))  # active | suspended | revoked | expired
    valid_until: Mapped[date | None]
    address: Mapped[str] = mapped_column(Text, default="")
    phone: Mapped[str] = mapped_column(String(20), default="")  # the company's public number, E.164
    branch_in_ntt: Mapped[bool]
    office_warning: Mapped[str] = mapped_column(Text, default="")
    is_listed: Mapped[bool] = mapped_column(default=True)
    list_id: Mapped[int] = mapped_column(ForeignKey("recruiter_lists.id"))  # the last list that named it


class RecruiterChange(Base):
    """What one import changed on one company: the history of the list."""

    __tablename__ = "recruiter_changes"

    id: Mapped[int] = mapped_column(primary_key=True)
    list_id: Mapped[int] = mapped_column(ForeignKey("recruiter_lists.id"), index=True)
    license_number: Mapped[str] = mapped_column(Text)
    name: Mapped[str] = mapped_column(Text)
    change: Mapped[str] = mapped_column(String(8))  # added | changed | removed
    before: Mapped[dict[str, str] | None] = mapped_column(JSON)
    after: Mapped[dict[str, str] | None] = mapped_column(JSON)


class RecruiterMiss(Base):
    """A name that was asked and not found, counted by day: many misses are an early warning."""

    __tablename__ = "recruiter_misses"
    __table_args__ = (Index("uq_recruiter_misses_day", "day", "normalised", unique=True),)

    id: Mapped[int] = mapped_column(primary_key=True)
    day: Mapped[date]
    normalised: Mapped[str] = mapped_column(String(80))  # normalised name; numbers are kept as a keyed hash
    count: Mapped[int]
    last_at: Mapped[datetime]
