"""Clusters at the desk: pairs side by side, decisions, signing, dismissing, drafts of warnings, surges."""

from __future__ import annotations

import re
from typing import Any

import pytest
from sqlalchemy import select

from sms_service.services.staff.accounts import Person
from sms_service.store.models import AuditEntry, Broadcast, ReportCluster, Surge
from tests import cluster_office as office
from tests.web.console.conftest import Desk
from tests.web.console.test_reports import statements

SECRET_STORY = "Cerita yang tidak boleh terlihat"


def tell(desk: Desk, count: int = office.THRESHOLD, first: int = 1, **given: Any) -> list[int]:
    """Reports of so many known callers about one company."""
    told = {"name": "PT Contoh Sejahtera", "phone": office.RECRUITER, "story": SECRET_STORY, **given}
    return [
        office.report(
            desk.runtime.store, caller=office.number(n), at=office.NOW + n * office.DAY,
            **{**told, "story": f"{told['story']} {n * 'x'}"},
        )
        for n in range(first, first + count)
    ]  # fmt: skip


def cluster_of(desk: Desk, count: int = office.THRESHOLD, **given: Any) -> ReportCluster:
    tell(desk, count, **given)
    return office.clustered(desk.runtime.store, worker(desk))


def worker(desk: Desk) -> Person:
    return desk.people["case_officer"]


def cluster(desk: Desk, cluster_id: int) -> ReportCluster:
    with desk.runtime.store.read() as tx:
        return tx.get_one(ReportCluster, cluster_id)


def acts(desk: Desk) -> list[str]:
    with desk.runtime.store.read() as tx:
        return list(tx.scalars(select(AuditEntry.act).order_by(AuditEntry.id)))


def test_a_suggestion_shows_both_reports_and_why_and_nobody_who_reported(desk: Desk) -> None:
    one, other = tell(desk, 2)
    office.link_all(desk.runtime.store)
    page = desk.browser("case_officer").get("/clusters/suggestions").text
    assert f"Report {one}</a>" in page
    assert f"Report {other}</a>" in page
    assert "same number; name 1.00" in page
    assert SECRET_STORY not in page
    assert office.RECRUITER not in page
    assert office.number(1)[-8:] not in page
    assert "report_link.list" in acts(desk)
    desk.browser("case_officer").post("/account/language", page="/account", language="id")
    assert "nomor sama" in desk.browser("case_officer").get("/clusters/suggestions").text


def test_confirming_makes_a_cluster_and_splitting_takes_it_apart(desk: Desk) -> None:
    tell(desk, 2)
    office.link_all(desk.runtime.store)
    link = office.links(desk.runtime.store)[0]
    browser, page = desk.browser("case_officer"), "/clusters/suggestions"
    answer = browser.post(f"/clusters/links/{link.id}/confirm", page=page, version="1")
    assert answer.location.endswith(page)
    made = office.clusters(desk.runtime.store)[0]
    shown = browser.get(f"/clusters/{made.id}").text
    assert "2 of 2 reports" in shown
    assert "fewer than 3 people" in shown
    browser.post(
        f"/clusters/links/{link.id}/split", page=f"/clusters/{made.id}", version="2", cluster=made.id
    )
    assert cluster(desk, made.id).status == "apart"
    assert "taken apart" in browser.get(f"/clusters/{made.id}").text


def test_the_second_officer_is_told_what_was_decided(desk: Desk) -> None:
    tell(desk, 2)
    office.link_all(desk.runtime.store)
    link = office.links(desk.runtime.store)[0]
    first, second, page = desk.browser("case_officer"), desk.browser("admin"), "/clusters/suggestions"
    first.post(f"/clusters/links/{link.id}/split", page=page, version="1")
    late = second.post(f"/clusters/links/{link.id}/confirm", page="/account", version="1")
    assert late.location.endswith(f"/clusters/links/{link.id}")
    shown = second.get(f"/clusters/links/{link.id}").text
    assert "decided meanwhile" in shown
    assert "not about the same</span>" in shown
    assert office.clusters(desk.runtime.store) == []


