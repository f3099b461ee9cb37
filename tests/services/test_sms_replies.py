"""What a text is answered: the menu by SMS, each keyword, STOP, machines that text."""

from __future__ import annotations

from datetime import date

import pytest
from sqlalchemy import delete, select

from sms_service.domain.texts import is_gsm7, measure
from sms_service.services.dialogues import inbound
from sms_service.services.subscribers import person as subscribers
from sms_service.services.texts import inbox
from sms_service.settings import Settings
from sms_service.store.engine import Store
from sms_service.store.models import Message, OptOut, UnknownWord
from tests import event_office
from tests.text_office import (
    DAY,
    HOTLINES,
    HOUR,
    MENU,
    MINUTE,
    NOW,
    SECOND,
    AwayWalks,
    PaperWalks,
    bodies,
    context,
    number,
    receive,
    statuses,
    talk,
)

# The menu by SMS


def test_menu_opens_a_walk_and_numbers_walk_it(store: Store, settings: Settings) -> None:
    walks = PaperWalks()
    desk = context(store, settings, walks)
    assert talk(store, desk, "MENU") == "screen root id"
    assert talk(store, desk, "1", now=NOW + MINUTE) == "screen 1"
    assert talk(store, desk, "pt maju jaya", now=NOW + 2 * MINUTE) == "screen 2"  # typed at a prompt
    assert talk(store, desk, "0", now=NOW + 3 * MINUTE) == "screen 3"
    assert walks.steps == ["1", "pt maju jaya", "0"]


def test_a_number_without_a_walk_says_how_to_begin(store: Store, settings: Settings) -> None:
    assert "MENU" in (talk(store, context(store, settings), "1") or "")


def test_a_keyword_is_a_command_even_while_a_walk_is_open(store: Store, settings: Settings) -> None:
    walks = PaperWalks()
    desk = context(store, settings, walks)
    talk(store, desk, "MENU")
    assert talk(store, desk, "CEK PT CONTOH", now=NOW + MINUTE) == "checked PT CONTOH in id"
    talk(store, desk, "brhenti", now=NOW + 2 * MINUTE)
    assert walks.steps == []
    with store.read() as tx:
        assert subscribers.is_opted_out(tx, number())


# Each keyword


def test_bantuan_names_the_hotlines(store: Store, settings: Settings) -> None:
    assert HOTLINES in (talk(store, context(store, settings), "TOLONG") or "")


@pytest.mark.parametrize(
    ("text", "answer"),
    [
        ("LAPOR", "screen report.enter id"),
        ("LAPOR calo di desa", "screen report.told id calo di desa"),
        ("LANJUT", "screen report.go_on id"),
        ("STATUS 4821 9375 2460", "looked up 4821 9375 2460"),
    ],
)
def test_reporting_is_a_walk_that_begins_where_the_word_says(
    store: Store, settings: Settings, text: str, answer: str
) -> None:
    assert talk(store, context(store, settings), text) == answer


@pytest.mark.parametrize("text", ["LAPOR calo di desa", "LANJUT", "STATUS 4821 9375 2460"])
def test_with_the_walk_away_reporting_says_so_honestly_and_who_helps_now(
    store: Store, settings: Settings, text: str
) -> None:
    answer = talk(store, context(store, settings, AwayWalks()), text) or ""
    assert "belum bisa" in answer
    assert HOTLINES in answer


def test_a_question_in_words_is_tried_as_a_check(store: Store, settings: Settings) -> None:
    assert talk(store, context(store, settings), "apakah PT maju resmi?") == "checked PT maju in id"


def test_cek_alone_asks_for_the_name(store: Store, settings: Settings) -> None:
    assert "CEK PT CONTOH" in (talk(store, context(store, settings), "CEK") or "")


def test_jadwal_lists_the_next_events_within_one_segment(store: Store, settings: Settings) -> None:
    desk = context(store, settings)
    assert "Belum ada acara" in (talk(store, desk, "JADWAL") or "")
    made = [
        event_office.make_event(
            store, starts_at=event_office.START + n * DAY, title_id=f"Acara {n} " + "x" * 60
        )
        for n in range(5)
    ]
    event_office.make_event(store, district="53.21", title_id="Di Malaka")
    answer = talk(store, desk, "JADWAL BELU", now=NOW + MINUTE) or ""
    assert made[0].code in answer
    assert made[1].code in answer
    assert "DAFTAR" in answer
    assert "Malaka" not in answer
    assert measure(answer).segments == 1
    assert "Alor" in (talk(store, desk, "JADWAL alor", now=NOW + 2 * MINUTE) or "")


