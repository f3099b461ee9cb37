"""Menus: the tree that callers walk, with how many came to each screen and how many went on."""

from __future__ import annotations

from datetime import timedelta

from flask_babel import get_locale

from sms_service.services.figures import calls as figures
from sms_service.services.figures import menu_tree
from sms_service.services.figures.statistics import SMALLEST
from sms_service.web.console.pages import Page, Shown, Visit

PERIODS = ("7", "30")


def show(visit: Visit) -> Shown:
    """The tree."""
    days = visit.query.get("days", "")
    days = days if days in PERIODS else PERIODS[-1]
    until = visit.now.astimezone(visit.runtime.settings.zone).date()
    counts = figures.count_nodes(visit.tx, until - timedelta(days=int(days) - 1), until)
    menu, locale = visit.runtime.menu, get_locale()
    language = locale.language if locale is not None and locale.language in menu.languages else "id"
    values = {"tops": menu_tree.draw(menu, language, counts), "days": days, "smallest": SMALLEST}
    return Shown("menus.html", values)


PAGES = (Page("/menus", "content", show=show),)
