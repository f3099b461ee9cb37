"""Broadcasts at the desk: the list, a draft with its preview, the second person's page, and the live page.

Writing them is broadcast_compose.py. A partner sees those of the own community only; the services see to
that, here as everywhere.
"""

from __future__ import annotations

import re
from typing import Any

from flask_babel import gettext as _

from sms_service.domain import broadcast_life as life
from sms_service.domain.roles import may
from sms_service.errors import Conflict
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
    preview as broadcast_preview,
)
from sms_service.services.broadcasts import (
    progress as broadcast_progress,
)
from sms_service.services.broadcasts.audience import Audience
from sms_service.services.broadcasts.glance import Draft
from sms_service.services.broadcasts.lists import Entry
from sms_service.services.broadcasts.progress import Progress
from sms_service.services.broadcasts.texts import Words
from sms_service.store.models import Broadcast, Event
from sms_service.web.console import broadcast_words as words
from sms_service.web.console.fields import Typed
from sms_service.web.console.lists import PAGE, listing
from sms_service.web.console.pages import Moved, Page, Shown, Visit

_BEFORE = (life.DRAFT, life.REJECTED, life.SUBMITTED)  # nothing has been decided yet
_WHOLE, _RATE = re.compile(r"[0-9]{1,15}"), re.compile(r"[0-9]{1,9}(\.[0-9]{1,2})?")
_SMOOTH = 0.8  # how much of the rate seen before stays: a rate of two seconds jumps about
_FORGET_RATE_AFTER = 2.0  # minutes


def show_all(visit: Visit) -> Shown:
    """All that this person may see: what is under way first."""
    query = visit.query
    after, group, kind = query.get("after", ""), query.get("group", ""), query.get("kind", "")
    found = broadcast_lists.list_for(visit.tx, visit.person, PAGE + 1, after, group, kind)
    writers = broadcast_lists.writers_of(visit.tx, [row for row in found if row.status == life.SUBMITTED])
    decides = may(visit.person.role, "broadcasts.approve")
    return Shown(
        "broadcasts.html",
        {
            "page": listing(found, query, broadcast_lists.place_of),
            "mine": {one for one, who in writers.items() if decides and visit.person.id not in who},
            "names": broadcast_lists.names_of(visit.tx, {row.author_id for row in found}),
            "communities": broadcast_lists.community_names(visit.tx),
            "groups": [("", _("all")), *words.options(words.GROUPS)],
            "kinds": [("", _("all")), *words.options(words.KINDS)],
            "group_of": {one: key for key, group in broadcast_lists.GROUPS.items() for one in group},
            "group_names": words.GROUPS,
            "query": query,
            **_names(),
        },
    )


def show_one(visit: Visit) -> Shown:
    """A draft with its preview; or how far it is."""
    row = _row(visit)
    values = _about(visit, row)
    if row.status in _BEFORE:
        return Shown("broadcast.html", {**values, **_preview(visit, row)})
    values |= {"drafts": _drafts(visit, row), **_live(visit, row, values["history"])}
    return Shown("broadcast_progress.html", values)


def show_live(visit: Visit) -> Shown:
    """The moving part of the live page alone."""
    row = _row(visit)
    history = broadcast_lists.history(visit.tx, row.id)
    values = {"row": row, "acts": _acts(visit, row), **_names(), **_live(visit, row, history)}
    return Shown("broadcast_live.html", {**values, "is_part": True})


def show_approval(visit: Visit) -> Shown:
    """What the second person decides on: what goes to whom, when, what it costs, and who wrote it."""
    row = _row(visit)
    if row.status != life.SUBMITTED:
        raise Conflict(life.refusal("approve", row.status))
    values = {**_about(visit, row), **_preview(visit, row)}
    return Shown("broadcast_approve.html", {**values, "typed": visit.typed, "errors": visit.errors})


def show_cancel(visit: Visit) -> Shown:
    """Are you sure, and why."""
    row = _row(visit)
    if not life.may("cancel", row.status):
        raise Conflict(life.refusal("cancel", row.status))
    found = broadcast_progress.progress(visit.tx, row, visit.runtime.settings, visit.now)
    values = {"row": row, "progress": found, "typed": visit.typed, "errors": visit.errors, **_names()}
    return Shown("broadcast_cancel.html", values)


