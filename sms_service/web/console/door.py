"""The open pages: sign in, give the second factor or set it up, sign out. Everything else is behind them."""

from __future__ import annotations

import segno
from flask import Blueprint, flash, g, redirect, request, session, url_for
from flask_babel import gettext as _
from redis.exceptions import RedisError
from werkzeug.wrappers import Response

from sms_service.errors import Invalid, NotAllowed
from sms_service.logs import get_logger
from sms_service.runtime import Runtime
from sms_service.services.staff import sign_in
from sms_service.services.staff.sign_in import SignedIn
from sms_service.web.console.formats import told
from sms_service.web.console.frame import page_of, real_now

log = get_logger(__name__)

SESSION = "desk"  # where the browser's signed cookie keeps the secret of its session
TRIES = 30  # from one address, in ten minutes: an office behind one address has many people
_WINDOW_SECONDS = 600


def install(console: Blueprint, runtime: Runtime) -> None:
    """Register the pages."""

    def sign_in_page() -> Response:
        if request.args.get("language") in ("id", "en"):
            session["language"] = request.args["language"]
        if request.method == "GET":
            return page_of("sign_in.html", 200, next=request.args.get("next", ""))
        return _sign_in(runtime)

    def second_factor() -> Response:
        if g.signed_in is None:
            return redirect(url_for("console.sign_in"))
        if g.signed_in.is_complete:
            return redirect(url_for("console.index"))
        return _second_factor(runtime, g.signed_in)

    def sign_out() -> Response:
        if request.method == "POST" and g.signed_in is not None:
            with runtime.store.transaction() as tx:
                sign_in.end_session(tx, g.signed_in.person.id, g.signed_in.session_id, real_now())
            session.pop(SESSION, None)
        return redirect(url_for("console.sign_in"))

    both = ("GET", "POST")
    console.add_url_rule("/sign-in", "sign_in", sign_in_page, methods=both)
    console.add_url_rule("/second-factor", "second_factor", second_factor, methods=both)
    console.add_url_rule("/sign-out", "sign_out", sign_out, methods=both)


def _sign_in(runtime: Runtime) -> Response:
    """Name and password. The slow comparison holds no transaction."""
    now, name = real_now(), request.form.get("name", "")
    if not _may_try(runtime):
        flash(_("Too many tries from this address. Wait ten minutes."), "error")
        return page_of("sign_in.html", 429, name=name)
    with runtime.store.read() as tx:
        candidate = sign_in.find_candidate(tx, name, now)
    try:
        sign_in.verify_password(candidate, request.form.get("password", ""))
    except NotAllowed as error:
        with runtime.store.transaction() as tx:
            sign_in.note_failure(tx, candidate.id, now)
        flash(told(error.words), "error")
        return page_of("sign_in.html", 403, name=name, next=request.form.get("next", ""))
    assert candidate.id is not None
    with runtime.store.transaction() as tx:
        token = sign_in.open_session(tx, candidate.id, _browser(), now)
    _remember(token)
    session["next"] = _own_page(request.form.get("next", ""))
    with runtime.store.read() as tx:
        signed_in = sign_in.find_session(tx, token, now)
    if signed_in is not None and signed_in.is_complete:
        return redirect(session.pop("next", None) or url_for("console.index"), 303)
    return redirect(url_for("console.second_factor"), 303)


def _second_factor(runtime: Runtime, signed_in: SignedIn) -> Response:
    if not signed_in.has_second_factor:
        return _set_up(runtime, signed_in)
    if request.method == "GET":
        return page_of("second_factor.html", 200)
    now = real_now()
    try:
        with runtime.store.transaction() as tx:
            is_right = sign_in.check_second_factor(tx, signed_in.person, request.form.get("code", ""), now)
            if not is_right:
                sign_in.note_failure(tx, signed_in.person.id, now)
    except NotAllowed as error:
        flash(told(error.words), "error")
        return page_of("second_factor.html", 403)
    if not is_right:
        flash(_("This code is not right. Each code is good once, for half a minute."), "error")
        return page_of("second_factor.html", 403)
    _complete(runtime, signed_in)
    return redirect(session.pop("next", None) or url_for("console.index"), 303)


def _set_up(runtime: Runtime, signed_in: SignedIn) -> Response:
    """The first sign-in of a role that needs a second factor: scan, type a code, keep the recovery codes."""
    with runtime.store.transaction() as tx:
        secret = sign_in.begin_second_factor(tx, signed_in.person)
    address = sign_in.scan_address(secret, signed_in.person.name, runtime.settings.agency_name)
    shown = {"secret": secret, "drawing": segno.make(address, error="m").svg_data_uri(scale=4, border=2)}
    if request.method == "GET":
        return page_of("second_factor_new.html", 200, **shown)
    try:
        with runtime.store.transaction() as tx:
            codes = sign_in.confirm_second_factor(
                tx, signed_in.person, request.form.get("code", ""), real_now()
            )
    except Invalid:
        flash(_("This code is not right. Type the six digits that the phone shows now."), "error")
        return page_of("second_factor_new.html", 422, **shown)
    _complete(runtime, signed_in)
    return page_of("recovery_codes.html", 200, codes=codes)


def _complete(runtime: Runtime, signed_in: SignedIn) -> None:
    with runtime.store.transaction() as tx:
        token = sign_in.complete_session(tx, signed_in, _browser(), real_now())
    _remember(token)


def _remember(token: str) -> None:
    language = session.get("language")
    wanted = session.get("next")
    session.clear()  # also a new CSRF token: nothing from before the sign-in is of use afterwards
    session[SESSION] = token
    session.update({key: value for key, value in (("language", language), ("next", wanted)) if value})


def _browser() -> str:
    return (request.user_agent.string or "")[:160]


def _own_page(wanted: str) -> str | None:
    """Where to go on: a page of the desk, never another site."""
    return wanted if wanted.startswith("/console/") and "\\" not in wanted else None


def _may_try(runtime: Runtime) -> bool:
    """Count the try by address. With Redis away nobody is kept out: five wrong ones still lock a person."""
    key = f"rate:sign-in:{runtime.store.vault.number_hash(request.remote_addr or '')}"
    try:
        with runtime.redis.pipeline(transaction=False) as pipe:
            pipe.incr(key)
            pipe.expire(key, _WINDOW_SECONDS)
            return int(pipe.execute()[0]) <= TRIES
    except RedisError as error:
        log.warning("sign-in not throttled", error=type(error).__name__)
        return True
