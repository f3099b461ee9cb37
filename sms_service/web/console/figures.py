"""Figures: what callers use and where they stop, what they asked in vain, where, and what became of texts."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Mapping, Sequence
from datetime import date, datetime, time, timedelta
from typing import Any

from flask_babel import get_locale
from flask_babel import gettext as _

from sms_service.domain.districts import DISTRICTS
from sms_service.errors import NotFound
from sms_service.services.figures import calls as figures
from sms_service.services.figures import menu_tree
from sms_service.services.figures.statistics import SMALLEST
from sms_service.web.console import tile_map
from sms_service.web.console.pages import File, Page, Shown, Visit

# Fixed periods only: the difference of two that are a day apart could point at a person.
PERIODS = ("7", "30", "90")
MAPS = ("reports", "calls", "subscribers")
CHART_WIDTH, CHART_HEIGHT = 900, 220
Rows = Sequence[Sequence[str | int | None]]


def show(visit: Visit) -> Shown:
    """The page."""
    days, since, until = _period(visit)
    counts = figures.count_nodes(visit.tx, since, until)
    by_day = figures.count_days(visit.tx, since, until)
    measured = visit.query.get("map", "")
    measured = measured if measured in MAPS else MAPS[0]
    by_district = _by_district(visit, measured, since, until)
    menu, language = visit.runtime.menu, _language(visit)
    ended = figures.endings(counts, menu_tree.screens_that_end(menu))
    values = {
        "days": days,
        "since": since,
        "until": until,
        "smallest": SMALLEST,
        "by_day": by_day,
        "bars": tile_map.bars([(day.on.isoformat(), day.calls) for day in by_day], CHART_WIDTH, CHART_HEIGHT),
        "most": max((day.calls or 0 for day in by_day), default=0),
        "chart": (CHART_WIDTH, CHART_HEIGHT),
        "funnels": {name: figures.funnel(counts, name) for name in figures.FUNNELS},
        "funnel_names": _funnel_names(),
        "step_names": _step_names(),
        "ended": [(menu_tree.words_of(menu, language, node), node, figure) for node, figure in ended],
        "names": figures.names_not_found(visit.tx, since),
        "words": figures.words_not_known(visit.tx, since),
        "deliveries": figures.deliveries(visit.tx),
        "sample": figures.SAMPLE,
        "statuses": _statuses(),
        "map": measured,
        "map_words": _map_words(),
        "by_district": by_district,
        "tiles": tile_map.tiles(by_district),
        "map_size": (tile_map.WIDTH, tile_map.HEIGHT, tile_map.SIZE),
        "districts": DISTRICTS,
    }
    return Shown("figures.html", values)


def table(visit: Visit) -> File:
    """One of the figures as a table to keep."""
    name = str(visit.ids["name"])
    if name not in _TABLES:
        raise NotFound("there is no such table")
    _days, since, until = _period(visit)
    return File(f"jalur-aman-{name}.csv", _csv(_TABLES[name](visit, since, until)), "text/csv")


def _calls(visit: Visit, since: date, until: date) -> Rows:
    rows = [(day.on.isoformat(), day.calls, day.texts) for day in figures.count_days(visit.tx, since, until)]
    return [("day", "calls", "steps_by_text"), *rows]


def _funnels(visit: Visit, since: date, until: date) -> Rows:
    counts = figures.count_nodes(visit.tx, since, until)
    ways = [(name, step) for name in figures.FUNNELS for step in figures.funnel(counts, name)]
    return [("way", "step", "count"), *((name, step.name, step.count) for name, step in ways)]


def _screens(visit: Visit, since: date, until: date) -> Rows:
    counts = figures.count_nodes(visit.tx, since, until)
    found = [(node, figures.node_figure(counts, node)) for node in sorted(counts)]
    head = ("screen", "shown", "went_no_further", "of_100")
    return [head, *((node, one.shown, one.ended, one.ended_percent) for node, one in found)]


def _unanswered(visit: Visit, since: date, until: date) -> Rows:
    names = figures.names_not_found(visit.tx, since).rows
    words = figures.words_not_known(visit.tx, since).rows
    rows = [("name", asked, count) for asked, count in names]
    return [("kind", "asked", "count"), *rows, *(("word", word, count) for word, count in words)]


def _delivery(visit: Visit, since: date, until: date) -> Rows:
    found = figures.deliveries(visit.tx)
    head = ("operator_by_prefix", *figures.SETTLED)
    return [head, *((one.operator, *(one.by_status[status] for status in figures.SETTLED)) for one in found)]


def _districts(visit: Visit, since: date, until: date) -> Rows:
    found = [_by_district(visit, measured, since, until) for measured in MAPS]
    rows = [(one.code, one.name, *(counts.get(one.code) for counts in found)) for one in DISTRICTS]
    return [("code", "district", *MAPS), *rows, ("", "not_said", *(counts.get("") for counts in found))]


_TABLES: Mapping[str, Callable[[Visit, date, date], Rows]] = {
    "calls": _calls,
    "funnels": _funnels,
    "screens": _screens,
    "unanswered": _unanswered,
    "delivery": _delivery,
    "districts": _districts,
}


def _csv(rows: Rows) -> bytes:
    """Empty where a count is too small to be shown. No cell begins as a formula does."""
    out = io.StringIO()
    writer = csv.writer(out)
    for row in rows:
        cells = ["" if cell is None else str(cell) for cell in row]
        writer.writerow(
            [f"'{cell}" if cell[:1] in ("=", "+", "-", "@", "\t", "\r") else cell for cell in cells]
        )
    return out.getvalue().encode()


def _by_district(visit: Visit, measured: str, since: date, until: date) -> dict[str, int | None]:
    if measured == "subscribers":
        return figures.subscribers_by_district(visit.tx)
    if measured == "calls":
        return figures.calls_by_district(visit.tx, since, until)
    zone = visit.runtime.settings.zone
    return figures.reports_by_district(visit.tx, datetime.combine(since, time(), zone))


def _period(visit: Visit) -> tuple[str, date, date]:
    days = visit.query.get("days", "")
    days = days if days in PERIODS else PERIODS[1]
    until = visit.now.astimezone(visit.runtime.settings.zone).date()
    return days, until - timedelta(days=int(days) - 1), until


def _language(visit: Visit) -> str:
    locale: Any = get_locale()
    return str(locale.language) if locale and locale.language in visit.runtime.menu.languages else "id"


def _map_words() -> dict[str, tuple[str, str, str]]:
    """For each map: its heading, what it counts, and the head of its column."""
    return {
        "reports": (
            _("Reports by district"),
            _("Reports of the period, by the district that the reporter named."),
            _("Reports"),
        ),
        "calls": (
            _("Calls by district"),
            _(
                "Calls of the period in which somebody chose a district. Most calls choose none: "
                "where they come from nobody tells us."
            ),
            _("Calls"),
        ),
        "subscribers": (
            _("Subscribers by district"),
            _("People who have agreed to texts today, by the district that they chose."),
            _("Subscribers"),
        ),
    }


def _funnel_names() -> dict[str, str]:
    return {
        "check": _("Checking a recruiter"),
        "report": _("Reporting"),
        "event": _("Registering for an event"),
        "job": _("Work abroad"),
    }


def _step_names() -> dict[str, str]:
    return {
        "menu": _("main menu"),
        "asked": _("asked for a name"),
        "answered": _("got an answer"),
        "begun": _("began"),
        "first": _("first question"),
        "confirm": _("asked whether to send"),
        "filed": _("sent, with a receipt"),
        "lists": _("list of events"),
        "event": _("one event"),
        "registered": _("registered, or on the waiting list"),
        "job": _("one job"),
    }


def _statuses() -> dict[str, str]:
    return {
        "sent": _("taken by the gateway"),
        "delivered": _("on the phone"),
        "failed": _("failed"),
        "unknown": _("not known"),
    }


PAGES = (
    Page("/figures", "statistics", show=show),
    Page("/figures/<string:name>.csv", "statistics", show=table),
)
