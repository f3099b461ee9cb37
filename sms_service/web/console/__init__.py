"""The office's desk: pages for people, mounted at /console by web/app.py.

Closed by default: modules list their Pages, the frame lets people in. Sign-in is the one open page.
"""

from __future__ import annotations

from pathlib import Path

from flask import Blueprint, Flask, flash, g, redirect, request, session
from flask_babel import Babel
from flask_babel import gettext as _
from flask_wtf.csrf import ValidationError, generate_csrf, validate_csrf
from werkzeug.exceptions import HTTPException
from werkzeug.wrappers import Response

from sms_service.errors import NotFound, ServiceError
from sms_service.logs import get_logger
from sms_service.runtime import Runtime
from sms_service.services.staff import sign_in
from sms_service.web.console import (
    account,
    broadcast_compose,
    broadcasts,
    content,
    door,
    event_groups,
    events,
    figures,
    formats,
    frame,
    menu_tree,
    navigation,
    people,
    phone,
    recruiters,
    report_clusters,
    reports,
    subscribers,
    system,
    today,
)
from sms_service.web.console.door import SESSION
from sms_service.web.console.pages import Page, Shown, Turns, Visit

log = get_logger(__name__)

PAGES: tuple[Page, ...] = (
    *today.PAGES,
    *broadcast_compose.PAGES,
    *broadcasts.PAGES,
    *reports.PAGES,
    *report_clusters.PAGES,
    *events.PAGES,
    *event_groups.PAGES,
    *recruiters.PAGES,
    *subscribers.PAGES,
    *people.PAGES,
    *phone.PAGES,
    *account.PAGES,
    *content.PAGES,
    *menu_tree.PAGES,
    *figures.PAGES,
    *system.PAGES,
)
LANGUAGES = ("id", "en")

_METHODS = ("GET", "POST")
_HERE = Path(__file__).parent


def install(app: Flask, runtime: Runtime, turns: Turns) -> None:
    """Mount the desk on the application."""
    settings = runtime.settings
    app.secret_key = f"desk {settings.secret_key}"
    app.config.update(
        SESSION_COOKIE_NAME="jalur_aman",
        SESSION_COOKIE_HTTPONLY=True,
        SESSION_COOKIE_SAMESITE="Lax",
        SESSION_COOKIE_SECURE=settings.base_url.startswith("https:"),
        SESSION_COOKIE_PATH="/console",
        WTF_CSRF_TIME_LIMIT=None,  # as long as the session: forms are filled in slowly here
        BABEL_DEFAULT_LOCALE=settings.default_language,
        BABEL_TRANSLATION_DIRECTORIES=str(_HERE / "translations"),
    )
    app.jinja_env.trim_blocks = app.jinja_env.lstrip_blocks = True
    Babel(app, locale_selector=_language)
    app.register_blueprint(_blueprint(runtime, turns), url_prefix="/console")


def _blueprint(runtime: Runtime, turns: Turns) -> Blueprint:
    console = Blueprint("console", __name__, template_folder="templates", static_folder="static")
    console.before_request(lambda: _enter(runtime))
    console.after_request(frame.guard_headers)
    console.register_error_handler(ServiceError, lambda error: frame.refused(503, formats.told(error.words)))
    console.register_error_handler(HTTPException, _http)
    console.register_error_handler(Exception, _unforeseen)
    console.app_template_filter("when")(formats.when(runtime.settings.zone))
    for name, given in formats.FILTERS.items():
        console.app_template_filter(name)(given)
    console.context_processor(lambda: _given(runtime))
    door.install(console, runtime)
    for page in PAGES:
        endpoint = page.path.strip("/").translate(str.maketrans("/.<>:", "_____")) or "index"
        console.add_url_rule(
            page.path, endpoint, frame.view_of(runtime, turns, page), methods=("GET", "POST")
        )
    nothing = Page("/<path:rest>", "desk", show=_nothing)
    console.add_url_rule(
        nothing.path, "nothing", frame.view_of(runtime, turns, nothing), methods=("GET", "POST")
    )
    return console


def _enter(runtime: Runtime) -> Response | None:
    """Who asks, and whether a form comes from our own page."""
    g.signed_in = None
    if request.endpoint == "console.static":
        return None
    token = session.get(SESSION)
    if token:
        with runtime.store.read() as tx:
            g.signed_in = sign_in.find_session(tx, token, frame.real_now())
    if request.method != "POST":
        return None
    try:
        validate_csrf(request.form.get("csrf_token") or request.headers.get("X-CSRF-Token"))
    except ValidationError:
        flash(_("The form was too old, or not from this page. Please send it again."), "error")
        return (
            redirect(request.path, 303)
            if request.path.endswith("sign-in")
            else frame.refused(
                400, _("The form was too old, or not from this page. Please go back and send it again.")
            )
        )
    return None


def _language() -> str:
    signed_in = g.get("signed_in")
    wanted = signed_in.language if signed_in else session.get("language") if request else None
    return wanted if wanted in LANGUAGES else LANGUAGES[0]


def _given(runtime: Runtime) -> dict[str, object]:
    """What every template may use."""
    signed_in = g.get("signed_in")
    is_in = signed_in is not None and signed_in.is_complete
    return {
        "agency": runtime.settings.agency_name,
        "csrf_token": generate_csrf,
        "here": request.path,
        "language": _language(),
        "navigation": navigation.visible(signed_in.person.role) if is_in else (),
        "is_clock_moved": bool(runtime.clock.shift),
        "signed_in": signed_in,
    }


def _nothing(_visit: Visit) -> Shown:
    raise NotFound(_("There is nothing at this address."))


def _http(error: HTTPException) -> Response:
    words = {413: _("This file is too large."), 405: _("This address takes other requests.")}
    status = error.code or 500
    return frame.refused(status, words.get(status, _("This request cannot be answered.")))


def _unforeseen(error: Exception) -> Response:
    log.error("unforeseen error at the desk", error=type(error).__name__, exc_info=error)
    return frame.refused(500, _("Something went wrong on our side. What you had typed was not kept."))