def submit(visit: Visit) -> Moved:
    """Hand it over to a second person."""
    broadcasts.submit(visit.tx, _id(visit), visit.person, visit.now, _version(visit))
    return _back(visit, _("It now waits for the approval of somebody else."))


def approve(visit: Visit) -> Moved:
    """The second person's word, for what that person has read."""
    override = Typed(visit.form, visit.runtime.settings.zone).ticked("override_quiet_hours")
    row = broadcasts.approve(visit.tx, _id(visit), visit.person, visit.now, override, _version(visit))
    is_later = row.send_at is not None and row.send_at > visit.now
    return _back(visit, _("Approved. It begins at its time.") if is_later else _("Approved. It begins now."))


def reject(visit: Visit) -> Moved:
    """Back to the author, with the reason."""
    reason = _reason(visit, required=True)
    broadcasts.reject(visit.tx, _id(visit), visit.person, reason, visit.now)
    return _back(visit, _("It is sent back to its author, with your reason."))


def pause(visit: Visit) -> Moved:
    """Nothing more goes out."""
    broadcasts.pause(visit.tx, _id(visit), visit.person, visit.now)
    return _back(visit, _("Paused. Nothing more goes out until somebody lets it go on."))


def resume(visit: Visit) -> Moved:
    """On, where it stopped."""
    broadcasts.resume(visit.tx, _id(visit), visit.person, visit.now)
    return _back(visit, _("It goes on exactly where it stopped."))


def cancel(visit: Visit) -> Moved:
    """Off for good."""
    broadcasts.cancel(visit.tx, _id(visit), visit.person, _reason(visit, required=True), visit.now)
    return _back(visit, _("Called off. What still waited does not go out."))


