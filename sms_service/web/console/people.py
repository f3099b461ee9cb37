"""People and audit: who may do what, their tokens, and the trail of what was done."""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from datetime import datetime, time, timedelta

from flask_babel import LazyString
from flask_babel import gettext as _

from sms_service.domain.roles import ROLES
from sms_service.services.staff import accounts as staff
from sms_service.services.staff import audit, people, sign_in
from sms_service.services.staff.audit import Filter
from sms_service.web.console import audit_words
from sms_service.web.console.fields import Typed
from sms_service.web.console.lists import PAGE, after_id, listing
from sms_service.web.console.pages import File, Moved, Page, Shown, Visit


def roles() -> list[tuple[str, str]]:
    """The roles with their names at the desk."""
    names = {
        "admin": _("Admin"),
        "approver": _("Approver"),
        "officer": _("Officer"),
        "case_officer": _("Case officer"),
        "partner": _("Partner"),
        "viewer": _("Viewer"),
    }
    return [(role, names[role]) for role in ROLES]


def show_all(visit: Visit) -> Shown:
    """Everybody, and the form to add somebody."""
    values = {
        "people": people.list_people(visit.tx, visit.real_now),
        "roles": roles(),
        "role_names": dict(roles()),
        "communities": _communities(visit),
        "typed": visit.typed,
        "errors": visit.errors,
    }
    return Shown("people.html", values)


def add(visit: Visit) -> Shown:
    """Add somebody and show the first password, this once."""
    typed = Typed(visit.form, visit.runtime.settings.zone)
    name = typed.text("name", required=True, longest=staff.LONGEST_NAME)
    role = typed.choice("role", ROLES, required=True)
    community = typed.number("community")
    typed.check()
    password = people.add(visit.tx, visit.person, name, role, community, visit.real_now)
    words = _("The first password of %(name)s. It is shown only now; it should be changed soon.", name=name)
    return Shown("shown_once.html", {"words": words, "secret": password, "back": "/console/people"})


def show_one(visit: Visit) -> Shown:
    """One person, with what can be done."""
    colleague = people.get_colleague(visit.tx, visit.id("staff_id"), visit.real_now)
    values = {
        "one": colleague,
        "is_self": colleague.id == visit.person.id,
        "tokens": people.list_tokens(visit.tx, colleague.id),
        "roles": roles(),
        "role_names": dict(roles()),
        "communities": _communities(visit),
        "errors": visit.errors,
        "typed": visit.typed,
    }
    return Shown("person.html", values)


def change_role(visit: Visit) -> Moved:
    """Another role for a colleague."""
    typed = Typed(visit.form, visit.runtime.settings.zone)
    role, community = typed.choice("role", ROLES, required=True), typed.number("community")
    typed.check()
    people.set_role(visit.tx, visit.person, visit.id("staff_id"), role, community, visit.real_now)
    return _back(visit, _("The role is changed."))


def unlock(visit: Visit) -> Moved:
    """Lift a lock."""
    people.get_colleague(visit.tx, visit.id("staff_id"), visit.real_now)
    sign_in.lift_lock(visit.tx, visit.person, visit.id("staff_id"), visit.real_now)
    return _back(visit, _("The lock is lifted."))


def reset(visit: Visit) -> Moved:
    """Take a lost second factor away."""
    people.get_colleague(visit.tx, visit.id("staff_id"), visit.real_now)
    sign_in.reset_second_factor(visit.tx, visit.person, visit.id("staff_id"), visit.real_now)
    return _back(visit, _("The second step is set up anew at the next sign-in."))


def let_go(visit: Visit) -> Moved:
    """Somebody has left."""
    people.set_active(visit.tx, visit.person, visit.id("staff_id"), False, visit.real_now)
    return _back(visit, _("This person is out, and so are their tokens."))


def take_back(visit: Visit) -> Moved:
    """Somebody is back."""
    people.set_active(visit.tx, visit.person, visit.id("staff_id"), True, visit.real_now)
    return _back(visit, _("This person may sign in again."))


def new_password(visit: Visit) -> Shown:
    """A first password anew, shown this once."""
    password = secrets.token_urlsafe(9)
    hashed = staff.hash_password(password)
    people.new_password(visit.tx, visit.person, visit.id("staff_id"), hashed, visit.real_now)
    back = f"/console/people/{visit.id('staff_id')}"
    words = _("A new first password. It is shown only now; it should be changed soon.")
    return Shown("shown_once.html", {"words": words, "secret": password, "back": back})


