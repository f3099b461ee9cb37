"""The phone in the browser: the real engine, the real texts, and nobody's number but our own."""

from __future__ import annotations

import html
import json
import re
from datetime import timedelta

import pytest
import yaml
from sqlalchemy import func, select

from sms_service.services import rehearsals
from sms_service.store.console_inbox import ConsoleInbox
from sms_service.store.models import DeliveryReportRow, InboundMessage, UssdSessionEnd
from tests.web.console.conftest import Browser, Desk, csrf

NUMBER = "+6281200000042"
_PRESSED = ("do", "press", "holds_reports")


class Phone:
    """Presses the buttons of the page, carrying along what its form carries."""

    def __init__(self, browser: Browser) -> None:
        self.browser = browser
        self.page = browser.get(f"/phone?number={NUMBER.replace('+', '%2B')}").text

    def do(self, **pressed: str) -> str:
        call = re.search(r'<form id="call".*?</form>', self.page, re.DOTALL)
        assert call
        fields = dict(re.findall(r'name="(\w+)" (?:type="\w+" )?value="([^"]*)"', call[0]))
        kept = {key: html.unescape(value) for key, value in fields.items() if key not in _PRESSED}
        self.page = self.browser.client.post("/console/phone", data={**kept, **pressed}).text
        return self.screen

    @property
    def screen(self) -> str:
        found = re.search(r'class="screen"[^>]*>(.*?)</div>', self.page, re.DOTALL)
        return html.unescape(found[1]).strip() if found else ""


@pytest.fixture
def phone(desk: Desk) -> Phone:
    return Phone(desk.browser("officer"))


def test_a_call_walks_the_real_menus_and_shows_how_much_of_the_screen_it_takes(phone: Phone) -> None:
    assert phone.do(do="dial").startswith("Jalur Aman\n1 ")
    assert re.search(r">\s*\d+/160", phone.page)
    assert phone.do(press="8").startswith("Jalur Aman\n1 Check")
    assert "7 Settings" in phone.screen
    assert phone.do(do="send", input="0")
    assert "call ended" in phone.page


def test_a_key_without_a_call_says_what_to_do(phone: Phone) -> None:
    phone.do(do="send", input="1")
    assert "dial first" in phone.page
    assert 'value="dial"' in phone.page


def test_a_turn_sent_three_times_at_once_is_one_turn(phone: Phone) -> None:
    phone.do(do="dial")
    screen = phone.do(press="1")
    assert phone.do(do="twice") == screen
    assert "one answer" in phone.page


def test_a_dropped_call_is_told_to_the_service_and_the_redial_offers_to_go_on(
    desk: Desk, phone: Phone
) -> None:
    phone.do(do="dial")
    phone.do(press="5")
    phone.do(do="drop")
    assert "has dropped" in phone.page
    with desk.runtime.store.read() as tx:
        assert tx.scalars(select(UssdSessionEnd.status)).one() == "Incomplete"
    assert "9 " in phone.do(do="dial")


def test_a_text_is_sent_to_the_service_and_texts_arrive_with_their_reports(desk: Desk, phone: Phone) -> None:
    phone.do(do="sms", sms="INFO")
    with desk.runtime.store.read() as tx:
        assert tx.scalar(select(func.count()).select_from(InboundMessage)) == 1
    ConsoleInbox(desk.runtime.store, desk.runtime.clock).deliver(NUMBER, "Halo <b>contoh</b>")
    phone.do(do="look", holds_reports="1")
    assert "Halo &lt;b&gt;contoh" in phone.page
    assert reports(desk) == 0
    phone.do(do="look")
    phone.do(do="look")
    assert reports(desk) == 1


def test_the_inbox_looks_again_by_itself(desk: Desk, phone: Phone) -> None:
    ConsoleInbox(desk.runtime.store, desk.runtime.clock).deliver(NUMBER, "Acara besok")
    form = {"csrf_token": csrf(phone.page), "number": NUMBER}
    answer = phone.browser.client.post("/console/phone/inbox", data=form)
    assert "Acara besok" in answer.text
    assert "<html" not in answer.text


def test_a_call_is_kept_as_a_golden_dialogue(phone: Phone) -> None:
    first = phone.do(do="dial")
    phone.do(press="5")
    call = re.search(r'name="steps" value="([^"]*)"', phone.page)
    assert call
    form = {"csrf_token": csrf(phone.page), "number": NUMBER, "steps": html.unescape(call[1]), "do": "record"}
    kept = phone.browser.client.post("/console/phone", data=form)
    assert kept.headers["Content-Disposition"].endswith('"dialogue.yaml"')
    steps = yaml.safe_load(kept.text)["steps"]
    assert steps[0] == {"dial": None, "see": f"CON {first}"}
    assert steps[1]["type"] == "5"


@pytest.mark.parametrize("number", ["+62" + "8" * 11, "+60" + "1" * 9, "", "x" * 999, NUMBER + "0"])
def test_nobody_calls_as_somebody_else(desk: Desk, phone: Phone, number: str) -> None:
    form = {"csrf_token": csrf(phone.page), "number": number, "do": "dial"}
    answer = phone.browser.client.post("/console/phone", data=form)
    assert answer.status_code == 422
    inbox = phone.browser.client.post("/console/phone/inbox", data=form)
    assert inbox.status_code == 303
    if number:
        assert number not in answer.text


def test_the_clock_moves_and_comes_back(desk: Desk, phone: Phone) -> None:
    for by, shift in (("7d", timedelta(days=7)), ("1h", timedelta(days=7, hours=1)), ("back", timedelta())):
        form = {"csrf_token": csrf(phone.page), "by": by, "number": NUMBER}
        assert phone.browser.client.post("/console/phone/clock", data=form).status_code == 303
        with desk.runtime.store.read() as tx:
            assert rehearsals.get_shift(tx) == shift


@pytest.mark.parametrize("broken", ["{", "[1", '"x"', "null", json.dumps({"a": 1})])
def test_a_broken_form_is_refused_and_never_a_fault(phone: Phone, broken: str) -> None:
    form = {"csrf_token": csrf(phone.page), "number": NUMBER, "typed": broken, "steps": broken, "do": "dial"}
    assert phone.browser.client.post("/console/phone", data=form).status_code in (200, 422)


def reports(desk: Desk) -> int:
    with desk.runtime.store.read() as tx:
        return tx.scalar(select(func.count()).select_from(DeliveryReportRow)) or 0
