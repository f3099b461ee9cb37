"""People and audit: what an admin does for colleagues, and the trail of it."""

from __future__ import annotations

import re
from datetime import UTC, datetime

from sqlalchemy import select

from sms_service.services.staff import accounts as staff
from sms_service.services.staff import people
from sms_service.store.models import AuditEntry, Community, Staff
from tests.web.console.conftest import PASSWORD, Desk
from tests.web.console.test_door import enter

NOW = datetime.now(UTC)


def secret_on(page: str) -> str:
    found = re.search(r'class="secret">([^<]+)<', page)
    assert found
    return found[1]


def test_a_person_is_added_with_a_first_password_shown_once(desk: Desk) -> None:
    admin = desk.browser("admin")
    added = admin.post("/people", name="Ibu Contoh", role="officer", community="")
    password = secret_on(added.text)
    assert password not in admin.get("/people").text
    assert enter(desk.browser(), "Ibu Contoh", password) == 303


def test_a_refused_form_keeps_what_was_typed_and_says_what_to_do(desk: Desk) -> None:
    admin = desk.browser("admin")
    refused = admin.post("/people", name="officer", role="viewer", community="")
    assert refused.status_code == 409
    assert 'value="officer"' in refused.text
    partner = admin.post("/people", name="Paroki Contoh", role="partner", community="")
    assert partner.status_code == 422
    assert "choose the partner" in partner.text
    assert 'value="Paroki Contoh"' in partner.text


def test_a_partner_belongs_to_a_community(desk: Desk) -> None:
    with desk.runtime.store.transaction() as tx:
        tx.add(Community(id=7, name="Paroki Contoh", created_at=NOW))
    admin = desk.browser("admin")
    assert admin.post("/people", name="mitra", role="partner", community="7").status_code == 200
    assert "Paroki Contoh" in admin.get("/people").text
    assert admin.post("/people", name="tamu", role="viewer", community="7").status_code == 422


def test_whoever_leaves_is_out_and_so_are_the_tokens(desk: Desk) -> None:
    officer, admin = desk.browser("officer"), desk.browser("admin")
    number = desk.people["officer"].id
    token = secret_on(admin.post(f"/people/{number}/tokens", page=f"/people/{number}").text)
    headers = {"Authorization": f"Bearer {token}"}
    api = desk.app.test_client()
    assert api.get("/api/v1/events", headers=headers).status_code == 200
    admin.post(f"/people/{number}/let-go", page=f"/people/{number}")
    assert officer.get("/").status_code == 302
    assert api.get("/api/v1/events", headers=headers).status_code == 401
    admin.post(f"/people/{number}/take-back", page=f"/people/{number}")
    assert enter(desk.browser(), "officer") == 303
    assert api.get("/api/v1/events", headers=headers).status_code == 401


def test_a_token_is_revoked_alone_and_once(desk: Desk) -> None:
    admin, number = desk.browser("admin"), desk.people["officer"].id
    page = f"/people/{number}"
    tokens = [secret_on(admin.post(f"{page}/tokens", page=page).text) for _ in range(2)]
    with desk.runtime.store.read() as tx:
        newest, oldest = (kept.id for kept in people.list_tokens(tx, number))
    admin.post(f"/people/tokens/{oldest}/revoke", page=page)
    again = admin.post(f"/people/tokens/{oldest}/revoke", page=page)
    assert again.status_code == 303
    assert "already" in admin.get("/people").text
    api = desk.app.test_client()
    statuses = [
        api.get("/api/v1/events", headers={"Authorization": f"Bearer {token}"}).status_code
        for token in tokens
    ]
    assert statuses == [401, 200]
    assert newest != oldest


def test_nobody_changes_the_own_access(desk: Desk) -> None:
    admin, number = desk.browser("admin"), desk.people["admin"].id
    page = f"/people/{number}"
    for act in ("let-go", "unlock", "reset-second-factor", "new-password"):
        admin.post(f"{page}/{act}", page=page if act == "tokens" else "/account")
    admin.post(page, page="/account", role="viewer", community="")
    with desk.runtime.store.read() as tx:
        me = tx.get_one(Staff, number)
        assert (me.role, me.is_active) == ("admin", True)
    assert admin.get("/").status_code == 200


def test_another_role_counts_from_the_next_sign_in_on(desk: Desk) -> None:
    officer, admin = desk.browser("officer"), desk.browser("admin")
    number = desk.people["officer"].id
    admin.post(f"/people/{number}", role="viewer", community="")
    assert officer.get("/").status_code == 302
    assert desk.browser("officer").get("/people").status_code == 403


def test_a_forgotten_password_is_replaced_by_a_colleague(desk: Desk) -> None:
    admin, number = desk.browser("admin"), desk.people["officer"].id
    for _ in range(5):
        enter(desk.browser(), "officer", "wrong")
    password = secret_on(admin.post(f"/people/{number}/new-password", page=f"/people/{number}").text)
    assert enter(desk.browser(), "officer", PASSWORD) == 403
    assert enter(desk.browser(), "officer", password) == 303


def test_the_trail_is_filtered_paged_and_taken_along(desk: Desk) -> None:
    with desk.runtime.store.transaction() as tx:
        for number in range(120):
            staff.record_audit(
                tx, desk.people["officer"].id, "event.update", ("event", number), {"to": "=1+1"}, NOW
            )
        staff.record_audit(tx, None, "demo.seed", ("system", "demo"), {}, NOW)
    admin = desk.browser("admin")
    seen: list[str] = []
    path = f"/audit?act=event.&who={desk.people['officer'].id}"
    while path:
        page = admin.get(path).text
        seen += re.findall(r"<td>event (\d+)</td>", page)
        following = re.search(r'rel="next" href="([^"]+)"', page)
        path = f"/audit{following[1].replace('&amp;', '&')}" if following else ""
    assert seen == [str(number) for number in range(119, -1, -1)]
    taken = admin.post("/audit.csv", page="/audit", act="event.")
    lines = taken.text.splitlines()
    assert len(lines) == 121
    assert taken.headers["Content-Disposition"].endswith('.csv"')
    assert "demo" not in taken.text
    with desk.runtime.store.read() as tx:
        assert tx.scalar(select(AuditEntry.id).where(AuditEntry.act == "audit.export"))
