"""One's own page: language, password, second factor, and the browsers that are signed in."""

from __future__ import annotations

from flask_babel import gettext as _
from sqlalchemy import update

from sms_service.errors import Invalid, NotAllowed
from sms_service.services.staff import accounts as staff
from sms_service.services.staff import sign_in
from sms_service.store.models import Staff
from sms_service.web.console.pages import Moved, Page, Shown, Visit


def show(visit: Visit) -> Shown:
    """The page."""
    sessions = sign_in.list_sessions(visit.tx, visit.person.id, visit.real_now)
    return Shown("account.html", {"sessions": sessions, "errors": visit.errors})


def change_password(visit: Visit) -> Moved:
    """Needs the present one; every other browser is signed out."""
    candidate = sign_in.find_candidate(visit.tx, visit.person.name, visit.real_now)
    try:
        sign_in.verify_password(candidate, visit.form.get("password", ""))
    except NotAllowed as error:
        raise Invalid(error.words, {"password": _("this is not your present password")}) from error
    wanted = visit.form.get("new_password", "")
    if wanted != visit.form.get("again", ""):
        raise Invalid("the two new passwords differ", {"again": _("type the same password again")})
    staff.set_password(visit.tx, visit.person.id, staff.hash_password(wanted), visit.real_now)
    sign_in.end_other_sessions(visit.tx, visit.person.id, visit.signed_in.session_id, visit.real_now)
    return Moved("account", _("The password is changed; other browsers are signed out."))


def set_language(visit: Visit) -> Moved:
    """The language of the desk for this person."""
    wanted = visit.form.get("language", "")
    if wanted not in ("id", "en"):
        raise Invalid("there is no such language")
    visit.tx.execute(update(Staff).where(Staff.id == visit.person.id).values(language=wanted))
    return Moved("account")


def end_session(visit: Visit) -> Moved:
    """Sign one browser out."""
    sign_in.end_session(visit.tx, visit.person.id, visit.id("session_id"), visit.real_now)
    return Moved("account", _("That browser is signed out."))


PAGES = (
    Page("/account", "desk", show=show),
    Page("/account/password", "desk", show=show, act=change_password),
    Page("/account/language", "desk", act=set_language, back="account"),
    Page("/account/sessions/<int:session_id>/end", "desk", act=end_session, back="account"),
)
