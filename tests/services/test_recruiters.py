"""What is said about a recruiter is what the list of its date says; a miss is counted and tells on nobody."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from sqlalchemy import delete, select

from sms_service.errors import NotFound
from sms_service.services.read_models import ReadModels
from sms_service.services.recruiters.demo import COMPANIES, seed
from sms_service.services.recruiters.directory import (
    NO_DIRECTORY,
    Details,
    check_answer,
    list_misses,
    list_recruiters,
    look_up,
    new_read_model,
    record_miss,
)
from sms_service.services.recruiters.list_import import import_list, read_list
from sms_service.store.engine import Store
from sms_service.store.models import RecruiterMiss

NOW = datetime(2026, 11, 20, 2, tzinfo=UTC)
TODAY = NOW.date()
LIST = b"""name,license_number,status,valid_until,address,phone,branch_in_ntt
PT CONTOH MAJU JAYA,C-0001,active,2027-12-31,Jl. Contoh 1,081200000001,yes
PT CONTOH MAJU RAYA,C-0002,revoked,2027-12-31,,,no
PT CONTOH KEMBAR,C-0003,active,2027-12-31,,,no
PT CONTOH KEMBAR,C-0004,expired,2025-12-31,,,no
"""


@pytest.fixture
def model(store: Store):
    """The list of a process, loaded."""
    with store.transaction() as tx:
        import_list(tx, read_list(LIST, "list.csv"), date(2026, 11, 1), "tests", NOW)
    model = new_read_model()
    ReadModels(store, [model]).refresh()
    return model


def test_without_any_list_nothing_is_said_about_anybody() -> None:
    assert look_up(NO_DIRECTORY, "PT CONTOH MAJU JAYA").verdict == "no_list"
    assert look_up(NO_DIRECTORY, "PT CONTOH MAJU JAYA").found == ()


def test_a_look_up_names_the_list_its_date_and_the_company(model) -> None:
    found = look_up(model.value, "contoh maju jaya")
    assert (found.verdict, found.is_sure, found.as_of, found.is_demo) == (
        "exact",
        True,
        date(2026, 11, 1),
        False,
    )
    assert found.found[0].name == "PT CONTOH MAJU JAYA"
    details = model.value.details(found.found[0].id)
    assert (details.status, details.branch_in_ntt) == ("active", True)


def test_a_misspelling_is_asked_and_never_answered_at_once(model) -> None:
    for typed in ("contoh maju jya", "maju raya", "majujaya", "contoh maju naya", "CV contoh maju jaya"):
        found = look_up(model.value, typed)
        assert not found.is_sure, typed
        assert found.found, typed


def test_companies_of_one_name_are_told_apart_by_their_licence(model) -> None:
    found = look_up(model.value, "contoh kembar")
    assert found.verdict == "several"
    assert [each.label for each in found.found] == ["C-0003 PT CONTOH KEMBAR", "C-0004 PT CONTOH KEMBAR"]


def test_a_change_of_the_list_reaches_other_processes_without_a_restart(store: Store, model) -> None:
    elsewhere = new_read_model()
    models = ReadModels(store, [elsewhere], interval=0.01)
    models.refresh()
    chosen = look_up(elsewhere.value, "contoh maju raya").found[0].id
    shorter = b"\n".join(line for line in LIST.splitlines() if b"RAYA" not in line)
    with store.transaction() as tx:
        import_list(tx, read_list(shorter, "list.csv"), date(2026, 11, 8), "tests", NOW)
    assert models.refresh() == ("recruiters",)
    assert not look_up(elsewhere.value, "contoh maju raya").is_sure
    with pytest.raises(NotFound):
        elsewhere.value.details(chosen)


def test_the_demo_list_says_that_it_is_one_and_holds_every_kind(store: Store) -> None:
    with store.transaction() as tx:
        seed(tx, NOW)
    model = new_read_model()
    model.refresh(store)
    assert look_up(model.value, "contoh").is_demo
    companies = model.value.companies.values()
    assert len(companies) == COMPANIES
    assert all(company.name.startswith("PT CONTOH ") for company in companies)
    assert all(re.fullmatch(r"(\+628120000\d{4})?", company.phone) for company in companies)
    assert {company.status for company in companies} == {"active", "suspended", "revoked", "expired"}
    assert {company.branch_in_ntt for company in companies} == {True, False}
    assert {bool(company.warning) for company in companies} == {True, False}
    assert {company.valid_until is None for company in companies} == {True, False}
    assert any(company.status == "active" and company.valid_until and company.valid_until < TODAY
               for company in companies)  # fmt: skip


def details(**changes: object) -> Details:
    values: dict = {
        "id": 1, "name": "PT CONTOH", "license_number": "C-1", "status": "active", "valid_until": TODAY,
        "address": "", "phone": "", "branch_in_ntt": True, "warning": "",
    }  # fmt: skip
    return Details(**(values | changes))


@pytest.mark.parametrize(
    ("changes", "expiry", "advice"),
    [
        ({}, "valid", "no_proof"),
        ({"valid_until": TODAY - timedelta(days=1)}, "past", "ask_first"),
        ({"valid_until": None}, "unknown", "no_proof"),
        ({"status": "suspended"}, "valid", "ask_first"),
        ({"status": "revoked"}, "valid", "ask_first"),
        ({"status": "expired", "valid_until": None}, "unknown", "ask_first"),
        ({"status": "not_listed"}, "valid", "ask_first"),
    ],
)
def test_an_active_licence_proves_no_offer_and_any_other_is_asked_about_first(
    changes: dict, expiry: str, advice: str
) -> None:
    answer = check_answer(details(**changes), TODAY, False, TODAY)
    assert answer.expiry == f"recruiter.expiry.{expiry}"
    assert answer.advice == f"recruiter.advice.{advice}"
    assert answer.status == f"recruiter.status.{changes.get('status', 'active')}"


def asked(store: Store) -> dict[str, int]:
    with store.read() as tx:
        return {row.normalised: row.count for row in tx.scalars(select(RecruiterMiss))}


def note(store: Store, *texts: str, day: date = TODAY) -> None:
    for text in texts:
        with store.transaction() as tx:
            record_miss(tx, text, day, NOW)


def test_misses_are_counted_by_name_and_day(store: Store) -> None:
    note(store, "PT Gemilang", "p.t. GEMILANG", "apakah pt gemilang resmi?", "PT Lain")
    note(store, "PT Gemilang", day=TODAY - timedelta(days=1))
    with store.read() as tx:
        rows = {(row.day, row.normalised): row.count for row in tx.scalars(select(RecruiterMiss))}
    yesterday = TODAY - timedelta(days=1)
    assert rows == {(TODAY, "gemilang"): 3, (TODAY, "lain"): 1, (yesterday, "gemilang"): 1}


def test_spellings_of_one_name_are_put_together_for_the_office(store: Store) -> None:
    note(store, "PT Gemilang Perkasa", "gemilang perkasa", "gemilangperkasa", "gemillang perkasa", "Maju")
    note(store, "gemilang perkasa", day=TODAY - timedelta(days=40))
    with store.read() as tx:
        misses = list_misses(tx, TODAY - timedelta(days=30))
        assert [(miss.asked, miss.count, miss.is_number) for miss in misses] == [
            ("gemilang perkasa", 4, False),
            ("maju", 1, False),
        ]
        assert list_misses(tx, TODAY - timedelta(days=60), limit=1)[0].count == 5


@pytest.mark.parametrize(
    "text",
    [
        "081200000099",
        "+62 812-0000-0099",
        "pak budi 0812 0000 0099",
        "0812/0000/0099",
        "081200000099 081200000098",
        "hp:081200000099.",
        "5304012345670001",  # an identity number is nobody's business either
        "0 8 1 2 0 0 0 0 0 0 9 9",
        "٠٨١٢٠٠٠٠٠٠٩٩",
        "pt maju 08120000 lalu 0099",
    ],
)
def test_a_number_that_was_asked_is_kept_as_a_keyed_hash_only(store: Store, text: str) -> None:
    note(store, text)
    kept = asked(store)
    assert any(key.startswith("#") for key in kept)
    for key in kept:
        letters = key if not key.startswith("#") else ""
        assert not re.search(r"\d", letters)
        assert "0099" not in letters


def test_the_same_number_written_otherwise_is_the_same_miss(store: Store) -> None:
    note(store, "081200000099", "+62 812 0000 0099", "62-812-0000-0099")
    assert list(asked(store).values()) == [3]


def test_a_name_with_a_number_is_counted_as_both(store: Store) -> None:
    note(store, "karya 88", "pak budi 081200000099")
    assert sum(not key.startswith("#") for key in asked(store)) == 2
    assert "karya 88" in asked(store)


@pytest.mark.parametrize("text", ["", "  ", "??", "ab", "12345", "\x00", "resmi?"])
def test_what_is_neither_name_nor_number_is_not_counted(store: Store, text: str) -> None:
    note(store, text)
    assert asked(store) == {}


def test_companies_are_listed_by_pages(store: Store, model) -> None:
    with store.read() as tx:
        first = list_recruiters(tx, limit=3)
        rest = list_recruiters(tx, after_id=first[-1].id, limit=3)
    assert [len(first), len(rest)] == [3, 1]
    assert len({each.id for each in first + rest}) == 4


@hypothesis_settings(
    max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None
)
@given(text=st.text(max_size=200))
def test_any_text_is_looked_up_and_counted(store: Store, model, text: str) -> None:
    look_up(model.value, text)
    with store.transaction() as tx:
        record_miss(tx, text, TODAY, NOW)
        tx.execute(delete(RecruiterMiss))
