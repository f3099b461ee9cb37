"""People who dial or text, and those who said STOP."""

from __future__ import annotations

from datetime import date, datetime

from sqlalchemy import ForeignKey, LargeBinary, String, Text, false
from sqlalchemy.orm import Mapped, mapped_column

from sms_service.store.models.base import Base


class Subscriber(Base):
    """A person known by number: settings, and consent where given. Sealed number, look-up by hash."""

    __tablename__ = "subscribers"

    id: Mapped[int] = mapped_column(primary_key=True)
    number_hash: Mapped[str] = mapped_column(String(32), unique=True)
    number_sealed: Mapped[bytes] = mapped_column(LargeBinary)
    language: Mapped[str] = mapped_column(String(8), default="id")
    district: Mapped[str | None] = mapped_column(String(5), index=True)  # Kemendagri code, "53.04"
    name_sealed: Mapped[bytes | None] = mapped_column(
        LargeBinary
    )  # as imported; for texts that greet by name
    warnings_on: Mapped[bool] = mapped_column(default=False)  # warnings and urgent texts: needs consent
    news_on: Mapped[bool] = mapped_column(
        default=False, server_default=false()
    )  # broadcasts of kind info: likewise
    reminders_on: Mapped[bool] = mapped_column(default=True)  # reminders of events one registered for
    chosen_at: Mapped[datetime | None]  # when the person last chose what to get: no import changes it then
    consent_source: Mapped[str | None] = mapped_column(Text)
    consent_on: Mapped[date | None]
    created_at: Mapped[datetime]
    updated_at: Mapped[datetime]


class OptOut(Base):
    """STOP, kept apart from the subscriber so that it outlives an erasure."""

    __tablename__ = "opt_outs"

    number_hash: Mapped[str] = mapped_column(String(32), primary_key=True)
    opted_out_at: Mapped[datetime]
    source: Mapped[str] = mapped_column(String(32))  # sms | ussd | gateway | staff


class SubscriberTopic(Base):
    """What a person wants news about (domain/topics.py)."""

    __tablename__ = "subscriber_topics"

    subscriber_id: Mapped[int] = mapped_column(ForeignKey("subscribers.id"), primary_key=True)
    topic: Mapped[str] = mapped_column(String(24), primary_key=True, index=True)
