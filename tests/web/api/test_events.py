"""Events over the API, as CONTRACT says."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import pytest

from sms_service.services.events import life as events
from sms_service.services.events import reminders
from sms_service.services.events.texts import EventTexts
from tests.event_office import number, tell
from tests.event_office import texts as sent_texts
from tests.web.api.conftest import EVENT, Office


def register(office: Office, event: dict[str, Any], n: int) -> str:
    runtime = office.runtime
    texts = EventTexts.of(runtime.settings, runtime.menu)
    with runtime.store.transaction() as tx:
        return events.register(tx, event["code"], number(n), "id", "sms", runtime.clock.now(), texts).name


def errors(answer: Any) -> dict[str, str]:
    assert answer.status_code == 422, answer.json
    found: dict[str, str] = answer.json["errors"]
    return found


def test_an_event_is_made_with_id_code_and_all_that_was_said(office: Office) -> None:
    sent = {
        **EVENT,
        "starts_at": "2027-01-09T01:00:00Z",
        "ends_at": "2027-01-09T12:30:00.250+09:00",
        "capacity": 40,
        "organiser": "J-RUK Kupang",
        "audience": "Mahasiswa",
    }
    answer = office.call("POST", "/events", json=sent)
    assert answer.status_code == 201
    made = answer.json
    assert isinstance(made, dict)
    assert len(made["code"]) == 4
    assert made["title"] == EVENT["title"]
    assert made["starts_at"] == "2027-01-09T09:00:00+08:00"
    assert made["ends_at"] == "2027-01-09T11:30:00+08:00"
    assert (made["district"], made["district_name"]) == ("53.04", "Belu")
    assert (made["capacity"], made["places_left"], made["registered"]) == (40, 40, 0)
    assert (made["status"], made["version"]) == ("planned", 1)
    assert office.call("GET", f"/events/{made['id']}").json == made


def test_a_district_comes_as_code_or_name(office: Office) -> None:
    for district in ("53.04", "5304", "Belu", "belu", " BELU ", "Atambua"):
        assert office.make_event(district=district)["district"] == "53.04"


def test_what_makes_no_sense_is_refused_by_field(office: Office) -> None:
    start = (office.runtime.clock.now() + timedelta(days=14)).isoformat(timespec="seconds")
    wrong: tuple[tuple[str, object], ...] = (
        ("starts_at", "2026-12-05T09:00:00"),  # whose nine o'clock?
        ("starts_at", "2026-12-05"),
        ("starts_at", "tomorrow"),
        ("starts_at", 1_800_000_000),
        ("starts_at", None),
        ("starts_at", "2026-02-30T09:00:00Z"),
        ("starts_at", "2026-12-05T25:00:00Z"),
        ("starts_at", "9999-12-31T23:59:59-12:00"),
        ("starts_at", "0001-01-01T00:00:00+12:00"),
        ("starts_at", "2020-01-01T00:00:00Z"),
        ("ends_at", "2020-01-01T00:00:00Z"),
        ("venue", ""),
        ("venue", "   "),
        ("venue", "x" * 81),
        ("venue", "a\x00b"),
        ("venue", "a\r\nb"),
        ("venue", "\u202eabc"),
        ("venue", "\ud800"),
        ("venue", None),
        ("venue", ["a"]),
        ("title", "Konsultasi"),
        ("title", {"id": "x"}),
        ("district", "Kupang"),  # the town or the regency?
        ("district", "5306x"),
        ("district", "99.99"),
        ("district", 5304),
        ("capacity", 0),
        ("capacity", 1.5),
        ("capacity", True),
        ("capacity", 10**12),
        ("organiser", "x" * 81),
        ("audience", "x" * 201),
        ("id", 7),
        ("code", "1234"),
        ("status", "held"),
    )
    for field, value in wrong:
        answer = office.call("POST", "/events", json={**EVENT, "starts_at": start, field: value})
        assert all(name == field or name.startswith(f"{field}.") for name in errors(answer)), (field, value)
    assert office.call("GET", "/events").json == {"items": [], "next": None}


def test_signs_that_a_simple_phone_cannot_show_are_named(office: Office) -> None:
    for part in ("id", "en"):
        title = {**EVENT["title"], part: "Acara \U0001f600"}
        answer = office.call("POST", "/events", json={**EVENT, "title": title})
        assert "U+1F600" in errors(answer)[f"title.{part}"]


def test_typographic_signs_are_accepted(office: Office) -> None:
    assert office.make_event(venue="Aula \u201cSanto Yosef\u201d \u2013 Kefa\u00a0menanu")["id"] == 1


def test_lists_are_paged_by_opaque_cursors_without_loss_or_doubles(office: Office) -> None:
    base = office.runtime.clock.now().replace(microsecond=0) + timedelta(days=20)
    made = [
        office.make_event(
            starts_at=(base + timedelta(days=n % 3)).isoformat(),
            district="53.21" if n % 2 else "53.04",
        )["id"]
        for n in range(7)
    ]
    found, cursor, pages = [], "", 0
    while True:
        page = office.call("GET", f"/events?limit=2{cursor}").json
        assert isinstance(page, dict)
        found += [event["id"] for event in page["items"]]
        pages += 1
        if page["next"] is None:
            break
        cursor = f"&cursor={page['next']}"
    assert pages == 4
    assert sorted(found) == sorted(made)
    starts = [e["starts_at"] for e in office.call("GET", "/events").json["items"]]  # type: ignore[index]
    assert starts == sorted(starts)
    malaka = office.call("GET", "/events?district=Malaka").json
    assert isinstance(malaka, dict)
    assert {event["district"] for event in malaka["items"]} == {"53.21"}
    later = office.call("GET", "/events", query_string={"starts_from": base.isoformat()}).json
    assert isinstance(later, dict)
    assert len(later["items"]) == 7


def test_a_change_of_time_moves_reminders_and_tells_registrants(office: Office) -> None:
    event = office.make_event()
    assert register(office, event, 1) == "registered"
    new = datetime.fromisoformat(event["starts_at"]) + timedelta(days=3)
    answer = office.call("PATCH", f"/events/{event['id']}", json={"starts_at": new.isoformat()})
    assert answer.status_code == 200
    assert isinstance(answer.json, dict)
    assert (answer.json["starts_at"], answer.json["version"]) == (new.isoformat(), 2)
    rows = office.call("GET", f"/events/{event['id']}/reminders").json
    assert isinstance(rows, dict)
    due = {row["plan"]: datetime.fromisoformat(row["due_at"]) for row in rows["items"]}
    assert due == {
        "7d": new - timedelta(days=7),
        "1d": new - timedelta(days=1),
        "2h": new - timedelta(hours=2),
    }
    assert {row["status"] for row in rows["items"]} == {"planned"}
    tell(office.runtime.store, office.runtime.clock.now())
    assert len(sent_texts(office.runtime.store, "notice")) == 1


def test_a_patch_changes_what_it_names_and_nothing_else(office: Office) -> None:
    event = office.make_event(capacity=5, organiser="BP3MI", ends_at=None)
    path = f"/events/{event['id']}"
    changed = office.call("PATCH", path, json={"title": {"en": "New"}, "capacity": None}).json
    assert isinstance(changed, dict)
    assert changed["title"] == {"id": EVENT["title"]["id"], "en": "New"}
    assert (changed["capacity"], changed["organiser"], changed["venue"]) == (None, "BP3MI", EVENT["venue"])
    assert office.call("PATCH", path, json={}).json["version"] == 2  # type: ignore[index]


def test_a_patch_that_makes_no_sense_changes_nothing(office: Office) -> None:
    event = office.make_event()
    wrong: tuple[tuple[dict[str, object], str], ...] = (
        ({"starts_at": None}, "starts_at"),
        ({"venue": None}, "venue"),
        ({"district": None}, "district"),
        ({"title": None}, "title"),
        ({"title": {"id": " "}}, "title.id"),
        ({"version": 0}, "version"),
        ({"code": "1234"}, "code"),
        ({"ends_at": "2020-01-01T00:00:00Z"}, "ends_at"),
    )
    for body, field in wrong:
        assert list(errors(office.call("PATCH", f"/events/{event['id']}", json=body))) == [field]
    assert office.call("GET", f"/events/{event['id']}").json == event


def test_an_old_version_is_a_conflict(office: Office) -> None:
    event = office.make_event()
    path = f"/events/{event['id']}"
    assert office.call("PATCH", path, json={"venue": "Gereja", "version": 1}).status_code == 200
    assert office.call("PATCH", path, json={"venue": "Aula", "version": 1}).status_code == 409


@pytest.mark.parametrize("body", [None, {}, {"reason": "banjir"}])
def test_a_cancellation_tells_registrants_once(office: Office, body: dict[str, str] | None) -> None:
    event = office.make_event()
    register(office, event, 1)
    path = f"/events/{event['id']}/cancel"
    given: dict[str, Any] = {} if body is None else {"json": body}
    for _ in range(2):
        answer = office.call("POST", path, **given)
        assert answer.status_code == 200
        assert isinstance(answer.json, dict)
        assert answer.json["status"] == "cancelled"
    tell(office.runtime.store, office.runtime.clock.now())
    assert len(sent_texts(office.runtime.store, "notice")) == 1
    assert office.call("PATCH", f"/events/{event['id']}", json={"venue": "x"}).status_code == 409
    rows = office.call("GET", f"/events/{event['id']}/reminders").json
    assert isinstance(rows, dict)
    assert all(row["status"] == "dropped" and row["reason"] for row in rows["items"])


def test_registrations_show_a_masked_number_and_are_paged(office: Office) -> None:
    event = office.make_event(capacity=2)
    for n in range(5):
        register(office, event, n)
    first = office.call("GET", f"/events/{event['id']}/registrations?limit=3")
    assert isinstance(first.json, dict)
    rest = office.call("GET", f"/events/{event['id']}/registrations?limit=3&cursor={first.json['next']}")
    assert isinstance(rest.json, dict)
    people = first.json["items"] + rest.json["items"]
    assert rest.json["next"] is None
    assert [person["status"] for person in people] == ["registered"] * 2 + ["waiting"] * 3
    assert [person["number"] for person in people] == [f"+62 *** 00{n}" for n in range(5)]
    assert "812000" not in first.text + rest.text


def test_an_erased_person_is_shown_without_a_number(office: Office) -> None:
    event, runtime = office.make_event(), office.runtime
    register(office, event, 1)
    with runtime.store.transaction() as tx:
        events.erase(tx, number(1), runtime.clock.now(), EventTexts.of(runtime.settings, runtime.menu))
    listed = office.call("GET", f"/events/{event['id']}/registrations").json
    assert isinstance(listed, dict)
    assert listed["items"][0]["number"] == "(erased)"


def test_what_does_not_exist_is_not_found(office: Office) -> None:
    for path in ("", "/registrations", "/reminders"):
        assert office.call("GET", f"/events/77{path}").status_code == 404
    assert office.call("PATCH", "/events/77", json={"venue": "x"}).status_code == 404
    assert office.call("POST", "/events/77/cancel").status_code == 404


def test_reminders_show_what_became_of_them(office: Office) -> None:
    event, runtime = office.make_event(), office.runtime
    register(office, event, 1)
    due = datetime.fromisoformat(event["starts_at"]) - timedelta(days=2)
    texts = EventTexts.of(runtime.settings, runtime.menu)
    with runtime.store.transaction() as tx:
        claimed = reminders.claim_due(tx, due)
        assert claimed is not None
        reminders.fan_out(tx, claimed, texts, due)
    rows = office.call("GET", f"/events/{event['id']}/reminders").json
    assert isinstance(rows, dict)
    week = rows["items"][0]
    assert (week["plan"], week["status"], week["recipients"]) == ("7d", "done", 1)
    assert week["done_at"] is not None


def test_an_event_that_is_over_reads_as_held(office: Office) -> None:
    event = office.make_event()
    office.runtime.clock.shift += timedelta(days=15)
    shown = office.call("GET", f"/events/{event['id']}").json
    assert isinstance(shown, dict)
    assert shown["status"] == "held"
