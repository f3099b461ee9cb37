"""A feature phone in the browser, for rehearsals: it dials the real engine and receives the real texts.

Only where texts reach nothing but our own phones (settings.is_rehearsal), and only with numbers of a block
of our own: nobody may call as somebody else. Works without scripts.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import yaml
from flask_babel import gettext as _

from sms_service.domain.texts import measure
from sms_service.errors import Invalid, NotAllowed
from sms_service.services import rehearsals
from sms_service.web.console.handset import FIRST, Call, Handset, is_ours, read_call
from sms_service.web.console.pages import Answer, File, Moved, Page, Shown, Visit

_SHIFTS = {"1h": timedelta(hours=1), "1d": timedelta(days=1), "7d": timedelta(days=7)}


def show(visit: Visit) -> Shown:
    """A phone that is not in a call."""
    if not visit.runtime.settings.is_rehearsal:
        return Shown("phone_live.html", {})
    wanted = visit.typed.get("number") or visit.query.get("number", FIRST)
    call = read_call(visit.typed) if visit.typed and is_ours(wanted) else Call()
    if is_ours(wanted) and not visit.typed:
        call = Call(number=wanted)
    return _shown(visit, Handset(visit.runtime, visit.turns, call))


def act(visit: Visit) -> Answer:
    """One key of the phone."""
    _require_rehearsal(visit)
    handset = Handset(visit.runtime, visit.turns, read_call(visit.form))
    key, pressed = visit.form.get("do", "send"), visit.form.get("press", "")
    if key == "record":
        return _recording(handset.call)
    keys: dict[str, Callable[[], None]] = {
        "dial": handset.dial,
        "drop": handset.drop,
        "twice": handset.send_again,
        "send": lambda: handset.press(pressed or visit.form.get("input", "")),
        "sms": lambda: handset.send_sms(visit.form.get("sms", "")),
        "look": lambda: None,
    }
    if key not in keys:
        raise Invalid("the phone has no such key")
    keys["send" if pressed else key]()
    return _shown(visit, handset)


def inbox(visit: Visit) -> Shown:
    """The inbox alone, for the page that looks again by itself."""
    _require_rehearsal(visit)
    handset = Handset(visit.runtime, visit.turns, read_call(visit.form))
    return Shown("phone_inbox.html", {"texts": _texts(handset)})


def shift_clock(visit: Visit) -> Moved:
    """Move the service's clock: a reminder of next week arrives now."""
    _require_rehearsal(visit)
    by, number = visit.form.get("by", ""), visit.form.get("number", FIRST)
    if by not in _SHIFTS and by != "back":
        raise Invalid("the clock cannot be moved by that")
    with visit.runtime.store.transaction() as tx:
        amount = -rehearsals.get_shift(tx) if by == "back" else _SHIFTS[by]
        rehearsals.shift_clock(tx, amount, visit.runtime.settings)
    to = f"phone?number=%2B{number[1:]}" if is_ours(number) else "phone"
    return Moved(to, _("The clock is moved. It takes a second or two until all parts know."))


def _recording(call: Call) -> File:
    """The call as a golden dialogue: a file for tests/menus/dialogues."""
    steps = [
        {key: step[key] for key in ("dial", "type", "text", "drop", "see") if key in step}
        for step in call.steps
    ]
    told = {"about": _("Recorded at the desk."), "steps": steps}
    text = yaml.safe_dump(told, allow_unicode=True, sort_keys=False, width=200)
    return File("dialogue.yaml", text.encode(), "application/yaml")


def _shown(visit: Visit, handset: Handset) -> Shown:
    call, settings = handset.call, visit.runtime.settings
    values = {
        "call": call,
        "screen": call.answer[4:],
        "is_on": bool(call.session),
        "size": measure(call.answer) if call.answer else None,
        "limit": settings.ussd_screen_septets,
        "service_code": settings.service_code,
        "short_code": settings.short_code,
        "texts": _texts(handset),
        "service_now": visit.now,
        "errors": visit.errors,
    }
    return Shown("phone.html", values)


def _texts(handset: Handset) -> list[dict[str, object]]:
    return [{"body": body, "size": measure(body)} for _id, body in handset.texts()]


def _require_rehearsal(visit: Visit) -> None:
    if not visit.runtime.settings.is_rehearsal:
        raise NotAllowed("the phone works in a rehearsal only")


PAGES = (
    Page("/phone", "desk", show=show, act=act, is_free=True),
    Page("/phone/inbox", "desk", act=inbox, back="phone", is_free=True),
    Page("/phone/clock", "desk", act=shift_clock, back="phone", is_free=True),
)
