"""Content: what callers read, with its sources and dates, and how it looks on a phone while it is written."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Any

from flask_babel import get_locale
from flask_babel import gettext as _
from werkzeug.datastructures import MultiDict

from menus.words import say
from sms_service.domain.districts import DISTRICTS
from sms_service.domain.items import KINDS, LANGUAGES, ContentItem
from sms_service.errors import NotFound
from sms_service.services.content import desk as content_desk
from sms_service.services.content import facts as content
from sms_service.services.content import screens as content_screens
from sms_service.services.staff import audit
from sms_service.services.staff.audit import Filter
from sms_service.web.console import item_forms
from sms_service.web.console.lists import PAGE, after_id, listing
from sms_service.web.console.pages import Moved, Page, Shown, Visit

_HISTORY = 20
_EMPTY: Mapping[str, Any] = {
    "key": "-",
    "title": {"id": "-", "en": "-"},
    "body": {"id": "-", "en": "-"},
    "source": "",
    "source_name": None,
    "source_date": "",
    "checked_on": None,
    "mark": "official",
    "verified": False,
    "verified_by": "",
}
_EMPTY_OF: Mapping[str, Mapping[str, Any]] = {
    "articles": {"topic": "steps"},
    "contacts": {"numbers": (), "line": None, "kinds": (), "countries": (), "danger": False},
    "offices": {"districts": ("all",), "own": False},
    "jobs": {
        "field": "household",
        "country": "my",
        "min_age": 18,
        "max_age": None,
        "education": "none",
        "language": (),
        "skills": (),
        "experience": "none",
        "sex": "",
        "closed": False,
        "wage": None,
        "wage_verified": False,
        "call": None,
    },
}


def show_all(visit: Visit) -> Shown:
    """The list, what needs somebody first."""
    today = _today(visit)
    kind, need = visit.query.get("kind", ""), visit.query.get("need", "")
    found = content_desk.list_items(visit.tx, today)
    wanted = [held for held in found if kind in ("", held.kind) and need in ("", held.need(today))]
    start = after_id(visit.query) or 0
    values = {
        "page": listing(wanted[start:], visit.query, lambda _held: start + PAGE),
        "counts": {one: sum(held.need(today) == one for held in found) for one in content_desk.NEEDS},
        "today": today,
        "query": visit.query,
        "kinds": _kinds(),
        "needs": _needs(),
        "marks": _marks(),
    }
    return Shown("content.html", values)


def show_one(visit: Visit) -> Shown:
    """One item: the form, its screens, its history."""
    held = content_desk.get(visit.tx, str(visit.ids["kind"]), str(visit.ids["key"]))
    form = visit.typed if visit.typed else item_forms.fill(held.item)
    return _edit(visit, held.kind, held.item.key, form, held=held)


def save(visit: Visit) -> Moved | Shown:
    """Keep the edit; or only look at it, or make its signs plain."""
    kind, key = str(visit.ids["kind"]), str(visit.ids["key"])
    if stopped := _only_look(visit):
        held = content_desk.get(visit.tx, kind, key)
        return _edit(visit, kind, key, stopped, held=held)
    raw = item_forms.read(kind if kind in KINDS else "articles", key, visit.form, _zone(visit))
    version = int(visit.form.get("version", "0") if visit.form.get("version", "").isdigit() else 0)
    content_desk.get(visit.tx, kind, key)
    content_desk.save(visit.tx, visit.person, kind, raw, version, visit.now, is_new=False)
    return Moved(f"content/{kind}/{key}", _("Kept. Callers read it from now on."))


def take_back(visit: Visit) -> Moved:
    """The shipped words again."""
    kind, key = str(visit.ids["kind"]), str(visit.ids["key"])
    version = visit.form.get("version", "")
    content_desk.take_back(
        visit.tx, visit.person, kind, key, int(version) if version.isdigit() else 0, visit.now
    )
    return Moved("content", _("The edit is taken back."))


def show_new(visit: Visit) -> Shown:
    """The form for a new item."""
    kind = _kind(visit)
    form = visit.typed if visit.typed else item_forms.fill(_empty(kind, _today(visit)))
    if not visit.typed:
        for name in ("key", "title_id", "title_en", "body_id", "body_en", "valid_until"):
            form[name] = ""
    return _edit(visit, kind, form.get("key", ""), form)


def add(visit: Visit) -> Moved | Shown:
    """Keep a new item."""
    kind = _kind(visit)
    if stopped := _only_look(visit):
        return _edit(visit, kind, stopped.get("key", ""), stopped)
    raw = item_forms.read(kind, visit.form.get("key", "").strip(), visit.form, _zone(visit))
    item = content_desk.save(visit.tx, visit.person, kind, raw, 0, visit.now, is_new=True)
    return Moved(f"content/{kind}/{item.key}", _("Kept. Callers read it from now on."))


def show_screens(visit: Visit) -> Shown:
    """The screens of what is being typed."""
    kind = _kind(visit)
    with visit.runtime.store.read() as tx:
        library = content.load(tx)
    key = str(visit.ids.get("key", ""))
    before = library.items.get(kind, {}).get(key)
    return Shown("content_screens.html", _looks(visit, kind, key, visit.form, before, library))


def _only_look(visit: Visit) -> MultiDict[str, str] | None:
    """The form again, when it was sent to be looked at and not to be kept."""
    if visit.form.get("plain"):
        return item_forms.made_plain(visit.form)
    return visit.form if visit.form.get("look") else None


def _edit(
    visit: Visit,
    kind: str,
    key: str,
    form: MultiDict[str, str],
    *,
    held: content_desk.Held | None = None,
) -> Shown:
    raw = item_forms.read(kind, key, form, _zone(visit))
    given_version = form.get("version")
    meanwhile: tuple[str, ...] = ()
    if held and given_version is not None and given_version != str(held.version):
        meanwhile = _meanwhile(held.item, form)
    library = content.load(visit.tx)
    wanted = Filter(act="content.", subject_type=kind, subject_id=key)
    values = {
        "kind": kind,
        "key": key,
        "held": held,
        "form": form,
        "version": held.version if held else 0,
        "errors": item_forms.said(kind, raw, visit.errors),
        "meanwhile": meanwhile,
        "stored": item_forms.fill(held.item) if held else {},
        "kind_names": _kinds(),
        "need": held.need(_today(visit)) if held else "",
        "needs": _needs(),
        "marks": list(_marks().items()),
        "languages": _languages(),
        "history": audit.list_entries(visit.tx, wanted, limit=_HISTORY) if held else [],
        "address": f"/console/content/{kind}/{key}" if held else f"/console/content/new/{kind}",
        **_choices(visit),
        **_looks(visit, kind, key, form, held.item if held else None, library),
    }
    return Shown("content_item.html", values)


def _meanwhile(item: ContentItem, form: MultiDict[str, str]) -> tuple[str, ...]:
    """The fields of the form that now stand otherwise than they were typed."""
    stored = item_forms.fill(item)
    names = sorted(name for name in {*stored, *form} if name not in ("csrf_token", "version", "key"))
    return tuple(name for name in names if _lines(form.getlist(name)) != _lines(stored.getlist(name)))


def _lines(given: list[str]) -> list[str]:
    return [one.replace("\r\n", "\n") for one in given if one]


def _looks(
    visit: Visit,
    kind: str,
    key: str,
    form: MultiDict[str, str],
    before: ContentItem | None,
    library: content.Library,
) -> dict[str, object]:
    runtime, today = visit.runtime, _today(visit)
    raw = item_forms.read(kind, key or "new", form, _zone(visit))
    item = content_screens.drawable(kind, raw, before or _empty(kind, today))
    found = content_screens.looks(runtime.menu, runtime.settings, library, item, raw, today)
    return {
        "looks": found,
        "language_names": _languages(),
        "most": runtime.menu.screen,
        "is_hidden": not item.is_valid(today) and kind in ("contacts", "jobs"),
        "is_marked": not item.verified,
    }


def _topics() -> dict[str, str]:
    """The menu's lists of articles."""
    return {
        "costs": _("Costs"),
        "documents": _("Documents"),
        "family": _("Help for families"),
        "job_notes": _("Notes on work abroad"),
        "money_home": _("Sending money home"),
        "report_careful": _("Reporting with care"),
        "signs": _("Signs of danger"),
        "steps": _("Steps of the official way"),
    }