def test_joining_two_clusters_must_be_said(desk: Desk) -> None:
    store = desk.runtime.store
    tell(desk, 2)
    office.clustered(store, worker(desk))
    tell(desk, 2, first=11, name="CV Lain Sekali", phone=office.number(901))
    office.clustered(store, worker(desk))
    one, other = office.clusters(store)
    with store.transaction() as tx:
        first = min(each.id for each in office.reports(store).values() if each.cluster_id == one.id)
        last = max(each.id for each in office.reports(store).values() if each.cluster_id == other.id)
        tx.add(
            office.ReportLink(
                earlier_id=first, later_id=last, score=0.6, reasons=[{"kind": "phone"}], status="suggested",
                version=1, created_at=office.NOW,
            )
        )  # fmt: skip
    link = office.links(store, "suggested")[0]
    browser, page = desk.browser("case_officer"), "/clusters/suggestions"
    assert f"cluster {one.id} and cluster {other.id}" in browser.get(page).text
    browser.post(f"/clusters/links/{link.id}/confirm", page=page, version="1")
    assert len(office.clusters(store)) == 2
    browser.post(f"/clusters/links/{link.id}/confirm", page=page, version="1", join="1")
    assert len(office.clusters(store)) == 1
    assert f'href="/console/clusters/{one.id}"' in browser.get(f"/clusters/{other.id}").text


def test_a_cluster_says_in_words_what_stands_behind_it_and_who_does_not_count(desk: Desk) -> None:
    made = cluster_of(desk)
    office.report(
        desk.runtime.store, caller=office.number(1), at=office.NOW + 9 * office.DAY,
        name="PT Contoh Sejahtera", phone=office.RECRUITER,
    )  # fmt: skip
    made = office.clustered(desk.runtime.store, worker(desk))
    browser = desk.browser("approver")
    page = browser.get(f"/clusters/{made.id}").text
    assert "3 of 4 reports" in page
    assert "3 or more people tell it independently" in page
    assert "the same caller has reported before" in page
    assert "PT Contoh Sejahtera" in page
    assert "Belu" in page
    assert office.RECRUITER not in page
    assert SECRET_STORY not in page
    assert "/console/reports/" not in page
    assert "report_cluster.read" in acts(desk)
    row = browser.get("/clusters").text
    assert "enough people tell it" in row
    assert browser.get("/clusters?tier=single").text.count("No cluster fits.") == 1
    assert f"/console/clusters/{made.id}" in browser.get("/clusters?tier=corroborated&status=all").text


def test_the_office_signs_with_a_reason_and_takes_it_back(desk: Desk) -> None:
    made = cluster_of(desk, 2)
    approver, path = desk.browser("approver"), f"/clusters/{made.id}/sign"
    assert "PT Contoh Sejahtera" in approver.get(path).text
    version = str(cluster(desk, made.id).version)
    without = approver.post(path, version=version, reason=" ")
    assert without.status_code == 422
    assert approver.post(path, version=version, reason="Diperiksa di Atambua").status_code == 303
    assert "The office has signed" in approver.get(f"/clusters/{made.id}").text
    late = desk.browser("admin").post(path, page="/account", version=version, reason="Juga diperiksa")
    assert late.status_code == 409
    dismissal = f"/clusters/{made.id}/dismiss"
    now = str(cluster(desk, made.id).version)
    refused = desk.browser("case_officer").post(dismissal, version=now, reason="Salah orang")
    assert refused.status_code == 403
    assert "Salah orang" in refused.text
    assert desk.browser("admin").post(dismissal, version=now, reason="Salah orang").status_code == 303
    page = desk.browser("admin").get(f"/clusters/{made.id}").text
    assert "Dismissed: Salah orang" in page
    assert "no longer open" in page


def test_a_changed_cluster_is_shown_anew_with_what_was_typed(desk: Desk) -> None:
    made = cluster_of(desk)
    path, browser = f"/clusters/{made.id}/dismiss", desk.browser("case_officer")
    late = browser.post(path, version="1", reason="Dua orang yang berbeda")
    assert late.status_code == 409
    assert "Dua orang yang berbeda" in late.text
    assert "changed while your page was open" in late.text
    now = re.search(r'name="version" value="(\d+)"', late.text)
    assert now
    assert browser.post(path, version=now[1], reason="Dua orang yang berbeda").status_code == 303


