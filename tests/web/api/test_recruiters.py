"""The official list over the API: looked up, previewed, imported, refused."""

from __future__ import annotations

import io
from typing import Any

import pytest
from sqlalchemy import func, select
from werkzeug.test import TestResponse

from sms_service.store.models import AuditEntry, RecruiterList
from sms_service.web.api.endpoints import UPLOAD_BYTES
from tests.web.api.conftest import Office

HEADING = "name,license_number,status,valid_until,address,phone,branch_in_ntt\n"
LIST = HEADING + (
    "PT CONTOH MAJU JAYA,CONTOH/001/2024,active,2027-12-31,Jl. Contoh 1,,yes\n"
    "PT CONTOH SEJAHTERA,CONTOH/002/2024,suspended,2026-06-30,Jl. Contoh 2,,no\n"
    "PT CONTOH NUSA,CONTOH/003/2024,active,2027-01-31,Jl. Contoh 3,,no\n"
)


def send(
    office: Office, content: str | bytes = LIST, key: str | None = None, role: str = "officer", **form: str
) -> TestResponse:
    data: dict[str, Any] = {
        "file": (io.BytesIO(content.encode() if isinstance(content, str) else content), "daftar.csv"),
        "as_of": "2026-10-31",
        **form,
    }
    return office.call("POST", "/recruiters/import", role, key, data=data, content_type="multipart/form-data")


def done(answer: TestResponse) -> dict[str, Any]:
    assert answer.status_code == 200, answer.json
    assert isinstance(answer.json, dict)
    return answer.json


def find(office: Office, **query: str) -> dict[str, Any]:
    return done(office.call("GET", "/recruiters", query_string=query))


def lists(office: Office) -> int:
    with office.runtime.store.read() as tx:
        return tx.scalar(select(func.count()).select_from(RecruiterList)) or 0


def test_before_any_import_the_list_is_empty_and_says_so(office: Office) -> None:
    assert find(office) == {"items": [], "next": None, "as_of": None, "is_demo": False, "verdict": None}
    assert find(office, q="PT CONTOH")["verdict"] == "no_list"


def test_a_dry_run_shows_what_would_change_and_changes_nothing(office: Office) -> None:
    plan = done(send(office, dry_run="true"))
    assert (plan["is_written"], plan["added"], plan["removed"]) == (False, 3, 0)
    assert [change["change"] for change in plan["changes"]] == ["added"] * 3
    assert lists(office) == 0


def test_an_import_is_in_force_at_once_and_audited(office: Office) -> None:
    assert done(send(office))["is_written"] is True
    found = find(office, q="contoh sejahtra")
    assert found["items"][0]["name"] == "PT CONTOH SEJAHTERA"
    assert found["items"][0]["status"] == "suspended"
    assert found["as_of"] == "2026-10-31"
    with office.runtime.store.read() as tx:
        entry = tx.scalars(select(AuditEntry).where(AuditEntry.act == "recruiters.import")).one()
    assert entry.subject_id == "2026-10-31"
    assert entry.details["added"] == 3


def test_a_second_list_names_what_it_changes(office: Office) -> None:
    send(office)
    second = LIST.replace("suspended,2026-06-30", "active,2028-06-30")
    plan = done(send(office, second, as_of="2026-11-15"))
    assert (plan["changed"], plan["unchanged"], plan["previous_as_of"]) == (1, 2, "2026-10-31")
    assert set(plan["changes"][0]["fields"]) == {"status", "valid_until"}
    assert find(office, q="CONTOH/002/2024")["items"][0]["status"] == "active"


def test_bad_rows_are_named_and_nothing_is_imported_unless_they_may_be_skipped(office: Office) -> None:
    bad = LIST + "PT CONTOH BARU,CONTOH/004/2024,perhaps,2027-12-31,Jl. Contoh 4,,yes\n"
    refused = send(office, bad)
    assert refused.status_code == 422
    assert isinstance(refused.json, dict)
    assert any("row 5" in field and "status" in field for field in refused.json["errors"])
    assert lists(office) == 0
    shown = done(send(office, bad, dry_run="true"))
    assert shown["faults"][0]["row"] == 5
    assert shown["refusals"]
    assert done(send(office, bad, skip_bad_rows="true"))["added"] == 3


def test_an_older_list_is_refused_unless_it_is_forced(office: Office) -> None:
    send(office)
    assert send(office, LIST.replace("NUSA", "NUSANTARA"), as_of="2026-01-01").status_code == 422
    assert done(send(office, LIST.replace("NUSA", "NUSANTARA"), as_of="2026-01-01", force="true"))


def test_the_same_key_and_file_are_imported_once_and_another_file_is_a_conflict(office: Office) -> None:
    first, again = send(office, key="k1"), send(office, key="k1")
    assert first.json == again.json
    assert lists(office) == 1
    assert send(office, LIST + "\n", key="k1").status_code == 409
    assert send(office, key="k1", as_of="2026-11-01").status_code == 409


def test_an_upload_that_is_none_is_refused_by_field(office: Office) -> None:
    for form, field in (
        ({"as_of": "yesterday"}, "as_of"),
        ({"as_of": ""}, "as_of"),
        ({"dry_run": "perhaps"}, "dry_run"),
        ({"colour": "red"}, "colour"),
    ):
        answer = send(office, **form)  # type: ignore[arg-type]
        assert answer.status_code == 422
        assert isinstance(answer.json, dict)
        assert list(answer.json["errors"]) == [field]
    for data in ({"as_of": "2026-10-31"}, {"as_of": "2026-10-31", "file": "text"}):
        answer = office.call("POST", "/recruiters/import", data=data, content_type="multipart/form-data")
        assert answer.status_code == 422
        assert isinstance(answer.json, dict)
        assert list(answer.json["errors"]) == ["file"] or "file" in answer.json["errors"]
    assert office.call("POST", "/recruiters/import", json={"as_of": "2026-10-31"}).status_code == 415


@pytest.mark.parametrize(
    "content", [b"", b"\x00\xff\x00", b"PK\x03\x04 broken", b"\xd0\xcf\x11\xe0old", b"a,b\n1,2\n"]
)
def test_a_file_that_is_no_list_is_refused(office: Office, content: bytes) -> None:
    answer = send(office, content)
    assert (answer.status_code, answer.content_type) == (422, "application/problem+json")
    assert lists(office) == 0


def test_a_file_that_is_too_large_is_refused(office: Office) -> None:
    assert send(office, b"x" * (UPLOAD_BYTES + 1)).status_code == 413


def test_the_whole_list_is_paged(office: Office) -> None:
    send(office)
    first = find(office, limit="2")
    rest = find(office, limit="2", cursor=first["next"])
    names = [item["name"] for item in first["items"] + rest["items"]]
    assert names == ["PT CONTOH MAJU JAYA", "PT CONTOH SEJAHTERA", "PT CONTOH NUSA"]
    assert rest["next"] is None
    assert office.call("GET", f"/recruiters?q=x&cursor={first['next']}").status_code == 422
    assert office.call("GET", "/recruiters?q=").status_code == 422
    assert office.call("GET", "/recruiters?q=" + "x" * 61).status_code == 422
