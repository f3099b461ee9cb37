"""Content at the desk: what must be looked at, an edit and what callers then read, two officers at once."""

from __future__ import annotations

import html
import re
from datetime import UTC, date, datetime, timedelta

import pytest
from sqlalchemy import select
from werkzeug.datastructures import MultiDict
from werkzeug.test import TestResponse

from sms_service.domain.items import KINDS, Article
from sms_service.errors import Conflict
from sms_service.services.content import desk as content_desk
from sms_service.services.content import facts as content
from sms_service.services.content import screens as content_screens
from sms_service.store.models import AuditEntry, Revision
from sms_service.web.console import item_forms
from tests.web.console.conftest import Browser, Desk, csrf
from tests.web.console.queries import MOST, counted

TODAY = datetime.now(UTC).date()
KEY = "doc-passport"
ADDRESS = f"/content/articles/{KEY}"


def form_of(kind: str = "articles", key: str = KEY) -> dict[str, object]:
    item = content.shipped().items[kind][key]
    return {name: form.getlist(name) for form in [item_forms.fill(item)] for name in form}


def send(browser: Browser, path: str = ADDRESS, page: str = "", **changes: object) -> TestResponse:
    base = form_of() if path.startswith(ADDRESS) else {}
    filled = {"version": "0", "checked_on": TODAY.isoformat(), **base, **changes}
    filled["checked_on"] = changes.get("checked_on", TODAY.isoformat())
    filled["valid_until"] = changes.get("valid_until", (TODAY + timedelta(days=90)).isoformat())
    token = csrf(browser.get(page or path).text)
    return browser.client.post(f"/console{path}", data={"csrf_token": token, **filled})


def title(desk: Desk) -> str:
    with desk.runtime.store.read() as tx:
        article = content.load(tx).find_article(KEY)
        assert isinstance(article, Article)
        return article.title["id"]


def test_every_shipped_item_goes_through_its_form_unchanged() -> None:
    for kind, items in content.shipped().items.items():
        for key, item in items.items():
            form = item_forms.fill(item)
            raw = item_forms.read(kind, key, MultiDict(form), desk_zone())
            assert content.validate(kind, raw) == item


def desk_zone() -> object:
    return UTC


def test_what_is_past_its_date_or_unverified_stands_first(desk: Desk) -> None:
    with desk.runtime.store.read() as tx:
        late = date(2028, 1, 1)
        found = content_desk.list_items(tx, late)
        assert {held.need(late) for held in found} == {"expired"}
        needs = [held.need(TODAY) for held in content_desk.list_items(tx, TODAY)]
    assert needs == sorted(needs, key=content_desk.NEEDS.index)
    page = desk.browser("officer").get("/content?need=unverified").text
    assert "not verified" in page
    assert KEY not in page


def test_an_edit_is_what_callers_read_and_leaves_a_trace_of_what_it_was(desk: Desk) -> None:
    before, officer = title(desk), desk.browser("officer")
    assert send(officer, title_id="Paspor baru").status_code == 303
    assert title(desk) == "Paspor baru"
    with desk.runtime.store.read() as tx:
        assert tx.scalar(select(Revision.number).where(Revision.name == "content")) == 1
        entry = tx.scalars(select(AuditEntry).where(AuditEntry.act == "content.update")).one()
    assert (entry.subject_type, entry.subject_id) == ("articles", KEY)
    assert before in str(entry.details["before"])
    page = officer.get(ADDRESS).text
    assert before in page
    assert "edited" in page


def test_the_edit_is_taken_back(desk: Desk) -> None:
    before, officer = title(desk), desk.browser("officer")
    send(officer, title_id="Paspor baru")
    gone = officer.post(f"{ADDRESS}/take-back", page=ADDRESS, version="1")
    assert gone.status_code == 303
    assert title(desk) == before
    again = officer.post(f"{ADDRESS}/take-back", page=ADDRESS, version="1")
    assert again.location.endswith(ADDRESS)
    assert "somebody else has changed this meanwhile" in officer.get(ADDRESS).text


def test_of_two_officers_the_second_sees_what_changed_and_loses_nothing(desk: Desk) -> None:
    first, second = desk.browser("officer"), desk.browser("approver")
    assert send(first, title_id="Yang pertama").status_code == 303
    late = send(second, title_id="Yang kedua")
    assert late.status_code == 409
    assert "Yang kedua" in late.text
    assert "Yang pertama" in late.text
    assert title(desk) == "Yang pertama"
    version = re.search(r'name="version" value="(\d+)"', late.text)
    assert version
    assert send(second, title_id="Yang kedua", version=version[1]).status_code == 303
    assert title(desk) == "Yang kedua"


