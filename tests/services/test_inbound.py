"""Texts in: stored once, claimed by one, answered once, and never for ever."""

from __future__ import annotations

import threading
from datetime import date

import pytest
from sqlalchemy import delete, select

from sms_service.domain.texts import is_gsm7, measure
from sms_service.services.dialogues import inbound
from sms_service.services.subscribers import person as subscribers
from sms_service.settings import Settings
from sms_service.store.engine import Store
from sms_service.store.models import InboundMessage, Message, OptOut, UnknownWord
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
    count_rows,
    number,
    receive,
    sms,
    statuses,
    talk,
    work,
)


def test_a_text_is_stored_sealed_and_wakes_its_handling(store: Store) -> None:
    with store.transaction() as tx:
        assert inbound.record(tx, sms("CEK PT CONTOH"), NOW)
        assert list(tx.wakes) == ["handle_inbound"]
    with store.read() as tx:
        row = tx.scalars(select(InboundMessage)).one()
        assert (row.status, row.attempts, row.received_at) == ("received", 0, NOW)
        assert b"CONTOH" not in row.text_sealed
        assert number()[1:].encode() not in row.number_sealed
        assert tx.vault.open(row.text_sealed) == "CEK PT CONTOH"


def test_the_same_id_twice_is_one_text_however_late(store: Store) -> None:
    assert receive(store, "INFO", gateway_id="a")
    assert not receive(store, "INFO", gateway_id="a")
    assert not receive(store, "INFO", gateway_id="a", now=NOW + 11 * HOUR)
    assert count_rows(store) == 1


def test_the_same_words_under_another_id_are_one_text_until_answered(
    store: Store, settings: Settings
) -> None:
    assert receive(store, "CEK PT CONTOH", gateway_id="a")
    assert not receive(store, " CEK PT CONTOH ", gateway_id="b", now=NOW + 50 * SECOND)
    work(store, context(store, settings), NOW + 50 * SECOND)
    assert len(bodies(store)) == 1


def test_the_same_words_after_the_answer_are_a_new_text(store: Store, settings: Settings) -> None:
    desk = context(store, settings)
    assert talk(store, desk, "1") is not None
    assert not receive(store, "1", now=NOW + 3 * SECOND)  # nobody has read the answer yet
    assert talk(store, desk, "1", now=NOW + 5 * SECOND) is not None
    assert count_rows(store) == 2


def test_the_same_question_ten_minutes_later_is_a_new_question(store: Store, settings: Settings) -> None:
    desk = context(store, settings)
    assert talk(store, desk, "CEK PT CONTOH") == "checked PT CONTOH in id"
    assert talk(store, desk, "CEK PT CONTOH", now=NOW + 10 * MINUTE) == "checked PT CONTOH in id"


def test_the_same_words_from_another_number_are_another_text(store: Store) -> None:
    assert receive(store, "INFO", n=1)
    assert receive(store, "INFO", n=2)


