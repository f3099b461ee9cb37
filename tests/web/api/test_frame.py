"""What holds for every call: who may, what a refusal looks like, the same key twice, the description."""

from __future__ import annotations

import io
import json
import threading
from datetime import timedelta
from itertools import product
from typing import Any

import pytest
from openapi_spec_validator import OpenAPIV31SpecValidator
from sqlalchemy import func, select, update

from sms_service.domain.roles import ACTS, ROLES
from sms_service.store.models import ApiToken, AuditEntry, Event, IdempotentAnswer, Staff
from sms_service.web.api import ENDPOINTS, dispatch
from sms_service.web.api.endpoints import JSON_BYTES, Endpoint
from tests.web.api.conftest import EVENT, Office


def concrete(endpoint: Endpoint, number: int = 999) -> str:
    path = endpoint.path
    while "{" in path:
        path = path[: path.index("{")] + str(number) + path[path.index("}") + 1 :]
    return path


def count(office: Office, model: Any) -> int:
    with office.runtime.store.read() as tx:
        return tx.scalar(select(func.count()).select_from(model)) or 0


# --- three people at every call


def test_at_every_call_a_stranger_is_asked_for_a_token_whatever_is_sent(office: Office) -> None:
    headers: tuple[dict[str, str], ...] = (
        {},
        {"Authorization": "Bearer"},
        {"Authorization": "Bearer " + "x" * 4000},
        {"Authorization": "Basic YTpi"},
        {"Authorization": office.tokens["officer"]},
        {"Authorization": f"Token {office.tokens['officer']}"},
    )
    for endpoint, header in product(ENDPOINTS, headers):
        answer = office.call(endpoint.method, concrete(endpoint), None, headers=header, data="{broken")
        assert answer.status_code == 401
        assert answer.headers["WWW-Authenticate"].startswith("Bearer")
        assert answer.content_type == "application/problem+json"


def test_at_every_call_another_role_is_refused_before_body_and_record_are_looked_at(office: Office) -> None:
    for endpoint, role in product(ENDPOINTS, ROLES):
        answer = office.call(endpoint.method, concrete(endpoint), role, data=b"\xff{broken?")
        if role in ACTS[endpoint.act]:
            assert answer.status_code not in (401, 403)
        else:
            assert answer.status_code == 403
            assert answer.content_type == "application/problem+json"


def test_a_viewer_reads_statistics_and_an_officer_events(office: Office) -> None:
    assert office.call("GET", "/statistics/turns", "viewer").status_code == 200
    assert office.call("GET", "/events", "viewer").status_code == 403
    assert office.call("GET", "/events", "officer").status_code == 200
    assert office.call("GET", "/events", "approver").status_code == 200
    assert office.call("GET", "/events", "partner").status_code == 403
    assert office.call("GET", "/statistics/turns", "partner").status_code == 403


def test_a_revoked_token_and_an_inactive_person_are_strangers(office: Office) -> None:
    with office.runtime.store.transaction() as tx:
        tx.execute(update(Staff).where(Staff.role == "admin").values(is_active=False))
    assert office.call("GET", "/events", "admin").status_code == 401
    with office.runtime.store.transaction() as tx:
        tx.execute(update(ApiToken).values(revoked_at=office.runtime.clock.now()))
    assert office.call("GET", "/events", "officer").status_code == 401


def test_the_use_of_a_token_is_noted(office: Office) -> None:
    office.call("GET", "/events")
    with office.runtime.store.read() as tx:
        used = [at for at in tx.scalars(select(ApiToken.last_used_at)) if at is not None]
    assert len(used) == 1


# --- refusals


def test_unknown_addresses_and_methods_are_refused_as_problems(office: Office) -> None:
    for path in ("/", "/nothing", "/events/", "/events/1/2/3", "/Events"):
        assert office.call("GET", path, None).status_code == 401
        answer = office.call("GET", path)
        assert (answer.status_code, answer.content_type) == (404, "application/problem+json")
    for method in ("PUT", "DELETE", "OPTIONS", "PATCH"):
        answer = office.call(method, "/events")
        assert (answer.status_code, answer.headers["Allow"]) == (405, "GET, POST")
        assert answer.content_type == "application/problem+json"
    assert office.call("HEAD", "/events").status_code == 200
    assert office.call("POST", "/openapi.json", None).status_code == 405