def _choices(visit: Visit) -> dict[str, object]:
    """What the form offers to choose from, in words."""
    menu = visit.runtime.menu
    locale = get_locale()
    language = "en" if locale is not None and locale.language == "en" else "id"

    def named(group: str) -> list[tuple[str, str]]:
        return [(code, say(menu, language, f"{group}.{code}")) for code in content_screens.sorts(menu, group)]

    levels = ("none", "sd", "smp", "sma", "d3", "s1")
    return {
        "topics": [(topic, _topics().get(topic, topic)) for topic in content_screens.topics(menu)],
        "help_kinds": [
            ("work", _("work and wages")),
            ("violence", _("violence")),
            ("crime", _("crime")),
            ("abroad", _("trouble abroad")),
        ],
        "countries": named("country"),
        "countries_and_all": [("all", _("every country")), *named("country")],
        "districts": [("all", _("every district")), *((one.code, one.name) for one in DISTRICTS)],
        "fields": named("field"),
        "tongues": named("tongue"),
        "skills": named("skill"),
        "educations": [
            (level, _("none") if level == "none" else say(menu, language, f"education.{level}"))
            for level in levels
        ],
        "experiences": [("none", _("none")), *named("experience")],
        "sexes": [("", _("everybody")), ("woman", _("women")), ("man", _("men"))],
    }


