"""What the menu asks about a recruiter: is it in the list, which one is meant, what the list says."""

from __future__ import annotations

from collections.abc import Mapping

from menus.model import Call, Item, Outcome
from sms_service.errors import NotFound
from sms_service.services.dialogues.actions.context import Context, ContextAction
from sms_service.services.dialogues.recruiter_words import RecruiterWords
from sms_service.services.recruiters import directory as recruiters


def look_up_recruiter(context: Context, call: Call) -> Outcome:
    """Only what was typed exactly is answered at once; everything else the caller chooses by name."""
    typed = call.values.get("query", "")
    found = recruiters.look_up(context.lists.recruiters.value, typed)
    if found.is_sure:
        return Outcome("one", {"recruiter": str(found.found[0].id)})
    if found.found:
        return Outcome("several")
    if found.verdict == "no_list":
        return Outcome("no_list")
    context.note_miss(typed)
    return Outcome("none")


def note_miss(context: Context, call: Call) -> Outcome:
    """None of the companies shown was meant: a name that is asked for and not in the list."""
    context.note_miss(call.values.get("query", ""))
    return Outcome("done")


def recruiter_candidates(context: Context, call: Call) -> tuple[Item, ...]:
    """The companies that may be meant, best first."""
    found = recruiters.look_up(context.lists.recruiters.value, call.values.get("query", ""))
    return tuple(Item(str(candidate.id), candidate.label) for candidate in found.found)


def recruiter_answer(context: Context, call: Call) -> Mapping[str, str]:
    """What the list says about the chosen company; of one that has left it meanwhile, nothing."""
    words = _words(context, call)
    chosen = call.values.get("recruiter", "")
    try:
        details = words.directory.details(int(chosen) if chosen.isdigit() else 0)
    except NotFound:
        return words.about_list()
    return words.about(details, call.values.get("query", ""))


def recruiter_list(context: Context, call: Call) -> Mapping[str, str]:
    """The list itself: of which date, and whether it is only a demonstration; and whether the very name or
    number that was typed is one of which there are several reports."""
    return _words(context, call).about_typed(call.values.get("query", ""))


def _words(context: Context, call: Call) -> RecruiterWords:
    lists, settings = context.lists, context.runtime.settings
    return RecruiterWords(
        lists.recruiters.value, context.menu, settings, call.language, context.today, lists.reported.value
    )


ACTIONS: Mapping[str, ContextAction] = {
    "look_up_recruiter": look_up_recruiter,
    "note_miss": note_miss,
    "recruiter_candidates": recruiter_candidates,
    "recruiter_answer": recruiter_answer,
    "recruiter_list": recruiter_list,
}
