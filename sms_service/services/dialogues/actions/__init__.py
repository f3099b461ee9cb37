"""Everything that the menus ask for by name: a module a branch, one table here (see docs/menus.md)."""

from __future__ import annotations

from collections.abc import Mapping

from sms_service.services.dialogues.actions import (
    events,
    information,
    places,
    recruiters,
    report_status,
    reports,
    settings,
)
from sms_service.services.dialogues.actions.context import Bound, Context, ContextAction

ACTIONS: Mapping[str, ContextAction] = {
    **recruiters.ACTIONS,
    **events.ACTIONS,
    **information.ACTIONS,
    **settings.ACTIONS,
    **places.ACTIONS,
    **reports.ACTIONS,
    **report_status.ACTIONS,
}

# What depends on the shipped and edited content, the day and the language alone: the same for every caller.
STEADY = frozenset(information.ACTIONS) | {"districts", "report_modi", "report_destinations"}

__all__ = ["ACTIONS", "STEADY", "Bound", "Context", "ContextAction"]
