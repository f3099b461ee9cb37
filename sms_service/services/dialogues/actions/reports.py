"""What the menu asks while a report is told: begin, keep each answer, go on, file, show the receipt.

An answer goes from the dialogue into the sealed draft within the same turn: what is typed is never kept in
Redis. The dialogue holds only the draft's token, by which a repeated confirmation finds the report filed.
With the database away nothing can be kept, and the caller is told so and whom to call.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace

from menus.model import Call, Item, Outcome
from sms_service.domain import receipts
from sms_service.domain.report_answers import (
    DESTINATIONS,
    MODI,
    Answers,
    likely_districts,
    read_story,
)
from sms_service.domain.report_questions import add_story, next_question, take
from sms_service.errors import Locked, Unavailable
from sms_service.metrics import DEGRADED
from sms_service.services.dialogues.actions.context import Context, ContextAction
from sms_service.services.effects import Done
from sms_service.services.reports import drafts as report_drafts
from sms_service.services.reports import filing as reports
from sms_service.services.reports.drafts import Draft
from sms_service.store.engine import Tx

CLEARED = {"report_typed": "", "report_pin": ""}  # what was typed never stays in the dialogue


def enter_report(context: Context, call: Call) -> Outcome:
    """Is there a draft to go on with? With the database away: what can be read, and the numbers to call."""

    def act(tx: Tx) -> Done:
        draft = report_drafts.find(tx, context.number_hash, context.now)
        return ("draft", {"report": draft.token}) if draft else ("none", {"report": ""})

    entered = _once(context, call, "enter_report", act)
    return Outcome("none", {"report": ""}) if entered.name == "away" else entered


def discard_report(context: Context, call: Call) -> Outcome:
    """Throw the draft away: nothing was told."""

    def act(tx: Tx) -> Done:
        report_drafts.discard(tx, context.number_hash)
        return "done", {"report": ""}

    return _once(context, call, "discard_report", act)


def keep_report_answer(context: Context, call: Call) -> Outcome:
    """Keep one answer in the draft (begun with the first one) and say what is asked next."""
    question, typed = call.values.get("report_question", ""), call.values.get("report_typed", "")

    def change(answers: Answers) -> tuple[Answers, str]:
        return take(answers, question, typed, context.runtime.settings.default_country)

    return _once(context, call, "keep_report_answer", lambda tx: _keep(context, call, tx, change))


def tell_report(context: Context, call: Call) -> Outcome:
    """A text in free words begins a draft, or joins the one there is; only what is missing is asked."""
    told = read_story(call.values.get("report_typed", ""), context.runtime.settings.default_country)

    def change(answers: Answers) -> tuple[Answers, str]:
        return add_story(answers, told), ""

    return _once(context, call, "tell_report", lambda tx: _keep(context, call, tx, change))


def go_on_report(context: Context, call: Call) -> Outcome:
    """LANJUT: the first question of the draft that is still open, or `none`."""

    def act(tx: Tx) -> Done:
        draft = report_drafts.find(tx, context.number_hash, context.now)
        return (next_question(draft.answers), {"report": draft.token}) if draft else ("none", {})

    return _once(context, call, "go_on_report", act)


def next_report_question(context: Context, call: Call) -> Outcome:
    """The first question that is still open."""

    def act(tx: Tx) -> Done:
        if _is_filed(tx, call):
            return "filed", {}
        draft = report_drafts.find(tx, context.number_hash, context.now)
        return next_question(draft.answers if draft else Answers()), {"report": draft.token if draft else ""}

    return _once(context, call, "next_report_question", act)


def file_report(context: Context, call: Call) -> Outcome:
    """File the draft, once: the draft's token names the filing, however often this is asked."""
    pin = call.values.get("report_pin", "")
    if pin and receipts.pin_fault(pin):
        return Outcome("bad_pin", CLEARED)
    try:
        draft = context.read(lambda tx: _to_file(context, call, tx))
        if isinstance(draft, str):
            return Outcome(draft, CLEARED)
        runtime, answers = context.runtime, replace(draft.answers, pin=pin)
        where = (context.number, call.language, context.channel, context.now, runtime.redis)
        reports.confirm(runtime.store, runtime.settings, draft.token, answers, *where)
    except Locked:
        return Outcome("too_many", CLEARED)
    except Unavailable:
        DEGRADED.labels("database").inc()
        return Outcome("away", CLEARED)
    return Outcome("filed", {**CLEARED, "report": draft.token})


