"""What the desk calls the things of broadcasts: kinds, statuses, people, reasons, and faults of a form.

Services speak English and in figures; here is what an officer reads. A reason of a gateway that is not
known here is shown as the gateway gave it.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

from flask_babel import LazyString
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l

from sms_service.domain import districts, topics
from sms_service.services.broadcasts.audience import Audience
from sms_service.services.broadcasts.lists import Entry
from sms_service.web.console.formats import told

KINDS: Mapping[str, LazyString] = {
    "info": _l("News"),
    "warning": _l("Warning"),
    "urgent": _l("Urgent warning"),
}
STATUSES: Mapping[str, LazyString] = {
    "draft": _l("draft"),
    "submitted": _l("waits for approval"),
    "rejected": _l("sent back"),
    "scheduled": _l("approved, waits for its time"),
    "starting": _l("writing the texts"),
    "canary": _l("trying it on a few"),
    "running": _l("is being sent"),
    "paused": _l("paused"),
    "halted": _l("stopped by the service"),
    "done": _l("done"),
    "cancelled": _l("called off"),
}
LOOKS = {
    "submitted": "waits", "rejected": "waits", "paused": "waits", "halted": "urgent", "done": "good",
}  # fmt: skip
GROUPS: Mapping[str, LazyString] = {
    "under_way": _l("Under way"),
    "waiting": _l("Waiting for approval"),
    "drafts": _l("Drafts"),
    "over": _l("Over"),
}
TOPICS: Mapping[str, LazyString] = {
    "jobs": _l("Jobs"),
    "training": _l("Training"),
    "documents": _l("Documents"),
    "costs": _l("Costs"),
    "rights": _l("Workers' rights"),
    "events": _l("Events"),
}
LANGUAGES: Mapping[str, LazyString] = {"id": _l("Indonesian"), "en": _l("English")}
# Where a text stands, in the order in which the bar shows it.
TEXTS: Mapping[str, LazyString] = {
    "delivered": _l("arrived on the phone"),
    "sent": _l("handed to the network"),
    "sending": _l("being handed over"),
    "queued": _l("waits"),
    "failed": _l("failed"),
    "unknown": _l("not known whether it went"),
    "expired": _l("dropped"),
    "opted_out": _l("said STOP before"),
}
_ACTS: Mapping[str, LazyString] = {
    "create": _l("written"),
    "edit": _l("changed"),
    "submit": _l("handed over for approval"),
    "approve": _l("approved"),
    "override_quiet_hours": _l("let out in the quiet hours too"),
    "reject": _l("sent back"),
    "start": _l("begun"),
    "canary": _l("tried on a few first"),
    "running": _l("sent to all at once"),
    "pause": _l("paused"),
    "resume": _l("let go on"),
    "halt": _l("stopped by the service"),
    "send_again": _l("texts with an unknown fate sent again"),
    "cancel": _l("called off"),
    "finish": _l("done"),
}
_REASONS: Mapping[str, LazyString] = {
    "": _l("no reason was given"),
    "the broadcast was cancelled": _l("called off before they went out"),
    "quiet hours until after its deadline": _l("the quiet hours end after the deadline"),
    "its deadline passed first": _l("the deadline passed first"),
    "its deadline passed before it could start": _l("the deadline passed before it could begin"),
    "its deadline passed before everybody was written down": _l("the deadline passed before all were begun"),
    "its deadline passed while it was stopped": _l("the deadline passed while it was stopped"),
    "opted out before it was sent": _l("said STOP before it went out"),
    "the worker was lost between call and record": _l(
        "the line broke between sending and noting it: the text may have arrived"
    ),
    "sent again: what became of it the first time is unknown": _l("sent again, once"),
    "reported failed": _l("the network reports that it did not arrive"),
}
_HALT = re.compile(r"(\d+) of (\d+) (texts failed|people texted STOP).*the limit is ([\d.]+) %")
_FIELDS = {
    "text.id": "text_id", "text.en": "text_en", "send_at": "send_day", "expires_at": "expires_day",
}  # fmt: skip
_MOST_LINES = 5
_PLACE = re.compile(r"character (\d+): (a closing|a brace|this placeholder|this number)")
_FAULTS: Mapping[str, LazyString] = {
    "a closing": _l(
        "Character %(place)s is a closing brace without its opening one. Write }} where a brace is meant."
    ),
    "a brace": _l("The brace at character %(place)s is not closed. Write {{ where a brace is meant."),
    "this placeholder": _l("The word in braces at character %(place)s is not one of those named above."),
    "this number": _l(
        "The number at character %(place)s is not verified in the content. "
        "Verify it there first, or leave it out."
    ),
}
_PLAIN_FAULTS: Mapping[str, LazyString] = {
    "is empty": _l("write the text"),
    "holds control characters or signs that cannot be sent": _l("holds signs that no phone can show"),
    "there is no such event": _l("choose one of the events offered"),
    "there is no such community": _l("choose among the communities offered"),
    "lies ahead, within a year; leave it out to send at once": _l("a time that lies ahead, within a year"),
    "lies at least a minute after the sending": _l("a time after the sending"),
    "lies within a year": _l("a time within a year"),
    "is not a phone number": _l("is not a phone number"),
    "is not a subscriber's number": _l("is not the number of a subscriber"),
}


def options(words: Mapping[str, LazyString], among: Sequence[str] | None = None) -> list[tuple[str, Any]]:
    """Pairs for a field of a form."""
    return [(key, words[key]) for key in (among or tuple(words))]


def district_options() -> list[tuple[str, str]]:
    """All districts, by code."""
    return [(district.code, district.name) for district in districts.DISTRICTS]


def topic_options() -> list[tuple[str, Any]]:
    """All topics."""
    return options(TOPICS, topics.TOPICS)


def audience(wanted: Audience, communities: Mapping[int, str], event: str = "") -> list[tuple[str, str]]:
    """The criteria as pairs of words: what, and which; empty: everybody."""
    found = [
        (_("Districts"), [districts.by_code(code).name for code in wanted.districts]),
        (_("Languages"), [str(LANGUAGES[language]) for language in wanted.languages]),
        (_("Topics"), [str(TOPICS[topic]) for topic in wanted.topics]),
        (_("Registered for"), [event] if wanted.event is not None else []),
        (_("Communities"), [communities.get(one, "?") for one in wanted.communities]),
    ]
    if wanted.subscribers is not None:
        named = _("%(count)s people", count=len(wanted.subscribers))
        found.append((_("Named one by one"), [named]))
    return [(label, ", ".join(values)) for label, values in found if values]


def reason(given: str) -> str:
    """Why a text did not arrive."""
    if given in _REASONS:
        return str(_REASONS[given])
    if given.startswith("reported failed: "):
        words = given.removeprefix("reported failed: ")
        return str(_("the network reports that it did not arrive: %(words)s", words=words))
    return given


def halt(given: str) -> str:
    """Why the service has stopped it, in a sentence."""
    found = _HALT.match(given)
    if not found:
        return given
    figures = {"bad": found[1], "all": found[2], "limit": found[4]}
    if found[3] == "texts failed":
        return str(
            _(
                "%(bad)s of %(all)s texts failed or got lost. More than %(limit)s %% stops a broadcast.",
                **figures,
            )
        )
    return str(
        _(
            "%(bad)s people texted STOP after %(all)s texts. More than %(limit)s %% stops a broadcast.",
            **figures,
        )
    )


def did(entry: Entry) -> str:
    """What was done, with its reason where one was given."""
    act = str(_ACTS.get(entry.act, entry.act))
    given = str(entry.details.get("reason", "") or "")
    if not given:
        return act
    return f"{act}: {halt(given) if entry.act == 'halt' else reason(given)}"


def faults(errors: Mapping[str, str]) -> dict[str, str]:
    """A service's faults by field of the form, in words."""
    return {
        _FIELDS.get(field, field.removeprefix("audience.")): _fault(fault) for field, fault in errors.items()
    }


def number_faults(errors: Mapping[str, str], lines: Sequence[int]) -> str:
    """What is wrong with numbers named one by one: by line as typed, never the number itself."""
    told = []
    for field, fault in errors.items():
        position = field.removeprefix("audience.numbers").lstrip(".")
        if not position:
            return _fault(fault)
        told.append(_("line %(line)s %(fault)s", line=lines[int(position)], fault=_fault(fault)))
    return "; ".join(told[:_MOST_LINES]) + ("; ..." if len(told) > _MOST_LINES else "")


def _fault(given: str) -> str:
    if given in _PLAIN_FAULTS:
        return str(_PLAIN_FAULTS[given])
    found = _PLACE.match(given)
    if found:
        return str(_FAULTS[found[2]]) % {"place": found[1]}
    if given.startswith("is longer than"):
        return str(_("shorten it: at most %(count)s characters", count=re.sub(r"\D", "", given)))
    if given.startswith("takes more than"):
        return str(
            _("shorten it: at most %(count)s texts are joined into one", count=re.sub(r"\D", "", given))
        )
    return told(given)
