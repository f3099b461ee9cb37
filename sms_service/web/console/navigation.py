"""What stands at the top of every page: the places of the desk that a role may enter."""

from __future__ import annotations

from dataclasses import dataclass

from flask_babel import LazyString, lazy_gettext

from sms_service.domain.roles import may


@dataclass(frozen=True, slots=True)
class Place:
    """One entry of the navigation."""

    path: str
    name: LazyString
    right: str


PLACES: tuple[Place, ...] = (
    Place("/console/", lazy_gettext("Today"), "desk"),
    Place("/console/broadcasts", lazy_gettext("Broadcasts"), "broadcasts.own"),
    Place("/console/reports", lazy_gettext("Reports"), "reports"),
    Place("/console/clusters", lazy_gettext("Clusters"), "reports.clusters"),
    Place("/console/events", lazy_gettext("Events"), "events.own"),
    Place("/console/figures", lazy_gettext("Figures"), "statistics"),
    Place("/console/content", lazy_gettext("Content"), "content"),
    Place("/console/recruiters", lazy_gettext("Recruiters"), "recruiters"),
    Place("/console/subscribers", lazy_gettext("Subscribers"), "subscribers"),
    Place("/console/communities", lazy_gettext("Communities"), "communities.own"),
    Place("/console/phone", lazy_gettext("Phone"), "desk"),
    Place("/console/people", lazy_gettext("People"), "staff"),
    Place("/console/audit", lazy_gettext("Audit"), "staff"),
    Place("/console/system", lazy_gettext("System"), "system"),
)


def visible(role: str) -> tuple[Place, ...]:
    """The places that `role` may enter."""
    return tuple(place for place in PLACES if may(role, place.right))
