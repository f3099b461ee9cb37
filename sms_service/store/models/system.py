"""What the service knows about itself: effects done, revisions of lists, figures, heartbeats, the clock."""

from __future__ import annotations

from datetime import date, datetime

from sqlalchemy import JSON, Index, LargeBinary, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from sms_service.store.models.base import Base


class Effect(Base):
    """An effect that a dialogue caused, keyed by session and number of inputs: a replay finds it done."""

    __tablename__ = "effects"

    key: Mapped[str] = mapped_column(String(64), primary_key=True)  # hash of session, inputs, action
    outcome: Mapped[str] = mapped_column(String(32))
    values_sealed: Mapped[bytes | None] = mapped_column(LargeBinary)  # JSON; None for no values
    created_at: Mapped[datetime] = mapped_column(index=True)


class Revision(Base):
    """A number that grows whenever a list changes; processes that keep the list in memory watch it."""

    __tablename__ = "revisions"

    name: Mapped[str] = mapped_column(String(32), primary_key=True)  # recruiters | events | content | clock
    number: Mapped[int]


class TurnCount(Base):
    """USSD turns and SMS steps by day, node and outcome. No caller in it."""

    __tablename__ = "turn_counts"
    __table_args__ = (
        Index("uq_turn_counts_day", "day", "channel", "node", "outcome", "language", unique=True),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    day: Mapped[date]
    channel: Mapped[str] = mapped_column(String(8))
    node: Mapped[str] = mapped_column(String(48))
    outcome: Mapped[str] = mapped_column(String(16))
    language: Mapped[str] = mapped_column(String(8))
    count: Mapped[int]


class DistrictCount(Base):
    """Calls and walks by SMS in which somebody chose a district, by day and district. No caller in it."""

    __tablename__ = "district_counts"
    __table_args__ = (Index("uq_district_counts_day", "day", "channel", "district", unique=True),)

    id: Mapped[int] = mapped_column(primary_key=True)
    day: Mapped[date]
    channel: Mapped[str] = mapped_column(String(8))
    district: Mapped[str] = mapped_column(String(5))
    count: Mapped[int]


class UnknownWord(Base):
    """A text that was understood by nothing, counted by day (its first word only, letters only)."""

    __tablename__ = "unknown_words"
    __table_args__ = (Index("uq_unknown_words_day", "day", "word", unique=True),)

    id: Mapped[int] = mapped_column(primary_key=True)
    day: Mapped[date]
    word: Mapped[str] = mapped_column(String(24))
    count: Mapped[int]


class UssdSessionEnd(Base):
    """A gateway's end-of-session notice, kept for figures and never relied on."""

    __tablename__ = "ussd_session_ends"

    session_hash: Mapped[str] = mapped_column(String(32), primary_key=True)
    gateway: Mapped[str] = mapped_column(String(32))
    status: Mapped[str] = mapped_column(String(24))
    duration_ms: Mapped[int | None]
    hops: Mapped[int | None]
    network_code: Mapped[str] = mapped_column(String(16))
    error: Mapped[str] = mapped_column(Text)
    received_at: Mapped[datetime] = mapped_column(index=True)


class Heartbeat(Base):
    """The last sign of life of a worker or scheduler, for /readyz."""

    __tablename__ = "heartbeats"

    component: Mapped[str] = mapped_column(String(32), primary_key=True)
    beat_at: Mapped[datetime]


class KnownDataKey(Base):
    """A key of DATA_KEY that has sealed something, until `re-encrypt` has seen that nothing needs it."""

    __tablename__ = "known_data_keys"

    key_id: Mapped[str] = mapped_column(String(8), primary_key=True)  # hex; tells nothing of the key
    noted_at: Mapped[datetime]


class ClockShift(Base):
    """How far a rehearsal has moved the clock (one row; honoured only where texts reach no real phone)."""

    __tablename__ = "clock_shifts"

    id: Mapped[int] = mapped_column(primary_key=True)
    seconds: Mapped[int]


class ContentItem(Base):
    """An article, contact, office or job as the office has edited it; overrides the shipped item."""

    __tablename__ = "content_items"
    __table_args__ = (Index("uq_content_items_key", "kind", "key", unique=True),)

    id: Mapped[int] = mapped_column(primary_key=True)
    kind: Mapped[str] = mapped_column(String(16))
    key: Mapped[str] = mapped_column(String(48))
    item: Mapped[dict[str, object]] = mapped_column(JSON)
    version: Mapped[int] = mapped_column(default=1, server_default="1")  # grows with each change
    updated_at: Mapped[datetime]
