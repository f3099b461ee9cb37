"""The way of one page: who asks (else: sign in), whether they may, the work, the page.

Closed by default: only what stands in a table of Pages is served, to people signed in whose role has the
page's right. Refusals of services are shown where the person can act on them.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from datetime import UTC, datetime

from flask import flash, g, redirect, render_template, request, url_for
from flask_babel import gettext as _
from werkzeug.datastructures import MultiDict
from werkzeug.wrappers import Response

from sms_service.domain.roles import may
from sms_service.errors import Conflict, Invalid, NotAllowed, NotFound, ServiceError, Unavailable
from sms_service.logs import get_logger
from sms_service.runtime import Runtime
from sms_service.services.staff import sign_in
from sms_service.services.staff.sign_in import SignedIn
from sms_service.store.engine import Tx
from sms_service.web.console.formats import told
from sms_service.web.console.pages import NO_FORM, Answer, File, Moved, Page, Shown, Turns, Visit

log = get_logger(__name__)

_STATUS = ((Conflict, 409), (NotFound, 404), (NotAllowed, 403), (Invalid, 422), (Unavailable, 503))
_FORM_BYTES = 256 * 1024
_UPLOAD_BYTES = 10 * 1024 * 1024


def view_of(runtime: Runtime, turns: Turns, page: Page) -> Callable[..., Response]:
    """Return Flask's view of one page."""

    def view(**ids: int | str) -> Response:
        request.max_content_length = _UPLOAD_BYTES if page.is_upload else _FORM_BYTES
        stopped = _let_in(runtime)
        if stopped is not None:
            return stopped
        if not may(g.signed_in.person.role, page.right):
            return refused(403, _("Your role does not permit this page."))
        if request.method == "POST":
            return _act(Desk(runtime, turns), page, ids)
        if page.show is None:
            return refused(405, _("This address takes forms only."))
        return _look(Desk(runtime, turns), page, ids)

    return view


def _let_in(runtime: Runtime) -> Response | None:
    """Send people without a full session to where they get one."""
    if g.signed_in is None:
        wanted = request.full_path if request.method == "GET" else ""
        return redirect(url_for("console.sign_in", next=wanted or None))
    signed_in: SignedIn = g.signed_in
    if not signed_in.is_complete:
        return redirect(url_for("console.second_factor"))
    now = real_now()
    if now - signed_in.seen_at >= sign_in.SEEN_NOTED_EVERY:
        try:
            with runtime.store.transaction() as tx:
                sign_in.note_seen(tx, signed_in.session_id, now)
        except Unavailable:
            log.warning("use of a session not noted")
    return None


@dataclass(frozen=True, slots=True)
class Desk:
    """What the pages of one process work with."""

    runtime: Runtime
    turns: Turns

    def reading(self, page: Page) -> AbstractContextManager[Tx | None]:
        """The transaction to show a page in."""
        if page.is_audited:
            return self.runtime.store.transaction()
        return nullcontext() if page.is_free else self.runtime.store.read()

    def writing(self, page: Page) -> AbstractContextManager[Tx | None]:
        """The transaction to act in."""
        return nullcontext() if page.is_free else self.runtime.store.transaction()


def _look(
    desk: Desk,
    page: Page,
    ids: Mapping[str, int | str],
    typed: MultiDict[str, str] = NO_FORM,
    errors: Mapping[str, str] | None = None,
    status: int = 200,
) -> Response:
    try:
        with desk.reading(page) as tx:
            assert page.show is not None
            answer = page.show(_visit(desk, tx, ids, typed=typed, errors=errors or {}))
            if not page.is_audited:  # the template may still ask the database
                return _response(answer, status)
        return _response(answer, status)  # the trace is kept by now, and no lock is held while drawing
    except ServiceError as error:
        return refused(_status(error), told(error.words))


def _act(desk: Desk, page: Page, ids: Mapping[str, int | str]) -> Response:
    if page.act is None:
        return refused(405, _("This page takes no form."))
    try:
        with desk.writing(page) as tx:
            answer = page.act(_visit(desk, tx, ids, form=request.form, files=request.files))
            if isinstance(answer, Shown):  # the template may still ask the database
                return _response(answer, 200)
    except ServiceError as error:
        return _refuse_act(desk, page, ids, error)
    return _response(answer, 200)


def _refuse_act(desk: Desk, page: Page, ids: Mapping[str, int | str], error: ServiceError) -> Response:
    """Show the form again with what was typed; an act without a form says it on the page it came from."""
    errors = dict(getattr(error, "errors", None) or {})
    flash(told(error.words), "error")
    if page.show is not None:
        return _look(desk, page, ids, request.form, errors, _status(error))
    if page.back:
        return redirect(url_for("console.index") + page.back.format(**ids).lstrip("/"), 303)
    return refused(_status(error), told(error.words))


def _visit(
    desk: Desk,
    tx: Tx | None,
    ids: Mapping[str, int | str],
    *,
    form: MultiDict[str, str] = NO_FORM,
    files: object = None,
    typed: MultiDict[str, str] = NO_FORM,
    errors: Mapping[str, str] | None = None,
) -> Visit:
    return Visit(
        runtime=desk.runtime,
        turns=desk.turns,
        tx=tx,  # type: ignore[arg-type]
        signed_in=g.signed_in,
        now=desk.runtime.clock.now(),
        real_now=real_now(),
        ids=ids,
        query=request.args,
        form=form,
        files=files or {},  # type: ignore[arg-type]
        typed=typed,
        errors=errors or {},
    )


def _response(answer: Answer, status: int) -> Response:
    if isinstance(answer, Moved):
        if answer.said:
            flash(answer.said, "done")
        return redirect(url_for("console.index") + answer.to.lstrip("/"), 303)
    if isinstance(answer, File):
        headers = {"Content-Disposition": f'attachment; filename="{answer.name}"'}
        return Response(answer.content, status, headers, mimetype=answer.kind)
    return page_of(answer.template, status, **answer.values)


def refused(status: int, words: str) -> Response:
    """A page that says why there is nothing to see, and where to go on."""
    return page_of("refused.html", status, words=words)


def page_of(template: str, status: int, /, **values: object) -> Response:
    """A page, from a template of the desk."""
    return Response(render_template(f"console/{template}", **values), status, mimetype="text/html")


def real_now() -> datetime:
    """The time of this world, for sessions and codes: a rehearsal does not move it."""
    return datetime.now(UTC)


def guard_headers(response: Response) -> Response:
    """What every answer of the desk carries. No script or style of the page itself: files only."""
    response.headers["Content-Security-Policy"] = (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; font-src 'self'; "
        "connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
    )
    response.headers["X-Frame-Options"] = "DENY"
    response.headers["X-Content-Type-Options"] = "nosniff"
    response.headers["Referrer-Policy"] = "same-origin"
    response.headers["Permissions-Policy"] = "camera=(), microphone=(), geolocation=()"
    if request.is_secure:
        response.headers["Strict-Transport-Security"] = "max-age=31536000"
    if request.endpoint != "console.static":
        response.headers["Cache-Control"] = "no-store"
    return response


def _status(error: ServiceError) -> int:
    return next((status for kind, status in _STATUS if isinstance(error, kind)), 422)
