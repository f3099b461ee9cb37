"""Telling of a recruiter by text, and asking by text where it stands: repeated, and both ways at once."""

from __future__ import annotations

import re
import threading
from datetime import timedelta

import pytest
from redis import Redis
from sqlalchemy import select

from menus.loader import load_menu
from menus.words import PLACEHOLDER
from sms_service.domain.receipts import draw_code
from sms_service.domain.texts import measure
from sms_service.services.dialogues import inbound
from sms_service.services.dialogues.answering import build_answering
from sms_service.services.dialogues.sms_context import SmsContext
from sms_service.services.reports import receipts
from sms_service.services.subscribers import person as subscribers
from sms_service.services.texts import inbox
from sms_service.store.models import InboundMessage, Message, RecruiterMiss
from tests.answering import NOW, Answering
from tests.report_office import NUMBER, SHORTEST, Caller, code_in, draft, filed, opened
from tests.text_office import MINUTE, bodies, receive, talk, work

TOLD = "LAPOR calo namanya Yohanes di Betun minta uang 5.000.000, hp 081200000001, kerja di Malaysia"
# Words by which whoever picks up the phone would know what it was used for.
GIVEAWAYS = re.compile(r"lapor|perekrut|calo|korban|polisi|report|recruit|victim", re.IGNORECASE)


@pytest.fixture
def desk(answering: Answering) -> SmsContext:
    """What the worker of the fast lane hands to inbound.handle."""
    built = build_answering(answering.runtime)
    built.lists.models.refresh()
    return built.sms


class Phone:
    """The 77th phone, which is the caller's too: each text a minute after the one before."""

    def __init__(self, answering: Answering, desk: SmsContext) -> None:
        self.answering, self.desk = answering, desk

    def __call__(self, *texts: str) -> str:
        answer = ""
        for text in texts:
            self.answering.clock.shift += MINUTE
            answer = talk(self.answering.store, self.desk, text, n=77, now=self.answering.clock.now()) or ""
        return answer


@pytest.fixture
def phone(answering: Answering, desk: SmsContext) -> Phone:
    return Phone(answering, desk)


def test_words_begin_a_report_and_only_what_is_missing_is_asked(answering: Answering, phone: Phone) -> None:
    assert "bahaya" in phone(TOLD)
    assert "terjadi" in phone("2")
    assert "hubungi" in phone("1")
    assert code_in(phone("1", "1"))
    (report,) = filed(answering)
    assert opened(answering, report.story_sealed) == TOLD.removeprefix("LAPOR ")
    assert opened(answering, report.recruiter_name_sealed) == "Yohanes"
    assert opened(answering, report.recruiter_phone_sealed) == "+6281200000001"
    assert (report.district, report.destination, report.channel) == ("53.21", "my", "sms")
    assert (report.reporter_hash, report.reporter_sealed) == (None, None)


def test_lapor_alone_begins_at_the_branch_and_a_whole_report_is_told(
    answering: Answering, phone: Phone
) -> None:
    assert "bahaya" in phone("LAPOR")
    assert code_in(phone(*SHORTEST[1:]))
    assert len(filed(answering)) == 1


def test_lanjut_goes_on_with_a_call_that_dropped(answering: Answering, phone: Phone) -> None:
    asked = Caller(answering.conversations).dial(*SHORTEST[:4])
    assert phone("LANJUT") == asked.removeprefix("CON ")
    assert code_in(phone(*SHORTEST[4:]))


def test_a_call_goes_on_with_what_was_begun_by_text(answering: Answering, phone: Phone) -> None:
    asked = phone(TOLD, "2")
    caller = Caller(answering.conversations)
    assert "belum dikirim" in caller.dial("2")
    assert caller.type("1") == f"CON {asked}"


def test_lanjut_with_nothing_to_go_on_with_says_so(phone: Phone) -> None:
    assert "Tidak ada isian" in phone("LANJUT")


def test_lanjut_after_seven_days_finds_nothing(answering: Answering, phone: Phone) -> None:
    phone(TOLD)
    answering.clock.shift += timedelta(days=7)
    assert "Tidak ada isian" in phone("LANJUT")


def test_a_second_lapor_adds_its_words_and_changes_no_answer(answering: Answering, phone: Phone) -> None:
    phone(TOLD, "1", "1")
    phone("LAPOR dia juga ambil KTP, namanya Markus dari Ende")
    kept = draft(answering)
    assert kept is not None
    assert (kept.recruiter_name, kept.district, kept.is_urgent) == ("Yohanes", "53.21", True)
    assert kept.story.splitlines()[-1] == "dia juga ambil KTP, namanya Markus dari Ende"


