"""Writing a broadcast: the form, and the phone beside it that shows the text as it will arrive.

Without scripts a button looks; with them the form is sent here while it is typed, and only the drawing is
exchanged. Whatever was typed comes back with a refusal, also when somebody else was quicker.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any

from flask_babel import gettext as _
from werkzeug.datastructures import MultiDict

from sms_service.domain import broadcast_life as life
from sms_service.domain import districts, topics
from sms_service.errors import Conflict, Invalid
from sms_service.services.broadcasts import (
    audience as broadcast_audience,
)
from sms_service.services.broadcasts import (
    glance as broadcast_glance,
)
from sms_service.services.broadcasts import (
    life as broadcasts,
)
from sms_service.services.broadcasts import (
    lists as broadcast_lists,
)
from sms_service.services.broadcasts import (
    texts as broadcast_texts,
)
from sms_service.services.broadcasts.audience import Audience
from sms_service.services.broadcasts.glance import Glance
from sms_service.services.broadcasts.life import BroadcastFields
from sms_service.services.broadcasts.texts import Words
from sms_service.store.engine import Tx
from sms_service.store.models import Broadcast
from sms_service.web.console import broadcast_words as words
from sms_service.web.console.fields import Typed
from sms_service.web.console.pages import Answer, Moved, Page, Shown, Visit

_CODES = tuple(district.code for district in districts.DISTRICTS)
_LONGEST_NUMBERS = 100_000  # characters: some thousand lines
_LISTS = ("districts", "languages", "topics", "communities")


def show_new(visit: Visit) -> Shown:
    """An empty form, or the one that was refused."""
    values = _as_typed(visit.typed) if visit.typed else _as_typed(MultiDict({"kind": "info"}))
    return _form(visit, values, None, _glance_of(visit, visit.tx, visit.typed))


def create(visit: Visit) -> Answer:
    """Keep a new draft; or only look, where the browser runs no scripts."""
    if visit.form.get("do") == "look":
        values, seen = _as_typed(visit.form), _glance_of(visit, visit.tx, visit.form)
        return _form(visit, values, None, seen, words.faults(seen.faults))
    row = broadcasts.create_draft(visit.tx, visit.person, _read(visit, visit.tx, visit.form), visit.now)
    visit.tx.flush()
    return Moved(f"broadcasts/{row.id}", _("The draft is kept. This is what it would be now."))


def show_edit(visit: Visit) -> Shown:
    """The form of a draft; after a refusal with what was typed, and what has changed meanwhile."""
    row = broadcasts.get_broadcast(visit.tx, visit.id("broadcast_id"), visit.person)
    if not visit.typed:
        if not life.may("edit", row.status):
            raise Conflict(life.refusal("edit", row.status))
        kept = _as_kept(visit, row)
        return _form(visit, kept, row, _glance_of(visit, visit.tx, _as_form(kept), row))
    return _form(visit, _as_typed(visit.typed), row, _glance_of(visit, visit.tx, visit.typed, row))


def edit(visit: Visit) -> Answer:
    """Change a draft."""
    number = visit.id("broadcast_id")
    row = broadcasts.get_broadcast(visit.tx, number, visit.person)
    if visit.form.get("do") == "look":
        values, seen = _as_typed(visit.form), _glance_of(visit, visit.tx, visit.form, row)
        return _form(visit, values, row, seen, words.faults(seen.faults))
    fields = _read(visit, visit.tx, visit.form, row)
    changes = {name: getattr(fields, name) for name in BroadcastFields.__slots__}
    version = Typed(visit.form, visit.runtime.settings.zone).number("version")
    broadcasts.edit(visit.tx, number, visit.person, changes, visit.now, version)
    return Moved(f"broadcasts/{number}", _("The change is kept. This is what it would be now."))


def look(visit: Visit) -> Shown:
    """The phone alone, for the form that is being typed. Reads only, and refuses nothing: faults are told
    where the phone would stand."""
    with visit.runtime.store.read() as tx:
        seen = _glance_of(visit, tx, visit.form, _row_of(visit, tx))
        return Shown("broadcast_glance.html", _glance_values(seen))


def _row_of(visit: Visit, tx: Tx) -> Broadcast | None:
    number = visit.form.get("broadcast", "")
    if not (number.isascii() and number.isdigit() and len(number) < 10):
        return None
    return broadcasts.get_broadcast(tx, int(number), visit.person)


def _read(visit: Visit, tx: Tx, form: MultiDict[str, str], row: Broadcast | None = None) -> BroadcastFields:
    """What the form asks for. Raises Invalid by field, everything that cannot be read at once."""
    typed = Typed(form, visit.runtime.settings.zone)
    fields = BroadcastFields(
        kind=typed.choice("kind", life.KINDS, required=True),
        text_id=_text(typed, "text_id", required=True),
        text_en=_text(typed, "text_en"),
        audience=_read_audience(visit, tx, typed, row),
        send_at=typed.moment("send", required=True) if form.get("starts") == "at" else None,
        expires_at=typed.moment("expires"),
        resend_unknown=typed.ticked("resend_unknown"),
    )
    typed.check()
    return fields


def _text(typed: Typed, name: str, *, required: bool = False) -> str:
    given = typed.text(name, required=required, longest=broadcast_texts.LONGEST_TEXT)
    # The odd spaces of word processors, as a phone shows them.
    return given.replace("\u00a0", " ").replace("\u202f", " ")


def _read_audience(visit: Visit, tx: Tx, typed: Typed, row: Broadcast | None) -> Audience:
    kept_event = None if row is None else Audience.from_json(row.audience).event
    events = broadcast_lists.list_events(tx, visit.person, visit.now, kept_event)
    event = typed.choice("event", [str(one.id) for one in events])
    chosen = Audience(
        districts=typed.choices("districts", _CODES),
        languages=typed.choices("languages", broadcast_audience.LANGUAGES),
        topics=typed.choices("topics", topics.TOPICS),
        event=int(event) if event else None,
    )
    if visit.person.role == "partner":
        return replace(chosen, communities=(visit.person.community_id or 0,))
    offered = [str(one) for one in broadcast_lists.community_names(tx)]
    communities = tuple(int(one) for one in typed.choices("communities", offered))
    return replace(chosen, communities=communities, subscribers=_read_numbers(visit, tx, typed, row))


def _read_numbers(visit: Visit, tx: Tx, typed: Typed, row: Broadcast | None) -> tuple[int, ...] | None:
    """People named one by one; those of the draft stay until somebody takes them out."""
    given = typed.text("numbers", longest=_LONGEST_NUMBERS).splitlines()
    lines = {number: line for number, line in enumerate(given, 1) if line.strip()}
    kept = None if row is None else Audience.from_json(row.audience).subscribers
    if typed.ticked("drop_named"):
        kept = None
    if not lines:
        return kept
    try:
        country = visit.runtime.settings.default_country
        named = broadcast_audience.resolve_numbers(tx, list(lines.values()), country)
    except Invalid as error:  # told with the other faults of the form
        typed.errors["numbers"] = words.number_faults(error.errors, list(lines))
        return kept
    return tuple(sorted({*(kept or ()), *named}))


def _glance_of(visit: Visit, tx: Tx, form: Mapping[str, str], row: Broadcast | None = None) -> Glance:
    """As far as the form can be read."""
    given = MultiDict(form) if not isinstance(form, MultiDict) else form
    typed = Typed(given, visit.runtime.settings.zone)
    runtime = visit.runtime
    audience = _read_audience(visit, tx, typed, row)
    fields = BroadcastFields(
        kind=typed.choice("kind", life.KINDS) or life.KINDS[0],
        text_id=_text(typed, "text_id"),
        text_en=_text(typed, "text_en"),
        audience=audience,
    )
    counts = not typed.errors and not broadcast_audience.check(tx, audience)
    filled = Words.of(runtime.settings, runtime.menu)
    return broadcast_glance.glance(tx, fields, filled, runtime.settings, visit.now, counts)


def _glance_values(seen: Glance) -> dict[str, Any]:
    return {
        "seen": seen,
        "glance_faults": words.faults(seen.faults),
        "language_names": words.LANGUAGES,
        "most_counted": broadcast_glance.MOST_COUNTED,
    }


def _form(
    visit: Visit,
    values: Mapping[str, Any],
    row: Broadcast | None,
    seen: Glance,
    errors: Mapping[str, str] | None = None,
) -> Shown:
    is_partner = visit.person.role == "partner"
    communities = broadcast_lists.community_names(visit.tx)
    kept_event = None if row is None else Audience.from_json(row.audience).event
    events = broadcast_lists.list_events(visit.tx, visit.person, visit.now, kept_event)
    named = None if row is None else Audience.from_json(row.audience).subscribers
    return Shown(
        "broadcast_form.html",
        {
            **_glance_values(seen),
            "v": values,
            "row": row,
            "errors": words.faults(visit.errors) if errors is None else errors,
            "kinds": words.options(words.KINDS),
            "districts": words.district_options(),
            "languages": words.options(words.LANGUAGES),
            "topics": words.topic_options(),
            "communities": [(str(key), name) for key, name in communities.items()],
            "own_community": communities.get(visit.person.community_id or 0, "") if is_partner else "",
            "is_partner": is_partner,
            "events": [
                ("", _("everybody, registered or not")),
                *((str(one.id), _title(one)) for one in events),
            ],
            "named": len(named or ()),
            "changed": _changed(visit, values, row) if row is not None and visit.typed else [],
            "can_save": row is None or life.may("edit", row.status),
            "lives": {kind: int(span.total_seconds() // 3600) for kind, span in life.DEFAULT_LIFE.items()},
        },
    )


def _title(event: Any) -> str:
    return f"{event.title_id} ({event.code})"


def _changed(visit: Visit, values: Mapping[str, Any], row: Broadcast) -> list[tuple[str, str]]:
    """What somebody else has changed meanwhile, as it stands now, where it differs from what was typed."""
    if values.get("version") == str(row.version):
        return []
    kept = _as_kept(visit, row)
    shown = {
        "kind": (_("Kind"), str(words.KINDS[row.kind])),
        "text_id": (_("Text in Indonesian"), row.text_id),
        "text_en": (_("Text in English"), row.text_en),
    }
    told = [pair for name, pair in shown.items() if kept[name] != values.get(name, "")]
    if any(set(kept[name]) != set(values.get(name, ())) for name in (*_LISTS, "event")):
        lines = words.audience(
            Audience.from_json(row.audience), broadcast_lists.community_names(visit.tx), _("an event")
        )
        told.append(
            (_("Audience"), "; ".join(f"{label}: {given}" for label, given in lines) or _("everybody"))
        )
    return told


def _as_typed(form: MultiDict[str, str]) -> dict[str, Any]:
    """The values of the form as they were typed."""
    values: dict[str, Any] = {name: form.get(name, "") for name in form}
    return values | {name: form.getlist(name) for name in _LISTS}


def _as_kept(visit: Visit, row: Broadcast) -> dict[str, Any]:
    """The values of the form as the draft has them. People named one by one are not written out."""
    audience = Audience.from_json(row.audience)
    zone = visit.runtime.settings.zone
    values: dict[str, Any] = {
        "version": str(row.version),
        "kind": row.kind,
        "text_id": row.text_id,
        "text_en": row.text_en,
        "districts": list(audience.districts),
        "languages": list(audience.languages),
        "topics": list(audience.topics),
        "communities": [str(one) for one in audience.communities],
        "event": "" if audience.event is None else str(audience.event),
        "starts": "" if row.send_at is None else "at",
        "resend_unknown": "1" if row.resend_unknown else "",
    }
    for name, at in (("send", row.send_at), ("expires", row.expires_at)):
        values |= _day_and_time(name, None if at is None else at.astimezone(zone))
    return values


def _day_and_time(name: str, at: datetime | None) -> dict[str, str]:
    if at is None:
        return {}
    return {f"{name}_day": at.date().isoformat(), f"{name}_time": at.strftime("%H:%M")}


def _as_form(values: Mapping[str, Any]) -> MultiDict[str, str]:
    return MultiDict(values)


PAGES = (
    Page("/broadcasts/new", "broadcasts.own", show=show_new, act=create),
    Page("/broadcasts/glance", "broadcasts.own", act=look, is_free=True),
    Page("/broadcasts/<int:broadcast_id>/edit", "broadcasts.own", show=show_edit, act=edit),
)