def test_an_event_is_joined_left_and_attended_by_text(store: Store, settings: Settings) -> None:
    desk = context(store, settings)
    event = event_office.make_event(store)
    assert "terdaftar" in (talk(store, desk, f"daftr {event.code}") or "")
    assert "sudah terdaftar" in (talk(store, desk, f"DAFTAR#{event.code}", now=NOW + MINUTE) or "")
    assert "dibatalkan" in (talk(store, desk, f"BATAL DAFTAR {event.code}", now=NOW + 2 * MINUTE) or "")
    assert "tidak terdaftar" in (talk(store, desk, f"BATAL {event.code}", now=NOW + 3 * MINUTE) or "")
    doors = event_office.START - HOUR
    assert "sudah dicatat" in (talk(store, desk, f"HADIR {event.code}", now=doors) or "")
    assert "sudah dicatat tadi" in (talk(store, desk, f"hadir {event.code} pak", now=doors + MINUTE) or "")


@pytest.mark.parametrize("word", ["DAFTAR", "BATAL", "HADIR"])
def test_a_word_that_needs_a_code_asks_for_it_and_knows_a_wrong_one(
    store: Store, settings: Settings, word: str
) -> None:
    desk = context(store, settings)
    assert f"{word} 1230" in (talk(store, desk, word) or "")
    assert "tidak dikenal" in (talk(store, desk, f"{word} 1231", now=NOW + MINUTE) or "")


def test_reg_notes_consent_and_district(store: Store, settings: Settings) -> None:
    assert "Belu" in (talk(store, context(store, settings), "REG#BELU") or "")
    with store.read() as tx:
        person = subscribers.find_by_number(tx, number())
        assert person is not None
        assert (person.district, person.warnings_on) == ("53.04", True)
        assert (person.consent_source, person.consent_on) == ("sms", date(2026, 11, 21))


def test_reg_with_a_name_of_two_places_asks_which(store: Store, settings: Settings) -> None:
    desk = context(store, settings)
    answer = talk(store, desk, "REG KUPANG") or ""
    assert "REG KOTA" in answer
    assert "REG KABKUPANG" in answer
    assert "REG BELU" in (talk(store, desk, "REG xyzzyx", now=NOW + MINUTE) or "")


def test_bahasa_toggles_and_the_next_answer_is_in_it(store: Store, settings: Settings) -> None:
    desk = context(store, settings)
    assert "English" in (talk(store, desk, "BAHASA") or "")
    assert talk(store, desk, "CHECK Example", now=NOW + MINUTE) == "checked Example in en"
    assert "Bahasa Indonesia" in (talk(store, desk, "LANGUAGE", now=NOW + 2 * MINUTE) or "")
    assert talk(store, desk, "CEK Contoh", now=NOW + 3 * MINUTE) == "checked Contoh in id"
    assert "BAHASA EN" in (talk(store, desk, "BAHASA TETUN", now=NOW + 4 * MINUTE) or "")


def test_hapus_asks_once_and_erases_at_yes(store: Store, settings: Settings) -> None:
    desk = context(store, settings)
    event = event_office.make_event(store)
    talk(store, desk, "REG BELU")
    talk(store, desk, f"DAFTAR {event.code}", now=NOW + MINUTE)
    assert "YA" in (talk(store, desk, "HAPUS", now=NOW + 2 * MINUTE) or "")
    with store.read() as tx:
        assert subscribers.describe(tx, number()).registrations == 1
    assert "dihapus" in (talk(store, desk, "ya", now=NOW + 3 * MINUTE) or "")
    with store.read() as tx:
        stored = subscribers.describe(tx, number())
        assert (stored.known, stored.registrations, stored.texts_received) == (False, 0, 0)


@pytest.mark.parametrize(("between", "wait"), [("BANTUAN", MINUTE), ("", 2 * HOUR)])
def test_a_yes_to_something_else_or_too_late_erases_nothing(
    store: Store, settings: Settings, between: str, wait: object
) -> None:
    desk = context(store, settings)
    talk(store, desk, "REG BELU")
    talk(store, desk, "HAPUS", now=NOW + MINUTE)
    if between:
        talk(store, desk, between, now=NOW + MINUTE + 10 * SECOND)
    talk(store, desk, "YA", now=NOW + MINUTE + wait)  # type: ignore[operator]
    with store.read() as tx:
        assert subscribers.find_by_number(tx, number()) is not None


def test_an_unknown_word_gets_the_list_once_a_day_and_is_counted_each_time(
    store: Store, settings: Settings
) -> None:
    desk = context(store, settings)
    assert "MENU" in (talk(store, desk, "Xyzzy 081200000001") or "")
    assert talk(store, desk, "xyzzy lagi", now=NOW + MINUTE) is None
    assert talk(store, desk, "123abc!", now=NOW + 2 * MINUTE) is None
    assert talk(store, desk, "xyzzy", n=2, now=NOW + 3 * MINUTE) is not None  # another person
    assert talk(store, desk, "xyzzy", now=NOW + 14 * HOUR + MINUTE) is not None  # a new day in Kupang
    with store.read() as tx:
        rows = tx.execute(select(UnknownWord.day, UnknownWord.word, UnknownWord.count)).all()
    assert sorted(tuple(row) for row in rows) == [
        (date(2026, 11, 21), "abc", 1),
        (date(2026, 11, 21), "xyzzy", 3),
        (date(2026, 11, 22), "xyzzy", 1),
    ]


