"""What the desk calls the things of events: states, reminders, news, topics, and why one was dropped."""

from __future__ import annotations

import re

from flask_babel import gettext as _
from flask_babel import ngettext

from sms_service.domain.topics import CONSULTATION_TOPICS
from sms_service.services.events.texts import EventTexts

PLANS = ("14d", "7d", "3d", "1d", "4h", "2h", "1h")
_QUIET_DOUBLE = re.compile(r"quiet hours: it would come together with the (\w+) reminder")
_REPLACED = re.compile(r"(.+); the (\w+) reminder goes instead")


def plan(name: str) -> str:
    """How long before the start: "2h" is 2 hours before."""
    count, unit = int(name[:-1]), name[-1]
    if unit == "h":
        return str(ngettext("%(num)s hour before", "%(num)s hours before", count))
    return str(ngettext("%(num)s day before", "%(num)s days before", count))


def states() -> dict[str, str]:
    """States of an event."""
    return {
        "proposed": _("waits for the office"),
        "planned": _("planned"),
        "cancelled": _("called off"),
        "held": _("over"),
    }


def registrations() -> dict[str, str]:
    """States of a registration."""
    return {
        "registered": _("has a place"),
        "waiting": _("waits for a place"),
        "attended": _("was there"),
        "cancelled": _("gave the place up"),
    }


def channels() -> dict[str, str]:
    """How somebody registered."""
    return {"ussd": _("by call"), "sms": _("by SMS"), "import": _("by a list")}


def reminder_states() -> dict[str, str]:
    """States of a reminder, or of news."""
    return {
        "planned": _("will go"),
        "done": _("texts are written"),
        "replaced": _("another one goes instead"),
        "superseded": _("later news goes instead"),
        "dropped": _("does not go"),
    }


def news() -> dict[str, str]:
    """What news of an event is about."""
    return {
        "moved": _("another time"),
        "elsewhere": _("another place"),
        "moved_elsewhere": _("another time and place"),
        "called_off": _("called off"),
        "group": _("group and slot"),
        "move_up": _("a free place"),
    }


def reason(given: str) -> str:
    """Why a reminder goes at another time, or not at all."""
    if double := _QUIET_DOUBLE.fullmatch(given):
        return str(_("in the quiet hours it would come with the one %(other)s", other=plan(double[1])))
    if instead := _REPLACED.fullmatch(given):
        return f"{_reasons().get(instead[1], instead[1])}; {plan(instead[2])}"
    return _reasons().get(given, given)


def _reasons() -> dict[str, str]:
    return {
        "moved to the end of the quiet hours": _("moved to the end of the quiet hours"),
        "moved to before the quiet hours": _("moved to the evening before the quiet hours"),
        "already past when it was planned": _("its time had passed when the event was made or changed"),
        "too late": _("too late"),
        "too late: the event had begun": _("too late: the event had begun"),
        "too late for those not written to yet": _("too late for those not written to yet"),
        "quiet hours until it would be too late": _("quiet hours until it would be too late"),
        "quiet hours until the event has begun": _("quiet hours until the event has begun"),
        "no longer in the event's plan": _("no longer in the event's plan"),
        "the event was cancelled": _("the event was called off"),
        "later news goes instead": _("later news goes instead"),
    }


def topics(words: EventTexts, language: str) -> list[tuple[str, str]]:
    """Topics of a consultation, any first."""
    common = words.menu.common[language]
    return [("", _("any")), *((topic, common[f"topic.{topic}"]) for topic in CONSULTATION_TOPICS)]


def destinations(words: EventTexts, codes: tuple[str, ...], language: str) -> list[tuple[str, str]]:
    """Destinations of a consultation, any first."""
    common = words.menu.common[language]
    return [("", _("any")), *((code, common[f"country.{code}"]) for code in codes)]
