"""Broadcasts over the API, as CONTRACT says."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from sms_service.domain.roles import ROLES
from sms_service.services.broadcasts import sending as broadcast_sending
from sms_service.services.broadcasts.texts import Words
from sms_service.services.staff import accounts as staff
from sms_service.store.models import Broadcast
from tests.broadcast_office import number, settle, stop, subscribers
from tests.web.api.conftest import Office

COUNTS = ("queued", "sending", "sent", "delivered", "failed", "expired", "opted_out", "unknown")
MAY = {"admin", "approver", "officer"}
MAY_APPROVE = {"admin", "approver"}
ACTS: dict[str, dict[str, Any]] = {
    "submit": {},
    "approve": {},
    "reject": {"reason": "tidak jelas"},
    "pause": {},
    "resume": {},
    "cancel": {"reason": "salah"},
}


def body(**given: Any) -> dict[str, Any]:
    return {"kind": "warning", "text": {"id": "Awas agen palsu"}, "audience": {}, **given}


def make(office: Office, role: str = "officer", **given: Any) -> dict[str, Any]:
    answer = office.call("POST", "/broadcasts", role, json=body(**given))
    assert answer.status_code == 201, answer.json
    made: dict[str, Any] = answer.json
    return made


def do(office: Office, made: dict[str, Any], act: str, role: str = "officer", **given: Any) -> Any:
    return office.call("POST", f"/broadcasts/{made['id']}/{act}", role, json=given)


def get(office: Office, made: dict[str, Any]) -> dict[str, Any]:
    answer: dict[str, Any] = office.call("GET", f"/broadcasts/{made['id']}").json
    counted = answer["counts"]
    assert set(counted) == {"recipients", *COUNTS}
    assert counted["recipients"] == sum(counted[name] for name in COUNTS)
    return answer


def run(office: Office) -> None:
    """What the job does until nothing is left."""
    runtime = office.runtime
    words = Words.of(runtime.settings, runtime.menu)
    more = True
    while more:
        with runtime.store.transaction() as tx:
            more = broadcast_sending.work(tx, words, runtime.settings, runtime.clock.now())


def errors(answer: Any) -> dict[str, str]:
    assert answer.status_code == 422, answer.json
    assert answer.mimetype == "application/problem+json"
    found: dict[str, str] = answer.json["errors"]
    return found


def test_a_draft_is_made_shown_changed_and_listed(office: Office) -> None:
    made = make(
        office,
        text={"id": "Halo {nama}", "en": "Hi {name}"},
        audience={"districts": ["Belu", "53.21"], "languages": ["id"], "topics": ["lowongan"]},
        send_at="2027-01-09T01:00:00Z",
        expires_at="2027-01-09T12:00:00+08:00",
    )
    assert (made["status"], made["version"], made["kind"]) == ("draft", 1, "warning")
    assert made["text"] == {"id": "Halo {nama}", "en": "Hi {name}"}
    assert made["audience"]["districts"] == ["53.04", "53.21"]
    assert made["audience"]["topics"] == ["jobs"]
    assert made["audience"]["numbers"] is None
    assert (made["send_at"], made["expires_at"]) == ("2027-01-09T09:00:00+08:00", "2027-01-09T12:00:00+08:00")
    assert made["counts"]["recipients"] == 0
    assert made["halted_reason"] is None
    assert made["author"]["name"] == "officer one"
    assert get(office, made) == made
    change = {"text": {"en": "Hello {name}"}, "kind": "info", "expires_at": None, "version": 1}
    changed = office.call("PATCH", f"/broadcasts/{made['id']}", json=change).json
    assert changed["text"] == {"id": "Halo {nama}", "en": "Hello {name}"}
    assert (changed["kind"], changed["expires_at"], changed["version"]) == ("info", None, 2)
    assert changed["audience"] == made["audience"]
    assert office.call("PATCH", f"/broadcasts/{made['id']}", json=change).status_code == 409
    listed = office.call("GET", "/broadcasts").json
    assert listed == {"items": [changed], "next": None}


def test_lists_go_page_by_page_newest_first_and_by_status(office: Office) -> None:
    ids = [make(office)["id"] for _ in range(5)]
    do(office, {"id": ids[0]}, "submit")
    seen, cursor = [], ""
    while cursor is not None:
        page = office.call("GET", f"/broadcasts?limit=2{cursor and f'&cursor={cursor}'}").json
        seen += [one["id"] for one in page["items"]]
        cursor = page["next"]
    assert seen == ids[::-1]
    assert [one["id"] for one in office.call("GET", "/broadcasts?status=submitted").json["items"]] == ids[:1]
    assert errors(office.call("GET", "/broadcasts?status=nonsense"))
    assert errors(office.call("GET", "/broadcasts?cursor=nonsense"))


@pytest.mark.parametrize("role", [*ROLES, None])
def test_who_may_do_what(office: Office, role: str | None) -> None:
    refused = 401 if role is None else 403
    made = make(office)
    for method, path in (("GET", "/broadcasts"), ("GET", f"/broadcasts/{made['id']}")):
        assert office.call(method, path, role).status_code == (200 if role in MAY else refused)
    for path in ("/broadcasts", "/broadcasts/preview"):
        answer = office.call("POST", path, role, json=body())
        assert answer.status_code in (200, 201) if role in MAY else answer.status_code == refused
        assert office.call("POST", path, role, json={}).status_code == (422 if role in MAY else refused)
    for act in ACTS:
        allowed = MAY_APPROVE if act in ("approve", "reject") else MAY
        # The role is asked before the record is looked up.
        answer = office.call("POST", f"/broadcasts/404/{act}", role, json=ACTS[act])
        assert answer.status_code == (404 if role in allowed else refused)


def test_a_second_person_approves_and_never_the_author(office: Office) -> None:
    made = make(office, role="approver")
    assert do(office, made, "submit", "approver").json["status"] == "submitted"
    refused = do(office, made, "approve", "approver")
    assert refused.status_code == 403
    assert refused.mimetype == "application/problem+json"
    with office.runtime.store.transaction() as tx:  # another token of the same person
        office.tokens["approver again"] = staff.create_token(tx, "approver one", office.runtime.clock.now())
    assert do(office, made, "approve", "approver again").status_code == 403
    assert do(office, made, "approve", "officer").status_code == 403
    approved = do(office, made, "approve", "admin")
    assert (approved.status_code, approved.json["status"]) == (200, "scheduled")
    assert approved.json["approver"]["name"] == "admin one"


@pytest.mark.parametrize(
    "status", ["draft", "submitted", "scheduled", "running", "paused", "done", "cancelled"]
)
def test_an_illegal_act_is_a_conflict_and_changes_nothing(office: Office, status: str) -> None:
    legal = {
        "draft": {"submit", "cancel"},
        "submitted": {"approve", "reject", "cancel"},
        "scheduled": {"pause", "cancel"},
        "running": {"pause", "cancel"},
        "paused": {"resume", "cancel"},
    }
    made = make(office)
    with office.runtime.store.transaction() as tx:
        tx.get_one(Broadcast, made["id"]).status = status
    for act in set(ACTS) - legal.get(status, set()):
        answer = do(office, made, act, "approver", **ACTS[act])
        assert (answer.status_code, answer.mimetype) == (409, "application/problem+json")
    assert get(office, made)["status"] == status
    assert set(get(office, made)["acts"]) - {"edit"} == legal.get(status, set())


def test_the_whole_life_with_counts_that_always_add_up(office: Office) -> None:
    store = office.runtime.store
    subscribers(store, range(30))
    made = make(office)
    do(office, made, "submit")
    do(office, made, "approve", "approver")
    run(office)
    shown = get(office, made)
    assert (shown["status"], shown["counts"]["recipients"], shown["canary_size"]) == ("canary", 30, 20)
    assert shown["counts"]["queued"] == 30
    assert do(office, made, "pause").json["status"] == "paused"
    assert do(office, made, "resume").json["status"] == "canary"
    settle(store, made["id"], "sent", 10)
    stop(store, 29)
    shown = get(office, made)
    assert (shown["counts"]["sent"], shown["counts"]["queued"]) == (10, 19)
    assert shown["not_sent"] == [
        {"status": "opted_out", "reason": "opted out before it was sent", "texts": 1}
    ]
    cancelled = do(office, made, "cancel", reason="salah kabupaten").json
    assert (cancelled["status"], cancelled["reason"]) == ("cancelled", "salah kabupaten")
    assert get(office, made)["counts"]["expired"] == 19


def test_a_rejection_says_why(office: Office) -> None:
    made = make(office)
    do(office, made, "submit")
    assert "reason" in errors(do(office, made, "reject", "approver"))
    assert "reason" in errors(do(office, made, "reject", "approver", reason="  "))
    rejected = do(office, made, "reject", "approver", reason="nama salah").json
    assert (rejected["status"], rejected["reason"]) == ("rejected", "nama salah")


def test_cancelling_needs_no_words(office: Office) -> None:
    made = make(office)
    answer = office.call("POST", f"/broadcasts/{made['id']}/cancel")
    assert (answer.status_code, answer.json["status"]) == (200, "cancelled")


def test_only_urgent_ones_pass_the_quiet_hours(office: Office) -> None:
    warning, urgent = make(office), make(office, kind="urgent")
    for made in (warning, urgent):
        do(office, made, "submit")
    assert "override_quiet_hours" in errors(
        do(office, warning, "approve", "approver", override_quiet_hours=True)
    )
    passing = do(office, urgent, "approve", "approver", override_quiet_hours=True).json
    assert passing["override_by"]["name"] == "approver one"


def test_numbers_may_name_subscribers_only(office: Office) -> None:
    subscribers(office.runtime.store, range(3))
    given = {"numbers": [number(0), number(9), "x", number(1).replace("+62", "0")]}
    for path in ("/broadcasts", "/broadcasts/preview"):
        answer = office.call("POST", path, json=body(audience=given))
        found = errors(answer)
        assert set(found) == {"audience.numbers.1", "audience.numbers.2"}
        assert number(9) not in answer.text
    made = make(office, audience={"numbers": [number(0), number(1), number(1)]})
    assert made["audience"]["numbers"] == ["+62 *** 000", "+62 *** 001"]
    assert number(0) not in str(made)
    assert "audience.numbers" in errors(
        office.call("POST", "/broadcasts", json=body(audience={"numbers": []}))
    )


@pytest.mark.parametrize(
    ("given", "field"),
    [
        ({"kind": "spam"}, "kind"),
        ({"text": {"en": "only English"}}, "text.id"),
        ({"text": {"id": ""}}, "text.id"),
        ({"text": {"id": "Halo {umur}"}}, "text.id"),
        ({"text": {"id": "x" * 1001}}, "text.id"),
        ({"text": "Halo"}, "text"),
        ({"audience": None}, "audience"),
        ({"audience": {"everybody": True}}, "audience.everybody"),
        ({"audience": {"districts": ["Atlantis"]}}, "audience.districts.0"),
        ({"audience": {"languages": ["tet"]}}, "audience.languages.0"),
        ({"audience": {"topics": ["jobs", "gossip"]}}, "audience.topics.1"),
        ({"audience": {"event": 404}}, "audience.event"),
        ({"audience": {"event": "1"}}, "audience.event"),
        ({"audience": {"communities": [404]}}, "audience.communities"),
        ({"send_at": "2020-01-01T00:00:00Z"}, "send_at"),
        ({"send_at": "tomorrow"}, "send_at"),
        ({"expires_at": "2020-01-01T00:00:00Z"}, "expires_at"),
        ({"resend_unknown": "yes"}, "resend_unknown"),
        ({"status": "running"}, "status"),
        ({"approver_id": 1}, "approver_id"),
    ],
)
def test_what_makes_no_sense_is_refused_by_field(office: Office, given: dict[str, Any], field: str) -> None:
    for path in ("/broadcasts", "/broadcasts/preview"):
        assert list(errors(office.call("POST", path, json=body(**given)))) == [field]


def test_the_preview_counts_and_shows_masked_samples(office: Office) -> None:
    store = office.runtime.store
    subscribers(store, range(3), name="Maria")
    subscribers(store, range(3, 4), name="Nguy\u1ec5n")
    subscribers(store, range(4, 6), language="en")
    subscribers(store, range(6, 8), warnings_on=False)
    stop(store, 0)
    sent = body(text={"id": "Halo {nama}", "en": "Hi {name}"})
    seen = office.call("POST", "/broadcasts/preview", json=sent).json
    assert {name: seen[name] for name in ("recipients", "segments_total", "segments_max")} == {
        "recipients": 5,
        "segments_total": 5,
        "segments_max": 1,
    }
    assert (seen["unicode_recipients"], seen["tippers_total"], seen["cost"]) == (1, 1, 0)
    assert seen["tippers"][0]["characters"] == {"\u1ec5": "e"}
    assert seen["left_out"] == {"no_consent": 2, "opted_out": 1, "enough_news": 0}
    assert {one["text"] for one in seen["sample"]} == {"Halo Maria", "Halo Nguy\u1ec5n", "Hi friend"}
    made = make(office, text=sent["text"])
    assert office.call("GET", f"/broadcasts/{made['id']}/preview").json == seen
    assert number(1) not in str(seen)


def test_a_preview_changes_nothing(office: Office) -> None:
    subscribers(office.runtime.store, range(3))
    assert office.call("POST", "/broadcasts/preview", json=body()).json["recipients"] == 3
    assert office.call("GET", "/broadcasts").json["items"] == []


def test_the_same_key_drafts_once(office: Office) -> None:
    first, second = (office.call("POST", "/broadcasts", key="k-1", json=body()) for _ in range(2))
    assert first.json == second.json
    other = office.call("POST", "/broadcasts", key="k-1", json=body(kind="info"))
    assert other.status_code == 409
    assert len(office.call("GET", "/broadcasts").json["items"]) == 1


def test_what_the_quiet_hours_hold_back_is_shown_with_its_reason(office: Office, monkeypatch: Any) -> None:
    runtime = office.runtime
    subscribers(runtime.store, range(3))
    made = make(office, expires_at=(runtime.clock.now() + timedelta(hours=3)).isoformat(timespec="seconds"))
    do(office, made, "submit")
    do(office, made, "approve", "approver")
    run(office)
    assert get(office, made)["held"] is None
    night = runtime.clock.now().astimezone(runtime.settings.zone)
    window = ((night - timedelta(hours=1)).time(), (night + timedelta(hours=5)).time())
    monkeypatch.setitem(runtime.settings.__dict__, "quiet_hours", window)
    held = get(office, made)["held"]
    assert (held["texts"], held["reason"], held["expires_first"]) == (3, "quiet hours", True)
