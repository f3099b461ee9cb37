"""Broadcasts over the API: drafted, previewed, approved by a second person, watched, paused, called off."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated, Any, Literal, cast

from pydantic import AfterValidator, BeforeValidator, Field

from sms_service.domain import topics
from sms_service.services.broadcasts import (
    audience as broadcast_audience,
)
from sms_service.services.broadcasts import (
    life as broadcasts,
)
from sms_service.services.broadcasts import (
    preview as broadcast_preview,
)
from sms_service.services.broadcasts.audience import Audience
from sms_service.services.broadcasts.life import BroadcastFields
from sms_service.services.broadcasts.preview import Preview
from sms_service.services.broadcasts.texts import LONGEST_TEXT
from sms_service.services.broadcasts.texts import Words as Fillers
from sms_service.store.engine import Tx
from sms_service.store.models import Broadcast
from sms_service.web.api import cursors
from sms_service.web.api.broadcast_answers import (
    BroadcastAnswer,
    BroadcastListAnswer,
    Kind,
    PreviewAnswer,
    Status,
    broadcasts_answer,
    preview_answer,
)
from sms_service.web.api.endpoints import Call, Endpoint, Parts, Upload
from sms_service.web.api.fields import Body, DistrictCode, ListQuery, Time, Words

_MOST_NUMBERS = 5000


def _lines(value: Any) -> Any:
    """Trim; line ends and the odd spaces of word processors as a phone shows them."""
    if not isinstance(value, str):
        return value
    return value.replace("\r\n", "\n").replace("\u00a0", " ").replace("\u202f", " ").strip()


def _topic(value: str) -> str:
    found = topics.read_one(value)
    if not found:
        raise ValueError(f"is none of {', '.join(topics.TOPICS)}")
    return found


Lines = Annotated[str, Field(max_length=LONGEST_TEXT), BeforeValidator(_lines)]
Topic = Annotated[str, Field(max_length=40), AfterValidator(_topic)]


def _absent() -> Any:
    """What a field holds that was not sent: never read, see model_dump(exclude_unset)."""
    return None


class Text(Body):
    """The text in Indonesian, and in English for those who chose it. Placeholders: {nama}, {kabupaten},
    {kantor}, {layanan}, or {name}, {district}, {office}, {service}."""

    id: Lines = Field(min_length=1)
    en: Lines | None = ""


class TextChange(Body):
    """One text, or both."""

    id: Lines = Field(default_factory=_absent, min_length=1)
    en: Lines | None = ""


class Recipients(Body):
    """Who is written to: people who meet one value of each criterion that is given. Without any: all who
    consent to the kind. `numbers` may name subscribers only."""

    districts: list[DistrictCode] = Field(default=[], max_length=100)
    languages: list[Literal["id", "en"]] = Field(default=[], max_length=10)
    topics: list[Topic] = Field(default=[], max_length=100)
    event: int | None = Field(None, ge=1, le=2**31 - 1)
    communities: list[Annotated[int, Field(ge=1, le=2**31 - 1)]] = Field(default=[], max_length=100)
    numbers: list[Annotated[str, Field(max_length=32)]] | None = Field(None, max_length=_MOST_NUMBERS)


class NewBroadcast(Body):
    """A broadcast to be. Without `send_at` it goes out once it is approved; without `expires_at` it helps
    for 24 hours (a warning: 48) from its start."""

    kind: Kind
    text: Text
    audience: Recipients
    send_at: Time | None = None
    expires_at: Time | None = None
    resend_unknown: bool = False


class BroadcastChange(Body):
    """What shall be different. `version`, when given, must be the one that was read (else 409)."""

    kind: Kind = Field(default_factory=_absent)
    text: TextChange = Field(default_factory=_absent)
    audience: Recipients = Field(default_factory=_absent)
    send_at: Time | None = None
    expires_at: Time | None = None
    resend_unknown: bool = Field(default_factory=_absent)
    version: int | None = Field(None, ge=1)


class Approval(Body):
    """The second person's word. The override lets an urgent broadcast out in the quiet hours."""

    override_quiet_hours: bool = False


