"""Reports over the API, as CONTRACT says: for case officers, numbers masked, every look kept."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import select

from sms_service.domain.roles import ROLES
from sms_service.services.reports import filing as reports
from sms_service.services.reports.filing import Receipt
from sms_service.store.models import AuditEntry, Report, Staff
from tests.case_office import known, number
from tests.web.api.conftest import Office

CALLS = (
    ("GET", "/reports"),
    ("GET", "/reports/1"),
    ("PATCH", "/reports/1"),
    ("POST", "/reports/1/notes"),
    ("POST", "/reports/1/reply"),
)


def file(office: Office, token: str = "token-1", n: int = 1, **given: Any) -> int:
    receipt = filed(office, token, n, **given)
    with office.runtime.store.read() as tx:
        return tx.scalars(select(Report.id).where(Report.code == receipt.code)).one()


def filed(office: Office, token: str, n: int = 1, **given: Any) -> Receipt:
    runtime, told = office.runtime, known(pin="2460", **given)
    return reports.confirm(
        runtime.store, runtime.settings, token, told, number(n), "id", "ussd", runtime.clock.now()
    )


def call(office: Office, method: str, path: str, role: str | None = "case_officer", **given: Any) -> Any:
    return office.call(method, path, role, **given)


def patch(office: Office, report_id: int, **changes: Any) -> Any:
    return call(office, "PATCH", f"/reports/{report_id}", json=changes)


def acts(office: Office) -> list[str]:
    with office.runtime.store.read() as tx:
        wanted = select(AuditEntry.act).where(AuditEntry.act.startswith("report.")).order_by(AuditEntry.id)
        return list(tx.scalars(wanted))


@pytest.mark.parametrize("role", [*sorted(set(ROLES) - {"admin", "case_officer"}), None])
def test_only_case_officers_and_admins_come_in_whatever_they_send(office: Office, role: str | None) -> None:
    report_id = file(office)
    for method, path in CALLS:
        for real in (path, path.replace("/1", f"/{report_id}"), path.replace("/1", "/999")):
            answer = call(office, method, real, role, data=b"no json at all")
            assert answer.status_code == (401 if role is None else 403)
    assert acts(office) == []


def test_the_queue_shows_urgent_first_and_nothing_that_somebody_wrote(office: Office) -> None:
    usual, urgent = file(office, "a"), file(office, "b", is_urgent=True)
    answer = call(office, "GET", "/reports").json
    assert [item["id"] for item in answer["items"]] == [urgent, usual]
    first = answer["items"][0]
    assert (first["status"], first["priority"], first["urgent"], first["overdue"]) == ("new", 1, True, False)
    assert (first["district"], first["district_name"]) == ("53.04", "Belu")
    assert (first["modi"], first["anonymous"], first["texts_allowed"]) == (["advance", "visa"], False, True)
    assert first["version"] == 1
    text = json.dumps(answer, ensure_ascii=False)
    for word in ("Contoh", "Uang muka", number(1), number(9000)):
        assert word not in text
    assert acts(office) == ["report.list"]


def test_age_and_lateness_are_told(office: Office) -> None:
    file(office, is_urgent=True)
    office.runtime.clock.shift += timedelta(hours=3)
    (item,) = call(office, "GET", "/reports?overdue=true").json["items"]
    assert item["overdue"]
    assert 3 * 3600 <= item["age_seconds"] < 3 * 3600 + 60
    assert call(office, "GET", "/reports?overdue=false").json["items"] == []


def test_pages_follow_each_other_and_miss_nothing(office: Office) -> None:
    made = {file(office, f"t{n}", is_urgent=n % 3 == 0) for n in range(7)}
    seen: list[int] = []
    path = "/reports?limit=2"
    while path:
        answer = call(office, "GET", path).json
        seen += [item["id"] for item in answer["items"]]
        path = f"/reports?limit=2&cursor={answer['next']}" if answer["next"] else ""
    assert len(seen) == 7
    assert set(seen) == made


def test_the_queue_is_narrowed_by_the_query(office: Office) -> None:
    one, two = file(office, "a"), file(office, "b", district="53.01")
    with office.runtime.store.read() as tx:
        me = tx.scalars(select(Staff.id).where(Staff.role == "case_officer")).one()
    assert patch(office, one, assignee=me).json["assignee"] == {"id": me, "name": "case_officer one"}
    patch(office, two, status="closed", outcome="unfounded")

    def found(query: str) -> list[int]:
        answer = call(office, "GET", f"/reports?{query}")
        assert answer.status_code == 200, answer.json
        return [item["id"] for item in answer.json["items"]]

    assert found("") == [one]
    assert found("status=all") == [one, two]
    assert found("status=closed") == [two]
    assert found("district=Belu") == [one]
    assert found("assignee=me") == [one]
    assert found(f"assignee={me}") == [one]
    assert found("assignee=nobody&status=all") == [two]
    assert found("urgent=false") == [one]
    assert found("urgent=true") == []
    assert found("cluster=5") == []


@pytest.mark.parametrize(
    "query",
    ["status=open,new", "status=nonsense", "urgent=maybe", "assignee=x", "cluster=0", "limit=0", "x=1",
     "cursor=abc", "district=Paris", "duplicate_of=-1", "assignee=99999999999999999999"],
)  # fmt: skip
def test_a_query_that_makes_no_sense_is_refused_by_field(office: Office, query: str) -> None:
    answer = call(office, "GET", f"/reports?{query}")
    assert answer.status_code == 422
    assert query.partition("=")[0] in answer.json["errors"]


def test_an_opened_case_holds_what_was_told_with_the_reporters_number_masked(office: Office) -> None:
    report_id = file(office, story=f"Telepon saya di {number(1)} 🚨 {{x}} '; --")
    answer = call(office, "GET", f"/reports/{report_id}")
    assert answer.headers["Cache-Control"] == "no-store"
    case = answer.json
    assert case["story"] == "Telepon saya di +62 *** 001 🚨 {x} '; --"
    assert (case["recruiter_name"], case["recruiter_phone"]) == ("Pak Contoh", number(9000))
    assert (case["place"], case["reporter"]) == ("Desa Contoh", "+62 *** 001")
    assert (case["duplicates"], case["notes"]) == ([], [])
    assert "code" not in case
    assert number(1)[1:] not in answer.get_data(as_text=True)
    assert acts(office) == ["report.read"]


def test_an_anonymous_case_has_no_reporter(office: Office) -> None:
    report_id = file(office, contact="anonymous", texts="")
    case = call(office, "GET", f"/reports/{report_id}").json
    assert (case["reporter"], case["anonymous"], case["texts_allowed"]) == (None, True, False)


def test_a_case_is_moved_assigned_and_closed(office: Office) -> None:
    report_id = file(office)
    assert (
        patch(office, report_id, status="triaged", priority=2, assignee="case_officer one").json["version"]
        == 2
    )
    assert patch(office, report_id, status="verifying", version=2).status_code == 200
    assert patch(office, report_id, status="referred").status_code == 200
    closed = patch(office, report_id, status="closed", outcome="handed_over").json
    assert (closed["status"], closed["outcome"], closed["overdue"]) == ("closed", "handed_over", False)
    assert closed["closed_at"] is not None
    assert patch(office, report_id, assignee=None).json["assignee"] is None
    assert acts(office) == ["report.change"] * 5


def test_the_second_of_two_people_is_told_what_the_first_did(office: Office) -> None:
    report_id = file(office)
    assert patch(office, report_id, status="triaged", version=1).status_code == 200
    late = office.call("PATCH", f"/reports/{report_id}", "admin", json={"priority": 1, "version": 1})
    assert late.status_code == 409
    assert late.mimetype == "application/problem+json"
    assert late.json["errors"] == {"status": "is now triaged, by case_officer one"}
    case = call(office, "GET", f"/reports/{report_id}").json
    assert (case["status"], case["priority"], case["version"]) == ("triaged", 3, 2)


def test_illegal_moves_are_conflicts(office: Office) -> None:
    report_id = file(office)
    assert patch(office, report_id, status="referred").status_code == 409
    assert patch(office, report_id, status="new").status_code == 200  # as it was


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"status": "closed"}, "outcome"),
        ({"status": "nonsense"}, "status"),
        ({"status": None}, "status"),
        ({"outcome": "won"}, "outcome"),
        ({"priority": 0}, "priority"),
        ({"priority": "1"}, "priority"),
        ({"assignee": 999}, "assignee"),
        ({"assignee": "officer one"}, "assignee"),
        ({"duplicate_of": 999}, "duplicate_of"),
        ({"version": 0}, "version"),
        ({"story": "other words"}, "story"),
        ({"reporter": None}, "reporter"),
    ],
)
def test_a_change_that_makes_no_sense_is_refused_by_field(
    office: Office, body: dict[str, Any], field: str
) -> None:
    report_id = file(office)
    answer = call(office, "PATCH", f"/reports/{report_id}", json=body)
    assert answer.status_code == 422
    assert any(name.startswith(field) for name in answer.json["errors"]), answer.json
    assert call(office, "GET", f"/reports/{report_id}").json["version"] == 1


def test_duplicates_are_merged_and_taken_apart(office: Office) -> None:
    main, other = file(office, "a"), file(office, "b")
    merged = patch(office, other, duplicate_of=main).json
    assert merged["duplicate_of"] == main
    assert [item["id"] for item in call(office, "GET", "/reports").json["items"]] == [main]
    assert [item["id"] for item in call(office, "GET", f"/reports?duplicate_of={main}").json["items"]] == [
        other
    ]
    assert call(office, "GET", f"/reports/{main}").json["duplicates"] == [other]
    assert patch(office, other, status="triaged").status_code == 409
    assert patch(office, other, duplicate_of=None).json["duplicate_of"] is None


def test_notes_and_replies_are_written_once_by_key(office: Office) -> None:
    report_id = file(office)
    for _ in range(2):
        note = call(
            office, "POST", f"/reports/{report_id}/notes", key="k1", json={"text": "Baris satu\nBaris dua 🚨"}
        )
        assert note.status_code == 201
        answered = call(
            office, "POST", f"/reports/{report_id}/reply", key="k2", json={"text": "Terima kasih."}
        )
        assert answered.status_code == 201
        assert answered.json["text_status"] == "queued"
    other = call(office, "POST", f"/reports/{report_id}/reply", key="k2", json={"text": "Lain."})
    assert other.status_code == 409
    notes = call(office, "GET", f"/reports/{report_id}").json["notes"]
    assert [(note["kind"], note["text"], note["author"]) for note in notes] == [
        ("note", "Baris satu\nBaris dua 🚨", "case_officer one"),
        ("reply", "Terima kasih.", "case_officer one"),
    ]
    assert number(1)[1:] not in json.dumps(notes)


@pytest.mark.parametrize("text", ["", "   ", "\u0000", "x" * 2001, None, 5])
def test_words_that_are_none_are_refused(office: Office, text: object) -> None:
    report_id = file(office)
    for path in ("notes", "reply"):
        answer = call(office, "POST", f"/reports/{report_id}/{path}", json={"text": text})
        assert answer.status_code == 422
        assert "text" in answer.json["errors"]


def test_half_a_surrogate_pair_is_refused(office: Office) -> None:
    report_id = file(office)
    answer = call(
        office,
        "POST",
        f"/reports/{report_id}/notes",
        data=b'{"text": "\\ud800"}',
        content_type="application/json",
    )
    assert answer.status_code == 422


def test_what_does_not_exist_is_not_found(office: Office) -> None:
    for method, path in CALLS[1:]:
        body = {"text": "a"} if method == "POST" else {"assignee": "nobody known"}
        given = {} if method == "GET" else {"json": body}
        for report in ("1", "0", "x", "99999999999"):
            assert call(office, method, path.replace("/1", f"/{report}"), **given).status_code == 404
    assert acts(office) == []


def test_no_answer_of_the_api_reveals_a_number(office: Office) -> None:
    report_id = file(office)
    answer = call(
        office, "POST", f"/reports/{report_id}/reveal", json={"reason": "Menelepon pelapor sekarang"}
    )
    assert answer.status_code == 404


def test_a_case_that_was_emptied_can_still_be_looked_at(office: Office) -> None:
    report_id = file(office)
    with office.runtime.store.transaction() as tx:
        report = tx.get(Report, report_id)
        assert report is not None
        report.recruiter_name_sealed = report.recruiter_phone_sealed = report.place_sealed = None
        report.story_sealed = report.reporter_sealed = report.reporter_hash = report.district = None
        report.redacted_at = office.runtime.clock.now()
    case = call(office, "GET", f"/reports/{report_id}").json
    assert (case["redacted"], case["story"], case["district_name"]) == (True, "", None)


def test_the_description_names_every_call(office: Office) -> None:
    described = office.client.get("/api/v1/openapi.json").json
    assert isinstance(described, dict)
    for path in (
        "/reports",
        "/reports/{report_id}",
        "/reports/{report_id}/notes",
        "/reports/{report_id}/reply",
    ):
        assert path in described["paths"] or f"/api/v1{path}" in described["paths"]
