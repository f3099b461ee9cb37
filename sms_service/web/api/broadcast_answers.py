"""What the calls of broadcasts.py answer. Numbers are masked; times stand in the office's zone."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from datetime import datetime
from typing import Literal

from sqlalchemy import select

from sms_service.domain import broadcast_life as life
from sms_service.domain import phones
from sms_service.runtime import Runtime
from sms_service.services.broadcasts import progress as broadcast_progress
from sms_service.services.broadcasts import rows as broadcast_rows
from sms_service.services.broadcasts.audience import Audience
from sms_service.services.broadcasts.preview import Preview
from sms_service.store.engine import Tx
from sms_service.store.models import Broadcast, Staff, Subscriber
from sms_service.web.api.endpoints import Call
from sms_service.web.api.fields import Answered

Kind = Literal["info", "warning", "urgent"]
Status = Literal[
    "draft", "submitted", "rejected", "scheduled", "starting", "canary", "running", "paused", "halted",
    "done", "cancelled",
]  # fmt: skip
_MOST_NUMBERS_SHOWN = 100


class TextAnswer(Answered):
    """The text in each language; an empty `en`: everybody reads `id`."""

    id: str
    en: str


class AudienceAnswer(Answered):
    """The criteria. `numbers` (masked, the first hundred) is null where nobody was named one by one."""

    districts: list[str]
    languages: list[str]
    topics: list[str]
    event: int | None
    communities: list[int]
    numbers: list[str] | None


class CountsAnswer(Answered):
    """How many texts stand where. The others add up to `recipients` at every moment: none before the start,
    those written so far while the audience is being written down."""

    recipients: int
    queued: int
    sending: int
    sent: int
    delivered: int
    failed: int
    expired: int
    opted_out: int
    unknown: int


class PersonAnswer(Answered):
    """Somebody of the office."""

    id: int
    name: str


class HeldAnswer(Answered):
    """What waits for the end of the quiet hours. `expires_first`: the deadline comes before it."""

    texts: int
    reason: str
    until: datetime
    expires_first: bool


class NotSentAnswer(Answered):
    """So many texts did not arrive, for one reason."""

    status: str
    reason: str
    texts: int


class BroadcastAnswer(Answered):
    """One broadcast. `audience_size` is what was frozen at the start, `fan_out_done` says whether all of it
    is written; `not_sent` (shown for one broadcast, not in lists) says what was dropped and why."""

    id: int
    kind: Kind
    text: TextAnswer
    audience: AudienceAnswer
    send_at: datetime | None
    expires_at: datetime | None
    resend_unknown: bool
    status: Status
    version: int
    counts: CountsAnswer
    audience_size: int
    fan_out_done: bool
    canary_size: int
    canary_until: datetime | None
    held: HeldAnswer | None
    not_sent: list[NotSentAnswer]
    reason: str
    halted_reason: str | None
    author: PersonAnswer
    approver: PersonAnswer | None
    override_by: PersonAnswer | None
    cluster: int | None
    acts: list[str]
    created_at: datetime
    submitted_at: datetime | None
    approved_at: datetime | None
    started_at: datetime | None
    finished_at: datetime | None
    updated_at: datetime


class BroadcastListAnswer(Answered):
    """Broadcasts, the newest first."""

    items: list[BroadcastAnswer]
    next: str | None


class SampleAnswer(Answered):
    """A text as somebody would read it."""

    number: str
    language: str
    text: str
    segments: int
    encoding: Literal["GSM-7", "UCS-2"]


class TipperAnswer(Answered):
    """Somebody whose name makes the text dearer: by characters (each with a replacement), or by length."""

    number: str
    segments: int
    instead_of: int
    encoding: Literal["GSM-7", "UCS-2"]
    characters: dict[str, str]


class ShareAnswer(Answered):
    """What goes to the phones of one operator, guessed by prefix: a hint."""

    operator: str
    recipients: int
    segments: int
    cost: float


class CautionAnswer(Answered):
    """A number in the text that the office does not vouch for."""

    language: str
    position: int
    why: Literal["unverified", "unknown"]


class LeftOutAnswer(Answered):
    """Who meets the criteria and is not written to."""

    no_consent: int
    opted_out: int
    enough_news: int


class PreviewAnswer(Answered):
    """The figures of the audience of this moment, by the code that sends. Costs: segments times
    SMS_SEGMENT_PRICE."""

    recipients: int
    segments_total: int
    segments_max: int
    unicode_recipients: int
    cost: float
    sample: list[SampleAnswer]
    canary_size: int
    tippers_total: int
    tippers: list[TipperAnswer]
    characters: dict[str, dict[str, str]]
    operators_by_prefix: list[ShareAnswer]
    cautions: list[CautionAnswer]
    left_out: LeftOutAnswer


def broadcasts_answer(call: Call, rows: list[Broadcast], in_full: bool = False) -> list[BroadcastAnswer]:
    """The rows as they are shown; `in_full`: with what was not sent and why."""
    counts = broadcast_rows.count(call.tx, [row.id for row in rows])
    people = _people(call.tx, rows)
    return [_one(call, row, counts[row.id], people, in_full) for row in rows]


def preview_answer(seen: Preview) -> PreviewAnswer:
    """The figures as they are shown."""
    return PreviewAnswer(
        recipients=seen.recipients,
        segments_total=seen.segments_total,
        segments_max=seen.segments_max,
        unicode_recipients=seen.unicode_recipients,
        cost=seen.cost,
        sample=[
            SampleAnswer(
                number=one.number,
                language=one.language,
                text=one.body.text,
                segments=one.body.segments,
                encoding=_encoding(one.body.gsm7),
            )
            for one in seen.sample
        ],
        canary_size=seen.canary_size,
        tippers_total=seen.tippers_total,
        tippers=[
            TipperAnswer(
                number=one.number,
                segments=one.segments,
                instead_of=one.instead_of,
                encoding=_encoding(one.gsm7),
                characters=one.characters,
            )
            for one in seen.tippers
        ],
        characters=seen.characters,
        operators_by_prefix=[
            ShareAnswer(operator=name, **asdict(share)) for name, share in seen.operators.items()
        ],
        cautions=[
            CautionAnswer(language=one.language, position=one.position, why=one.why) for one in seen.cautions
        ],
        left_out=LeftOutAnswer(**asdict(seen.left_out)),
    )


def _encoding(gsm7: bool) -> Literal["GSM-7", "UCS-2"]:
    return "GSM-7" if gsm7 else "UCS-2"


def _one(
    call: Call, row: Broadcast, counts: Mapping[str, int], people: Mapping[int, str], in_full: bool
) -> BroadcastAnswer:
    return BroadcastAnswer.model_validate(
        {
            "id": row.id,
            "kind": row.kind,
            "text": TextAnswer(id=row.text_id, en=row.text_en),
            "audience": _audience(call.tx, row),
            "resend_unknown": row.resend_unknown,
            "status": row.status,
            "version": row.version,
            "counts": CountsAnswer(recipients=sum(counts.values()), **counts),
            "audience_size": row.audience_size,
            "fan_out_done": row.fan_out_done,
            "canary_size": row.canary_size,
            "held": _held(call.runtime, row, counts, call.now),
            "not_sent": _not_sent(call.tx, row.id) if in_full else [],
            "reason": row.reason,
            "halted_reason": row.halted_reason or None,
            "author": _person(row.author_id, people),
            "approver": _person(row.approver_id, people),
            "override_by": _person(row.override_by, people),
            "cluster": row.cluster_id,
            "acts": [act for act in life.PEOPLES_ACTS if life.may(act, row.status)],
            **_times(call.runtime, row),
        }
    )


def _times(runtime: Runtime, row: Broadcast) -> dict[str, datetime | None]:
    names = (
        "send_at", "expires_at", "canary_until", "created_at", "submitted_at", "approved_at", "started_at",
        "finished_at", "updated_at",
    )  # fmt: skip
    zone = runtime.settings.zone
    values: dict[str, datetime | None] = {name: getattr(row, name) for name in names}
    return {name: None if at is None else at.astimezone(zone) for name, at in values.items()}


def _held(runtime: Runtime, row: Broadcast, counts: Mapping[str, int], now: datetime) -> HeldAnswer | None:
    settings = runtime.settings
    found = broadcast_progress.held(row, counts, settings, now)
    if found is None:
        return None
    until = found.until.astimezone(settings.zone)
    return HeldAnswer(texts=found.texts, reason="quiet hours", until=until, expires_first=found.expires_first)


def _not_sent(tx: Tx, broadcast_id: int) -> list[NotSentAnswer]:
    found = broadcast_rows.list_not_sent(tx, broadcast_id)
    return [NotSentAnswer(status=one.status, reason=one.reason, texts=one.count) for one in found]


def _audience(tx: Tx, row: Broadcast) -> AudienceAnswer:
    audience = Audience.from_json(row.audience)
    return AudienceAnswer(
        districts=list(audience.districts),
        languages=list(audience.languages),
        topics=list(audience.topics),
        event=audience.event,
        communities=list(audience.communities),
        numbers=None if audience.subscribers is None else _masked(tx, audience.subscribers),
    )


def _masked(tx: Tx, subscribers: tuple[int, ...]) -> list[str]:
    shown = subscribers[:_MOST_NUMBERS_SHOWN]
    rows = tx.scalars(
        select(Subscriber.number_sealed).where(Subscriber.id.in_(shown)).order_by(Subscriber.id)
    )
    masked = []
    for sealed in rows:
        try:
            masked.append(phones.mask(tx.vault.open(sealed)))
        except ValueError:
            masked.append("(cannot be read)")
    return masked


def _people(tx: Tx, rows: list[Broadcast]) -> dict[int, str]:
    ids = {one for row in rows for one in (row.author_id, row.approver_id, row.override_by) if one}
    found = tx.execute(select(Staff.id, Staff.name).where(Staff.id.in_(ids)))
    return {row.id: row.name for row in found}


def _person(staff_id: int | None, people: Mapping[int, str]) -> PersonAnswer | None:
    return None if staff_id is None else PersonAnswer(id=staff_id, name=people.get(staff_id, "?"))
