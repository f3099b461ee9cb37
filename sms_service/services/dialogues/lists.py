"""The lists that a process which answers callers keeps in memory, and the thread that keeps them fresh."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

from sms_service.runtime import Runtime
from sms_service.services.content import facts as content
from sms_service.services.content.facts import Library
from sms_service.services.events.lists import EventList, event_list
from sms_service.services.read_models import ReadModel, ReadModels
from sms_service.services.recruiters import directory as recruiters
from sms_service.services.recruiters.directory import Directory
from sms_service.services.rehearsals import follow_clock
from sms_service.services.reports import reported
from sms_service.services.reports.reported import Reported


@dataclass(frozen=True)
class Lists:
    """All lists of a process. `models.start()` keeps them fresh; `models.refresh()` does it once."""

    recruiters: ReadModel[Directory]
    events: ReadModel[EventList]
    content: ReadModel[Library]
    reported: ReadModel[Reported]
    models: ReadModels


def build_lists(runtime: Runtime) -> Lists:
    """Return the lists of a process, empty but for the shipped content until they are first refreshed."""
    directory, events, library = recruiters.new_read_model(), event_list(), content.read_model()
    told = reported.new_read_model(runtime.settings.reporting_threshold)
    clock: ReadModel[timedelta] = follow_clock(runtime.settings, runtime.clock)
    models = ReadModels(runtime.store, [directory, events, library, told, clock])
    return Lists(directory, events, library, told, models)