def test_a_version_that_never_was_changes_nothing(desk: Desk) -> None:
    item = content.shipped().items["articles"][KEY]
    with pytest.raises(Conflict), desk.runtime.store.transaction() as tx:
        content_desk.save(
            tx, desk.people["officer"], "articles", item.model_dump(), 7, datetime.now(UTC), is_new=False
        )


@pytest.mark.parametrize(
    ("field", "given", "words"),
    [
        ("title_id", "Paspor yang sangat panjang sekali", "24 signs on one line at most"),
        ("title_en", "", "fill this in"),
        ("body_id", "Tanya “BP3MI” dulu…", "“ → &#34;"),
        ("source", "", "without a source nothing is told"),
        ("source_date", "kemarin", "a year, a month or a day"),
        ("valid_until", (TODAY + timedelta(days=400)).isoformat(), "At most half a year"),
        ("checked_on", "", "When did somebody last look"),
        ("mark", "rumour", "choose one of those offered"),
        ("body_id", "Semua tanpa " + "biaya.", "never confirmed by the office"),
    ],
)
def test_a_fault_is_said_at_its_field_and_what_was_typed_stays(
    desk: Desk, field: str, given: str, words: str
) -> None:
    refused = send(desk.browser("officer"), **{field: given})
    assert refused.status_code == 422
    assert words in refused.text
    if given and field != "mark":
        assert html.escape(given, quote=False) in refused.text.replace("&#34;", '"')
    assert title(desk) == content.shipped().items["articles"][KEY].title["id"]


def test_a_doubtful_source_is_verified_by_somebody_or_not_at_all(desk: Desk) -> None:
    officer = desk.browser("officer")
    refused = send(officer, mark="one_source", verified="1", verified_by="")
    assert "say who checked it" in refused.text
    assert send(officer, mark="one_source", verified="1", verified_by="Ibu Contoh").status_code == 303


def test_while_typing_the_screens_are_those_that_callers_get(desk: Desk) -> None:
    officer = desk.browser("officer")
    shown = send(officer, f"{ADDRESS}/screens", page=ADDRESS, body_id="Kata baru. " * 30)
    assert shown.status_code == 200
    assert "<html" not in shown.text
    screens = [html.unescape(one) for one in re.findall(r'<pre class="screen">([^<]+)</pre>', shown.text)]
    assert sum("Kata baru." in screen for screen in screens) >= 3
    assert screens[0].endswith("9 Lagi\n0 Kembali")
    assert all(len(screen) + 4 <= desk.runtime.menu.screen for screen in screens)
    assert title(desk) == content.shipped().items["articles"][KEY].title["id"]


def test_half_typed_items_of_every_kind_are_drawn(desk: Desk) -> None:
    officer = desk.browser("officer")
    for kind in KINDS:
        token = csrf(officer.get(f"/content/new/{kind}").text)
        for form in ({}, {"title_id": "“Baru”", "valid_until": "x", "min_age": "7", "checked_on": "?"}):
            shown = officer.client.post(
                f"/console/content/new/{kind}/screens", data={"csrf_token": token, **form}
            )
            assert shown.status_code == 200
            assert '<pre class="screen">' in shown.text


def test_signs_are_made_plain_on_request_and_nothing_is_kept(desk: Desk) -> None:
    shown = send(desk.browser("officer"), body_id="“Baru” – dan…", plain="1")
    assert shown.status_code == 200
    assert "&#34;Baru&#34; - dan..." in shown.text
    assert title(desk) == content.shipped().items["articles"][KEY].title["id"]


def test_a_new_job_is_found_by_callers_until_its_date(desk: Desk) -> None:
    officer, form = desk.browser("officer"), form_of("jobs", "kr-factory")
    form |= {"key": "kr-harbour", "title_id": "Pelabuhan, Korea", "title_en": "Harbour, Korea"}
    made = send(officer, "/content/new/jobs", **form)
    assert made.status_code == 303, made.text
    with desk.runtime.store.read() as tx:
        library = content.load(tx)
    assert library.find_job("kr-harbour", TODAY)
    assert not library.find_job("kr-harbour", TODAY + timedelta(days=400))
    twice = send(officer, "/content/new/jobs", **form)
    assert twice.status_code == 422


def test_an_item_that_callers_do_not_see_says_so(desk: Desk) -> None:
    with desk.runtime.store.read() as tx:
        library = content.load(tx)
    item = library.items["jobs"]["kr-factory"]
    runtime = desk.runtime
    found = content_screens.looks(
        runtime.menu, runtime.settings, library, item, {}, item.valid_until + timedelta(days=9)
    )
    assert "Korea" in found[0].screens[0].text


def test_the_pages_ask_the_database_little(desk: Desk) -> None:
    officer = desk.browser("officer")
    for path in ("/content", ADDRESS, "/content/new/jobs"):
        with counted(desk.runtime.store) as asked:
            assert officer.get(path).status_code == 200
        assert len(asked) <= MOST, asked
