"""The demo content: visibly fictional ("CONTOH"), so that a first caller finds something, and nobody
mistakes it for fact. Put in once; the audit trail remembers.
"""

from __future__ import annotations

from datetime import datetime, time, timedelta

from sqlalchemy import select

from sms_service.services.events import life as events
from sms_service.services.events.life import EventFields
from sms_service.services.events.texts import quiet_of
from sms_service.services.recruiters import demo as recruiters_demo
from sms_service.services.staff import accounts as staff
from sms_service.settings import Settings
from sms_service.store.engine import Tx
from sms_service.store.models import AuditEntry, Event, EventGroup

_ACT = "demo.seed"

# Days from now, hours, titles, venue, district (Kemendagri code), capacity.
_EVENTS = (
    (6, 2, "CONTOH Sosialisasi kerja aman", "EXAMPLE Safe work abroad", "Aula Contoh", "53.71", None),
    (9, 3, "CONTOH Konsultasi dokumen", "EXAMPLE Help with documents", "Gereja Contoh", "53.04", 40),
    (16, 3, "CONTOH Konsultasi keluarga", "EXAMPLE Advice for families", "Balai Contoh", "53.03", 2),
    (30, 2, "CONTOH Konsultasi kelompok", "EXAMPLE Group advice", "Kampus Contoh", "53.21", 100),
)


# Consultation groups of the last event: minutes after its start, topic, destination, places.
_GROUPS = (
    (0, "jobs", "jp", 25),
    (0, "jobs", "my", 25),
    (60, "documents", "jp", 25),
    (60, "documents", "my", 25),
)


def is_seeded(tx: Tx) -> bool:
    """True when the demo content was put in before, whatever has become of it."""
    return tx.scalar(select(AuditEntry.id).where(AuditEntry.act == _ACT).limit(1)) is not None


def seed(tx: Tx, settings: Settings, now: datetime) -> str:
    """Put events and recruiters in; returns a line that counts them."""
    today = now.astimezone(settings.zone).date()
    for days, hours, title_id, title_en, venue, district, capacity in _EVENTS:
        starts_at = datetime.combine(today + timedelta(days=days), time(9), settings.zone)
        fields = EventFields(
            title_id=title_id,
            title_en=title_en,
            starts_at=starts_at,
            ends_at=starts_at + timedelta(hours=hours),
            venue=venue,
            district=district,
            capacity=capacity,
            organiser="CONTOH",
        )
        event = events.create(tx, fields, None, now, quiet_of(settings))
    _seed_groups(tx, event)
    companies = recruiters_demo.seed(tx, now)
    staff.record_audit(tx, None, _ACT, ("system", "demo"), {"events": len(_EVENTS)}, now)
    return f"{len(_EVENTS)} events and {companies} companies, all of them fictional (CONTOH)"


def _seed_groups(tx: Tx, event: Event) -> None:
    for number, (minutes, topic, destination, capacity) in enumerate(_GROUPS, start=1):
        tx.add(
            EventGroup(
                event_id=event.id,
                position=number,
                topic=topic,
                destination=destination,
                starts_at=event.starts_at + timedelta(minutes=minutes),
                room=f"Ruang {number}",
                capacity=capacity,
            )
        )