def test_a_warning_is_drafted_once_and_shown_with_its_size_and_districts(desk: Desk) -> None:
    made = cluster_of(desk)
    browser, path = desk.browser("admin"), f"/clusters/{made.id}"
    for _ in range(2):
        answer = browser.post(f"{path}/draft-warning", page=path)
        assert answer.location.endswith(f"{path}/warning")
    page = browser.get(f"{path}/warning").text
    with desk.runtime.store.read() as tx:
        (row,) = tx.scalars(select(Broadcast))
    assert f"/console/broadcasts/{row.id}" in page
    assert "segments: 1" in page
    assert "For people in: Belu" in page
    assert row.text_id in page.replace("&#39;", "'")
    other = desk.browser("case_officer").get(f"{path}/warning").text
    assert f"/console/broadcasts/{row.id}" not in other
    assert "Tell an officer" in other


def test_below_the_threshold_nothing_is_drafted(desk: Desk) -> None:
    made = cluster_of(desk, 2)
    browser, path = desk.browser("case_officer"), f"/clusters/{made.id}"
    assert "draft-warning" not in browser.get(path).text
    assert browser.post(f"{path}/draft-warning", page=f"{path}/dismiss").location.endswith(path)
    assert "nothing is published yet" in browser.get(path).text
    with desk.runtime.store.read() as tx:
        assert tx.scalar(select(Broadcast.id)) is None


@pytest.mark.parametrize("role", ["approver", "officer", "viewer", "partner"])
def test_only_people_who_work_on_reports_decide(desk: Desk, role: str) -> None:
    made = cluster_of(desk)
    link = office.links(desk.runtime.store, "confirmed")[0]
    browser = desk.browser(role)
    for path in (f"/clusters/links/{link.id}/split", f"/clusters/{made.id}/draft-warning",
                 f"/clusters/{made.id}/dismiss"):  # fmt: skip
        assert browser.post(path, page="/account", version="2", reason="Alasan").status_code == 403
    assert cluster(desk, made.id).status == "open"
    if role == "approver":
        assert "draft-warning" not in browser.get(f"/clusters/{made.id}").text
        assert "/split" not in browser.get(f"/clusters/links/{link.id}").text


def test_long_lists_are_paged(desk: Desk) -> None:
    with desk.runtime.store.transaction() as tx:
        for n in range(60):
            at = office.NOW + n // 3 * office.DAY
            tx.add(
                ReportCluster(
                    status="open",
                    version=1,
                    created_at=office.NOW,
                    updated_at=at,
                )
            )
    browser, seen, path = desk.browser("approver"), [], "/clusters"
    while path:
        page = browser.get(path).text
        seen += re.findall(r'<a href="/console/clusters/(\d+)">', page)
        following = re.search(r'rel="next" href="([^"]+)"', page)
        path = f"/clusters{following[1].replace('&amp;', '&')}" if following else ""
    assert len(seen) == len(set(seen)) == 60
    assert browser.get("/clusters?after=nonsense&tier=x&status=y").status_code == 200


def test_whoever_looks_after_a_surge_is_the_only_one(desk: Desk) -> None:
    with desk.runtime.store.transaction() as tx:
        tx.add(
            Surge(
                day=office.NOW.date(), kind="miss", subject="pt contoh", count=12, expected=0.2,
                raised_at=office.NOW,
            )
        )  # fmt: skip
    browser = desk.browser("case_officer")
    assert browser.post("/surges/1/seen", page="/account").status_code == 303
    late = desk.browser("approver").post("/surges/1/seen", page="/account")
    assert late.location.endswith("/console/#surges")
    with desk.runtime.store.read() as tx:
        assert tx.get_one(Surge, 1).seen_by == worker(desk).id


PATHS = ("", "/{one}", "/suggestions", "/links/1", "/{one}/sign", "/{one}/warning")


@pytest.mark.parametrize("path", PATHS)
def test_no_page_asks_the_database_more_than_twelve_questions(desk: Desk, path: str) -> None:
    made = cluster_of(desk, 6)
    tell(desk, 6, first=31)
    office.link_all(desk.runtime.store)
    asked = statements(desk, desk.browser("admin"), f"/clusters{path.format(one=made.id)}")
    assert len(asked) <= 12, asked