@pytest.mark.parametrize("same_id", [True, False])
def test_the_same_text_many_times_at_once_is_one_row_and_one_reply(
    store: Store, settings: Settings, same_id: bool
) -> None:
    gate, stored = threading.Barrier(6), []

    def post(n: int) -> None:
        gate.wait()
        stored.append(receive(store, "CEK PT CONTOH", gateway_id="a" if same_id else f"a{n}"))

    threads = [threading.Thread(target=post, args=(n,)) for n in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(stored) == [False] * 5 + [True]
    work(store, context(store, settings))
    assert count_rows(store) == 1
    assert len(bodies(store)) == 1


def test_a_sender_that_is_no_number_is_neither_stored_nor_answered(store: Store, settings: Settings) -> None:
    with store.transaction() as tx:
        assert not inbound.record(tx, sms("MENANG UNDIAN", number=None), NOW)
        assert not tx.wakes
    assert count_rows(store) == 0


@pytest.mark.parametrize("odd", ["x" * 1000, "nul\0id"])
def test_an_id_that_no_column_holds_is_still_deduplicated(store: Store, odd: str) -> None:
    assert receive(store, "INFO", gateway_id=odd)
    assert not receive(store, "INFO lagi", gateway_id=odd)


@pytest.mark.parametrize(
    "text",
    ["", " ", "\0", "\r\n", "\U0001f64f" * 500, "\u0645\u0631\u062d\u0628\u0627", "A" * 8000, "\ufffd"],
)
def test_whatever_a_text_holds_it_is_stored_and_handled(store: Store, settings: Settings, text: str) -> None:
    assert receive(store, text)
    assert work(store, context(store, settings)) == ["answered"]


def test_a_claimed_text_is_not_claimed_again_until_its_lease_runs_out(store: Store) -> None:
    receive(store, "INFO")
    with store.transaction() as tx:
        assert len(inbound.claim_due(tx, NOW)) == 1
        assert inbound.claim_due(tx, NOW + 59 * SECOND) == []
        assert not inbound.has_due(tx, NOW + 59 * SECOND)
        assert inbound.has_due(tx, NOW + 60 * SECOND)
        assert len(inbound.claim_due(tx, NOW + 60 * SECOND)) == 1


def test_texts_are_claimed_oldest_first_and_at_most_as_many_as_asked(store: Store) -> None:
    for n in (3, 1, 2):
        receive(store, "INFO", n=n, now=NOW + n * SECOND)
    with store.transaction() as tx:
        first = inbound.claim_due(tx, NOW + MINUTE, limit=2)
        hashes = [tx.get(InboundMessage, i).number_hash for i in first]  # type: ignore[union-attr]
        assert hashes == [tx.vault.number_hash(number(n)) for n in (1, 2)]
        assert len(inbound.claim_due(tx, NOW + MINUTE)) == 1


def test_two_workers_at_once_never_hold_the_same_text(store: Store) -> None:
    for n in range(1, 41):
        receive(store, "INFO", n=n)
    gate, taken = threading.Barrier(4), []

    def claim() -> None:
        gate.wait()
        with store.transaction() as tx:
            taken.extend(inbound.claim_due(tx, NOW, limit=15))

    threads = [threading.Thread(target=claim) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(taken) == len(set(taken))


def test_a_text_that_fails_again_and_again_ends_as_failed(store: Store) -> None:
    receive(store, "INFO")
    now = NOW
    for _ in range(inbound.MAX_ATTEMPTS):
        with store.transaction() as tx:
            assert len(inbound.claim_due(tx, now)) == 1
        now += 61 * SECOND
    with store.transaction() as tx:
        assert inbound.claim_due(tx, now) == []
    assert statuses(store) == ["failed"]


def test_a_postponed_text_comes_back_sooner_than_its_lease(store: Store) -> None:
    receive(store, "INFO")
    with store.transaction() as tx:
        (inbound_id,) = inbound.claim_due(tx, NOW)
        inbound.postpone(tx, inbound_id, NOW)
        assert not inbound.has_due(tx, NOW + SECOND)
        assert inbound.has_due(tx, NOW + 2 * SECOND)


def test_handling_twice_and_at_once_answers_once(store: Store, settings: Settings) -> None:
    desk = context(store, settings)
    receive(store, "CEK PT CONTOH")
    with store.transaction() as tx:
        (inbound_id,) = inbound.claim_due(tx, NOW)
    gate = threading.Barrier(3)

    def handle() -> None:
        gate.wait()
        inbound.handle(store, inbound_id, desk, NOW)

    threads = [threading.Thread(target=handle) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert inbound.handle(store, inbound_id, desk, NOW) == "done before"
    assert len(bodies(store)) == 1


def test_a_worker_that_dies_before_the_answer_is_written_loses_nothing(
    store: Store, settings: Settings
) -> None:
    desk = context(store, settings)
    receive(store, "CEK PT CONTOH")
    with store.transaction() as tx:
        inbound.claim_due(tx, NOW)  # and then the power goes
    assert work(store, desk, NOW + 30 * SECOND) == []
    assert work(store, desk, NOW + 61 * SECOND) == ["answered"]
    assert [body for _, body in bodies(store)] == ["checked PT CONTOH in id"]


def test_the_reply_leaves_in_the_fast_lane_and_dies_within_the_hour(store: Store, settings: Settings) -> None:
    with store.transaction() as tx:
        inbound.record(tx, sms("BANTUAN", link_id="link-1"), NOW)
    work(store, context(store, settings))
    with store.read() as tx:
        message = tx.scalars(select(Message)).one()
        assert (message.lane, message.kind, message.link_id) == ("fast", "reply", "link-1")
        assert message.expires_at == NOW + HOUR
        assert message.idempotency_key == f"reply:{message.inbound_id}"


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
        first, stop, plea = inbound.claim_due(tx, NOW + MINUTE)
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
