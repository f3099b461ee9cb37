"""The words about a recruiter: the list's statement with its date, the warning, and no verdict of ours."""

from __future__ import annotations

import itertools
import re
from datetime import UTC, date, datetime, timedelta
from types import MappingProxyType

import pytest

from menus.loader import load_menu
from menus.model import Menu
from sms_service.domain.matching import Entry, Index
from sms_service.domain.texts import is_gsm7, measure
from sms_service.services.dialogues.recruiter_words import RecruiterWords
from sms_service.services.recruiters.directory import Details, Directory
from sms_service.settings import Settings, load
from tests.conftest import SECRETS

TODAY = datetime(2026, 11, 20, tzinfo=UTC).date()
AS_OF = date(2026, 11, 1)
WARNING = "minta uang muka"
STATUSES = ("active", "suspended", "revoked", "expired", "not_listed")
UNTIL = (None, TODAY - timedelta(days=1), TODAY + timedelta(days=400))
VERDICTS = re.compile(r"\b(legal|ilegal|illegal|resmi|penipu|scam|fraud|terpercaya|trusted)\b", re.IGNORECASE)


@pytest.fixture(scope="module")
def menu() -> Menu:
    return load_menu(screen=160)


@pytest.fixture
def office() -> Settings:
    return load(SECRETS)


def words(menu: Menu, office: Settings, language: str, *companies: Details, **of) -> RecruiterWords:
    index = Index(Entry(each.id, each.name, each.license_number, each.phone) for each in companies)
    by_id = MappingProxyType({each.id: each for each in companies})
    directory = Directory(**{"as_of": AS_OF, "is_demo": False} | of, companies=by_id, index=index)
    return RecruiterWords(directory, menu, office, language, TODAY)


def company(**changes: object) -> Details:
    values: dict = {
        "id": 1, "name": "PT CONTOH MAJU JAYA", "license_number": "C-1", "status": "active",
        "valid_until": None, "address": "", "phone": "", "branch_in_ntt": True, "warning": WARNING,
    }  # fmt: skip
    return Details(**(values | changes))


@pytest.mark.parametrize("language", ["id", "en"])
def test_every_answer_names_the_company_the_date_the_warning_and_whom_to_ask(
    menu: Menu, office: Settings, language: str
) -> None:
    for status, until, branch in itertools.product(STATUSES, UNTIL, (True, False)):
        one = company(status=status, valid_until=until, branch_in_ntt=branch)
        text, missed = words(menu, office, language, one).text_about("contoh maju jaya")
        assert not missed
        assert "PT CONTOH MAJU JAYA" in text
        assert "1 Nov 2026" in text
        assert WARNING in text
        assert office.agency_name in text
        assert not VERDICTS.search(text), text
        assert is_gsm7(text)
        assert measure(text).segments <= 2


@pytest.mark.parametrize("language", ["id", "en"])
def test_a_demo_list_says_so_in_every_answer(menu: Menu, office: Settings, language: str) -> None:
    demo = words(menu, office, language, company(), is_demo=True)
    mark = menu.common[language]["recruiter.demo"].strip()
    for typed in ("contoh maju jaya", "gemilang perkasa"):
        assert mark in demo.text_about(typed)[0], typed


@pytest.mark.parametrize("language", ["id", "en"])
def test_not_found_is_not_in_the_list_of_its_date_and_no_more(
    menu: Menu, office: Settings, language: str
) -> None:
    text, missed = words(menu, office, language, company()).text_about("gemilang perkasa")
    assert missed
    assert "1 Nov 2026" in text
    assert office.agency_name in text
    assert not VERDICTS.search(text)


@pytest.mark.parametrize("language", ["id", "en"])
def test_without_a_list_that_is_what_is_said(menu: Menu, office: Settings, language: str) -> None:
    text, missed = words(menu, office, language, as_of=None).text_about("contoh maju jaya")
    assert not missed
    assert office.agency_name in text
    assert "2026" not in text


def test_a_misspelling_by_text_is_answered_with_names_only(menu: Menu, office: Settings) -> None:
    text, missed = words(menu, office, "id", company()).text_about("maju jya")
    assert not missed
    assert "PT CONTOH MAJU JAYA" in text
    assert "AKTIF" not in text


def test_companies_of_one_name_are_told_apart_by_text_and_can_be_asked_for(
    menu: Menu, office: Settings
) -> None:
    twins = (company(), company(id=2, license_number="C-2", status="revoked"))
    teller = words(menu, office, "id", *twins)
    text, _ = teller.text_about("contoh maju jaya")
    assert "C-1 PT CONTOH MAJU JAYA" in text
    assert "C-2 PT CONTOH MAJU JAYA" in text
    assert "DICABUT" in teller.text_about("C-2")[0]