def test_an_id_that_is_none_is_not_found(office: Office) -> None:
    for raw in ("0", "-1", "abc", "1.0", "2147483648", "9" * 400, "%00", "١"):
        answer = office.call("GET", f"/events/{raw}")
        assert (answer.status_code, answer.content_type) == (404, "application/problem+json"), raw


def test_a_body_that_cannot_be_read_is_refused(office: Office) -> None:
    for body, media, status in (
        (b"", "application/json", 422),
        (b"{", "application/json", 422),
        (b"[]", "application/json", 422),
        (b"null", "application/json", 422),
        (b'"text"', "application/json", 422),
        (b"\xff\xfe{}", "application/json", 422),
        (b"{}\x00", "application/json", 422),
        (b'{"capacity": NaN}', "application/json", 422),
        (b'{"venue": "a", "venue": "b"}', "application/json", 422),
        (b"[" * 30_000, "application/json", 422),
        (b"title=x", "application/x-www-form-urlencoded", 415),
        (b"{}", "text/plain", 415),
        (b"{}", "", 415),
        (b'{"venue": "' + b"x" * JSON_BYTES + b'"}', "application/json", 413),
    ):
        answer = office.call("POST", "/events", data=body, headers={"Content-Type": media})
        assert (answer.status_code, answer.content_type) == (status, "application/problem+json"), body[:40]
        assert isinstance(answer.json, dict)
        assert answer.json["status"] == status


def test_every_fault_is_named_by_field_and_no_value_is_repeated(office: Office) -> None:
    sent = {
        "title": {"id": "", "xx": "telepon 081200001234"},
        "starts_at": "081200001234",
        "venue": 5,
        "district": "Atlantis 081200001234",
        "capacity": "12",
        "colour": "081200001234",
    }
    answer = office.call("POST", "/events", json=sent)
    assert answer.status_code == 422
    assert isinstance(answer.json, dict)
    assert set(answer.json["errors"]) == {
        "title.id", "title.en", "title.xx", "starts_at", "venue", "district", "capacity", "colour",
    }  # fmt: skip
    assert "081200001234" not in answer.text


def test_unknown_and_doubled_query_fields_are_refused(office: Office) -> None:
    for query, field in (
        ("limt=5", "limt"),
        ("limit=1&limit=2", "limit"),
        ("limit=0", "limit"),
        ("limit=101", "limit"),
        ("limit=x", "limit"),
        ("cursor=x", "cursor"),
        ("cursor=%00%ff", "cursor"),
        ("cursor=WzFd", "cursor"),
        ("cursor=" + "W" * 501, "cursor"),
        ("district=Atlantis", "district"),
        ("starts_from=2026-12-05", "starts_from"),
    ):
        answer = office.call("GET", f"/events?{query}")
        assert answer.status_code == 422, query
        assert isinstance(answer.json, dict)
        assert list(answer.json["errors"]) == [field]


def test_a_cursor_of_another_list_is_refused(office: Office) -> None:
    for _ in range(2):
        office.make_event()
    page = office.call("GET", "/events?limit=1").json
    assert isinstance(page, dict)
    answer = office.call("GET", f"/statistics/events?cursor={page['next']}")
    assert answer.status_code == 422


def test_a_fault_of_ours_is_a_problem_without_a_trace(office: Office, monkeypatch: Any) -> None:
    with office.runtime.store.transaction() as tx:
        tx.add(Event(code="1233", title_id="x", title_en="x", venue="x", district="00.00",
                     starts_at=office.runtime.clock.now(), created_at=office.runtime.clock.now(),
                     updated_at=office.runtime.clock.now()))  # fmt: skip
    answer = office.call("GET", "/events/1")  # a district that no list knows
    assert (answer.status_code, answer.content_type) == (500, "application/problem+json")
    assert "KeyError" not in answer.text
    assert "00.00" not in answer.text