class Rejection(Body):
    """Why it goes back to its author."""

    reason: Words = Field(min_length=1, max_length=broadcasts.LONGEST_REASON)


class CallingOff(Body):
    """Why it is called off, for the office's own record."""

    reason: Words = Field("", max_length=broadcasts.LONGEST_REASON)


class BroadcastQuery(ListQuery):
    """Which broadcasts."""

    status: Status | None = None


def create_broadcast(call: Call) -> BroadcastAnswer:
    """POST /broadcasts"""
    fields = _fields(call.tx, call.body, call.runtime.settings.default_country)
    return _shown(call, broadcasts.create_draft(call.tx, call.person, fields, call.now))


def prepare_preview(parts: Parts, sent: NewBroadcast, _upload: Upload | None) -> Preview:
    """Walk the audience in a transaction that only reads: it takes seconds, and writers go on meanwhile."""
    runtime = parts.runtime
    now, settings = runtime.clock.now(), runtime.settings
    with runtime.store.read() as tx:
        fields = _fields(tx, sent, settings.default_country)
        broadcasts.check(tx, fields, now)
        return broadcast_preview.preview(tx, fields, Fillers.of(settings, runtime.menu), settings, now)


def preview_broadcast(call: Call) -> PreviewAnswer:
    """POST /broadcasts/preview"""
    return preview_answer(cast(Preview, call.prepared))


def preview_draft(call: Call) -> PreviewAnswer:
    """GET /broadcasts/{broadcast_id}/preview"""
    row = broadcasts.get_broadcast(call.tx, call.ids["broadcast_id"])
    runtime, fields = call.runtime, broadcasts.fields_of(row)
    words = Fillers.of(runtime.settings, runtime.menu)
    seen = broadcast_preview.preview(call.tx, fields, words, runtime.settings, call.now, row.id)
    return preview_answer(seen)


def list_broadcasts(call: Call) -> BroadcastListAnswer:
    """GET /broadcasts"""
    query: BroadcastQuery = call.query
    before = None
    if query.cursor is not None:
        before = cast(int, cursors.decode("broadcasts", query.cursor, (int,))[0])
    found = broadcasts.list_broadcasts(call.tx, query.limit + 1, before, query.status)
    shown = found[: query.limit]
    more = len(found) > query.limit
    return BroadcastListAnswer(
        items=broadcasts_answer(call, shown),
        next=cursors.encode("broadcasts", shown[-1].id) if more else None,
    )


def get_broadcast(call: Call) -> BroadcastAnswer:
    """GET /broadcasts/{broadcast_id}"""
    return _shown(call, broadcasts.get_broadcast(call.tx, call.ids["broadcast_id"]))


def change_broadcast(call: Call) -> BroadcastAnswer:
    """PATCH /broadcasts/{broadcast_id}"""
    sent: BroadcastChange = call.body
    given = sent.model_dump(exclude_unset=True)
    version = given.pop("version", None)
    changes = {f"text_{language}": text or "" for language, text in given.pop("text", {}).items()} | given
    if "audience" in changes:
        country = call.runtime.settings.default_country
        changes["audience"] = _audience(call.tx, sent.audience, country)
    row = broadcasts.edit(call.tx, call.ids["broadcast_id"], call.person, changes, call.now, version)
    return _shown(call, row)


def submit(call: Call) -> BroadcastAnswer:
    """POST /broadcasts/{broadcast_id}/submit"""
    return _shown(call, broadcasts.submit(call.tx, call.ids["broadcast_id"], call.person, call.now))


def approve(call: Call) -> BroadcastAnswer:
    """POST /broadcasts/{broadcast_id}/approve"""
    override = call.body.override_quiet_hours
    row = broadcasts.approve(call.tx, call.ids["broadcast_id"], call.person, call.now, override)
    return _shown(call, row)