def _about(visit: Visit, row: Broadcast) -> dict[str, Any]:
    """What every page of one broadcast says of it."""
    writers = broadcast_lists.writers_of(visit.tx, [row])[row.id]
    people = {*writers, *(one for one in (row.approver_id, row.override_by) if one)}
    communities = broadcast_lists.community_names(visit.tx)
    settings = visit.runtime.settings
    return {
        "row": row,
        "acts": _acts(visit, row),
        "people": broadcast_lists.names_of(visit.tx, people),
        "writers": sorted(writers - {row.author_id}),
        "wrote_it": visit.person.id in writers,
        "decides": may(visit.person.role, "broadcasts.approve"),
        "audience": words.audience(Audience.from_json(row.audience), communities, _event(visit, row)),
        "community": communities.get(row.community_id or 0, ""),
        "history": broadcast_lists.history(visit.tx, row.id),
        "sees_clusters": may(visit.person.role, "reports.clusters"),
        "quiet_until": broadcast_progress.waits_until(row, settings, visit.now),
        "life_hours": int(life.DEFAULT_LIFE[row.kind].total_seconds() // 3600),
        "did": words.did,
        **_names(),
    }


def _names() -> dict[str, Any]:
    return {
        "kind_names": words.KINDS,
        "status_names": words.STATUSES,
        "looks": words.LOOKS,
        "language_names": words.LANGUAGES,
        "text_names": words.TEXTS,
        "reason_words": words.reason,
        "halt_words": words.halt,
    }


def _event(visit: Visit, row: Broadcast) -> str:
    number = Audience.from_json(row.audience).event
    event = None if number is None else visit.tx.get(Event, number)
    return "" if event is None else f"{event.title_id} ({event.code})"


def _preview(visit: Visit, row: Broadcast) -> dict[str, Any]:
    fields, settings = broadcasts.fields_of(row), visit.runtime.settings
    seen = broadcast_preview.preview(visit.tx, fields, _fillers(visit), settings, visit.now, row.id)
    return {"seen": seen, "drafts": _drafts(visit, row)}


def _drafts(visit: Visit, row: Broadcast) -> list[Draft]:
    audience = Audience.from_json(row.audience)
    return broadcast_glance.draw(row.text_id, row.text_en, audience, _fillers(visit))


def _fillers(visit: Visit) -> Words:
    return Words.of(visit.runtime.settings, visit.runtime.menu)


def _acts(visit: Visit, row: Broadcast) -> set[str]:
    """What this person may do with it now. A partner does not judge what the service has halted."""
    possible = {act for act in life.PEOPLES_ACTS if life.may(act, row.status)}
    if not may(visit.person.role, "broadcasts.approve"):
        possible -= {"approve", "reject"}
    return possible - {"resume"} if visit.person.role == "partner" and row.status == life.HALTED else possible


def _live(visit: Visit, row: Broadcast, history: list[Entry]) -> dict[str, Any]:
    found = broadcast_progress.progress(visit.tx, row, visit.runtime.settings, visit.now)
    rate = _rate(visit, row, found)
    return {
        "progress": found,
        "parts": _bar(found),
        "rate": rate,
        "left": found.waits / rate * 60 if rate else None,
        "is_final": row.status in life.FINAL and not found.waits,
        "base": {"since": _millis(visit), "tried": found.tried, "rate": round(rate or 0, 2)},
        "halts": [entry for entry in history if entry.act == "halt"],
        "shown_version": visit.query.get("version", ""),
    }


def _rate(visit: Visit, row: Broadcast, found: Progress) -> float | None:
    """Texts a minute while it sends, smoothed: the page that asks again brings along what it saw last.
    None: it cannot be said yet."""
    since, tried, before = (visit.query.get(name, "") for name in ("since", "tried", "rate"))
    if row.status not in (life.CANARY, life.RUNNING) or not (
        _WHOLE.fullmatch(since) and _WHOLE.fullmatch(tried)
    ):
        return None
    passed, went = (_millis(visit) - int(since)) / 60_000, found.tried - int(tried)
    if passed <= 0 or went < 0 or passed > _FORGET_RATE_AFTER:
        return None
    now = went / passed
    kept = float(before) if _RATE.fullmatch(before) else 0.0
    return (_SMOOTH * kept + (1 - _SMOOTH) * now if kept else now) or None


def _millis(visit: Visit) -> int:
    return int(visit.real_now.timestamp() * 1000)


def _bar(found: Progress) -> list[tuple[str, float, float]]:
    """The parts of the bar: status, where it begins and how wide it is, in hundredths."""
    parts, at = [], 0.0
    for status in words.TEXTS:
        width = 100 * found.counts[status] / found.recipients if found.recipients else 0.0
        if width:
            parts.append((status, round(at, 3), round(width, 3)))
        at += width
    return parts


def _row(visit: Visit) -> Broadcast:
    return broadcasts.get_broadcast(visit.tx, _id(visit), visit.person)


def _id(visit: Visit) -> int:
    return visit.id("broadcast_id")


def _version(visit: Visit) -> int | None:
    return Typed(visit.form, visit.runtime.settings.zone).number("version")


def _reason(visit: Visit, *, required: bool) -> str:
    typed = Typed(visit.form, visit.runtime.settings.zone)
    reason = typed.text("reason", required=required, longest=broadcasts.LONGEST_REASON)
    typed.check()
    return reason


def _back(visit: Visit, said: str) -> Moved:
    return Moved(f"broadcasts/{_id(visit)}", said)


_ONE, _OWN, _SECOND = "/broadcasts/<int:broadcast_id>", "broadcasts.own", "broadcasts.approve"
_BACK = "broadcasts/{broadcast_id}"
PAGES = (
    Page("/broadcasts", _OWN, show=show_all),
    Page(_ONE, _OWN, show=show_one),
    Page(f"{_ONE}/live", _OWN, show=show_live),
    Page(f"{_ONE}/submit", _OWN, act=submit, back=_BACK),
    Page(f"{_ONE}/approve", _SECOND, show=show_approval, act=approve),
    Page(f"{_ONE}/reject", _SECOND, show=show_approval, act=reject),
    Page(f"{_ONE}/pause", _OWN, act=pause, back=_BACK),
    Page(f"{_ONE}/resume", _OWN, act=resume, back=_BACK),
    Page(f"{_ONE}/cancel", _OWN, show=show_cancel, act=cancel),
)
