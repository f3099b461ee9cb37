"""Subscribers: how many may be reached, lists of people who agreed, STOP, erasing; and communities."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from flask_babel import gettext as _

from sms_service.domain import districts
from sms_service.domain.list_rows import Reading
from sms_service.domain.roles import may
from sms_service.domain.subscriber_rows import SubscriberRow
from sms_service.services.figures import statistics
from sms_service.services.figures import subscribers as subscriber_figures
from sms_service.services.privacy import desk as subscriber_desk
from sms_service.services.privacy.desk import LONGEST_REASON
from sms_service.services.staff import people
from sms_service.services.subscribers import (
    communities,
)
from sms_service.services.subscribers import (
    list_import as subscriber_import,
)
from sms_service.web.console import uploads
from sms_service.web.console.event_groups import column_names
from sms_service.web.console.events import language, texts_of
from sms_service.web.console.fields import Typed
from sms_service.web.console.lists import PAGE, after_id, listing
from sms_service.web.console.pages import Answer, Moved, Page, Shown, Visit

_RIGHT, _OWN = "subscribers", "communities.own"
_PURPOSE = "subscribers"

Figures = list[tuple[str, int | None]]


def show(visit: Visit) -> Shown:
    """The figures. Small ones are not shown."""
    figures = subscriber_figures.summarise(visit.tx)
    named = {one.code: one.name for one in districts.DISTRICTS}
    topics = visit.runtime.menu.common[language()]
    values = {
        "kinds": _named(figures.by_kind, {"warnings": _("get warnings"), "news": _("get news")}),
        "districts": _named(figures.by_district, {**named, "": _("no district named")}),
        "languages": _named(figures.by_language, {"id": _("Indonesian"), "en": _("English")}),
        "topics": [(topics.get(f"topic.{name}", name), count) for name, count in figures.by_topic.items()],
        "stops": _named(
            subscriber_figures.count_opt_outs(visit.tx),
            {
                "sms": _("by SMS"),
                "ussd": _("in a call"),
                "gateway": _("at the operator"),
                "staff": _("at the office"),
            },
        ),
        "smallest": statistics.SMALLEST,
    }
    return Shown("subscribers.html", values)


def show_erase(visit: Visit) -> Shown:
    """Ask for the number of somebody who wants to be forgotten. It is never shown again."""
    values = {
        "typed": visit.typed,
        "errors": visit.errors,
        "longest": LONGEST_REASON,
    }
    return Shown("subscriber_erase.html", values)


def erase(visit: Visit) -> Moved:
    """Forget somebody."""
    typed = Typed(visit.form, visit.runtime.settings.zone)
    number = typed.text("number", required=True, longest=30)
    reason = typed.text("reason", required=True, longest=LONGEST_REASON)
    if not typed.ticked("sure"):
        typed.errors["sure"] = _("tick this: it cannot be taken back")
    typed.check()
    country = visit.runtime.settings.default_country
    with visit.runtime.store.transaction() as tx:
        words = texts_of(visit)
        number_hash = subscriber_desk.erase(tx, number, country, reason, visit.person, visit.now, words)
    subscriber_desk.end_dialogues(visit.runtime.sessions, number_hash)
    return Moved("subscribers", _("All that was tied to this number is erased. A STOP stays."))


def show_send(visit: Visit) -> Shown:
    """Send a list of people who have agreed."""
    with visit.runtime.store.read() as tx:
        known = people.list_communities(tx)
    names = column_names()
    values = {
        "heading": _("Import people who have agreed"),
        "back": "/console/subscribers",
        "back_words": _("Subscribers"),
        "explained": [
            _("Only people who have agreed, with where and when."),
            _("Who has said STOP stays out, and what somebody has chosen by phone stays as it is."),
        ],
        "columns": [
            (names["number"], _("must be there")),
            (names["consent_source"], _("must be there: which form, which meeting")),
            (names["consent_on"], _("must be there")),
            (names["district"], _("name or code")),
            (names["language"], _("Indonesian or English")),
            (names["topics"], _("what the person wants news about; empty for all")),
            (names["name"], _("as texts shall greet the person")),
            (names["community"], _("one that was made before")),
        ],
        "communities": [("", _("none")), *((str(number), name) for number, name in known)],
        "chosen": visit.query.get("community", ""),
        "typed": visit.typed,
        "errors": visit.errors,
    }
    return Shown("import_send.html", values)


def send(visit: Visit) -> Moved:
    """Read the file once, so that one that is no list is refused here."""
    typed = Typed(visit.form, visit.runtime.settings.zone)
    community = typed.number("community", smallest=1)
    typed.check()
    if community is not None:
        with visit.runtime.store.read() as tx:
            communities.get(tx, community)
    upload = uploads.take(visit, {"community": str(community or "")})
    _reading(visit, upload.content)
    return Moved(f"subscribers/import/{uploads.keep(visit, _PURPOSE, upload)}")


def show_check(visit: Visit) -> Answer:
    """What taking the list in would do."""
    upload = uploads.find(visit, _PURPOSE)
    if upload is None:
        return uploads.gone("subscribers/import")
    reading, community = _reading(visit, upload.content), _community(upload.said)
    with visit.runtime.store.read() as tx:
        plan = subscriber_import.import_subscribers(
            tx, reading, visit.person.id, visit.now, dry_run=True, community_id=community
        )
        joined = communities.get(tx, community).name if community else ""
    values = {
        **uploads.told(plan.faults, plan.notes, plan.other_columns),
        "heading": _("Is this list right?"),
        "back": "/console/subscribers",
        "back_words": _("Subscribers"),
        "file_name": upload.name,
        "figures": [
            (_("were not known before"), plan.added),
            (_("are known and had not agreed yet"), plan.agreed),
            (_("are on a list already"), plan.unchanged),
            (_("have chosen by phone and keep that"), plan.own_choice),
            (_("have said STOP and stay out"), plan.stopped),
        ],
        "explained": [_("They join %(community)s.", community=joined)] if joined else [],
        "refusals": [],
        "changes": [],
        "columns": column_names(),
        "accept": _("Take the list in"),
        "is_nothing": not reading.rows,
        "again": "/console/subscribers/import",
        "typed": visit.typed,
    }
    return Shown("import_check.html", values)


def accept(visit: Visit) -> Answer:
    """Take the list in."""
    upload = uploads.find(visit, _PURPOSE)
    if upload is None:
        return uploads.gone("subscribers/import")
    reading = _reading(visit, upload.content)
    with visit.runtime.store.transaction() as tx:
        plan = subscriber_import.import_subscribers(
            tx,
            reading,
            visit.person.id,
            visit.now,
            skip_bad_rows=bool(visit.form.get("skip_bad_rows")),
            community_id=_community(upload.said),
        )
    uploads.drop(visit, _PURPOSE)
    said = _(
        "The list is taken in: %(added)s new, %(agreed)s who agreed.", added=plan.added, agreed=plan.agreed
    )
    return Moved("subscribers", said)


def show_communities(visit: Visit) -> Shown:
    """The communities with how many belong to them; a partner sees the own one."""
    is_office = may(visit.person.role, _RIGHT)
    only = None if is_office else visit.person.community_id or 0
    found = communities.list_communities(visit.tx, PAGE + 1, after_id(visit.query) or 0, only)
    page = listing(found, visit.query, lambda one: one.community.id)
    values = {
        "page": page,
        "rows": [(one.community, statistics.shown(one.members)) for one in page.items],
        "is_office": is_office,
        "smallest": statistics.SMALLEST,
        "longest": communities.LONGEST_NAME,
    }
    return Shown("communities.html", values)


def add_community(visit: Visit) -> Moved:
    """Make a community."""
    typed = Typed(visit.form, visit.runtime.settings.zone)
    name = typed.text("name", required=True, longest=communities.LONGEST_NAME)
    typed.check()
    communities.create(visit.tx, name, visit.person.id, visit.now)
    return Moved("communities", _("The community is made."))


def _named(counts: Mapping[str, int | None], names: Mapping[str, str]) -> Figures:
    return [(names.get(key, key), count) for key, count in counts.items()]


def _reading(visit: Visit, content: bytes) -> Reading[SubscriberRow]:
    settings = visit.runtime.settings
    today = visit.now.astimezone(settings.zone).date()
    return subscriber_import.read_subscribers(content, settings.default_country, today)


def _community(said: Mapping[str, Any]) -> int | None:
    return int(said["community"]) if said.get("community") else None


PAGES = (
    Page("/subscribers", _RIGHT, show=show),
    Page("/subscribers/erase", _RIGHT, show=show_erase, act=erase, is_free=True),
    Page("/subscribers/import", _RIGHT, show=show_send, act=send, is_upload=True, is_free=True),
    Page("/subscribers/import/<key>", _RIGHT, show=show_check, act=accept, is_free=True),
    Page("/communities", _OWN, show=show_communities),
    Page("/communities/new", _RIGHT, act=add_community, back="communities"),
)
