"""The form of an event: what was typed into it, and what stands in it. Used by events.py."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import tzinfo
from typing import Any

from flask_babel import gettext as _
from werkzeug.datastructures import MultiDict

from sms_service.domain.districts import DISTRICTS
from sms_service.domain.schedules import DEFAULT_PLAN
from sms_service.errors import Invalid
from sms_service.services.events import life as events
from sms_service.services.events.life import EventFields
from sms_service.web.console import event_words
from sms_service.web.console.fields import Typed

_TEXTS = ("title_id", "title_en", "venue", "organiser", "audience")
CARRIED = (
    *_TEXTS, "district", "capacity", "starts_day", "starts_time", "ends_day", "ends_time", "version", "once",
)  # fmt: skip
_FIELDS = {"starts_at": "starts_day", "ends_at": "ends_day", "reminder_plan": "reminders"}


@dataclass(frozen=True, slots=True)
class Form:
    """What stands in the fields: text, as a browser's own fields want it."""

    values: dict[str, str]
    reminders: tuple[str, ...]

    def hidden(self) -> list[tuple[str, str]]:
        """All of it, to be carried through the page that asks "is this right?"."""
        kept = [(name, self.values.get(name, "")) for name in CARRIED]
        return [*kept, *(("reminders", name) for name in self.reminders)]


def of_typed(typed: MultiDict[str, str]) -> Form:
    """What somebody typed."""
    return Form({name: typed.get(name, "") for name in CARRIED}, tuple(typed.getlist("reminders")))


def of_fields(fields: EventFields, zone: tzinfo, version: int) -> Form:
    """What an event holds."""
    starts = fields.starts_at.astimezone(zone)
    ends = None if fields.ends_at is None else fields.ends_at.astimezone(zone)
    values = {name: str(getattr(fields, name)) for name in _TEXTS}
    values |= {
        "district": fields.district,
        "capacity": "" if fields.capacity is None else str(fields.capacity),
        "starts_day": starts.date().isoformat(),
        "starts_time": f"{starts:%H:%M}",
        "ends_day": "" if ends is None or ends.date() == starts.date() else ends.date().isoformat(),
        "ends_time": "" if ends is None else f"{ends:%H:%M}",
        "version": str(version),
    }
    return Form(values, DEFAULT_PLAN if fields.reminder_plan is None else fields.reminder_plan)


def read(sent: MultiDict[str, str], zone: tzinfo) -> EventFields:
    """The event that was typed. Raises Invalid by the form's fields."""
    form = sent.copy()
    if form.get("ends_time") and not form.get("ends_day"):
        form["ends_day"] = form.get("starts_day", "")  # the usual event ends on the day it begins
    typed = Typed(form, zone)
    titles = {
        name: typed.text(name, required=True, longest=events.LONGEST_TITLE)
        for name in ("title_id", "title_en")
    }
    starts_at, ends_at = typed.moment("starts", required=True), typed.moment("ends")
    venue = typed.text("venue", required=True, longest=events.LONGEST_VENUE)
    district = typed.choice("district", [one.code for one in DISTRICTS], required=True)
    capacity = typed.number("capacity", smallest=1)
    organiser = typed.text("organiser", longest=events.LONGEST_ORGANISER)
    audience = typed.text("audience", longest=events.LONGEST_AUDIENCE)
    plan = tuple(dict.fromkeys(name[:4] for name in form.getlist("reminders")))
    typed.check()
    assert starts_at is not None
    return EventFields(
        **titles,
        starts_at=starts_at,
        ends_at=ends_at,
        venue=venue,
        district=district,
        capacity=capacity,
        organiser=organiser,
        audience=audience,
        reminder_plan=None if set(plan) == set(DEFAULT_PLAN) else plan,
    )


@contextmanager
def as_typed() -> Iterator[None]:
    """Refusals of the service, by the form's own fields."""
    try:
        yield
    except Invalid as error:
        raise Invalid(
            error.words, {_FIELDS.get(name, name): why for name, why in error.errors.items()}
        ) from error


def choices(form: Form) -> dict[str, Any]:
    """What the form offers."""
    names = dict.fromkeys((*event_words.PLANS, *(name for name in form.reminders if _is_plan(name))))
    return {
        "form": form.values,
        "reminders": form.reminders,
        "plans": [(name, event_words.plan(name)) for name in names],
        "districts": [("", _("choose")), *((one.code, one.name) for one in DISTRICTS)],
        "longest": events.LONGEST_TITLE,
    }


def _is_plan(name: str) -> bool:
    return name[-1:] in ("h", "d") and name[:-1].isascii() and name[:-1].isdigit()
