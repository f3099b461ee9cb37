"""Links and clusters over the API: explained, decided once, signed by another right, seen by nobody else."""

from __future__ import annotations

import json
import threading
from typing import Any

import pytest
from sqlalchemy import select

from sms_service.domain.roles import ROLES
from sms_service.store.models import AuditEntry, Broadcast, Report
from tests.cluster_office import RECRUITER, known_callers, link_all, number, report
from tests.web.api.conftest import Office

READS = ("/report-clusters", "/report-clusters/1", "/report-links", "/surges")
WORK = (
    "/report-clusters/1/dismiss",
    "/report-clusters/1/draft-warning",
    "/report-links/1/confirm",
    "/report-links/1/split",
)
SIGNING = "/report-clusters/1/confirm"


def get(office: Office, path: str, role: str = "case_officer") -> Any:
    answer = office.call("GET", path, role)
    assert answer.status_code == 200, answer.json
    return answer.json


def post(office: Office, path: str, role: str = "case_officer", **body: Any) -> Any:
    return office.call("POST", path, role, json=body)


def suggested(office: Office) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = get(office, "/report-links")["items"]
    return found


def confirm_all(office: Office) -> dict[str, Any]:
    """Confirm every suggestion and return the one cluster."""
    for link in suggested(office):
        answer = post(office, f"/report-links/{link['id']}/confirm", version=link["version"], join=True)
        assert answer.status_code == 200, answer.json
    (cluster,) = get(office, "/report-clusters")["items"]
    found: dict[str, Any] = cluster
    return found


@pytest.fixture
def reported(office: Office) -> Office:
    """Three known callers have told of one number."""
    known_callers(
        office.runtime.store, name="Yohanes Brya", phone=RECRUITER, place="Desa Kabuna", story="uang"
    )
    link_all(office.runtime.store)
    return office


def test_links_are_explained_in_data_and_in_both_languages(reported: Office) -> None:
    link = suggested(reported)[0]
    assert link["explanation"]["id"].startswith("nomor sama; nama 1,00; desa sama, selisih ")
    assert link["explanation"]["en"].startswith("same number; name 1.00; same village, ")
    assert [reason["kind"] for reason in link["reasons"]] == ["phone", "name", "place", "days"]
    assert link["earlier"]["recruiter_phone"] == "+62 *** 900"
    assert get(reported, "/report-clusters")["items"] == []


def test_a_cluster_shows_tier_districts_links_and_what_callers_learn(reported: Office) -> None:
    cluster = confirm_all(reported)
    assert (cluster["tier"], cluster["independent"], cluster["threshold"]) == ("corroborated", 3, 3)
    assert cluster["districts"] == ["53.04"]
    assert len(cluster["reports"]) == cluster["reports_total"] == 3
    assert cluster["callers_learn_of"] == {"names": ["Yohanes Brya"], "phones": ["+62 *** 900"]}
    assert get(reported, f"/report-clusters/{cluster['id']}") == cluster
    assert get(reported, "/report-clusters?tier=corroborated")["items"] == [cluster]
    for tier in ("single", "repeated", "confirmed"):
        assert get(reported, f"/report-clusters?tier={tier}")["items"] == []
    assert get(reported, "/report-clusters?status=dismissed")["items"] == []


def test_nobody_who_reported_is_in_any_answer(reported: Office) -> None:
    links = suggested(reported)
    cluster = confirm_all(reported)
    told = json.dumps([links, cluster])
    with reported.runtime.store.read() as tx:
        for row in tx.scalars(select(Report)):
            assert row.code not in told
            assert str(row.reporter_hash) not in told
    assert all(number(n)[-7:] not in told for n in range(1, 4))
    assert RECRUITER not in told
    assert "uang" not in told


def test_below_the_threshold_callers_learn_of_nothing(office: Office) -> None:
    known_callers(office.runtime.store, 2, phone=RECRUITER, name="Wempi Taebenu")
    link_all(office.runtime.store)
    cluster = confirm_all(office)
    assert cluster["tier"] == "repeated"
    assert cluster["callers_learn_of"] == {"names": [], "phones": []}
    assert cluster["would_learn_of"]["names"] == ["Wempi Taebenu"]
    refused = post(office, f"/report-clusters/{cluster['id']}/draft-warning")
    assert refused.status_code == 409
    viewed = [office.call("GET", path, "viewer") for path in ("/statistics/turns", "/statistics/events")]
    assert [answer.status_code for answer in viewed] == [200, 200]
    assert "Wempi" not in "".join(answer.get_data(as_text=True) for answer in viewed)
    listed = office.call("GET", "/recruiters?q=Wempi Taebenu", "officer").get_data(as_text=True)
    assert "Taebenu" not in listed
    assert "Taebenu" not in office.client.get("/metrics").get_data(as_text=True)


