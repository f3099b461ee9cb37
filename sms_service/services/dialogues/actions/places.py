"""Going on after a dropped call."""

from __future__ import annotations

from collections.abc import Mapping

from menus.model import Call, Outcome
from sms_service.services.dialogues.actions.context import Context, ContextAction
from sms_service.ussd_sessions import unpack_state


def resume(context: Context, call: Call) -> Outcome:
    """Back to where the last call left off, or `lost` when nobody knows any more."""
    place = context.find_place()
    try:
        return Outcome("found", resume=unpack_state(place)) if place else Outcome("lost")
    except ValueError:
        return Outcome("lost")


ACTIONS: Mapping[str, ContextAction] = {"resume": resume}