def add_token(visit: Visit) -> Shown:
    """A token for a program of this person, shown this once."""
    colleague = people.get_colleague(visit.tx, visit.id("staff_id"), visit.real_now)
    token = staff.create_token(visit.tx, colleague.name, visit.real_now)
    words = _("A token for the API. What it does counts as done by %(name)s.", name=colleague.name)
    back = f"/console/people/{colleague.id}"
    return Shown("shown_once.html", {"words": words, "secret": token, "back": back})


def revoke_token(visit: Visit) -> Moved:
    """A token is good no more."""
    owner = people.revoke_token(visit.tx, visit.person, visit.id("token_id"), visit.real_now)
    return Moved(f"people/{owner}", _("The token is good no more."))


def show_audit(visit: Visit) -> Shown:
    """The trail, filtered."""
    found = audit.list_entries(visit.tx, _filter(visit), before_id=after_id(visit.query), limit=PAGE + 1)
    everybody = [("", _("everybody"))] + [
        (str(one.id), one.name) for one in people.list_people(visit.tx, visit.real_now)
    ]
    return Shown(
        "audit.html",
        {
            "page": listing(found, visit.query, lambda entry: entry.id),
            "everybody": everybody,
            "acts": _acts(visit.query.get("act", "")),
            "records": [("", _("all")), *_sorted(audit_words.RECORDS)],
            "act_words": audit_words.act,
            "record_words": audit_words.record,
            "query": visit.query,
        },
    )


def _acts(wanted: str) -> list[tuple[str, str]]:
    """Acts to choose from; one may also ask for how they begin, as "report."."""
    found = [("", _("all")), *_sorted(audit_words.ACTS)]
    return found if wanted in dict(found) else [*found, (wanted, f"{wanted}…")]


def _sorted(words: Mapping[str, LazyString]) -> list[tuple[str, str]]:
    return sorted(((code, str(said)) for code, said in words.items()), key=lambda one: (one[1], one[0]))


def export_audit(visit: Visit) -> File:
    """The same as a table to keep; taking it is an act of its own."""
    staff.record_audit(visit.tx, visit.person.id, "audit.export", ("system", "audit"), {}, visit.real_now)
    return File("jalur-aman-audit.csv", audit.export(visit.tx, _filter(visit)).encode(), "text/csv")


def _filter(visit: Visit) -> Filter:
    typed = Typed(visit.form or visit.query, visit.runtime.settings.zone)
    since, until = typed.day("since"), typed.day("until")
    zone = visit.runtime.settings.zone
    return Filter(
        staff_id=typed.number("who"),
        act=typed.text("act", longest=48),
        subject_type=typed.text("record", longest=24),
        subject_id=typed.text("record_id", longest=48),
        since=datetime.combine(since, time(), zone) if since else None,
        until=datetime.combine(until + timedelta(days=1), time(), zone) if until else None,
    )


def _communities(visit: Visit) -> list[tuple[str, str]]:
    found = people.list_communities(visit.tx)
    return [("", _("none")), *((str(number), name) for number, name in found)]


def _back(visit: Visit, said: str) -> Moved:
    return Moved(f"people/{visit.id('staff_id')}", said)


_ONE = "/people/<int:staff_id>"
PAGES = (
    Page("/people", "staff", show=show_all, act=add),
    Page(_ONE, "staff", show=show_one, act=change_role),
    Page(f"{_ONE}/unlock", "staff", act=unlock, back="people/{staff_id}"),
    Page(f"{_ONE}/reset-second-factor", "staff", act=reset, back="people/{staff_id}"),
    Page(f"{_ONE}/let-go", "staff", act=let_go, back="people/{staff_id}"),
    Page(f"{_ONE}/take-back", "staff", act=take_back, back="people/{staff_id}"),
    Page(f"{_ONE}/new-password", "staff", act=new_password, back="people/{staff_id}"),
    Page(f"{_ONE}/tokens", "staff", act=add_token, back="people/{staff_id}"),
    Page("/people/tokens/<int:token_id>/revoke", "staff", act=revoke_token, back="people"),
    Page("/audit", "staff", show=show_audit),
    Page("/audit.csv", "staff", act=export_audit, back="audit"),
)