def test_too_many_calls_in_a_minute_are_told_when_to_come_back(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(dispatch, "CALLS_A_MINUTE", 3)
    statuses = [office.call("GET", "/events").status_code for _ in range(8)]
    assert 429 in statuses  # a minute may end in between, not twice
    refused = office.call("GET", "/events")
    if refused.status_code == 429:
        assert 1 <= int(refused.headers["Retry-After"]) <= 60
    assert office.call("GET", "/events", "admin").status_code == 200  # each token has its own window


def test_with_redis_away_calls_are_answered(office: Office) -> None:
    office.runtime.redis.connection_pool.disconnect()
    office.runtime.redis.connection_pool.connection_kwargs["path"] = "/nonexistent/redis.sock"
    assert office.call("GET", "/events").status_code == 200
    assert office.call("POST", "/events", json={**EVENT}).status_code == 201


# --- the same key


def test_the_same_key_and_body_answer_as_the_first_did(office: Office) -> None:
    first = office.call("POST", "/events", key="k1", json=EVENT)
    respaced = json.dumps(dict(reversed(EVENT.items())), indent=4)
    again = office.call(
        "POST", "/events", key="k1", data=respaced, headers={"Content-Type": "application/json"}
    )
    assert first.status_code == again.status_code == 201
    assert first.json == again.json
    assert again.headers["Idempotency-Replayed"] == "true"
    assert count(office, Event) == 1


def test_the_same_key_with_another_body_is_a_conflict(office: Office) -> None:
    office.call("POST", "/events", key="k1", json=EVENT)
    answer = office.call("POST", "/events", key="k1", json={**EVENT, "venue": "Gereja"})
    assert answer.status_code == 409
    assert count(office, Event) == 1


def test_keys_of_two_people_or_two_addresses_do_not_meet(office: Office) -> None:
    office.call("POST", "/events", key="k1", json=EVENT)
    assert office.call("POST", "/events", "admin", key="k1", json=EVENT).status_code == 201
    assert office.call("POST", "/events/1/cancel", key="k1").status_code == 200
    assert count(office, Event) == 2


def test_two_requests_with_one_key_at_once_are_one_effect(office: Office) -> None:
    barrier, answers = threading.Barrier(4), []

    def post() -> None:
        barrier.wait()
        answers.append(office.call("POST", "/events", key="k1", json=EVENT))

    threads = [threading.Thread(target=post) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [answer.status_code for answer in answers] == [201] * 4
    assert len({json.dumps(answer.json) for answer in answers}) == 1
    assert count(office, Event) == 1


def test_a_refused_request_may_be_corrected_under_its_key(office: Office) -> None:
    assert office.call("POST", "/events", key="k1", json={**EVENT, "district": "?"}).status_code == 422
    past = {**EVENT, "starts_at": "2020-01-01T00:00:00Z"}
    assert office.call("POST", "/events", key="k1", json=past).status_code == 422
    assert office.call("POST", "/events", key="k1", json=EVENT).status_code == 201


def test_a_key_is_forgotten_after_a_day(office: Office) -> None:
    office.call("POST", "/events", key="k1", json=EVENT)
    with office.runtime.store.transaction() as tx:
        then = office.runtime.clock.now() - timedelta(hours=24, minutes=1)
        tx.execute(update(IdempotentAnswer).values(created_at=then))
    assert office.call("POST", "/events", key="k1", json=EVENT).status_code == 201
    assert count(office, Event) == 2


def test_a_key_that_cannot_be_kept_is_refused(office: Office) -> None:
    for key in ("x" * 256, "\u00e4", "\x01"):
        assert office.call("POST", "/events", key=key, json=EVENT).status_code == 422
    assert count(office, Event) == 0


# --- the description


def test_the_description_is_open_valid_and_complete(office: Office) -> None:
    answer = office.call("GET", "/openapi.json", None)
    assert answer.status_code == 200
    document = answer.json
    assert isinstance(document, dict)
    OpenAPIV31SpecValidator(document).validate()
    described = {(method.upper(), path) for path, methods in document["paths"].items() for method in methods}
    assert described == {(endpoint.method, endpoint.path) for endpoint in ENDPOINTS}
    assert document["security"] == [{"token": []}]


def test_every_change_is_audited_with_who_did_it(office: Office) -> None:
    event = office.make_event()
    office.call("PATCH", f"/events/{event['id']}", "approver", json={"venue": "Gereja"})
    office.call("POST", f"/events/{event['id']}/cancel", "admin", json={"reason": "banjir"})
    with office.runtime.store.read() as tx:
        entries = tx.execute(
            select(AuditEntry.act, Staff.role)
            .join(Staff, Staff.id == AuditEntry.staff_id)
            .order_by(AuditEntry.id)
        ).all()
    assert [tuple(entry) for entry in entries] == [
        ("event.create", "officer"),
        ("event.change", "approver"),
        ("event.cancel", "admin"),
    ]


def test_an_upload_where_json_is_wanted_is_refused(office: Office) -> None:
    answer = office.call("POST", "/events", data={"file": (io.BytesIO(b"x"), "x.csv")})
    assert answer.status_code == 415
