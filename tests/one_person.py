"""One person in every table that can hold a person, for tests of erasure and retention."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from sms_service.domain.report_answers import Answers
from sms_service.services.texts import messages
from sms_service.services.texts.messages import NewText
from sms_service.store.engine import Tx
from sms_service.store.models import (
    Broadcast,
    Community,
    CommunityMember,
    ConsoleText,
    Event,
    InboundMessage,
    PinFailure,
    Registration,
    Report,
    ReportDraft,
    ReportNote,
    Staff,
    Subscriber,
    SubscriberTopic,
)

WORDS = "Bapak Kumbang janji gaji besar di Kebun Rahasia"
PLACE = "Kampung Tersembunyi"
NAME = "Yohana Perempuan"
SECRETS_TOLD = ("Kumbang", "Rahasia", "Tersembunyi", "Yohana")
SENT, QUEUED, CLAIMED, CALLING = "sent", "queued", "claimed", "calling"  # texts out


def put_everywhere(tx: Tx, number: str, now: datetime) -> None:
    """A subscriber with wishes and a community, on an event's list, with texts in and out, a draft, two
    reports (open and closed) with notes, rehearsal texts, and a broadcast that names them."""
    sealed, hashed = tx.vault.seal, tx.vault.number_hash(number)
    staff = Staff(name="Ibu Contoh", role="officer", password_hash="-", is_active=True, created_at=now)
    community = Community(name="Paroki Contoh", created_at=now)
    person = Subscriber(
        number_hash=hashed,
        number_sealed=sealed(number),
        name_sealed=sealed(NAME),
        language="id",
        district="53.04",
        warnings_on=True,
        reminders_on=True,
        created_at=now,
        updated_at=now,
    )
    tx.add_all([staff, community, person])
    tx.flush()
    tx.add(SubscriberTopic(subscriber_id=person.id, topic="work"))
    tx.add(CommunityMember(community_id=community.id, subscriber_id=person.id, added_at=now))
    tx.add(
        Broadcast(
            kind="info", text_id="Kabar", audience={"subscribers": [person.id, 9999]}, status="draft",
            author_id=staff.id, created_at=now, updated_at=now,
        )
    )  # fmt: skip
    _event(tx, number, now)
    _texts(tx, number, now)
    tx.add(
        ReportDraft(
            caller_hash=hashed, token="draft-token", language="id", channel="ussd",
            answers_sealed=sealed(Answers(story=WORDS).to_json()),
            created_at=now, updated_at=now, expires_at=now + timedelta(days=7),
        )
    )  # fmt: skip
    for n, status in enumerate(("new", "closed"), 1):
        report = _report(tx, number, n, status, now)
        tx.add(report)
        tx.flush()
        note = f"Sudah ditelepon di {number}"
        tx.add(
            ReportNote(
                report_id=report.id, staff_id=staff.id, kind="note", text_sealed=sealed(note), created_at=now
            )
        )
    tx.add(PinFailure(caller_hash=tx.vault.number_hash(f"wrong pins of|{hashed}"), failures=1, last_at=now))
    tx.flush()


def _event(tx: Tx, number: str, now: datetime) -> None:
    event = Event(
        code="6405", title_id="Acara", title_en="Event", starts_at=now + timedelta(days=9), venue="Aula",
        district="53.04", status="planned", created_at=now, updated_at=now,
    )  # fmt: skip
    tx.add(event)
    tx.flush()
    tx.add(
        Registration(
            event_id=event.id,
            number_hash=tx.vault.number_hash(number),
            number_sealed=tx.vault.seal(number),
            name_sealed=tx.vault.seal(NAME),
            organisation="Kampus Yohana",
            answers={"age": "Rahasia"},
            language="id",
            status="registered",
            position=1,
            channel="ussd",
            created_at=now,
            updated_at=now,
        )
    )


def _texts(tx: Tx, number: str, now: datetime) -> None:
    sealed, hashed = tx.vault.seal, tx.vault.number_hash(number)
    for n, status in enumerate(("handled", "received"), 1):
        tx.add(
            InboundMessage(
                gateway="console", gateway_id=f"before-{n}", number_hash=hashed,
                number_sealed=sealed(number), text_sealed=sealed(f"LAPOR {WORDS}"),
                content_hash=tx.vault.number_hash(f"{number} {n}"), link_id="", status=status,
                keyword="LAPOR", received_at=now, handled_at=now if status == "handled" else None,
            )
        )  # fmt: skip
    for key in (SENT, QUEUED, CLAIMED, CALLING):
        new = NewText(number, f"{key} {PLACE}", "notice", "bulk", f"before:{key}", now + timedelta(hours=1))
        message_id = messages.enqueue(tx, new, now)
        tx.execute(
            messages.TABLE.update().where(messages.TABLE.c.id == message_id).values(**_state(key, now))
        )
    tx.add(ConsoleText(number_hash=hashed, body_sealed=sealed(WORDS), sent_at=now))


def _state(key: str, now: datetime) -> dict[str, Any]:
    held = {"status": "sending", "claim": f"claim-{key}", "lease_until": now + timedelta(minutes=1)}
    return {
        SENT: {"status": "sent", "sent_at": now, "gateway": "console", "gateway_id": "console-1"},
        QUEUED: {"not_before": now + timedelta(minutes=30)},
        CLAIMED: held,
        CALLING: {**held, "gateway": "console"},
    }[key]


def _report(tx: Tx, number: str, n: int, status: str, now: datetime) -> Report:
    sealed = tx.vault.seal
    return Report(
        code=f"10000{n}",
        pin_hash="-",
        filing=f"filing-{n}",
        status=status,
        closed_at=now if status == "closed" else None,
        due_at=now,
        flags=[],
        modi=["advance"],
        recruiter_name_sealed=sealed("Kumbang"),
        story_sealed=sealed(f"{WORDS}, hubungi saya di 0{number[3:6]}-{number[6:10]}-{number[10:]}"),
        place_sealed=sealed(PLACE),
        district="53.04",
        reporter_hash=tx.vault.number_hash(number),
        reporter_sealed=sealed(number),
        texts_allowed=True,
        language="id",
        channel="ussd",
        received_at=now,
        updated_at=now,
    )
