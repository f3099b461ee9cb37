"""People, groups, lists and calendar files of events over the API; subscribers and communities."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from io import BytesIO
from typing import Any

from sms_service.services.events import life as events
from sms_service.services.events.texts import EventTexts
from sms_service.services.subscribers import person as subscribers
from tests.event_office import number, tell
from tests.event_office import texts as sent_texts
from tests.people_files import csv_file
from tests.web.api.conftest import Office

LIST = csv_file(
    "No HP,Nama,Universitas", f"{number(1)},Maria,Undana", f"{number(2)},Yosef,Unwira", "xx,Siti,"
)
AGREED = csv_file("number,consent_source,consent_on", f"{number(1)},Formulir acara,2026-09-17")


def upload(office: Office, path: str, data: bytes, role: str = "officer", **form: str) -> Any:
    return office.call("POST", path, role=role, data={"file": (BytesIO(data), "daftar.csv"), **form})


def register(office: Office, event: dict[str, Any], n: int) -> None:
    runtime = office.runtime
    texts = EventTexts.of(runtime.settings, runtime.menu)
    with runtime.store.transaction() as tx:
        events.register(tx, event["code"], number(n), "id", "sms", runtime.clock.now(), texts)


def people(office: Office, event: dict[str, Any]) -> list[dict[str, Any]]:
    answer = office.call("GET", f"/events/{event['id']}/registrations").json
    assert isinstance(answer, dict)
    found: list[dict[str, Any]] = answer["items"]
    return found


def test_a_list_is_tried_then_imported_without_its_bad_row(office: Office) -> None:
    event = office.make_event(capacity=1)
    path = f"/events/{event['id']}/registrations/import"
    tried = upload(office, path, LIST, dry_run="true").json
    assert (tried["registered"], tried["waiting"], tried["is_written"]) == (1, 1, False)
    assert [(fault["row"], fault["field"]) for fault in tried["faults"]] == [(4, "number")]
    assert upload(office, path, LIST).status_code == 422
    done = upload(office, path, LIST, skip_bad_rows="true")
    assert (done.status_code, done.json["is_written"]) == (200, True)
    shown = people(office, event)
    assert [(one["name"], one["organisation"], one["status"]) for one in shown] == [
        ("Maria", "Undana", "registered"),
        ("Yosef", "Unwira", "waiting"),
    ]
    assert number(1) not in str(shown)
    assert upload(office, path, LIST, skip_bad_rows="true").json["already"] == 2


def test_groups_are_set_filled_and_changed_by_hand(office: Office) -> None:
    event = office.make_event()
    for n in (1, 2, 3):
        register(office, event, n)
    path = f"/events/{event['id']}"
    slot = {"starts_at": event["starts_at"], "capacity": 2, "topic": "jobs", "destination": "jp"}
    answer = office.call("PUT", f"{path}/groups", json={"groups": [slot, {**slot, "room": "Ruang B"}]})
    assert answer.status_code == 200, answer.json
    assert [group["number"] for group in answer.json["items"]] == [1, 2]  # type: ignore[index]
    placed = office.call("POST", f"{path}/allocate").json
    assert isinstance(placed, dict)
    assert (placed["placed"], placed["changed"], placed["left_over"]) == (3, 3, 0)
    assert [group["members"] for group in placed["groups"]] == [2, 1]
    first = people(office, event)[0]
    person = f"{path}/registrations/{first['id']}"
    moved = office.call("PATCH", person, json={"group": 2}).json
    assert isinstance(moved, dict)
    assert (moved["group"], moved["is_placed_by_hand"]) == (2, True)
    assert office.call("PATCH", person, json={"group": 9}).status_code == 404
    assert office.call("PATCH", person, json={"group": None}).json["group"] is None  # type: ignore[index]
    for wrong in ({}, {"status": None}, {"status": "held"}, {"group": 0}, {"group": 1, "status": "attended"}):
        assert office.call("PATCH", person, json=wrong).status_code == 422, wrong
    assert office.call("PATCH", person, json={"status": "attended"}).status_code == 409  # far too early
    off = office.call("PATCH", person, json={"status": "cancelled"}).json
    assert isinstance(off, dict)
    assert off["status"] == "cancelled"
    wrong_slot = {"groups": [{**slot, "topic": "sepakbola"}]}
    refused = office.call("PUT", f"{path}/groups", json=wrong_slot)
    assert (refused.status_code, list(refused.json["errors"])) == (422, ["groups.0.topic"])  # type: ignore[index]
    assert office.call("GET", f"{path}/groups").json["items"][0]["capacity"] == 2  # type: ignore[index]


def test_no_show_figures_come_after_the_end(office: Office) -> None:
    event = office.make_event()
    for n in (1, 2, 3):
        register(office, event, n)
    path = f"/events/{event['id']}"
    key = people(office, event)[0]["id"]
    office.call(
        "PATCH", f"{path}/registrations/{people(office, event)[2]['id']}", json={"status": "cancelled"}
    )
    assert office.call("GET", path).json["no_show"] is None  # type: ignore[index]
    office.runtime.clock.shift += timedelta(days=14, minutes=5)
    office.call("PATCH", f"{path}/registrations/{key}", json={"status": "attended"})
    shown = office.call("GET", path).json
    assert isinstance(shown, dict)
    assert (shown["status"], shown["attended"], shown["no_show"], shown["cancelled"]) == ("held", 1, 1, 1)


def test_a_plan_of_ones_own_is_kept_and_changed(office: Office) -> None:
    event = office.make_event(reminder_plan=["2h", "3d"])
    assert event["reminder_plan"] == ["3d", "2h"]
    path = f"/events/{event['id']}"

    def plans() -> dict[str, str]:
        rows = office.call("GET", f"{path}/reminders").json
        assert isinstance(rows, dict)
        return {row["plan"]: row["status"] for row in rows["items"]}

    assert plans() == {"3d": "planned", "2h": "planned"}
    office.call("PATCH", path, json={"reminder_plan": ["1d"]})
    assert plans() == {"3d": "dropped", "2h": "dropped", "1d": "planned"}
    office.call("PATCH", path, json={"reminder_plan": None})
    assert plans() == {"3d": "dropped", "2h": "planned", "1d": "planned", "7d": "planned"}
    for wrong in (["soon"], ["2h", "2h"], [f"{n}h" for n in range(1, 9)], "2h", ["45d"]):
        refused = office.call("PATCH", path, json={"reminder_plan": wrong})
        assert refused.status_code == 422, wrong
    assert office.make_event(reminder_plan=[])["reminder_plan"] == []


def test_news_shows_how_many_were_told(office: Office) -> None:
    event = office.make_event()
    register(office, event, 1)
    path = f"/events/{event['id']}"
    office.call("PATCH", path, json={"venue": "Gereja"})
    (row,) = office.call("GET", f"{path}/notices").json["items"]  # type: ignore[index]
    assert (row["about"], row["status"], row["recipients"]) == ("elsewhere", "planned", 0)
    tell(office.runtime.store, office.runtime.clock.now())
    (row,) = office.call("GET", f"{path}/notices").json["items"]  # type: ignore[index]
    assert (row["status"], row["recipients"]) == ("done", 1)
    assert len(sent_texts(office.runtime.store, "notice")) == 1


def test_the_calendar_file_is_a_download(office: Office) -> None:
    event = office.make_event()
    answer = office.call("GET", f"/events/{event['id']}/calendar.ics")
    assert answer.status_code == 200
    assert answer.content_type == "text/calendar; charset=utf-8"
    assert f"event-{event['code']}.ics" in answer.headers["Content-Disposition"]
    start = datetime.fromisoformat(event["starts_at"]).astimezone(UTC)
    assert f"DTSTART:{start:%Y%m%dT%H%M%SZ}" in answer.text
    assert office.call("GET", "/events/77/calendar.ics").status_code == 404


def test_subscribers_are_imported_and_counted(office: Office) -> None:
    assert upload(office, "/subscribers/import", AGREED, dry_run="true").json["added"] == 1
    answer = upload(office, "/subscribers/import", AGREED)
    assert (answer.status_code, answer.json["added"], answer.json["is_written"]) == (200, 1, True)
    with office.runtime.store.transaction() as tx:
        subscribers.opt_out(tx, number(1), "sms", office.runtime.clock.now())
    assert upload(office, "/subscribers/import", AGREED).json["stopped"] == 1
    summary = office.call("GET", "/subscribers/summary").json
    assert isinstance(summary, dict)
    assert summary["by_kind"] == [{"name": "warnings", "count": None}, {"name": "news", "count": None}]
    bad = upload(office, "/subscribers/import", b"halo")
    assert (bad.status_code, "halo" in bad.text) == (422, False)


def test_communities_are_made_and_listed(office: Office) -> None:
    made = office.call("POST", "/communities", json={"name": "Paroki Contoh"})
    assert made.status_code == 201
    assert office.call("POST", "/communities", json={"name": "PAROKI contoh"}).status_code == 409
    assert office.call("POST", "/communities", json={"name": " "}).status_code == 422
    listed = office.call("GET", "/communities").json
    assert isinstance(listed, dict)
    assert [(one["name"], one["members"]) for one in listed["items"]] == [("Paroki Contoh", None)]


def test_only_officers_reach_any_of_it(office: Office) -> None:
    event = office.make_event()
    for role in ("viewer", "partner", "case_officer"):
        for method, path in (
            ("GET", f"/events/{event['id']}/groups"),
            ("PUT", f"/events/{event['id']}/groups"),
            ("POST", f"/events/{event['id']}/allocate"),
            ("PATCH", f"/events/{event['id']}/registrations/1"),
            ("POST", f"/events/{event['id']}/registrations/import"),
            ("GET", f"/events/{event['id']}/calendar.ics"),
            ("GET", f"/events/{event['id']}/notices"),
            ("POST", "/subscribers/import"),
            ("GET", "/subscribers/summary"),
            ("POST", "/communities"),
            ("GET", "/communities"),
        ):
            assert office.call(method, path, role=role).status_code == 403, (role, path)
            assert office.call(method, path, role=None).status_code == 401
