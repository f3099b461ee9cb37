"""Who gets in at the desk, and who does not."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta

import pyotp
import pytest
from sqlalchemy import select, update

from sms_service.domain.roles import ROLES, may, needs_second_factor
from sms_service.services.staff import sign_in
from sms_service.store.models import AuditEntry, Staff, StaffSession
from sms_service.web.console import PAGES
from sms_service.web.console.pages import Page
from tests.web.console.conftest import PASSWORD, Browser, Desk, code_for

POSTS = [page for page in PAGES if page.act]


def address(page: Page) -> str:
    return re.sub(r"<[^>]+>", "999", page.path)


def enter(browser: Browser, name: str, password: str = PASSWORD) -> int:
    return browser.post("/sign-in", name=name, password=password).status_code


def set_up(browser: Browser) -> tuple[str, list[str]]:
    """Scan, confirm, and return the secret and the recovery codes."""
    page = browser.get("/second-factor").text
    secret = re.search(r'class="secret">(\w+)<', page)
    assert secret
    done = browser.post("/second-factor", code=code_for(secret[1]))
    assert done.status_code == 200
    return secret[1], re.findall(r"<code>([0-9a-f]{6}-[0-9a-f]{6})</code>", done.text)


# --- three people at every page


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.path)
def test_at_every_page_a_stranger_is_sent_to_the_sign_in(desk: Desk, page: Page) -> None:
    answer = desk.browser().get(address(page))
    assert answer.status_code == 302
    assert answer.location.startswith("/console/sign-in")


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.path)
def test_at_every_page_a_role_without_the_right_is_refused_before_the_record_is_looked_at(
    desk: Desk, page: Page
) -> None:
    for role in ROLES:
        browser = desk.browser(role)
        if page.show:
            assert (browser.get(address(page)).status_code == 403) is not may(role, page.right)
        if page.act and not may(role, page.right):
            assert browser.post(address(page), page="/account").status_code == 403


@pytest.mark.parametrize("page", POSTS, ids=lambda page: page.path)
def test_a_form_from_elsewhere_changes_nothing(desk: Desk, page: Page) -> None:
    browser = desk.browser("admin")
    before = _audit(desk)
    assert browser.client.post(f"/console{address(page)}", data={"csrf_token": "x"}).status_code == 400
    assert _audit(desk) == before


def test_an_unknown_address_says_nothing_to_a_stranger_and_something_to_people(desk: Desk) -> None:
    assert desk.browser().get("/no/such/page").status_code == 302
    assert desk.browser("viewer").get("/no/such/page").status_code == 404


def test_every_answer_carries_the_guards(desk: Desk) -> None:
    for browser, path in ((desk.browser(), "/sign-in"), (desk.browser("admin"), "/")):
        headers = browser.get(path).headers
        assert "script-src 'self'" in headers["Content-Security-Policy"]
        assert "frame-ancestors 'none'" in headers["Content-Security-Policy"]
        assert headers["X-Frame-Options"] == "DENY"
        assert headers["Cache-Control"] == "no-store"
        cookie = headers.get("Set-Cookie", "HttpOnly; Path=/console; SameSite=Lax")
        assert "HttpOnly" in cookie
        assert "SameSite=Lax" in cookie
        assert "Path=/console" in cookie


def test_behind_tls_browsers_are_told_to_stay_there(desk: Desk) -> None:
    answer = desk.app.test_client().get("/console/sign-in", base_url="https://desk.example")
    assert "max-age" in answer.headers["Strict-Transport-Security"]


# --- password


def test_a_role_without_a_second_factor_is_in_by_its_password(desk: Desk) -> None:
    browser = desk.browser()
    assert enter(browser, "officer") == 303
    assert browser.get("/").status_code == 200


def test_after_the_sign_in_people_land_where_they_wanted_but_never_on_another_site(desk: Desk) -> None:
    for wanted, lands in (
        ("/console/account", "/console/account"),
        ("//evil.example/", "/console/"),
        ("https://evil.example/", "/console/"),
        ("/console/\\evil.example", "/console/"),
    ):
        answer = desk.browser().post("/sign-in", name="officer", password=PASSWORD, next=wanted)
        assert answer.location == lands


def test_an_unknown_name_and_a_wrong_password_are_told_alike(desk: Desk) -> None:
    unknown = desk.browser().post("/sign-in", name="nobody", password=PASSWORD)
    wrong = desk.browser().post("/sign-in", name="officer", password="wrong")
    assert unknown.status_code == wrong.status_code == 403
    told = [re.search(r'class="said error"[^>]*>([^<]+)<', answer.text) for answer in (unknown, wrong)]
    assert told[0]
    assert told[1]
    assert told[0][1] == told[1][1]


def test_five_wrong_passwords_lock_until_a_quarter_of_an_hour_or_a_colleague(desk: Desk) -> None:
    for _ in range(sign_in.MOST_FAILURES):
        assert enter(desk.browser(), "officer", "wrong") == 403
    assert enter(desk.browser(), "officer") == 403
    with desk.runtime.store.transaction() as tx:
        sign_in.lift_lock(tx, desk.people["admin"], desk.people["officer"].id, datetime.now(UTC))
    assert enter(desk.browser(), "officer") == 303


def test_one_address_may_not_try_without_end(desk: Desk) -> None:
    browser = desk.browser()
    statuses = [enter(browser, f"name{n}", "wrong") for n in range(32)]
    assert statuses[:30] == [403] * 30
    assert statuses[30:] == [429, 429]


def test_somebody_who_has_left_is_out_at_once(desk: Desk) -> None:
    browser = desk.browser("officer")
    assert browser.get("/").status_code == 200
    with desk.runtime.store.transaction() as tx:
        tx.execute(update(Staff).where(Staff.name == "officer").values(is_active=False))
    assert browser.get("/").status_code == 302
    assert enter(desk.browser(), "officer") == 403


# --- second factor


@pytest.mark.parametrize("role", [role for role in ROLES if needs_second_factor(role)])
def test_a_password_alone_opens_nothing_to_those_who_need_a_second_factor(desk: Desk, role: str) -> None:
    browser = desk.browser()
    assert enter(browser, role) == 303
    for path in ("/", "/account"):
        assert browser.get(path).location == "/console/second-factor"


def test_the_second_factor_is_set_up_once_and_then_asked_for(desk: Desk) -> None:
    first = desk.browser()
    enter(first, "admin")
    secret, codes = set_up(first)
    assert len(codes) == sign_in.RECOVERY_CODES
    assert first.get("/").status_code == 200

    again = desk.browser()
    enter(again, "admin")
    page = again.get("/second-factor").text
    assert secret not in page
    assert again.post("/second-factor", code="000000").status_code == 403
    assert again.post("/second-factor", code=code_for(secret, 1)).status_code == 303
    assert again.get("/").status_code == 200


def test_a_code_is_good_once(desk: Desk) -> None:
    first = desk.browser()
    enter(first, "admin")
    secret, codes = set_up(first)
    spent = pyotp.TOTP(secret).now()  # given at the set-up, or older than that
    for code, expected in ((spent, 403), (codes[0], 303), (codes[0], 403), (codes[1].upper(), 303)):
        browser = desk.browser()
        enter(browser, "admin")
        assert browser.post("/second-factor", code=code).status_code == expected


def test_wrong_codes_lock_as_wrong_passwords_do(desk: Desk) -> None:
    first = desk.browser()
    enter(first, "admin")
    secret, _ = set_up(first)
    browser = desk.browser()
    enter(browser, "admin")
    for _ in range(sign_in.MOST_FAILURES):
        assert browser.post("/second-factor", code="000000").status_code == 403
    assert browser.post("/second-factor", code=code_for(secret, 1)).status_code == 403


def test_a_lost_phone_is_reset_by_a_colleague_and_by_nobody_else(desk: Desk) -> None:
    first = desk.browser()
    enter(first, "approver")
    secret, _ = set_up(first)
    with desk.runtime.store.transaction() as tx:
        sign_in.reset_second_factor(tx, desk.people["admin"], desk.people["approver"].id, datetime.now(UTC))
    assert first.get("/").status_code == 302
    again = desk.browser()
    enter(again, "approver")
    assert set_up(again)[0] != secret


# --- sessions


def test_signing_out_ends_the_session_for_a_copied_cookie_too(desk: Desk) -> None:
    browser = desk.browser("officer")
    with browser.client.session_transaction("/console/") as cookie:
        copied = cookie["desk"]
    assert browser.post("/sign-out", page="/account").status_code == 302
    thief = desk.browser()
    with thief.client.session_transaction("/console/") as cookie:
        cookie["desk"] = copied
    assert thief.get("/").status_code == 302


def test_a_person_sees_and_ends_the_own_sessions_and_no_others(desk: Desk) -> None:
    here, there, other = desk.browser("officer"), desk.browser("officer"), desk.browser("viewer")
    with desk.runtime.store.read() as tx:
        ids = {row.id: row.staff_id for row in tx.scalars(select(StaffSession))}
    mine = sorted(one for one, owner in ids.items() if owner == desk.people["officer"].id)
    foreign = next(one for one, owner in ids.items() if owner == desk.people["viewer"].id)
    assert here.get("/account").text.count("<td>test</td>") == 2
    here.post(f"/account/sessions/{mine[1]}/end", page="/account")
    here.post(f"/account/sessions/{foreign}/end", page="/account")
    assert there.get("/").status_code == 302
    assert other.get("/").status_code == 200


def test_a_session_ends_by_rest_and_by_age(desk: Desk) -> None:
    for column, past in (("last_seen_at", sign_in.SESSION_RESTS), ("expires_at", timedelta())):
        browser = desk.browser("officer")
        with desk.runtime.store.transaction() as tx:
            tx.execute(update(StaffSession).values({column: datetime.now(UTC) - past}))
        assert browser.get("/").status_code == 302


def test_a_new_password_signs_the_other_browsers_out(desk: Desk) -> None:
    here, there = desk.browser("officer"), desk.browser("officer")
    form = {"new_password": "sandi contoh baru", "again": "sandi contoh baru"}
    assert here.post("/account/password", page="/account", password="wrong", **form).status_code == 422
    assert here.post("/account/password", page="/account", password=PASSWORD, **form).status_code == 303
    assert here.get("/").status_code == 200
    assert there.get("/").status_code == 302
    assert enter(desk.browser(), "officer") == 403
    assert enter(desk.browser(), "officer", "sandi contoh baru") == 303


def test_neither_password_nor_code_nor_cookie_is_kept_readable(desk: Desk) -> None:
    browser = desk.browser()
    enter(browser, "admin")
    secret, codes = set_up(browser)
    with browser.client.session_transaction("/console/") as cookie:
        token = cookie["desk"]
    with desk.runtime.store.read() as tx:
        person = tx.scalars(select(Staff).where(Staff.name == "admin")).one()
        kept = f"{vars(person)} {[vars(row) for row in tx.scalars(select(StaffSession))]}"
        assert tx.scalar(select(AuditEntry.id).where(AuditEntry.act == "staff.second_factor"))
    for word in (PASSWORD, secret, token, *codes):
        assert word not in kept


def _audit(desk: Desk) -> int:
    with desk.runtime.store.read() as tx:
        return len(list(tx.scalars(select(AuditEntry.id))))