def test_a_walk_that_is_lost_says_that_the_answers_are_kept_and_how_to_go_on(
    answering: Answering, redis: Redis, phone: Phone
) -> None:
    asked = phone(TOLD, "2", "1")
    redis.flushall()
    assert "LANJUT" in phone("1")
    assert "LANJUT" in phone("Yohanes dari Betun")
    assert phone("LANJUT") == asked


def test_with_redis_away_the_words_are_kept_all_the_same(
    answering: Answering, desk: SmsContext, phone: Phone, monkeypatch: pytest.MonkeyPatch
) -> None:
    away = Redis(unix_socket_path="/nowhere/redis.sock", socket_connect_timeout=0.2)
    sessions = type(answering.runtime.sessions)(away, 300)
    monkeypatch.setattr(desk.walks, "_sessions", sessions)
    assert "LANJUT" in phone(TOLD)
    kept = draft(answering)
    assert kept is not None
    assert kept.recruiter_name == "Yohanes"


def test_a_text_handled_twice_is_one_step_and_one_report(
    answering: Answering, desk: SmsContext, phone: Phone
) -> None:
    """The step of a walk and its answer are two writes: a worker may die between them."""
    for text in (TOLD, "2", "1", "1", "1"):
        late = answering.clock.now() + MINUTE
        answering.clock.shift += MINUTE
        receive(answering.store, text, n=77, now=late)
        with answering.store.transaction() as tx:
            (inbound_id,) = inbox.claim_due(tx, late)
            received = inbound._find(tx, inbound_id, desk, late)
        assert received is not None
        screen = inbound._walk(received, desk, late)  # and then the power goes
        assert screen is not None
        assert inbound.handle(answering.store, inbound_id, desk, late) == "answered"
        assert bodies(answering.store, 77)[-1][1] == screen.body
    assert code_in(screen.body)
    assert len(filed(answering)) == 1


