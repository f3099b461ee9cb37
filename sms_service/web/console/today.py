"""Today: what waits for the office, worst first."""

from __future__ import annotations

from sms_service.web.console.pages import Page, Shown, Visit


def show(visit: Visit) -> Shown:
    """The page."""
    return Shown("today.html", {"now": visit.now})


PAGES = (Page("/", "desk", show=show),)