# STOP


def test_stop_opts_out_at_once_with_one_confirmation(store: Store, settings: Settings) -> None:
    desk = context(store, settings)
    talk(store, desk, "REG BELU")
    assert "REG" in (talk(store, desk, "STOP", now=NOW + MINUTE) or "")
    assert talk(store, desk, "stop dong", now=NOW + 2 * MINUTE) is None
    with store.read() as tx:
        person = subscribers.find_by_number(tx, number())
        assert person is not None
        assert not person.warnings_on
        kinds = tx.execute(select(Message.kind, Message.status).order_by(Message.id)).all()
    assert [tuple(row) for row in kinds] == [("reply", "opted_out"), ("confirmation", "queued")]


def test_a_text_sent_before_stop_is_not_answered_after_it(store: Store, settings: Settings) -> None:
    desk = context(store, settings)
    receive(store, "CEK PT CONTOH", now=NOW)
    receive(store, "STOP", now=NOW + SECOND)
    receive(store, "BANTUAN", now=NOW + 2 * SECOND)
    with store.transaction() as tx:
        first, stop, plea = inbox.claim_due(tx, NOW + MINUTE)
    done = [inbound.handle(store, i, desk, NOW + MINUTE) for i in (stop, first, plea)]
    assert done == ["answered", "sent before STOP", "answered"]
    assert len(bodies(store)) == 2


def test_who_asks_after_stop_is_answered_and_stays_out(store: Store, settings: Settings) -> None:
    desk = context(store, settings)
    talk(store, desk, "STOP")
    assert HOTLINES in (talk(store, desk, "BANTUAN", now=NOW + MINUTE) or "")
    with store.read() as tx:
        assert subscribers.is_opted_out(tx, number())
        assert tx.scalars(select(Message.kind).order_by(Message.id.desc())).first() == "reply"


def test_reg_takes_a_stop_back(store: Store, settings: Settings) -> None:
    desk = context(store, settings)
    talk(store, desk, "STOP")
    talk(store, desk, "REG", now=NOW + MINUTE)
    with store.read() as tx:
        assert not subscribers.is_opted_out(tx, number())


def test_a_stop_outlives_an_erasure(store: Store, settings: Settings) -> None:
    desk = context(store, settings)
    talk(store, desk, "STOP")
    talk(store, desk, "HAPUS YA", now=NOW + MINUTE)
    with store.read() as tx:
        assert subscribers.is_opted_out(tx, number())


# Loops


def test_our_own_sender_is_never_answered(store: Store, settings: Settings) -> None:
    desk = context(store, settings.model_copy(update={"kannel_sender": number(9)}))
    assert talk(store, desk, "BANTUAN", n=9) is None
    assert statuses(store) == ["ignored"]


def test_two_machines_do_not_talk_to_each_other_for_ever(store: Store, settings: Settings) -> None:
    desk = context(store, settings)
    for n in range(inbound.REPLIES_AN_HOUR + 5):
        talk(store, desk, f"CEK PT NOMOR {n}", now=NOW + n * SECOND)
    assert len(bodies(store)) == inbound.REPLIES_AN_HOUR
    assert talk(store, desk, "CEK PT LAIN", n=2, now=NOW + MINUTE) is not None  # nobody else suffers
    assert "REG" in (talk(store, desk, "STOP", now=NOW + MINUTE) or "")  # wanting out always works
    with store.transaction() as tx:
        tx.execute(delete(OptOut))
    assert talk(store, desk, "CEK PT LAGI", now=NOW + 2 * HOUR) is not None


# The words


@pytest.mark.parametrize("language", ["id", "en"])
def test_every_answer_fits_one_segment(language: str, settings: Settings) -> None:
    longest = {
        "agency": "X" * 20,
        "to": "12362",
        "ussd": "*123*62#",
        "district": "Timor Tengah Selatan",
        "choices": "REG SUMTIM, REG SUMBAR, REG SUMTENG, REG SBD",
        "hotlines": "X" * 60,
    }
    for key, words in MENU.common[language].items():
        if key.startswith("sms.") and not key.startswith("sms.event"):
            filled = words
            for name, value in longest.items():
                filled = filled.replace("{" + name + "}", value)
            assert is_gsm7(filled), key
            assert measure(filled).segments == 1, (key, measure(filled))
