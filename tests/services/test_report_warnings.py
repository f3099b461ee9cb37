"""A draft of a warning from a cluster: neutral, short, for its districts, naming no private person."""

from __future__ import annotations

from typing import Any

import pytest
from sqlalchemy import func, select

from menus.loader import load_menu
from sms_service.domain.report_answers import MODI
from sms_service.domain.texts import is_gsm7, measure
from sms_service.errors import Conflict, NotFound
from sms_service.services.reports import clusters as report_clusters
from sms_service.services.reports import warnings as report_warnings
from sms_service.services.staff.accounts import Person
from sms_service.settings import Settings
from sms_service.store.engine import Store
from sms_service.store.models import Broadcast, ReportCluster
from tests.cluster_office import NOW, RECRUITER, clustered, known_callers, number, officer, report

MENU = load_menu()


def draft(store: Store, settings: Settings, cluster: ReportCluster, person: Person) -> Broadcast:
    with store.transaction() as tx:
        return report_warnings.draft_warning(tx, cluster.id, person, MENU, settings, NOW)


def sign(store: Store, cluster: ReportCluster) -> None:
    approver = officer(store, "approver", "Pak Contoh")
    with store.transaction() as tx:
        report_clusters.confirm_by_office(tx, cluster.id, approver, "visited", NOW)


def test_a_draft_says_where_and_how_and_whom_to_ask(store: Store, settings: Settings) -> None:
    known_callers(store, phone=RECRUITER, name="Wempi Taebenu", modi=["advance", "visa"])
    person = officer(store)
    row = draft(store, settings, clustered(store, person), person)
    assert (row.status, row.kind, row.author_id) == ("draft", "warning", person.id)
    assert row.audience["districts"] == ["53.04"]
    assert row.text_id == (
        f"{settings.agency_name}: ada beberapa laporan perekrut di Belu: "
        "uang muka ke orang tua, visa wisata. "
        "Tanya kantor sebelum bayar atau serahkan KTP. Bantuan: SMS BANTUAN"
    )
    assert "several reports" in row.text_en
    for text in (row.text_id, row.text_en):
        assert measure(text).segments == 1
        assert "Wempi" not in text
        assert RECRUITER[-6:] not in text


def test_below_the_threshold_there_is_no_draft(store: Store, settings: Settings) -> None:
    known_callers(store, 2, phone=RECRUITER)
    person = officer(store)
    cluster = clustered(store, person)
    with pytest.raises(Conflict, match="nothing is published"):
        draft(store, settings, cluster, person)
    sign(store, cluster)
    assert draft(store, settings, cluster, person).cluster_id == cluster.id


def test_one_cluster_has_one_draft(store: Store, settings: Settings) -> None:
    known_callers(store, phone=RECRUITER)
    person = officer(store)
    cluster = clustered(store, person)
    assert draft(store, settings, cluster, person).id == draft(store, settings, cluster, person).id
    with store.read() as tx:
        assert tx.scalar(select(func.count(Broadcast.id))) == 1


@pytest.mark.parametrize("name", ["PT Contoh Rahasia Sentosa", "CV Contoh {nama} Batas"])
def test_a_company_is_named_only_once_the_office_has_signed(
    store: Store, settings: Settings, name: str
) -> None:
    known_callers(store, 4, name=name)
    person = officer(store)
    cluster = clustered(store, person)
    unsigned = draft(store, settings, cluster, person)
    assert "Contoh" not in unsigned.text_id.replace(settings.agency_name, "")
    with store.transaction() as tx:
        tx.get_one(Broadcast, unsigned.id).status = "cancelled"
    sign(store, cluster)
    signed = draft(store, settings, cluster, person)
    assert "PERINGATAN" in signed.text_id
    assert name.split()[0] + " Contoh" in signed.text_id
    assert "{" not in signed.text_id


def test_a_person_is_never_named(store: Store, settings: Settings) -> None:
    known_callers(store, 5, name="Wempi Taebenu", phone=RECRUITER)
    person = officer(store)
    cluster = clustered(store, person)
    sign(store, cluster)
    row = draft(store, settings, cluster, person)
    assert "wempi" not in (row.text_id + row.text_en).lower()


def test_the_audience_is_the_districts_of_the_reports_that_count(store: Store, settings: Settings) -> None:
    known_callers(store, 2, phone=RECRUITER)
    known_callers(store, 2, first=3, phone=RECRUITER, district="53.21")
    known_callers(store, 1, first=5, phone=RECRUITER, district="53.03")
    report(store, phone=RECRUITER, district="53.71", status="closed", outcome="prank", caller=number(9))
    person = officer(store)
    row = draft(store, settings, clustered(store, person), person)
    assert row.audience["districts"] == ["53.03", "53.04", "53.21"]
    assert "beberapa daerah" in row.text_id
    assert "several districts" in row.text_en


def test_without_any_district_nobody_is_written_to(store: Store, settings: Settings) -> None:
    known_callers(store, phone=RECRUITER, district=None)
    person = officer(store)
    cluster = clustered(store, person)
    with pytest.raises(Conflict, match="district"):
        draft(store, settings, cluster, person)
    with store.transaction() as tx, pytest.raises(NotFound):
        report_warnings.draft_warning(tx, 999, person, MENU, settings, NOW)


@pytest.mark.parametrize("modus", MODI)
def test_every_modus_fits_one_segment_in_both_languages(store: Store, settings: Settings, modus: str) -> None:
    given: dict[str, Any] = {"phone": RECRUITER, "modi": [modus], "district": "53.02"}
    known_callers(store, **given)
    known_callers(store, 2, first=5, **{**given, "district": "53.18"})
    person = officer(store)
    row = draft(store, settings, clustered(store, person), person)
    for text in (row.text_id, row.text_en):
        assert is_gsm7(text)
        assert measure(text).segments == 1, (len(text), text)
