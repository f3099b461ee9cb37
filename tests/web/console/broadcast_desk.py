"""Broadcasts of the tests: written, submitted and set going through the desk's own forms."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import UTC, datetime
from html import unescape
from typing import Any

from sqlalchemy import insert, update

from sms_service.services.broadcasts import (
    life as broadcasts,
)
from sms_service.services.broadcasts import (
    sending as broadcast_sending,
)
from sms_service.services.broadcasts.texts import Words
from sms_service.store.models import Community, CommunityMember, Staff
from tests.broadcast_office import subscribers
from tests.web.console.conftest import Browser, Desk

TEXT = "Halo {nama}, awas perekrut palsu di {kabupaten}. Tanya {kantor} dulu."
FORM = {"kind": "warning", "text_id": TEXT, "text_en": "", "starts": "", "do": "keep"}


def write(browser: Browser, **given: Any) -> int:
    """Write a draft by the form; returns its id."""
    answer = browser.post("/broadcasts/new", **{**FORM, **given})
    assert answer.status_code == 303, main(answer.text)
    return int(answer.location.rsplit("/", 1)[1])


def main(page: str) -> str:
    """The words of a page as people read them."""
    return " ".join(unescape(re.sub(r"<[^>]+>", " ", page.partition("<main")[2] or page)).split())


def do(browser: Browser, broadcast: int, act: str, **form: Any) -> Any:
    return browser.post(f"/broadcasts/{broadcast}/{act}", page="/account", **form)


def status(desk: Desk, broadcast: int) -> str:
    with desk.runtime.store.read() as tx:
        return broadcasts.get_broadcast(tx, broadcast).status


def submitted(desk: Desk, **given: Any) -> int:
    officer = desk.browser("officer")
    broadcast = write(officer, **given)
    do(officer, broadcast, "submit", version=1)
    assert status(desk, broadcast) == "submitted"
    return broadcast


def running(desk: Desk) -> int:
    """A broadcast to thirty people, on its way."""
    subscribers(desk.runtime.store, range(30))
    broadcast = submitted(desk)
    do(desk.browser("approver"), broadcast, "approve", version=2)
    runtime = desk.runtime
    words = Words.of(runtime.settings, runtime.menu)
    more = True
    while more:
        with runtime.store.transaction() as tx:
            more = broadcast_sending.work(tx, words, runtime.settings, runtime.clock.now())
    assert status(desk, broadcast) in ("canary", "running")
    return broadcast


def parish(desk: Desk, members: range = range(0)) -> Browser:
    """The partner of the parish, whose people are subscribers of ours."""
    ids = subscribers(desk.runtime.store, members) if members else []
    with desk.runtime.store.transaction() as tx:
        tx.add(Community(id=7, name="Paroki Contoh", created_at=datetime.now(UTC)))
        tx.flush()
        if ids:
            rows = [{"community_id": 7, "subscriber_id": one, "added_at": datetime.now(UTC)} for one in ids]
            tx.execute(insert(CommunityMember), rows)
        tx.execute(update(Staff).where(Staff.name == "partner").values(community_id=7))
    desk.people["partner"] = replace(desk.people["partner"], community_id=7)
    return desk.browser("partner")
