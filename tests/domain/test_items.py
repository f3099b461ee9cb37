"""An item says where it comes from, how old it may grow, and fits a keypad phone; or it is refused."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest
from pydantic import ValidationError

from sms_service.domain.items import Article, Contact, Job, Office, local

WORDS = {"id": "kata", "en": "words"}
ARTICLE = {
    "key": "an-article",
    "topic": "steps",
    "title": WORDS,
    "body": WORDS,
    "source": "https://www.example.org/a/page",
    "checked_on": "2026-11-21",
    "valid_until": "2027-05-21",
    "mark": "official",
}
CONTACT = {**{k: v for k, v in ARTICLE.items() if k != "topic"}, "numbers": ["0800-1000"], "kinds": ["work"]}


def article(**given: Any) -> Article:
    return Article.model_validate({**ARTICLE, **given})


def contact(**given: Any) -> Contact:
    return Contact.model_validate({**CONTACT, **given})


def test_a_complete_item_is_taken() -> None:
    assert article().source_in("id") == "example.org"
    assert article(source_name={"id": "UU 18", "en": "Law 18"}).source_in("en") == "Law 18"


@pytest.mark.parametrize(
    "field", ["source", "valid_until", "checked_on", "mark", "title", "body", "topic", "key"]
)
def test_nothing_that_an_item_needs_may_be_missing(field: str) -> None:
    with pytest.raises(ValidationError):
        Article.model_validate({name: value for name, value in ARTICLE.items() if name != field})


@pytest.mark.parametrize(
    "fault",
    [
        {"title": {"id": "kata"}},
        {"title": {"id": "kata", "en": "  "}},
        {"title": {"id": "x" * 25, "en": "words"}},
        {"title": {"id": "dua\nbaris", "en": "words"}},
        {"body": {"id": "tanda \u2013 panjang", "en": "words"}},
        {"body": {"id": "kata \U0001f600", "en": "words"}},
        {"source": "www"},
        {"source_date": "kemarin"},
        {"valid_until": "2027-12-01"},
        {"key": "Not A Key"},
        {"mark": "rumour"},
        {"mark": "one_source"},
        {"mark": "general"},
        {"mark": "old"},
        {"surprise": "field"},
    ],
    ids=str,
)
def test_what_cannot_be_shown_or_checked_is_refused(fault: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        article(**fault)


def test_a_doubtful_item_is_taken_when_it_says_so_or_somebody_vouches() -> None:
    assert article(mark="one_source", verified=False).verified is False
    assert article(mark="one_source", verified_by="Maria").verified is True


def test_an_item_is_valid_until_the_end_of_its_last_day() -> None:
    item = article(valid_until="2027-05-21")
    assert [item.is_valid(date(2027, 5, day)) for day in (20, 21, 22)] == [True, True, False]


def test_advice_names_no_source() -> None:
    assert article(mark="advice", source="advice", checked_on=None).source_in("id") == ""


@pytest.mark.parametrize(
    "fault", [{"kinds": []}, {"danger": True}, {"numbers": ["call me"]}, {"numbers": ["12"]}]
)
def test_a_contact_that_nobody_finds_or_can_call_is_refused(fault: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        contact(**fault)


def test_a_faulty_item_never_shows_its_text_in_the_error() -> None:
    with pytest.raises(ValidationError) as caught:
        contact(numbers=["+6281200000001x"])
    assert "6281200000001" not in str(caught.value)


@pytest.mark.parametrize("fault", [{"min_age": 17}, {"min_age": 30, "max_age": 20}, {"education": "phd"}])
def test_a_job_for_nobody_is_refused(fault: dict[str, Any]) -> None:
    base = {**{k: v for k, v in ARTICLE.items() if k != "topic"}, "field": "care", "country": "jp"}
    assert Job.model_validate(base).min_age == 18
    with pytest.raises(ValidationError):
        Job.model_validate({**base, **fault})


def test_an_office_serves_districts_by_their_kemendagri_code() -> None:
    base = {k: v for k, v in ARTICLE.items() if k != "topic"}
    assert Office.model_validate({**base, "districts": ["53.04"]}).districts == ("53.04",)
    with pytest.raises(ValidationError):
        Office.model_validate({**base, "districts": ["5306"]})


def test_a_text_that_a_language_lacks_is_read_in_indonesian() -> None:
    assert local({"id": "kata", "en": "word"}, "tet") == "kata"
