"""A broadcast before a second person: what is shown, who may approve, what is sent back."""

from __future__ import annotations

from sms_service.services.broadcasts import (
    life as broadcasts,
)
from tests.broadcast_office import subscribers
from tests.web.console.broadcast_desk import FORM, do, main, status, submitted, write
from tests.web.console.conftest import Desk


def test_the_preview_says_who_gets_what_and_what_it_costs(desk: Desk) -> None:
    store = desk.runtime.store
    subscribers(store, range(4), name="Maria")
    subscribers(store, range(4, 6), name="Nguy\u1ec5n")
    subscribers(store, range(6, 9), warnings_on=False)
    officer = desk.browser("officer")
    page = main(officer.get(f"/broadcasts/{write(officer)}").text)
    assert "6 people" in page
    assert "2 people get the dearer kind of SMS" in page
    assert "3 people have not agreed to texts of this kind." in page
    assert "2 people whose name makes it dearer" in page
    assert "A hint only" in page
    assert "Halo Maria, awas perekrut palsu di Belu." in page


def test_the_author_is_told_that_somebody_else_must_approve_and_cannot(desk: Desk) -> None:
    broadcast = submitted(desk)
    for name in ("officer", "partner"):
        refused = do(desk.browser(name), broadcast, "approve", version=2)
        assert refused.status_code == 403
    assert "approver who has not written" not in main(
        desk.browser("officer").get(f"/broadcasts/{broadcast}").text
    )
    approver = desk.browser("approver")
    own = write(approver)
    do(approver, own, "submit", version=1)
    page = approver.get(f"/broadcasts/{own}/approve").text
    assert "somebody else must approve it" in main(page)
    assert 'name="override_quiet_hours"' not in page
    assert f'action="/console/broadcasts/{own}/approve"' not in page
    refused = do(approver, own, "approve", version=2)
    assert refused.status_code == 403
    assert status(desk, own) == "submitted"
    assert do(desk.browser("admin"), own, "approve", version=2).status_code == 303


def test_whoever_has_changed_a_word_is_an_author_too(desk: Desk) -> None:
    officer, approver = desk.browser("officer"), desk.browser("approver")
    broadcast = write(officer)
    approver.post(f"/broadcasts/{broadcast}/edit", **{**FORM, "text_id": "Lain", "version": "1"})
    do(officer, broadcast, "submit", version=2)
    assert "yours to decide" not in approver.get("/broadcasts").text
    assert do(approver, broadcast, "approve", version=3).status_code == 403
    assert status(desk, broadcast) == "submitted"


def test_a_second_person_reads_it_and_approves(desk: Desk) -> None:
    subscribers(desk.runtime.store, range(5), name="Maria")
    broadcast = submitted(desk)
    approver = desk.browser("approver")
    assert f"/console/broadcasts/{broadcast}/approve" in approver.get("/broadcasts").text
    page = approver.get(f"/broadcasts/{broadcast}/approve").text
    for words in ("Halo Maria, awas", "Written by officer", "Approve: send it to 5 people", "Quiet hours"):
        assert words in main(page), words
    assert 'name="override_quiet_hours"' not in page  # it is not urgent
    done = approver.post(f"/broadcasts/{broadcast}/approve", version="2")
    assert done.status_code == 303
    assert status(desk, broadcast) == "scheduled"


def test_what_is_approved_is_what_was_read(desk: Desk) -> None:
    broadcast = submitted(desk)
    officer, approver, admin = desk.browser("officer"), desk.browser("approver"), desk.browser("admin")
    do(admin, broadcast, "reject", reason="Kurang jelas")
    officer.post(f"/broadcasts/{broadcast}/edit", **{**FORM, "text_id": "Lain sekali", "version": "3"})
    do(officer, broadcast, "submit", version=4)
    stale = do(approver, broadcast, "approve", version=2)
    assert stale.status_code == 409
    assert "Lain sekali" in stale.text
    assert status(desk, broadcast) == "submitted"


def test_the_override_of_the_quiet_hours_is_a_tick_of_its_own_and_kept(desk: Desk) -> None:
    one, other = submitted(desk, kind="urgent"), submitted(desk, kind="urgent")
    approver = desk.browser("approver")
    assert "I answer for that" in approver.get(f"/broadcasts/{one}/approve").text
    do(approver, one, "approve", version=2, override_quiet_hours="1")
    do(approver, other, "approve", version=2)
    with desk.runtime.store.read() as tx:
        rows = [broadcasts.get_broadcast(tx, number) for number in (one, other)]
        assert [row.override_by for row in rows] == [desk.people["approver"].id, None]
    assert "In the quiet hours too." in approver.get(f"/broadcasts/{one}").text


def test_it_is_sent_back_with_a_reason_and_not_without(desk: Desk) -> None:
    broadcast = submitted(desk)
    approver = desk.browser("approver")
    nothing = do(approver, broadcast, "reject", reason=" ")
    assert nothing.status_code == 422
    assert "fill this in" in nothing.text
    assert status(desk, broadcast) == "submitted"
    do(approver, broadcast, "reject", reason="Tulis lebih pendek")
    officer = desk.browser("officer")
    for path in (f"/broadcasts/{broadcast}", f"/broadcasts/{broadcast}/edit"):
        assert "Tulis lebih pendek" in officer.get(path).text
    late = do(desk.browser("admin"), broadcast, "reject", reason="x")
    assert late.status_code == 409
