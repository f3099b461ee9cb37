"""A partner's broadcasts: to its own community, never without the office."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from sms_service.errors import Invalid
from sms_service.services.broadcasts import (
    life as broadcasts,
)
from sms_service.services.broadcasts.audience import Audience
from sms_service.services.broadcasts.life import BroadcastFields
from sms_service.services.staff.accounts import Person
from sms_service.store.models import Broadcast, Event
from tests.broadcast_office import number, subscribers
from tests.web.console.broadcast_desk import FORM, TEXT, do, main, parish, status, submitted, write
from tests.web.console.conftest import Desk, csrf


def test_a_partner_writes_to_the_own_community_and_the_office_approves(desk: Desk) -> None:
    subscribers(desk.runtime.store, range(50, 60))
    partner = parish(desk, range(3))
    form = partner.get("/broadcasts/new").text
    assert "Paroki Contoh" in form
    assert 'name="numbers"' not in form
    assert 'name="communities"' not in form
    # What is not in the form counts for nothing.
    broadcast = write(partner, communities="999", numbers=number(50))
    with desk.runtime.store.read() as tx:
        row = broadcasts.get_broadcast(tx, broadcast)
        assert broadcasts.fields_of(row).audience == Audience(communities=(7,))
        assert row.community_id == 7
    assert "3 people" in main(partner.get(f"/broadcasts/{broadcast}").text)
    do(partner, broadcast, "submit", version=1)
    assert partner.get(f"/broadcasts/{broadcast}/approve").status_code == 403
    assert do(partner, broadcast, "approve", version=2).status_code == 403
    assert status(desk, broadcast) == "submitted"
    assert "Paroki Contoh" in desk.browser("approver").get("/broadcasts").text
    assert do(desk.browser("approver"), broadcast, "approve", version=2).status_code == 303


def test_a_partner_finds_nothing_of_others(desk: Desk) -> None:
    partner = parish(desk)
    of_office = submitted(desk, text_id="Rahasia kantor")
    draft = write(desk.browser("officer"), text_id="Rahasia kantor juga")
    assert "Rahasia" not in partner.get("/broadcasts").text
    for broadcast in (of_office, draft):
        for path in ("", "/edit", "/live", "/cancel"):
            answer = partner.get(f"/broadcasts/{broadcast}{path}")
            assert answer.status_code == 404, path
            assert "Rahasia" not in answer.text
        for act in ("submit", "pause", "resume"):
            do(partner, broadcast, act, version=1)
        assert do(partner, broadcast, "cancel", reason="x").status_code == 404
        assert do(partner, broadcast, "edit", **FORM, version=1).status_code == 404
    assert (status(desk, of_office), status(desk, draft)) == ("submitted", "draft")
    token = csrf(partner.get("/broadcasts/new").text)
    form = {"csrf_token": token, **FORM, "broadcast": str(draft)}
    assert partner.client.post("/console/broadcasts/glance", data=form).status_code == 404


def test_a_partner_without_a_community_sees_and_writes_nothing(desk: Desk) -> None:
    submitted(desk, text_id="Rahasia kantor")
    subscribers(desk.runtime.store, range(4))
    partner = desk.browser("partner")
    assert "Rahasia" not in partner.get("/broadcasts").text
    assert "people now" not in partner.get("/broadcasts/new").text
    refused = partner.post("/broadcasts/new", **FORM)
    assert refused.status_code == 403
    assert TEXT in refused.text


def test_a_partner_asks_for_registrants_of_own_events_only(desk: Desk) -> None:
    partner = parish(desk, range(2))
    soon = datetime.now(UTC) + timedelta(days=3)
    with desk.runtime.store.transaction() as tx:
        for code, community in (("1111", 7), ("2222", None)):
            known = {"title_id": f"Acara {code}", "title_en": "x", "venue": "Aula", "district": "53.04"}
            times = {"starts_at": soon, "created_at": soon, "updated_at": soon}
            tx.add(Event(code=code, community_id=community, status="planned", **known, **times))
        tx.flush()
        of_others = tx.query(Event).filter_by(code="2222").one().id
    page = partner.get("/broadcasts/new").text
    assert "1111" in page
    assert "2222" not in page
    refused = partner.post("/broadcasts/new", **FORM, event=str(of_others))
    assert refused.status_code == 422
    person = Person(desk.people["partner"].id, "partner", "partner", 0, None, 7)
    fields = BroadcastFields("info", "Halo", audience=Audience(event=of_others, communities=(7,)))
    with desk.runtime.store.transaction() as tx, pytest.raises(Invalid, match="cannot be accepted"):
        broadcasts.create_draft(tx, person, fields, datetime.now(UTC))


def test_a_partner_does_not_judge_what_the_service_has_halted(desk: Desk) -> None:
    partner = parish(desk, range(2))
    broadcast = write(partner)
    with desk.runtime.store.transaction() as tx:
        row = tx.get_one(Broadcast, broadcast)
        row.status, row.resume_to, row.halted_reason = "halted", "running", "why"
    assert "/resume" not in partner.get(f"/broadcasts/{broadcast}").text
    do(partner, broadcast, "resume")
    assert status(desk, broadcast) == "halted"
    do(desk.browser("officer"), broadcast, "resume")
    assert status(desk, broadcast) == "running"