def report_receipt(context: Context, call: Call) -> Mapping[str, str]:
    """Code and PIN of what was filed, worked out for each showing and kept nowhere. Of a PIN that the caller
    chose there is nothing to show."""
    token = call.values.get("report", "")
    receipt = reports.find_receipt(context.runtime.store, token) if token else None
    if receipt is None:
        return {}
    return {
        "report_code": receipts.spoken(receipt.code),
        "report_pin": receipt.pin or context.words(call, "report.pin_own"),
        "report_hint": context.words(call, f"report.hint.{context.channel}"),
    }


def report_summary(context: Context, call: Call) -> Mapping[str, str]:
    """What sending will mean for the caller's own number. Nothing that was told is repeated. With the
    database away the page stands without it: sending then says what can be done."""
    try:
        draft = context.read(lambda tx: report_drafts.find(tx, context.number_hash, context.now))
    except Unavailable:
        draft = None
    if draft is None or not draft.answers.contact:
        return {}
    chosen = "texts" if draft.answers.texts == "neutral" else "call"
    key = "anonymous" if draft.answers.contact == "anonymous" else chosen
    return {"report_contact": context.words(call, f"report.contact.{key}")}


def report_modi(context: Context, call: Call) -> tuple[Item, ...]:
    """What may have been offered or asked."""
    return tuple(Item(key, context.words(call, f"report.modus.{key}")) for key in MODI)


def report_destinations(context: Context, call: Call) -> tuple[Item, ...]:
    """Where people may be taken."""
    return tuple(Item(key, context.words(call, f"report.destination.{key}")) for key in DESTINATIONS)


def report_districts(context: Context, call: Call) -> tuple[Item, ...]:
    """The districts that the place which was typed may lie in."""
    draft = context.read(lambda tx: report_drafts.find(tx, context.number_hash, context.now))
    likely = likely_districts(draft.answers.place) if draft else ()
    return tuple(Item(district.code, district.name) for district in likely)


def _keep(context: Context, call: Call, tx: Tx, change: Callable[[Answers], tuple[Answers, str]]) -> Done:
    token = call.values.get("report", "")
    if _is_filed(tx, call):
        return "filed", {"report": token}
    draft = report_drafts.find(tx, context.number_hash, context.now, lock=True)
    answers, wanted = change(draft.answers if draft else Answers())
    where = (call.language, context.channel, context.now)
    saved = report_drafts.save(tx, context.number_hash, answers, *where, token=token)
    return wanted or next_question(answers), {"report": saved.token}


def _to_file(context: Context, call: Call, tx: Tx) -> Draft | str:
    """The draft to file, or where to go instead: filed before, or something is still missing."""
    if _is_filed(tx, call):
        return "filed"
    draft = report_drafts.find(tx, context.number_hash, context.now)
    if draft is None:
        return next_question(Answers())
    left = next_question(draft.answers)
    return draft if left == "confirm" else left


def _is_filed(tx: Tx, call: Call) -> bool:
    token = call.values.get("report", "")
    return bool(token) and reports.is_filed(tx, token)


def _once(context: Context, call: Call, action: str, act: Callable[[Tx], Done]) -> Outcome:
    """Cause an effect once; what was typed is dropped from the dialogue whatever comes of it."""
    try:
        done = context.once(call, action, act)
    except Unavailable:
        DEGRADED.labels("database").inc()
        return Outcome("away", CLEARED)
    return Outcome(done.name, {**done.values, **CLEARED})


ACTIONS: Mapping[str, ContextAction] = {
    "enter_report": enter_report,
    "discard_report": discard_report,
    "keep_report_answer": keep_report_answer,
    "tell_report": tell_report,
    "go_on_report": go_on_report,
    "next_report_question": next_report_question,
    "file_report": file_report,
    "report_receipt": report_receipt,
    "report_summary": report_summary,
    "report_modi": report_modi,
    "report_destinations": report_destinations,
    "report_districts": report_districts,
}
