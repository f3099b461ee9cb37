"""A glance at a broadcast while it is being written: how its text arrives, and how long it is.

By the composer that writes the texts (texts.py), without walking the audience: whoever gave no name
and lives in the district with the longest name stands for all. The exact figures are those of preview.py.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime

from sqlalchemy import func, select

from sms_service.domain import districts as places
from sms_service.domain import personalisation, texts
from sms_service.services.broadcasts import (
    audience as broadcast_audience,
)
from sms_service.services.broadcasts import (
    cautions as broadcast_cautions,
)
from sms_service.services.broadcasts import (
    texts as broadcast_texts,
)
from sms_service.services.broadcasts.audience import SUBSCRIBERS, Audience
from sms_service.services.broadcasts.cautions import Caution
from sms_service.services.broadcasts.life import BroadcastFields
from sms_service.services.broadcasts.texts import Body, Composer, Words
from sms_service.settings import Settings
from sms_service.store.engine import Tx

MOST_COUNTED = 10_000
_LONG_NAME = "n" * personalisation.LONGEST_NAME


@dataclass(frozen=True, slots=True)
class Draft:
    """One language's text as it arrives."""

    language: str
    body: Body
    units: int  # septets (UCS-2: characters) that it has
    left: int  # of them until one more segment is needed
    longest: int  # segments with the longest name that is put in
    characters: dict[str, str]  # beyond GSM-7, each with what it could be replaced by


@dataclass(frozen=True, slots=True)
class Glance:
    """What can be said at once. `recipients` is bounded: more than MOST_COUNTED means "more than that"."""

    drafts: list[Draft] = field(default_factory=list)
    faults: dict[str, str] = field(default_factory=dict)  # by field ("text.id")
    cautions: list[Caution] = field(default_factory=list)
    recipients: int | None = None  # None: the audience cannot be read as it stands


def glance(
    tx: Tx, fields: BroadcastFields, words: Words, settings: Settings, now: datetime, counts: bool = True
) -> Glance:
    """Look at the text and count its people; a text that is faulty is not drawn, its fault is told."""
    faults = broadcast_texts.check(fields.text_id, fields.text_en) if fields.text_id.strip() else {}
    own = {settings.short_code, settings.office_phone}
    cautions = broadcast_cautions.look(tx, fields.text_id, fields.text_en, now.date(), own)
    sound_id = "" if "text.id" in faults else fields.text_id
    sound_en = "" if "text.en" in faults else fields.text_en
    people = count_people(tx, fields.audience, fields.kind, settings, now) if counts else None
    return Glance(draw(sound_id, sound_en, fields.audience, words), faults, cautions, people)


def draw(text_id: str, text_en: str, audience: Audience, words: Words) -> list[Draft]:
    """The texts as they arrive; an empty one is not drawn. Raises Invalid for a text that is faulty."""
    composer = Composer(text_id, text_en, words)
    written = {"id": text_id, "en": text_en}
    return [_draft(composer, key, audience) for key, text in written.items() if text.strip()]


def count_people(tx: Tx, audience: Audience, kind: str, settings: Settings, now: datetime) -> int:
    """How many would be written to; beyond MOST_COUNTED nobody is counted any more."""
    reached = broadcast_audience.reached(tx, audience, kind, now, settings.news_a_week)
    some = select(SUBSCRIBERS.c.id).where(*reached).limit(MOST_COUNTED + 1).subquery()
    return tx.scalar(select(func.count()).select_from(some)) or 0


def _draft(composer: Composer, language: str, audience: Audience) -> Draft:
    codes = audience.districts or tuple(district.code for district in places.DISTRICTS)
    bodies = {code: composer.compose(language, code) for code in codes}
    district = max(bodies, key=lambda code: (bodies[code].segments, len(bodies[code].text)))
    body = bodies[district]
    return Draft(
        language=language,
        body=body,
        units=texts.measure(body.text).units,
        left=texts.room_left(body.text),
        longest=composer.compose(language, district, _LONG_NAME).segments,
        characters=texts.offenders(body.text),
    )