def reject(call: Call) -> BroadcastAnswer:
    """POST /broadcasts/{broadcast_id}/reject"""
    reason = call.body.reason
    return _shown(call, broadcasts.reject(call.tx, call.ids["broadcast_id"], call.person, reason, call.now))


def pause(call: Call) -> BroadcastAnswer:
    """POST /broadcasts/{broadcast_id}/pause"""
    return _shown(call, broadcasts.pause(call.tx, call.ids["broadcast_id"], call.person, call.now))


def resume(call: Call) -> BroadcastAnswer:
    """POST /broadcasts/{broadcast_id}/resume"""
    return _shown(call, broadcasts.resume(call.tx, call.ids["broadcast_id"], call.person, call.now))


def cancel(call: Call) -> BroadcastAnswer:
    """POST /broadcasts/{broadcast_id}/cancel"""
    reason = call.body.reason
    return _shown(call, broadcasts.cancel(call.tx, call.ids["broadcast_id"], call.person, reason, call.now))


def _fields(tx: Tx, sent: NewBroadcast, country: str) -> BroadcastFields:
    return BroadcastFields(
        kind=sent.kind,
        text_id=sent.text.id,
        text_en=sent.text.en or "",
        audience=_audience(tx, sent.audience, country),
        send_at=sent.send_at,
        expires_at=sent.expires_at,
        resend_unknown=sent.resend_unknown,
    )


def _audience(tx: Tx, sent: Recipients, country: str) -> Audience:
    numbers = sent.numbers
    return Audience(
        districts=tuple(dict.fromkeys(sent.districts)),
        languages=tuple(dict.fromkeys(sent.languages)),
        topics=tuple(dict.fromkeys(sent.topics)),
        event=sent.event,
        communities=tuple(dict.fromkeys(sent.communities)),
        subscribers=None if numbers is None else broadcast_audience.resolve_numbers(tx, numbers, country),
    )


def _shown(call: Call, row: Broadcast) -> BroadcastAnswer:
    call.tx.flush()
    return broadcasts_answer(call, [row], in_full=True)[0]


def _act(name: str, summary: str, handler: Callable[[Call], BroadcastAnswer], **options: Any) -> Endpoint:
    right = options.pop("right", _RIGHT)
    return Endpoint("POST", f"{_ONE}/{name}", right, summary, handler, BroadcastAnswer, **options)


_ONE, _RIGHT, _APPROVING = "/broadcasts/{broadcast_id}", "broadcasts", "broadcasts.approve"
ENDPOINTS = (
    Endpoint(
        "POST", "/broadcasts", _RIGHT, "Draft a broadcast", create_broadcast, BroadcastAnswer, status=201,
        body=NewBroadcast,
    ),
    Endpoint(
        "POST", "/broadcasts/preview", _RIGHT, "Show what a broadcast would be", preview_broadcast,
        PreviewAnswer, body=NewBroadcast, prepare=prepare_preview,
    ),
    Endpoint(
        "GET", "/broadcasts", _RIGHT, "List broadcasts", list_broadcasts, BroadcastListAnswer,
        query=BroadcastQuery,
    ),
    Endpoint("GET", _ONE, _RIGHT, "Show a broadcast and how far it is", get_broadcast, BroadcastAnswer),
    Endpoint(
        "PATCH", _ONE, _RIGHT, "Change a draft", change_broadcast, BroadcastAnswer, body=BroadcastChange
    ),
    Endpoint(
        "GET", f"{_ONE}/preview", _RIGHT, "Show what a broadcast would be now", preview_draft, PreviewAnswer
    ),
    _act("submit", "Hand a draft over for approval", submit),
    _act(
        "approve", "Approve what somebody else has written", approve, right=_APPROVING, body=Approval,
        is_body_optional=True,
    ),
    _act("reject", "Send it back to its author", reject, right=_APPROVING, body=Rejection),
    _act("pause", "Stop sending at once", pause),
    _act("resume", "Go on exactly where it stopped", resume),
    _act("cancel", "Call it off for good", cancel, body=CallingOff, is_body_optional=True),
)  # fmt: skip
