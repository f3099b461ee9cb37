"""System: does every part work, what waits, what do the gateways say, and how is the service set."""

from __future__ import annotations

from flask_babel import gettext as _

from sms_service.domain.retention import RULES
from sms_service.services.events.texts import quiet_of
from sms_service.services.operation import balances, readiness, system_state
from sms_service.web.console.pages import Page, Shown, Visit


def show(visit: Visit) -> Shown:
    """The page."""
    return Shown("system.html", {**_live(visit), **_set(visit)})


def show_live(visit: Visit) -> Shown:
    """What changes by itself: asked again and again while the page is open."""
    return Shown("system_live.html", _live(visit))


def _live(visit: Visit) -> dict[str, object]:
    runtime, now = visit.runtime, visit.now
    quiet = quiet_of(runtime.settings)
    return {
        "now": now,
        "parts": readiness.check(runtime),
        "part_names": _part_names(),
        "part_states": _part_states(),
        "lanes": system_state.lanes(visit.tx, runtime, now),
        "lane_names": _lane_names(),
        "most_counted": system_state.MOST_COUNTED,
        "oldest_inbound": system_state.oldest_inbound_seconds(visit.tx, now),
        "gateways": system_state.gateways(runtime),
        "balances": balances.list_told(runtime),
        "tells_balance": bool(balances.tellers(runtime)),
        "real_now": visit.real_now,
        "errors_found": system_state.last_errors(visit.tx),
        "error_words": _error_words(),
        "among": system_state.NEWEST,
        "swept": system_state.swept(),
        "sweep_words": _sweep_words(),
        "quiet": system_state.quietness(quiet, now),
        "next_quiet": system_state.next_quiet(quiet, now),
    }


def _set(visit: Visit) -> dict[str, object]:
    return {"rules": RULES, "settings": sorted(visit.runtime.settings.masked().items())}


def _lane_names() -> dict[str, str]:
    return {
        "fast": _("Answers, receipts, alarms"),
        "bulk": _("Reminders and notices"),
        system_state.BROADCASTS: _("Broadcasts"),
    }


def _part_names() -> dict[str, str]:
    return {
        "database": _("Database"),
        "redis": _("Redis (memory for calls and queues)"),
        "workers": _("Workers (they send and answer texts)"),
        "scheduler": _("Scheduler (it finds what is due)"),
        "keys": _("Keys of the stored data"),
        "menu": _("Menus"),
    }


def _part_states() -> dict[str, str]:
    return {
        readiness.OK: _("works"),
        readiness.AWAY: _("does not answer"),
        readiness.SILENT: _("no sign of life for half a minute"),
        readiness.LACKING: _("DATA_KEY lacks a key that stored data needs: put the old key back"),
    }


def _error_words() -> dict[str, str]:
    return {
        "GatewayUnavailable": _("The gateway did not answer, or had a fault. The text is tried again."),
        "Throttled": _("Too fast for the gateway. The text is tried again, later."),
        "OutcomeUnknown": _("The gateway may have the text or not. It is not sent again."),
        "Rejected": _("The gateway refused this text for good."),
        "RecipientOptedOut": _("The gateway says that this person wants no texts. It counts as STOP."),
        "Misconfigured": _("The gateway refuses our account: user name, key, sender or balance."),
    }


def _sweep_words() -> dict[str, str]:
    return {
        "expired": _("texts whose deadline passed before they could go"),
        "lease_queued": _("texts of a worker that was lost before it handed them over: queued again"),
        "lease_unknown": _("texts of a worker that was lost while it handed them over: may have gone"),
    }


PAGES = (
    Page("/system", "system", show=show),
    Page("/system/live", "system", show=show_live),
)