def test_both_ways_confirm_at_once_and_it_is_one_report(
    answering: Answering, desk: SmsContext, phone: Phone
) -> None:
    caller = Caller(answering.conversations)
    caller.dial(*SHORTEST[:-1])
    phone("LANJUT")
    screens: list[str] = []
    now = answering.clock.now() + MINUTE

    def by_text() -> None:
        assert receive(answering.store, "1", n=77, now=now)
        work(answering.store, desk, now)

    threads = [
        threading.Thread(target=by_text),
        threading.Thread(target=lambda: screens.append(caller.type("1"))),
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert code_in(screens[0]) == code_in(bodies(answering.store, 77)[-1][1])
    assert len(filed(answering)) == 1


def test_confirming_by_text_what_the_call_has_filed_shows_the_same_code(
    answering: Answering, phone: Phone
) -> None:
    caller = Caller(answering.conversations)
    caller.dial(*SHORTEST[:-1])
    assert "Siap dikirim" in phone("LANJUT")
    code = code_in(caller.type("1"))
    assert code_in(phone("1")) == code
    assert len(filed(answering)) == 1


@pytest.mark.parametrize("language", ["id", "en"])
def test_what_is_asked_by_text_does_not_give_away_what_it_is_about(
    answering: Answering, phone: Phone, language: str
) -> None:
    with answering.store.transaction() as tx:
        subscribers.set_language(tx, NUMBER, language, NOW)
    phone(TOLD, "2", "1", "2", "3", "LANJUT", "1")
    phone("LAPOR", *SHORTEST[1:-1], "2", "1111", "246813")
    phone("LANJUT", "STATUS", f"STATUS {draw_code()} 1234", "STATUS 12345678 1234")
    for _, body in bodies(answering.store, 77):
        assert not GIVEAWAYS.search(body), body
        assert "Yohanes" not in body
        assert "CONTOH" not in body
        assert measure(body).segments == 1


def test_no_screen_of_the_questions_gives_away_what_it_is_about() -> None:
    menu = load_menu()
    open_pages = {"report.signs", "report.article", "report.careful", "report.no_articles"}
    for language in menu.languages:
        for name, words in menu.words[language].items():
            if name.startswith("report.") and name not in open_pages:
                for text in (words.body, words.refused, *words.options.values()):
                    assert not GIVEAWAYS.search(PLACEHOLDER.sub("", text)), (name, text)


def test_what_was_told_by_text_is_emptied_once_it_is_answered(answering: Answering, phone: Phone) -> None:
    phone(TOLD, "2", "1", "1", "1")
    with answering.store.read() as tx:
        assert set(tx.scalars(select(InboundMessage.text_sealed))) == {b""}
        assert set(tx.scalars(select(Message.forget))) == {True}


@pytest.mark.parametrize(
    "words",
    [
        "Info Karya, pakai hp 081200000002",
        "Daftar lewat Pak Contoh 1230",
        "CEK dulu ke PT Contoh Maju",
        "Status visa pelancong",
        "Batal berangkat 1230 masih ditagih",
        "hapus semua surat saya",
    ],
)
def test_an_answer_in_words_may_begin_with_a_command(
    answering: Answering, desk: SmsContext, phone: Phone, words: str
) -> None:
    phone(TOLD, "2", "1", "1", "3")
    assert "Siap dikirim" in phone(words)
    kept = draft(answering)
    assert kept is not None
    assert kept.story.endswith(words)
    with answering.store.read() as tx:
        assert tx.scalars(select(RecruiterMiss)).all() == []


@pytest.mark.parametrize(
    "command", ["MENU", "STATUS", "HAPUS", "CEK 081200000002", "BATAL 1230", "BAHASA EN"]
)
def test_a_command_alone_stays_one_where_words_are_asked(
    answering: Answering, phone: Phone, command: str
) -> None:
    phone(TOLD, "2", "1", "1", "3")
    before = draft(answering)
    assert "Siap dikirim" not in phone(command)
    assert draft(answering) == before


def test_a_stop_is_one_also_where_words_are_asked(answering: Answering, phone: Phone) -> None:
    phone(TOLD, "2", "1", "1", "3")
    phone("Berhenti kirim pesan, dia pegang HP saya")
    with answering.store.read() as tx:
        assert subscribers.is_opted_out(tx, NUMBER)


def test_a_command_in_words_stays_one_where_a_choice_is_asked(answering: Answering, phone: Phone) -> None:
    phone(TOLD)
    assert "bahaya" not in phone("CEK PT Zzyzx Qwertz")
    with answering.store.read() as tx:
        assert [miss.normalised for miss in tx.scalars(select(RecruiterMiss))] == ["zzyzx qwertz"]


def test_the_same_choice_delivered_twice_within_seconds_is_one_step(
    answering: Answering, desk: SmsContext, phone: Phone
) -> None:
    asked = phone(TOLD, "2")
    now = answering.clock.now() + timedelta(seconds=1)
    assert not receive(answering.store, "2", n=77, now=now, gateway_id="another-id")
    assert phone("LANJUT") == asked


def test_status_by_text_says_where_it_stands(answering: Answering, phone: Phone) -> None:
    receipt = phone(TOLD, "2", "1", "1", "1")
    pin = re.search(r"PIN (\d{4})", receipt)
    assert pin
    assert "Sejak 21 Nov 2026" in phone(f"STATUS {code_in(receipt)} {pin[1]}")
    assert "Sejak 21 Nov 2026" in phone(f"status {code_in(receipt).replace(' ', '')}#{pin[1]}")
    assert "salah" in phone(f"STATUS {code_in(receipt)} 97531")


def test_a_wrong_pin_handled_twice_is_one_attempt(
    answering: Answering, desk: SmsContext, phone: Phone, monkeypatch: pytest.MonkeyPatch
) -> None:
    code = code_in(phone(TOLD, "2", "1", "1", "1"))
    tried: list[str] = []
    look_up = receipts.look_up

    def counted(*given: object) -> object:
        tried.append("once more")
        return look_up(*given)  # type: ignore[arg-type]

    monkeypatch.setattr(receipts, "look_up", counted)
    late = answering.clock.now() + MINUTE
    receive(answering.store, f"STATUS {code} 97531", n=77, now=late)
    with answering.store.transaction() as tx:
        (inbound_id,) = inbox.claim_due(tx, late)
        received = inbound._find(tx, inbound_id, desk, late)
    assert received is not None
    first = inbound._walk(received, desk, late)
    assert inbound._walk(received, desk, late) == first
    assert len(tried) == 1


def test_too_many_reports_in_a_day_are_refused_politely_and_the_draft_stays(
    answering: Answering, phone: Phone
) -> None:
    caller = Caller(answering.conversations)
    for _ in range(30):
        assert code_in(caller.dial(*SHORTEST))
    assert "Telepon" in caller.dial(*SHORTEST)
    assert len(filed(answering)) == 30
    assert draft(answering) is not None


@pytest.mark.parametrize(
    "words", ["\U0001f600" * 250, "'; DROP TABLE reports; --", "{agency} {to}", "a\x00b", "*" * 300]
)
def test_odd_words_by_text_are_kept_as_the_story(answering: Answering, phone: Phone, words: str) -> None:
    assert "bahaya" in phone(f"LAPOR x {words}")
    kept = draft(answering)
    assert kept is not None
    assert kept.story.startswith("x")
