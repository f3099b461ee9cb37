"""Going on after a dropped call."""

from __future__ import annotations

from collections.abc import Mapping

from menus.model import Call, Outcome
from sms_service.services.actions.context import Context, ContextAction


def resume(context: Context, call: Call) -> Outcome:
    """Back to where the last call left off, or `lost` when nobody knows any more."""
    return Outcome("lost") if context.place is None else Outcome("found", resume=context.place)


ACTIONS: Mapping[str, ContextAction] = {"resume": resume}
