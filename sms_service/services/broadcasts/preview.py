"""What a broadcast would be if it started now: how many texts, how long, how dear, and who makes it dear.

Exact, because it walks the same people and composes the same bodies as the fan-out; in one pass, a person
at a time, so that its memory does not grow with the audience. Called by the API and the console.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Row, null, select

from sms_service.domain import operators, phones, texts
from sms_service.services.broadcasts import (
    audience as broadcast_audience,
)
from sms_service.services.broadcasts import (
    cautions as broadcast_cautions,
)
from sms_service.services.broadcasts import (
    sending as broadcast_sending,
)
from sms_service.services.broadcasts.audience import SUBSCRIBERS, LeftOut
from sms_service.services.broadcasts.cautions import Caution
from sms_service.services.broadcasts.life import BroadcastFields
from sms_service.services.broadcasts.texts import Body, Composer, Words
from sms_service.settings import Settings
from sms_service.store.engine import Tx

_AT_ONCE = 2000
MOST_TIPPERS = 50
MOST_SAMPLES = 5


@dataclass(frozen=True, slots=True)
class Sample:
    """A text as somebody would read it."""

    number: str  # masked
    language: str
    body: Body


@dataclass(frozen=True, slots=True)
class Tipper:
    """Somebody whose name makes the text dearer than it is for others: by characters beyond GSM-7 (each with
    what it could be replaced by), or by its length alone (then there are none)."""

    number: str  # masked
    segments: int
    instead_of: int  # segments that the text has with the word of address
    gsm7: bool
    characters: dict[str, str]


@dataclass(frozen=True, slots=True)
class Share:
    """What goes to the phones of one operator, as far as prefixes tell: a hint."""

    recipients: int
    segments: int
    cost: float


@dataclass(slots=True)
class Preview:
    """The figures. Costs are in the currency of SMS_SEGMENT_PRICE."""

    price: float
    recipients: int = 0
    segments_total: int = 0
    segments_max: int = 0
    unicode_recipients: int = 0
    canary_size: int = 0
    tippers_total: int = 0
    tippers: list[Tipper] = field(default_factory=list)
    sample: list[Sample] = field(default_factory=list)
    segments_by_operator: Counter[str] = field(default_factory=Counter)
    recipients_by_operator: Counter[str] = field(default_factory=Counter)
    characters: dict[str, dict[str, str]] = field(default_factory=dict)  # of the text itself, by language
    cautions: list[Caution] = field(default_factory=list)
    left_out: LeftOut = field(default_factory=LeftOut)

    @property
    def cost(self) -> float:
        """Segments times price."""
        return round(self.segments_total * self.price, 2)

    @property
    def operators(self) -> dict[str, Share]:
        """The most recipients first."""
        return {
            name: Share(count, segments, round(segments * self.price, 2))
            for name, count in self.recipients_by_operator.most_common()
            for segments in [self.segments_by_operator[name]]
        }


def preview(
    tx: Tx, fields: BroadcastFields, words: Words, settings: Settings, now: datetime, broadcast_id: int = 0
) -> Preview:
    """The figures of the audience of now; `broadcast_id`: of this broadcast, once it is written."""
    composer = Composer(fields.text_id, fields.text_en, words)
    audience, kind = fields.audience, fields.kind
    seen = Preview(settings.sms_segment_price)
    reached = broadcast_audience.reached(tx, audience, kind, now, settings.news_a_week, broadcast_id)
    seen.left_out = broadcast_audience.count_left_out(
        tx, audience, kind, now, settings.news_a_week, broadcast_id
    )
    seen.characters = _characters(fields)
    own = {settings.short_code, settings.office_phone}
    seen.cautions = broadcast_cautions.look(tx, fields.text_id, fields.text_en, now.date(), own)
    _walk(tx, seen, composer, reached)
    seen.canary_size = broadcast_sending.canary_target(seen.recipients, settings)
    return seen


def _walk(tx: Tx, seen: Preview, composer: Composer, reached: Sequence[ColumnElement[bool]]) -> None:
    """Everybody's text, one by one. What is the same for many is added up after the walk."""
    samples: dict[tuple[str, int, bool], Sample] = {}
    tally: Counter[tuple[int, bool, str]] = Counter()
    for language, district, number_sealed, name_sealed in _people(tx, composer.uses_names, reached):
        name = broadcast_sending.open_name(tx, name_sealed) if name_sealed else ""
        body = composer.compose(language, district, name)
        number = _open(tx, number_sealed)
        tally[body.segments, body.gsm7, operators.hint(number)] += 1
        if name:
            usual = composer.compose(language, district)
            if body.segments > usual.segments or body.gsm7 is not usual.gsm7:
                _note_tipper(seen, number, name, body, usual)
        kind = (composer.language(language), body.segments, body.gsm7)
        if kind not in samples:
            samples[kind] = Sample(phones.mask(number), kind[0], body)
    for (segments, gsm7, operator), people in tally.items():
        _count(seen, segments, gsm7, operator, people)
    seen.sample = sorted(samples.values(), key=lambda one: -one.body.segments)[:MOST_SAMPLES]


def _people(
    tx: Tx, with_names: bool, reached: Sequence[ColumnElement[bool]]
) -> Iterator[Row[Any, Any, Any, Any]]:
    here = SUBSCRIBERS.c
    name = here.name_sealed if with_names else null()
    statement = select(here.language, here.district, here.number_sealed, name).where(*reached)
    yield from tx.execute(statement.execution_options(yield_per=_AT_ONCE))


def _open(tx: Tx, sealed: bytes) -> str:
    try:
        return tx.vault.open(sealed)
    except ValueError:  # it will fail when it is sent; the others must still be counted
        return "unreadable"


def _count(seen: Preview, segments: int, gsm7: bool, operator: str, people: int) -> None:
    seen.recipients += people
    seen.segments_total += people * segments
    seen.segments_max = max(seen.segments_max, segments)
    seen.unicode_recipients += 0 if gsm7 else people
    seen.recipients_by_operator[operator] += people
    seen.segments_by_operator[operator] += people * segments


def _note_tipper(seen: Preview, number: str, name: str, body: Body, usual: Body) -> None:
    seen.tippers_total += 1
    if len(seen.tippers) < MOST_TIPPERS:
        characters = texts.offenders(name)
        seen.tippers.append(Tipper(phones.mask(number), body.segments, usual.segments, body.gsm7, characters))


def _characters(fields: BroadcastFields) -> dict[str, dict[str, str]]:
    """The characters of the text itself that force UCS-2, with what they could be replaced by."""
    written = {"id": fields.text_id, "en": fields.text_en}
    found = {language: texts.offenders(text) for language, text in written.items()}
    return {language: characters for language, characters in found.items() if characters}
