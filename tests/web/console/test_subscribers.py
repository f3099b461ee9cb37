"""Subscribers and communities at the desk: figures, lists with consent, erasing, what a partner sees."""

from __future__ import annotations

import io
from datetime import UTC, datetime
from typing import Any

import pytest
from sqlalchemy import func, select, update

from sms_service.store.models import (
    AuditEntry,
    Community,
    CommunityMember,
    OptOut,
    Staff,
    Subscriber,
)
from tests.event_office import NOW, number, subscriber
from tests.people_files import csv_file
from tests.web.console.conftest import Browser, Desk, csrf

HEAD = "No HP,Kabupaten,Sumber persetujuan,Tanggal persetujuan"


@pytest.fixture
def office(desk: Desk) -> Desk:
    """The desk with two communities."""
    desk.runtime.clock.shift = NOW - datetime.now(UTC)
    with desk.runtime.store.transaction() as tx:
        tx.add(Community(id=7, name="Paroki Contoh", created_at=NOW))
        tx.add(Community(id=8, name="Universitas Contoh", created_at=NOW))
        tx.flush()
        tx.execute(update(Staff).where(Staff.name == "partner").values(community_id=7))
    return desk


def people_file(count: int, first: int = 0) -> bytes:
    rows = [f"{number(n)},Belu,Daftar hadir Atambua,2026-09-17" for n in range(first, first + count)]
    return csv_file(HEAD, *rows)


def send(browser: Browser, data: bytes, community: str = "") -> Any:
    token = csrf(browser.get("/subscribers/import").text)
    form = {"csrf_token": token, "community": community, "file": (io.BytesIO(data), "list.csv")}
    return browser.client.post("/console/subscribers/import", data=form, content_type="multipart/form-data")


def below(location: str) -> str:
    return location.removeprefix("/console")


def test_a_list_with_consent_is_looked_at_and_taken_into_a_community(office: Desk) -> None:
    officer = office.browser("officer")
    with office.runtime.store.transaction() as tx:
        hashed = tx.vault.number_hash(number(0))
        tx.add(OptOut(number_hash=hashed, opted_out_at=NOW, source="sms"))
    page = below(send(officer, people_file(8), "7").location)
    looked = officer.get(page).text
    assert "They join Paroki Contoh" in looked
    assert "<strong>7</strong> were not known before" in looked
    assert "<strong>1</strong> have said STOP" in looked
    assert officer.post(page).status_code == 303
    with office.runtime.store.read() as tx:
        assert tx.scalar(select(func.count()).select_from(Subscriber)) == 7
        assert set(tx.scalars(select(CommunityMember.community_id))) == {7}
    figures = officer.get("/subscribers").text
    assert "<td>Belu</td>" in figures
    assert officer.get("/communities").text.count('<td class="number">7</td>') == 1


def test_people_without_evidence_of_consent_are_not_taken_in(office: Desk) -> None:
    officer = office.browser("officer")
    data = csv_file(HEAD, f"{number(1)},Belu,,2026-09-17", f"{number(2)},Belu,Formulir,2026-09-17")
    page = below(send(officer, data).location)
    assert "says where the person agreed" in officer.get(page).text
    assert officer.post(page).status_code == 422
    assert officer.post(page, skip_bad_rows="1").status_code == 303
    with office.runtime.store.read() as tx:
        assert tx.scalar(select(func.count()).select_from(Subscriber)) == 1


def test_small_counts_are_not_shown(office: Desk) -> None:
    officer = office.browser("officer")
    officer.post(below(send(officer, people_file(3)).location))
    page = officer.get("/subscribers").text
    assert '<span class="quiet">few</span>' in page
    assert '<td class="number">3</td>' not in page


def test_somebody_is_erased_by_number_which_is_never_shown_again(office: Desk) -> None:
    officer = office.browser("officer")
    subscriber(office.runtime.store, 5)
    form = {"number": "0812-0000-0005", "reason": "datang ke kantor, 0812 0000 0005", "sure": "1"}
    unsure = officer.post("/subscribers/erase", number=form["number"], reason=form["reason"])
    assert unsure.status_code == 422
    assert 'value="0812' not in unsure.text
    wrong = officer.post("/subscribers/erase", **{**form, "number": "12"})
    assert wrong.status_code == 422
    assert 'id="e-number"' in wrong.text
    assert officer.post("/subscribers/erase", **form).status_code == 303
    said = officer.get("/subscribers").text
    assert "erased" in said
    assert "0005" not in said
    with office.runtime.store.read() as tx:
        assert tx.scalar(select(func.count()).select_from(Subscriber)) == 0
        kept = tx.scalars(select(AuditEntry).where(AuditEntry.act == "subscribers.erase")).one()
        assert "datang ke kantor" in kept.details["reason"]
        assert "0005" not in str(kept.details).replace(" ", "").replace("-", "")
    nobody = officer.post("/subscribers/erase", **{**form, "number": "0812-0000-0006"})
    assert nobody.status_code == 303  # nobody learns whether there was anything


def test_communities_are_made_once_and_a_partner_sees_the_own_one_only(office: Desk) -> None:
    officer, partner = office.browser("officer"), office.browser("partner")
    made = officer.post("/communities/new", page="/communities", name="Relawan Contoh")
    assert made.status_code == 303
    officer.post("/communities/new", page="/communities", name="relawan  contoh")
    page = officer.get("/communities").text
    assert "there is a community of that name" in page
    assert page.count("Relawan Contoh") == 1
    own = partner.get("/communities").text
    assert "Paroki Contoh" in own
    assert "Universitas Contoh" not in own
    assert partner.post("/communities/new", page="/account", name="x").status_code == 403
    for path in ("/subscribers", "/subscribers/import", "/subscribers/erase", "/recruiters"):
        assert partner.get(path).status_code == 403
    office.add("lone", "partner")
    assert "Contoh" not in office.browser("lone").get("/communities").text.split("<h1>")[1]
