"""Texts answered by the whole service: the real menu by SMS, the real list of recruiters, real hotlines."""

from __future__ import annotations

from datetime import timedelta

import pytest

from sms_service.domain.texts import is_gsm7, measure
from sms_service.services.dialogues import inbound
from sms_service.services.dialogues.answering import build_answering
from sms_service.services.dialogues.sms_context import SmsContext
from sms_service.services.subscribers import person as subscribers
from sms_service.services.texts import inbox
from tests.answering import NOW, Answering
from tests.text_office import MINUTE, bodies, number, receive, talk

EVERY_KEYWORD = [
    "MENU", "CEK", "CEK PT CONTOH", "CEK zzzzzzz", "apakah PT contoh resmi?", "LAPOR", "LANJUT", "STATUS A 1",
    "JADWAL", "JADWAL BELU", "DAFTAR", "DAFTAR 1231", "BATAL", "HADIR", "REG", "REG BELU", "REG SUMBA",
    "REG xyz", "BAHASA", "BAHASA TETUN", "BANTUAN", "TOLONG", "HAPUS", "HAPUS YA", "1", "xyzzy", "STOP",
]  # fmt: skip


@pytest.fixture
def desk(answering: Answering) -> SmsContext:
    """What the worker of the fast lane hands to inbound.handle."""
    built = build_answering(answering.runtime)
    built.lists.models.refresh()
    return built.sms


def test_the_menu_is_walked_by_text_and_a_company_is_checked_in_it(
    answering: Answering, desk: SmsContext
) -> None:
    root = talk(answering.store, desk, "MENU", now=NOW) or ""
    assert "Cek PT" in root
    prompt = talk(answering.store, desk, "1", now=NOW + MINUTE) or ""
    assert "Ketik nama PT" in prompt
    found = talk(answering.store, desk, "contoh", now=NOW + 2 * MINUTE) or ""
    assert "CONTOH" in found
    back = talk(answering.store, desk, "00", now=NOW + 3 * MINUTE) or ""
    assert "Cek PT" in back


def test_the_same_question_gets_the_same_facts_by_text_and_in_the_menu(
    answering: Answering, desk: SmsContext
) -> None:
    company = next(iter(desk_companies(answering)))
    by_text = talk(answering.store, desk, f"CEK {company}", now=NOW) or ""
    assert company in by_text
    assert "jaminan" in by_text or "Tanya" in by_text


def desk_companies(answering: Answering) -> list[str]:
    """Names of the demo list that only one company bears, soundly listed."""
    listed = answering.lists.recruiters.value.companies.values()
    names = [company.name for company in listed if company.status == "active"]
    return [name for name in names if names.count(name) == 1]


@pytest.mark.parametrize("language", ["id", "en"])
def test_every_keyword_is_answered_in_gsm7_and_two_segments_at_most(
    answering: Answering, desk: SmsContext, language: str
) -> None:
    dear: dict[str, int] = {}
    for n, text in enumerate(EVERY_KEYWORD, 1):
        with answering.store.transaction() as tx:
            subscribers.set_language(tx, number(n), language, NOW)
        answer = talk(answering.store, desk, text, n=n, now=NOW + timedelta(seconds=n))
        assert answer, text
        assert is_gsm7(answer), text
        assert "{" not in answer, text
        size = measure(answer)
        assert size.segments <= 2, (text, answer)
        if size.segments > 1:
            dear[text] = size.units
    assert set(dear) <= {"CEK PT CONTOH", "apakah PT contoh resmi?", "LAPOR", "LANJUT", "STATUS A 1"}, dear


def test_a_walk_with_redis_emptied_in_between_says_how_to_begin_again(
    answering: Answering, desk: SmsContext
) -> None:
    talk(answering.store, desk, "MENU", now=NOW)
    answering.runtime.redis.flushall()
    assert "MENU" in (talk(answering.store, desk, "1", now=NOW + MINUTE) or "")


def test_an_event_is_joined_in_the_walk_once_although_its_text_is_handled_twice(
    answering: Answering, desk: SmsContext
) -> None:
    """The step of a walk and its answer are two writes: a worker may die between them."""
    talk(answering.store, desk, "MENU", now=NOW)
    for n, text in enumerate(["4", "2", "1", "1"], 1):
        talk(answering.store, desk, text, now=NOW + n * MINUTE)
    late = NOW + 9 * MINUTE
    receive(answering.store, "1", now=late)
    with answering.store.transaction() as tx:
        (inbound_id,) = inbox.claim_due(tx, late)
        received = inbound._find(tx, inbound_id, desk, late)
    assert received is not None
    screen = inbound._walk(received, desk, late)  # and then the power goes
    assert inbound.handle(answering.store, inbound_id, desk, late) == "answered"
    assert screen is not None
    assert bodies(answering.store)[-1][1] == screen.body
    with answering.store.read() as tx:
        assert subscribers.describe(tx, number()).registrations == 1
