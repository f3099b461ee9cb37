"""What the menu asks about a report that was filed: where it stands, by code and PIN.

Code and PIN are typed, used and forgotten: between two screens the code is held sealed, and so is what is
shown. A text (STATUS) is answered in the same way by `status_text`.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping
from datetime import datetime

from menus.model import Call, Outcome
from menus.words import cut, say
from sms_service.domain import receipts
from sms_service.domain.schedules import local_day, local_time
from sms_service.errors import Invalid, Locked, NotFound, Unavailable
from sms_service.metrics import DEGRADED
from sms_service.services.dialogues.actions.context import Context, ContextAction
from sms_service.services.dialogues.actions.reports import CLEARED
from sms_service.services.effects import Done
from sms_service.services.reports import receipts as receipt_desk

_LONGEST_REPLY = 230  # septets of the office's words in a text: with the status, two segments


def read_report_code(context: Context, call: Call) -> Outcome:
    """The code that was typed, or code and PIN in one; sealed, for a dialogue is kept for some minutes."""
    typed = call.values.get("report_typed", "")
    both = receipts.read_both(typed)
    code = both[0] if both else receipts.read_code(typed)
    if code is None:
        return Outcome("mistyped", CLEARED)
    sealed = {"report_code": _seal(context, code)}
    if both:
        return Outcome("both", {**CLEARED, **sealed, "report_pin": both[1]})
    return Outcome("code", {**CLEARED, **sealed})


def look_up_report(context: Context, call: Call) -> Outcome:
    """Where the report of this code and PIN stands. A repeated request is not a further attempt."""
    try:
        found = context.find_done(call, "look_up_report")
        if found is None:
            looked_up = _look_up(context, call)
            found = context.once(call, "look_up_report", lambda tx: looked_up)
    except Unavailable:
        DEGRADED.labels("database").inc()
        found = Outcome("away")
    return Outcome(found.name, {**found.values, **CLEARED, "report_code": ""})


def report_state(context: Context, call: Call) -> Mapping[str, str]:
    """The status in plain words, and what the office wrote last."""
    sealed = call.values.get("report_view", "")
    view: dict[str, str] = json.loads(_open(context, sealed)) if sealed else {}
    if not view:
        return {}
    status = context.words(call, f"report_status.{view['status']}")
    since = context.words(call, "report.state", status=status, since=view["since"])
    return {"report_state": since, "report_reply": f"\n{view['reply']}" if view["reply"] else ""}


def status_text(context: Context, language: str, typed: str) -> str:
    """The answer to STATUS with code and PIN as typed. Raises Unavailable."""
    both = receipts.read_both(typed)
    if both is None:
        many = sum(sign.isdigit() for sign in typed) >= receipts.CODE_DIGITS
        return _text(context, language, "status_mistyped" if many else "status_how")
    call = Call({"report_code": _seal(context, both[0]), "report_pin": both[1]}, language, 0)
    found = look_up_report(context, call)
    if found.name == "away":
        raise Unavailable("the database is not available")
    if found.name != "found":
        return _text(context, language, f"status_{found.name}", **found.values)
    state = report_state(context, Call(found.values, language, 0))
    reply = f"\n{cut(state['report_reply'], _LONGEST_REPLY)}" if state["report_reply"] else ""
    return _text(context, language, "status_is", **{**state, "report_reply": reply})


def _text(context: Context, language: str, key: str, **values: str) -> str:
    return say(context.menu, language, f"sms.{key}", **values)


def _look_up(context: Context, call: Call) -> Done:
    code, pin = _open(context, call.values.get("report_code", "")), call.values.get("report_pin", "")
    try:
        view = receipt_desk.look_up(context.runtime.store, code, pin, context.number_hash, context.now)
    except Invalid:
        return "mistyped", {}
    except Locked as locked:
        zone = context.runtime.settings.zone
        return "locked", {"report_until": local_time(locked.until, zone, call.language)}
    except NotFound:
        return "wrong", {}
    told = {"status": view.status, "since": _day(context, call, view.since), "reply": ""}
    if view.replies:
        last = view.replies[0]
        on = _day(context, call, last.written_at)
        told["reply"] = context.words(call, "report.reply", on=on, text=last.text)
    return "found", {"report_view": _seal(context, json.dumps(told))}


def _day(context: Context, call: Call, at: datetime) -> str:
    return local_day(at.astimezone(context.runtime.settings.zone).date(), call.language)


def _seal(context: Context, text: str) -> str:
    return base64.b64encode(context.runtime.store.vault.seal(text)).decode()


def _open(context: Context, sealed: str) -> str:
    try:
        return context.runtime.store.vault.open(base64.b64decode(sealed)) if sealed else ""
    except ValueError:  # of a key that is gone meanwhile
        return ""


ACTIONS: Mapping[str, ContextAction] = {
    "read_report_code": read_report_code,
    "look_up_report": look_up_report,
    "report_state": report_state,
}
