"""The facts: shipped, edited by the office, ageing, and never more certain than their source."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest
import yaml

from menus.loader import load_menu
from menus.model import Menu
from sms_service.domain.districts import DISTRICTS
from sms_service.domain.items import LANGUAGES, Article, Job
from sms_service.errors import Invalid, MenuError
from sms_service.services.content import facts as content
from sms_service.services.content import jobs_abroad
from sms_service.services.content.facts import Library
from sms_service.services.content.pages import Reader
from sms_service.services.read_models import ReadModels, bump
from sms_service.settings import Settings, load
from sms_service.store.engine import Store
from sms_service.store.models import ContentItem as ContentRow
from tests.conftest import SECRETS

TODAY = date(2026, 11, 21)
LATER = date(2027, 12, 1)  # everything shipped has passed its date by then
NOW = datetime(2026, 11, 21, 1, 0, tzinfo=UTC)


@pytest.fixture(scope="module")
def menu() -> Menu:
    return load_menu()


def reader(
    menu: Menu, library: Library | None = None, language: str = "id", today: date = TODAY, **given: str
) -> Reader:
    settings: Settings = load({**SECRETS, **given})
    return Reader(library or content.shipped(), menu, settings, language, today)


def edited(**changes: object) -> dict[str, object]:
    """The shipped article on passports as the office would edit it."""
    item = content.shipped().find_article("doc-passport")
    assert item is not None
    return {**item.model_dump(mode="json"), **changes}


# --- the shipped items -----


def test_all_shipped_items_are_usable_and_complete() -> None:
    library = content.shipped()
    assert {kind: bool(items) for kind, items in library.items.items()} == dict.fromkeys(
        ("articles", "contacts", "offices", "jobs"), True
    )
    for items in library.items.values():
        for item in items.values():
            assert item.is_valid(TODAY), item.key


def test_every_topic_that_the_menu_opens_has_articles(menu: Menu) -> None:
    topics = {node.values["topic"] for node in menu.nodes.values() if "topic" in node.values}
    assert topics == {article.topic for article in content.shipped().articles}


def test_the_eight_documents_are_eight() -> None:
    assert sum(article.topic == "documents" for article in content.shipped().articles) == 8


def test_every_help_kind_and_every_district_leads_somewhere(menu: Menu) -> None:
    chosen = {
        o.values["help_kind"] for n in menu.nodes.values() for o in n.options if "help_kind" in o.values
    }
    for kind in chosen:
        assert reader(menu).contacts_by_kind({"help_kind": kind}), kind
    for district in DISTRICTS:
        assert len(content.shipped().offices(district.code)) > 2, district.name


def test_every_code_of_the_jobs_has_words_and_can_be_answered_in_the_quiz(menu: Menu) -> None:
    answers: dict[str, set[str]] = {}
    for node in menu.nodes.values():
        for option in node.options:
            for name, value in option.values.items():
                answers.setdefault(name, set()).add(value)
    for job in content.shipped().jobs(TODAY):
        assert set(job.language) <= answers["tongue"], job.key
        assert set(job.skills) <= answers["skill"], job.key
        assert job.experience in answers["experience"], job.key
        for language in LANGUAGES:
            for key in (f"field.{job.field}", f"country.{job.country}"):
                assert key in menu.common[language], key


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_item_fits_the_length_that_is_declared_for_it(menu: Menu, language: str) -> None:
    """A text that is longer than its placeholder would be cut in the middle of a fact."""
    read = reader(menu, language=language)
    shown: list[dict[str, str]] = []
    shown += [dict(read.article({"article": article.key})) for article in read.library.articles]
    shown += [dict(read.contact({"contact": contact.key})) for contact in read.library.contacts(TODAY)]
    shown += [dict(read.nearest_office({"district": district.code})) for district in DISTRICTS]
    jobs = [{"job": job.key, "age": "16"} for job in read.library.jobs(TODAY)]
    shown += [dict(jobs_abroad.job_details(read, job)) for job in jobs]
    shown += [dict(jobs_abroad.job_fit(read, job)) for job in jobs]
    shown += [dict(read.danger_lines({})), dict(read.office({}))]
    for values in shown:
        for name, value in values.items():
            if name in menu.values:
                assert len(value) <= menu.values[name].maximum, (name, value)
                assert "{" not in value, value


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_label_of_the_ranking_stays_whole(menu: Menu, language: str) -> None:
    items = jobs_abroad.fitting_jobs(reader(menu, language=language), {"age": "60"})
    assert [item.label for item in items if len(item.label) > menu.nodes["jobs.fitting"].label] == []


# --- what a screen says -----


@pytest.mark.parametrize("language", LANGUAGES)
def test_whatever_is_not_verified_is_marked_where_it_is_read(menu: Menu, language: str) -> None:
    read = reader(menu, language=language)
    mark = read.say("content.unverified")
    for article in read.library.articles:
        assert (mark in read.article({"article": article.key})["article"]) is not article.verified
    for contact in read.library.contacts(TODAY):
        assert (mark in read.contact({"contact": contact.key})["contact"]) is not contact.verified
        if contact.danger:
            assert (mark in read.danger_line(contact)) is not contact.verified
    for job in read.library.jobs(TODAY):
        marked = mark in jobs_abroad.job_details(read, {"job": job.key})["job_text"]
        assert marked is not (job.verified and job.wage_verified), job.key


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_fact_names_its_source_and_advice_names_none(menu: Menu, language: str) -> None:
    read = reader(menu, language=language)
    for article in read.library.articles:
        text = read.article({"article": article.key})["article"]
        assert (
            (article.source_in(language) in text)
            if article.mark != "advice"
            else ("Su" + "mber:" not in text)
        )


def test_no_job_page_says_that_a_job_is_open(menu: Menu) -> None:
    for language, ask in (("id", "Masih buka? Tanya BP3MI NTT."), ("en", "Still open? Ask BP3MI NTT.")):
        read = reader(menu, language=language)
        for job in read.library.jobs(TODAY):
            assert ask in jobs_abroad.job_details(read, {"job": job.key})["job_text"]


def test_the_numbers_to_call_at_once_fit_one_screen_with_their_mark(menu: Menu) -> None:
    lines = reader(menu).danger_lines({})["danger_lines"].split("\n")
    assert lines[0].startswith("0800-1000")
    assert "110 polisi (belum dicek)" in lines


def test_without_an_address_the_village_office_is_named_and_with_one_it_is_shown(menu: Menu) -> None:
    assert reader(menu).office_line() == "Alamat BP3MI NTT: tanya kantor desa Anda."
    known = reader(menu, OFFICE_ADDRESS="Jl. Contoh 1", OFFICE_PHONE="0380-000000", AGENCY_NAME="BP3MI X")
    assert known.office_line() == "BP3MI X, Jl. Contoh 1, telepon 0380-000000."
    assert "Jl. Contoh 1" in known.nearest_office({"district": "53.04"})["offices"]


def test_articles_are_read_in_order_to_the_last(menu: Menu) -> None:
    read, seen = reader(menu), ["doc-marital"]
    while following := read.next_article({"article": seen[-1]}):
        seen.append(following)
    assert seen == [item.key for item in read.articles({"topic": "documents"})]


def test_who_is_in_an_unlisted_country_gets_the_numbers_for_everywhere(menu: Menu) -> None:
    read = reader(menu)
    assert read.contact_countries({})[-1].key == "other"
    assert [item.key for item in read.contacts_by_country({"country": "other"})] == [
        "kp2mi-abroad",
        "foreign-ministry",
    ]
    assert read.contacts_by_country({"country": "my"})[0].key == "my-missions"


def test_one_danger_sign_and_one_gap_are_enough(menu: Menu) -> None:
    read = reader(menu)
    assert (read.judge_flags({}), read.judge_flags({"flag_1": "", "flag_9": "1"})) == ("clear", "danger")
    assert (read.judge_contract({}), read.judge_contract({"gap_8": "1"})) == ("complete", "gaps")
    assert read.flags({"flag_1": "1", "flag_2": "", "flag_3": "1", "flag_10": "1"})["flag_count"] == "2"


@pytest.mark.parametrize("key", ["", "no-such", "doc-passport' OR 1=1"])
def test_an_item_that_is_gone_is_no_error(menu: Menu, key: str) -> None:
    read = reader(menu)
    assert read.article({"article": key}) == {}
    assert read.next_article({"article": key}) is None
    assert read.contact({"contact": key})["contact"] == read.say("content.no_numbers")
    assert "tidak berlaku" in jobs_abroad.job_details(read, {"job": key})["job_text"]
    assert read.nearest_office({"district": key})["district_name"] == ""


# --- growing old -----


def test_past_their_date_jobs_and_contacts_are_hidden_and_articles_marked(menu: Menu) -> None:
    read = reader(menu, today=LATER)
    assert read.library.jobs(LATER) == ()
    assert jobs_abroad.fit_jobs(read, {"age": "30"}) == "none"
    assert jobs_abroad.job_fields(read, {}) == ()
    assert read.contacts_by_kind({"help_kind": "work"}) == ()
    assert read.contact({"contact": "kp2mi-call"})["contact"] == read.say("content.no_numbers")
    assert read.danger_lines({})["danger_lines"] == read.say("content.no_numbers")
    assert read.article({"article": "doc-passport"})["article"].startswith("(info lama)")


def test_what_will_soon_be_too_old_is_known_before(menu: Menu) -> None:
    library = content.shipped()
    soon = library.expiring(date(2027, 2, 20), timedelta(days=14))
    assert soon
    assert all(item.valid_until <= date(2027, 3, 6) for item in soon)
    assert library.expiring(TODAY, timedelta(days=14)) == ()


# --- the quiz ---


def test_somebody_under_age_is_told_so_first(menu: Menu) -> None:
    assert jobs_abroad.fit_jobs(reader(menu), {"age": "17"}) == "young"
    assert jobs_abroad.fit_jobs(reader(menu), {"age": "18"}) == "found"


def test_the_ranking_shows_every_job_and_what_is_missing(menu: Menu) -> None:
    values = {"age": "28", "education": "d3", "tongue": "german_b1", "skill": "nursing", "experience": "some"}
    items = jobs_abroad.fitting_jobs(reader(menu), values)
    assert len(items) == len(content.shipped().jobs(TODAY))
    assert (items[0].key, items[0].label) == ("de-nurse", "Perawat, Jerman: bisa cocok")
    assert items[-1].key == "my-plantation"
    text = jobs_abroad.job_fit(reader(menu), {**values, "job": "kr-factory"})["job_fit_text"]
    assert "Masih kurang: bahasa Korea." in text


def test_answers_that_got_lost_on_the_way_still_give_a_list(menu: Menu) -> None:
    assert len(jobs_abroad.fitting_jobs(reader(menu), {})) == len(content.shipped().jobs(TODAY))


# --- the office's edits -----


def test_an_edit_replaces_the_shipped_item_and_keeps_its_place() -> None:
    words = {"id": "Baru", "en": "New"}
    library = content.overridden(content.shipped(), [("articles", "doc-passport", edited(body=words))])
    changed = library.find_article("doc-passport")
    assert changed is not None
    assert changed.body == words
    assert [a.key for a in library.articles] == [a.key for a in content.shipped().articles]
    assert content.shipped().find_article("doc-passport") != changed


@pytest.mark.parametrize(
    ("kind", "key", "item"),
    [
        ("articles", "doc-passport", {}),
        ("articles", "doc-passport", None),
        ("articles", "doc-passport", "text"),
        ("articles", "doc-passport", edited(key="another-key")),
        ("articles", "doc-passport", edited(body={"id": "tanda \u2013", "en": "x"})),
        ("rumours", "doc-passport", edited()),
    ],
)
def test_an_edit_that_cannot_be_used_leaves_the_shipped_item(kind: str, key: str, item: object) -> None:
    library = content.overridden(content.shipped(), [(kind, key, item)])
    assert library.find_article("doc-passport") == content.shipped().find_article("doc-passport")


def test_a_new_item_of_the_office_comes_last_in_its_list() -> None:
    new = edited(key="doc-ninth")
    library = content.overridden(content.shipped(), [("articles", "doc-ninth", new)])
    assert library.articles[-1].key == "doc-ninth"


def test_every_fault_of_an_item_is_named_by_field() -> None:
    with pytest.raises(Invalid) as caught:
        content.validate("articles", edited(title={"id": "x" * 30, "en": "y"}, topic="?"))
    assert set(caught.value.errors) == {"title", "topic"}


def test_edits_reach_every_process_and_a_restart(store: Store, menu: Menu) -> None:
    model = content.read_model()
    assert model.value is content.shipped()  # before anything is read from the database
    models = ReadModels(store, [model])
    models.refresh()
    with store.transaction() as tx:
        item = edited(body={"id": "Disunting", "en": "Edited"})
        tx.add(ContentRow(kind="articles", key="doc-passport", item=item, updated_at=NOW))
        bump(tx, "content")
    assert models.refresh() == ("content",)
    assert "Disunting" in reader(menu, model.value).article({"article": "doc-passport"})["article"]


# --- the files ---


@pytest.mark.parametrize("spoilt", ["{", "key: no list", "- just text", "- {key: x}", "missing"])
def test_a_spoilt_file_is_refused_with_its_name(tmp_path: Path, spoilt: str) -> None:
    for kind in ("contacts", "offices", "jobs"):
        (tmp_path / f"{kind}.yaml").write_text("[]")
    if spoilt != "missing":
        (tmp_path / "articles.yaml").write_text(spoilt)
    with pytest.raises(MenuError) as caught:
        content.shipped(tmp_path)
    assert caught.value.file == "articles.yaml"


def test_a_key_may_stand_once(tmp_path: Path) -> None:
    item = {**edited(), "source_name": None}
    for kind in ("contacts", "offices", "jobs"):
        (tmp_path / f"{kind}.yaml").write_text("[]")
    (tmp_path / "articles.yaml").write_text(yaml.safe_dump([item, item]))
    with pytest.raises(MenuError, match="twice"):
        content.shipped(tmp_path)


def test_kinds_are_not_mixed_up() -> None:
    library = content.shipped()
    assert all(isinstance(item, Article) for item in library.articles)
    assert all(isinstance(item, Job) for item in library.jobs(TODAY))
    assert library.find_article("kp2mi-call") is None
