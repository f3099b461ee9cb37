"""A broadcast is written: the form, the phone beside it, two officers at one draft."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from html import unescape

import pytest

from sms_service.domain import texts
from sms_service.services.broadcasts import (
    life as broadcasts,
)
from sms_service.services.broadcasts import (
    preview as broadcast_preview,
)
from sms_service.services.broadcasts.audience import Audience
from sms_service.services.broadcasts.life import BroadcastFields
from sms_service.services.broadcasts.texts import Words
from tests.broadcast_office import number, subscribers
from tests.web.console.broadcast_desk import FORM, TEXT, do, main, write
from tests.web.console.conftest import Desk, csrf


def test_a_refused_form_keeps_everything_and_says_per_field_what_to_do(desk: Desk) -> None:
    officer = desk.browser("officer")
    typed = {
        **FORM,
        "kind": "urgent",
        "text_id": "Halo {nam}",
        "text_en": "Hello {name}",
        "districts": ["53.04", "53.21"],
        "topics": "jobs",
        "numbers": f"{number(1)}\n\nabc",
        "starts": "at",
        "send_day": "2026-13-01",
        "send_time": "09:15",
        "expires_day": "2027-01-02",
        "expires_time": "10:30",
        "resend_unknown": "1",
    }
    refused = officer.post("/broadcasts/new", **typed)
    assert refused.status_code == 422
    page = refused.text
    for kept in (
        "Halo {nam}",
        "Hello {name}",
        number(1),
        "abc",
        "2026-13-01",
        "09:15",
        "2027-01-02",
        "10:30",
    ):
        assert kept in page, kept
    for box in ("53.04", "53.21", "jobs"):
        assert re.search(rf'value="{box}" checked', page), box
    assert re.search(r'name="resend_unknown" value="1" checked', page)
    assert re.search(r'name="starts" value="at" checked', page)
    assert '<option value="urgent" selected' in page
    assert "line 1 is not the number of a subscriber; line 3 is not a phone number" in main(page)
    assert "a date as 2026-12-31" in main(page)
    again = officer.post("/broadcasts/new", **{**typed, "numbers": "", "send_day": "2026-12-01"})
    assert "The word in braces at character 6 is not one of those named above." in main(again.text)


def test_without_scripts_a_button_looks_and_keeps_the_form(desk: Desk) -> None:
    officer = desk.browser("officer")
    subscribers(desk.runtime.store, range(3))
    looked = officer.post("/broadcasts/new", **{**FORM, "do": "look", "districts": "53.04"})
    assert looked.status_code == 200
    assert "Halo Saudara, awas perekrut palsu di Belu. Tanya" in looked.text
    assert "It would reach 3 people now." in main(looked.text)
    assert TEXT in looked.text
    with desk.runtime.store.read() as tx:
        assert broadcasts.list_broadcasts(tx, 5) == []


@pytest.mark.parametrize(
    "text",
    ["Halo", TEXT, "x" * 150 + "{kabupaten}", "Awas \u201cagen\u201d", "[" * 80 + "a", "{nama} " * 30],
)
def test_the_phone_beside_the_form_shows_what_the_preview_says(desk: Desk, text: str) -> None:
    officer, runtime = desk.browser("officer"), desk.runtime
    subscribers(runtime.store, range(2))
    token = csrf(officer.get("/broadcasts/new").text)
    form = {"csrf_token": token, **FORM, "text_id": text, "districts": "53.04"}
    part = officer.client.post("/console/broadcasts/glance", data=form)
    assert part.status_code == 200
    assert "<html" not in part.text
    fields = BroadcastFields(kind="warning", text_id=text.strip(), audience=Audience(districts=("53.04",)))
    words = Words.of(runtime.settings, runtime.menu)
    with runtime.store.read() as tx:
        seen = broadcast_preview.preview(tx, fields, words, runtime.settings, runtime.clock.now())
    body = seen.sample[0].body
    drawn = re.search(r'<div class="screen">([^<]*)</div>', part.text)
    assert drawn
    assert unescape(drawn[1]) == body.text
    left = texts.room_left(body.text)
    assert f"{seen.segments_max} SMS for each person, {left} signs left before one more" in main(part.text)
    assert f"It would reach {seen.recipients} people now." in main(part.text)
    for sign, instead in seen.characters.get("id", {}).items():
        assert f"{sign} write {instead}" in main(part.text)


def test_a_half_typed_text_is_answered_with_its_fault_not_with_a_refusal(desk: Desk) -> None:
    officer = desk.browser("officer")
    token = csrf(officer.get("/broadcasts/new").text)
    for given in (
        {"text_id": "Halo {nam"},
        {"text_id": ""},
        {"districts": "99.99"},
        {"event": "x"},
        {"kind": ""},
    ):
        form = {"csrf_token": token, **FORM, **given}
        part = officer.client.post("/console/broadcasts/glance", data=form)
        assert part.status_code == 200, given
        assert "counted once" in part.text or "people now" in part.text or "nobody" in part.text
    assert 'class="said error"' not in officer.get("/broadcasts").text


def test_of_two_officers_the_second_sees_what_changed_and_loses_nothing(desk: Desk) -> None:
    first, second = desk.browser("officer"), desk.browser("approver")
    broadcast = write(first)
    path = f"/broadcasts/{broadcast}/edit"
    assert first.post(path, **{**FORM, "text_id": "Yang pertama", "version": "1"}).status_code == 303
    late = second.post(path, **{**FORM, "text_id": "Yang kedua", "version": "1"})
    assert late.status_code == 409
    assert "Yang pertama" in late.text
    assert ">Yang kedua</textarea>" in late.text
    assert "Somebody else has changed this" in main(late.text)
    assert 'name="version" value="2"' in late.text
    assert second.post(path, **{**FORM, "text_id": "Yang kedua", "version": "2"}).status_code == 303


def test_what_was_submitted_meanwhile_is_changed_no_more_but_the_words_stay(desk: Desk) -> None:
    officer = desk.browser("officer")
    broadcast = write(officer)
    token = csrf(officer.get(f"/broadcasts/{broadcast}/edit").text)
    do(officer, broadcast, "submit", version=1)
    form = {"csrf_token": token, **FORM, "text_id": "Terlambat", "version": "1"}
    late = officer.client.post(f"/console/broadcasts/{broadcast}/edit", data=form)
    assert late.status_code == 409
    assert ">Terlambat</textarea>" in late.text
    assert "Keep and see" not in late.text
    assert officer.get(f"/broadcasts/{broadcast}/edit").status_code == 409


def test_people_named_one_by_one_stay_when_the_draft_is_changed_and_no_number_is_shown(desk: Desk) -> None:
    officer = desk.browser("officer")
    ids = subscribers(desk.runtime.store, range(3))
    broadcast = write(officer, numbers=f"{number(0)}\n{number(2)}\n")
    page = officer.get(f"/broadcasts/{broadcast}").text + officer.get(f"/broadcasts/{broadcast}/edit").text
    assert number(0) not in page
    assert "2 people" in main(page)
    officer.post(f"/broadcasts/{broadcast}/edit", **{**FORM, "version": "1", "numbers": number(1)})
    with desk.runtime.store.read() as tx:
        kept = broadcasts.fields_of(broadcasts.get_broadcast(tx, broadcast)).audience
        assert kept.subscribers == tuple(sorted(ids))
    officer.post(f"/broadcasts/{broadcast}/edit", **{**FORM, "version": "2", "drop_named": "1"})
    with desk.runtime.store.read() as tx:
        assert broadcasts.fields_of(broadcasts.get_broadcast(tx, broadcast)).audience.subscribers is None


def test_the_time_of_the_form_is_the_offices(desk: Desk) -> None:
    officer = desk.browser("officer")
    day = (datetime.now(UTC) + timedelta(days=9)).date().isoformat()
    broadcast = write(officer, starts="at", send_day=day, send_time="09:30")
    with desk.runtime.store.read() as tx:
        row = broadcasts.get_broadcast(tx, broadcast)
        assert row.send_at is not None
        assert row.send_at.isoformat() == f"{day}T01:30:00+00:00"
    edit = officer.get(f"/broadcasts/{broadcast}/edit").text
    assert f'value="{day}"' in edit
    assert 'value="09:30"' in edit