@pytest.mark.parametrize("role", [*sorted(ROLES), None])
def test_who_may_look_work_and_sign(reported: Office, role: str | None) -> None:
    stranger = 401 if role is None else 403
    for path in READS:
        allowed = role in ("admin", "approver", "case_officer")
        status = reported.call("GET", path, role).status_code
        assert (status in (200, 404)) if allowed else status == stranger
    for path in WORK:
        status = reported.call("POST", path, role, data=b"no json").status_code
        assert (status not in (401, 403)) if role in ("admin", "case_officer") else status == stranger
    status = reported.call("POST", SIGNING, role, data=b"no json").status_code
    assert (status == 415) if role in ("admin", "approver") else status == stranger


def test_the_second_of_two_officers_is_told_by_409(reported: Office) -> None:
    link = suggested(reported)[0]
    path, version = f"/report-links/{link['id']}", link["version"]
    statuses: list[int] = []
    barrier = threading.Barrier(2)

    def decide(act: str) -> None:
        barrier.wait()
        statuses.append(post(reported, f"{path}/{act}", version=version).status_code)

    threads = [threading.Thread(target=decide, args=(act,)) for act in ("confirm", "split")]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(statuses) == [200, 409]
    assert post(reported, f"{path}/split").status_code == 422
    assert post(reported, f"{path}/split", version=version).status_code == 409
    assert post(reported, "/report-links/999/split", version=1).status_code == 404


def test_joining_without_saying_so_is_409(office: Office) -> None:
    store = office.runtime.store
    known_callers(store, 2, phone=RECRUITER, name="Wempi Bria")
    known_callers(store, 2, first=3, phone=number(901), name="Nelce Tallo")
    link_all(store)
    for link in suggested(office):
        post(office, f"/report-links/{link['id']}/confirm", version=1)
    report(store, phone=RECRUITER, name="Nelce Tallo", caller=number(9))
    link_all(store)
    one, other = suggested(office)
    assert post(office, f"/report-links/{one['id']}/confirm", version=1).status_code == 200
    refused = post(office, f"/report-links/{other['id']}/confirm", version=1)
    assert refused.status_code == 409
    assert post(office, f"/report-links/{other['id']}/confirm", version=1, join=True).status_code == 200
    (kept,) = get(office, "/report-clusters")["items"]
    (gone,) = get(office, "/report-clusters?status=joined")["items"]
    assert (kept["independent"], gone["joined_into"]) == (5, kept["id"])


def test_signing_and_dismissing_keep_their_reason(reported: Office) -> None:
    cluster = confirm_all(reported)
    path = f"/report-clusters/{cluster['id']}"
    assert post(reported, f"{path}/confirm", "approver", reason=" ").status_code == 422
    assert post(reported, f"{path}/confirm", "approver", reason="x", version=99).status_code == 409
    signed = post(reported, f"{path}/confirm", "approver", reason="visited the house")
    assert (signed.json["tier"], signed.json["confirmed_reason"]) == ("confirmed", "visited the house")
    assert post(reported, f"{path}/dismiss", reason="no").status_code == 403
    dismissed = post(reported, f"{path}/dismiss", "admin", reason="it was somebody else")
    assert dismissed.json["status"] == "dismissed"
    assert dismissed.json["callers_learn_of"] == {"names": [], "phones": []}
    with reported.runtime.store.read() as tx:
        acts = list(tx.scalars(select(AuditEntry.act).where(AuditEntry.act.startswith("report_"))))
    assert {
        "report_cluster.confirm",
        "report_cluster.dismiss",
        "report_cluster.list",
        "report_link.list",
    } <= {*acts}


def test_a_draft_of_a_warning_is_a_broadcast_and_made_once(reported: Office) -> None:
    cluster = confirm_all(reported)
    path = f"/report-clusters/{cluster['id']}/draft-warning"
    made = reported.call("POST", path, "case_officer", key="once")
    assert made.status_code == 201, made.json
    assert made.json["status"] == "draft"
    assert made.json["kind"] == "warning"
    again = reported.call("POST", path, "case_officer")
    assert again.json["id"] == made.json["id"]
    with reported.runtime.store.read() as tx:
        (row,) = tx.scalars(select(Broadcast)).all()
    assert row.cluster_id == cluster["id"]
    assert row.audience["districts"] == ["53.04"]


def test_lists_come_in_pages(office: Office) -> None:
    store = office.runtime.store
    for n in range(3):
        known_callers(store, 2, first=1 + 2 * n, phone=number(900 + n))
    link_all(store)
    seen: list[int] = []
    cursor = ""
    for _ in range(3):
        page = get(office, f"/report-links?limit=1{cursor}")
        seen += [link["id"] for link in page["items"]]
        cursor = f"&cursor={page['next']}"
    assert (page["next"], len(set(seen))) == (None, 3)
    for link in suggested(office):
        post(office, f"/report-links/{link['id']}/confirm", version=1)
    first = get(office, "/report-clusters?limit=2")
    rest = get(office, f"/report-clusters?limit=2&cursor={first['next']}")
    assert len({each["id"] for each in (*first["items"], *rest["items"])}) == 3
    assert rest["next"] is None