def _kind(visit: Visit) -> str:
    kind = str(visit.ids["kind"])
    if kind not in KINDS:
        raise NotFound("there is no such article, contact, office or job")
    return kind


def _empty(kind: str, today: date) -> ContentItem:
    return KINDS[kind].model_construct(**{**_EMPTY, **_EMPTY_OF[kind], "valid_until": today})


def _today(visit: Visit) -> date:
    return visit.now.astimezone(_zone(visit)).date()


def _zone(visit: Visit) -> Any:
    return visit.runtime.settings.zone


def _languages() -> dict[str, str]:
    return dict(zip(LANGUAGES, (_("Indonesian"), _("English")), strict=True))


def _kinds() -> dict[str, str]:
    return {
        "articles": _("Articles"),
        "contacts": _("Contacts"),
        "offices": _("Offices"),
        "jobs": _("Jobs"),
    }


def _needs() -> dict[str, str]:
    return {
        "expired": _("past its date"),
        "unverified": _("not verified"),
        "soon": _("date passes within 30 days"),
        "good": _("in order"),
    }


def _marks() -> dict[str, str]:
    names = (
        _("official source"),
        _("two sources"),
        _("one source only"),
        _("general knowledge"),
        _("old source"),
        _("advice: states no fact"),
    )
    return dict(zip(item_forms.MARKS, names, strict=True))


_ONE = "/content/<string:kind>/<string:key>"
PAGES = (
    Page("/content", "content", show=show_all),
    Page("/content/new/<string:kind>", "content", show=show_new, act=add),
    Page("/content/new/<string:kind>/screens", "content", act=show_screens, is_free=True, back="content"),
    Page(_ONE, "content", show=show_one, act=save),
    Page(f"{_ONE}/screens", "content", act=show_screens, is_free=True, back="content"),
    Page(f"{_ONE}/take-back", "content", act=take_back, back="content/{kind}/{key}"),
)
