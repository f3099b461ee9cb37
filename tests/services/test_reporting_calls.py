"""Telling of a recruiter in a call: dropped, repeated, replayed, at once, with parts away, with odd words."""

from __future__ import annotations

import random
import threading
from dataclasses import replace
from datetime import timedelta

import pytest
from redis import Redis

from sms_service.domain.receipts import draw_code
from sms_service.domain.report_answers import DESTINATIONS, MODI
from sms_service.domain.texts import septets
from sms_service.runtime import Runtime, build
from sms_service.services.dialogues.answering import build_answering
from sms_service.services.dialogues.conversations import Conversations
from sms_service.settings import Settings
from sms_service.store.engine import Store
from sms_service.ussd_sessions import UssdSessions
from tests.answering import Answering
from tests.report_office import NUMBER, RECEIPT, SHORTEST, Caller, code_in, draft, filed, opened

ODD = [
    "\U0001f600" * 500,
    "'; DROP TABLE reports; -- " * 18,
    "{agency} {0} %s {{x}} " * 20,
    "a\x00b\x1f" * 100,
]


@pytest.fixture
def caller(answering: Answering) -> Caller:
    return Caller(answering.conversations)


def test_the_shortest_report_takes_nine_turns_from_the_dial(answering: Answering, caller: Caller) -> None:
    screens = [caller.dial(), *(caller.type(text) for text in SHORTEST)]
    assert len(screens) == 9
    assert RECEIPT.search(screens[-1])
    (report,) = filed(answering)
    assert (report.modi, report.district, report.destination) == (["advance"], "53.04", "my")
    assert opened(answering, report.recruiter_name_sealed) == "PT CONTOH"
    assert opened(answering, report.recruiter_phone_sealed) == "+6281200000001"
    assert opened(answering, report.place_sealed) == "Silawan"
    assert (report.reporter_hash, report.reporter_sealed, report.texts_allowed) == (None, None, False)
    assert draft(answering) is None


@pytest.mark.parametrize("steps", range(2, len(SHORTEST)))
def test_a_line_that_drops_anywhere_is_gone_on_with(
    answering: Answering, redis: Redis, caller: Caller, steps: int
) -> None:
    screen = caller.dial(*SHORTEST[:steps])
    empty(redis, caller)  # long after, say: only the draft is left
    for conversations in (answering.conversations, another(answering)):
        caller.conversations = conversations
        assert "Lanjutkan" in caller.dial("2")
        assert caller.type("1") == screen
    for text in SHORTEST[steps:]:
        screen = caller.type(text)
    assert code_in(screen)
    assert len(filed(answering)) == 1


@pytest.mark.parametrize("steps", range(2, len(SHORTEST)))
def test_going_on_at_once_after_a_drop_leads_to_the_same_question(caller: Caller, steps: int) -> None:
    screen = caller.dial(*SHORTEST[:steps])
    assert caller.dial("9") == screen


@pytest.mark.parametrize("steps", range(1, len(SHORTEST) + 1))
def test_redis_emptied_after_any_turn_changes_nothing(
    answering: Answering, redis: Redis, caller: Caller, steps: int
) -> None:
    expected = [Caller(answering.conversations, "+6281200000078").dial(*SHORTEST[:n]) for n in range(9)]
    caller.dial(*SHORTEST[:steps])
    empty(redis, caller)
    caller.conversations = another(answering)
    screens = [caller.again(), *(caller.type(text) for text in SHORTEST[steps:])]
    assert screens[:-1] == expected[steps:-1]
    assert code_in(screens[-1])
    assert len(filed(answering)) == 2  # theirs and ours


def test_starting_again_throws_the_old_answers_away(answering: Answering, caller: Caller) -> None:
    caller.dial("2", "1", "1", "1", "CONTOH Orang")
    caller.dial("2", "3", "2")
    kept = draft(answering)
    assert kept is not None
    assert (kept.is_urgent, kept.modi, kept.recruiter_name) == (False, (), "")


def test_a_draft_is_forgotten_after_seven_days_without_an_answer(
    answering: Answering, redis: Redis, caller: Caller
) -> None:
    caller.dial(*SHORTEST[:3])
    answering.clock.shift += timedelta(days=6, hours=23)
    empty(redis, caller)
    assert "belum dikirim" in caller.dial("2")
    caller.type("1")
    caller.type("PT CONTOH")  # an answer: it lives seven days from now
    answering.clock.shift += timedelta(days=6, hours=23)
    assert "belum dikirim" in caller.dial("2")
    answering.clock.shift += timedelta(hours=2)
    assert "belum dikirim" not in caller.dial("2")


def test_a_clock_that_jumps_over_the_life_of_the_draft_in_mid_call_asks_again_and_files_once(
    answering: Answering, caller: Caller
) -> None:
    caller.dial(*SHORTEST[:7])
    answering.clock.shift += timedelta(days=8)
    assert "bahaya" in caller.type("1")
    for text in SHORTEST[1:]:
        screen = caller.type(text)
    assert code_in(screen)
    answering.clock.shift -= timedelta(days=30)
    assert code_in(caller.again()) == code_in(screen)
    assert len(filed(answering)) == 1


def test_a_confirmation_sent_again_shows_the_same_receipt(answering: Answering, caller: Caller) -> None:
    screen = caller.dial(*SHORTEST)
    assert caller.again() == screen
    assert caller.again() == screen
    caller.conversations = another(answering)
    assert caller.again() == screen
    assert len(filed(answering)) == 1


def test_a_replay_of_the_whole_call_shows_the_same_receipt(
    answering: Answering, redis: Redis, caller: Caller
) -> None:
    screen = caller.dial(*SHORTEST)
    for _ in range(3):
        empty(redis, caller)
        caller.conversations = another(answering)
        assert caller.again() == screen
    assert len(filed(answering)) == 1
    assert draft(answering) is None


def test_a_chosen_pin_is_never_shown_and_a_replay_asks_for_nothing(
    answering: Answering, redis: Redis, caller: Caller
) -> None:
    screen = caller.dial(*SHORTEST[:-1], "2", "246813")
    assert "246813" not in screen
    empty(redis, caller)
    caller.conversations = another(answering)
    assert caller.again() == screen
    assert len(filed(answering)) == 1


def test_three_confirmations_at_once_on_two_processes_are_one_report(
    answering: Answering, settings: Settings
) -> None:
    first = Caller(answering.conversations)
    first.dial(*SHORTEST[:-1])
    second_runtime = build(settings)
    second = build_answering(second_runtime)
    second.lists.models.refresh()
    screens: list[str] = []
    first.typed.append("1")

    def confirm(conversations: Conversations) -> None:
        screens.append(replace(first, conversations=conversations).again())

    both = [answering.conversations, second.conversations, second.conversations]
    threads = [threading.Thread(target=confirm, args=(each,)) for each in both]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    second_runtime.close()
    assert len({code_in(screen) for screen in screens}) == 1
    assert len(set(screens)) == 1
    assert len(filed(answering)) == 1


def test_a_late_repetition_of_an_early_turn_does_not_bring_an_old_answer_back(
    answering: Answering, caller: Caller
) -> None:
    """First "may be called", then back and "anonymous": the number must not be kept after all."""
    caller.dial(*SHORTEST[:6], "3", "0", "1")
    late = replace(caller, typed=[*SHORTEST[:6], "3"], conversations=another(answering))
    late.again()
    assert code_in(caller.type("1"))
    (report,) = filed(answering)
    assert report.reporter_hash is None
    assert not report.texts_allowed


def test_back_and_root_keep_what_was_answered(answering: Answering, caller: Caller) -> None:
    caller.dial(*SHORTEST[:5], "0", "0", "00")
    kept = draft(answering)
    assert kept is not None
    assert (kept.recruiter_name, kept.district) == ("PT CONTOH", "53.04")
    assert "Lanjutkan" in caller.type("2")
    assert "dibawa ke mana" in caller.type("1")


def test_an_answer_is_replaced_by_going_back(answering: Answering, caller: Caller) -> None:
    caller.dial(*SHORTEST[:5], "0", "Betun")
    kept = draft(answering)
    assert kept is not None
    assert kept.district == "53.21"


def test_with_the_database_away_in_mid_report_nothing_is_lost_and_the_caller_learns_whom_to_call(
    answering: Answering, caller: Caller
) -> None:
    asked = caller.dial(*SHORTEST[:3])
    here = caller.conversations
    store = Store("sqlite:////nowhere/at/all.sqlite3", answering.store.vault)
    caller.conversations = Conversations(replace(answering.runtime, store=store), answering.lists)
    away = caller.type("PT CONTOH")
    assert "belum bisa disimpan" in away
    assert "0800" in away + caller.type("9")
    caller.type("0")
    assert caller.type("0") == asked
    assert "belum bisa disimpan" in caller.type("1")
    caller.conversations = here
    assert caller.type("0") == asked
    assert "Nomor HP" in caller.type("CONTOH Orang")
    kept = draft(answering)
    assert kept is not None
    assert (kept.modi, kept.recruiter_name) == (("advance",), "CONTOH Orang")


def test_with_the_database_away_from_the_start_information_is_read_and_numbers_are_given(
    answering: Answering, caller: Caller
) -> None:
    store = Store("sqlite:////nowhere/at/all.sqlite3", answering.store.vault)
    caller.conversations = Conversations(replace(answering.runtime, store=store), answering.lists)
    assert "bahaya" in caller.dial("2")
    assert "Akal perekrut" in caller.type("4")
    caller.type("0")
    assert "belum bisa disimpan" in caller.type("1")
    assert "belum bisa disimpan" in caller.dial("2", "3", draw_code(), "2460")


def test_with_the_database_away_at_the_confirmation_it_is_filed_when_it_is_back(
    answering: Answering, caller: Caller
) -> None:
    caller.dial(*SHORTEST[:-1])
    here = caller.conversations
    store = Store("sqlite:////nowhere/at/all.sqlite3", answering.store.vault)
    caller.conversations = Conversations(replace(answering.runtime, store=store), answering.lists)
    assert "belum bisa disimpan" in caller.type("1")
    assert "Siap dikirim" in caller.type("0")
    caller.conversations = here
    assert code_in(caller.type("1"))
    assert len(filed(answering)) == 1


def test_without_redis_a_whole_report_is_told(answering: Answering, runtime: Runtime) -> None:
    away = Redis(unix_socket_path="/nowhere/redis.sock", socket_connect_timeout=0.2)
    without = replace(answering.runtime, redis=away, sessions=UssdSessions(away, 300))
    caller = Caller(Conversations(without, answering.lists))
    assert code_in(caller.dial(*SHORTEST))
    assert len(filed(answering)) == 1


@pytest.mark.parametrize("words", ODD, ids=["emoji", "sql", "braces", "nul"])
@pytest.mark.parametrize("steps", [3, 4], ids=["who", "where"])
def test_odd_words_in_a_short_answer_are_kept_or_politely_refused(
    answering: Answering, caller: Caller, steps: int, words: str
) -> None:
    caller.dial(*SHORTEST[:steps])
    for text in (words, words[:500], words[:60], "*".join(words[:9])):
        screen = caller.type(text)
        assert screen.startswith("CON ")
        assert septets(screen) <= 160
        caller.type("0")
    assert draft(answering) is not None


@pytest.mark.parametrize("words", ODD, ids=["emoji", "sql", "braces", "nul"])
def test_a_story_of_odd_words_is_filed_as_it_was_written(
    answering: Answering, caller: Caller, words: str
) -> None:
    told = words[:500]
    caller.dial(*SHORTEST[:-1], "3", told)
    assert code_in(caller.type("1"))
    (report,) = filed(answering)
    kept = opened(answering, report.story_sealed)
    assert kept.replace(" ", "") == "".join(c for c in told if c.isprintable()).replace(" ", "")


def test_a_story_that_is_too_long_is_refused_and_not_cut(answering: Answering, caller: Caller) -> None:
    assert "500 huruf" in caller.dial(*SHORTEST[:-1], "3", "x" * 501)
    kept = draft(answering)
    assert kept is not None
    assert kept.story == ""


def test_a_star_within_a_story_is_part_of_it(answering: Answering, caller: Caller) -> None:
    caller.dial(*SHORTEST[:-1], "3")
    assert "Siap dikirim" in caller.type("bayar 5*6 juta")
    kept = draft(answering)
    assert kept is not None
    assert kept.story == "bayar 5*6 juta"


@pytest.mark.parametrize(("key", "kept"), [("2", (True, False)), ("3", (True, True))])
def test_who_may_be_called_is_kept_and_texted_only_where_wished(
    answering: Answering, caller: Caller, key: str, kept: tuple[bool, bool]
) -> None:
    caller.dial(*SHORTEST[:-2], key, "1")
    (report,) = filed(answering)
    assert opened(answering, report.reporter_sealed) == NUMBER
    assert (report.reporter_hash is not None, report.texts_allowed) == kept


def test_danger_is_marked_and_the_numbers_stand_on_the_screen_at_once(
    answering: Answering, caller: Caller
) -> None:
    assert "0800" in caller.dial("2", "1")
    for text in ("1", *SHORTEST[2:]):
        caller.type(text)
    (report,) = filed(answering)
    assert report.is_urgent


def test_every_way_it_is_done_can_be_told(answering: Answering, caller: Caller) -> None:
    keys = ["1", "2", "3", "4", "5", "6", "9*1", "9*2", "9*3", "9*4"]
    assert len(keys) == len(MODI)
    for n, keystrokes in enumerate(keys):
        caller.number = f"+62812000000{n:02}"
        caller.dial("2", "2", *keystrokes.split("*"), *SHORTEST[3:])
    assert [report.modi for report in filed(answering)] == [[key] for key in MODI]


def test_every_destination_can_be_told(answering: Answering, caller: Caller) -> None:
    keys = ["1", "2", "3", "4", "5", "6", "7", "9*1"]
    assert len(keys) == len(DESTINATIONS)
    for n, keystrokes in enumerate(keys):
        caller.number = f"+62812000000{n:02}"
        caller.dial(*SHORTEST[:5], *keystrokes.split("*"), *SHORTEST[6:])
    assert [report.destination for report in filed(answering)] == list(DESTINATIONS)


@pytest.mark.parametrize("seed", range(12))
def test_any_call_replayed_from_nothing_ends_at_the_same_screen(
    answering: Answering, redis: Redis, caller: Caller, seed: int
) -> None:
    """Whatever was typed, back and forth, begun again, filed, asked for: the whole text tells it all."""
    dice = random.Random(seed)
    keys = [*"1111222334", "0", "00", "9", "2", *SHORTEST, "kupang", "desa entah", "2460", "CONTOH Orang"]
    caller.dial("2")
    for _ in range(30):
        screen = caller.type(dice.choice(keys))
        if screen.startswith("END"):
            break
        if dice.random() < 0.2:
            start_elsewhere(answering, redis, caller)
            assert caller.again() == screen
    reports = len(filed(answering))
    start_elsewhere(answering, redis, caller)
    assert caller.again() == screen, caller.typed
    assert len(filed(answering)) == reports


def test_nothing_that_was_told_stays_in_redis(answering: Answering, redis: Redis, caller: Caller) -> None:
    secrets = ["PT CONTOH", "81200000001", "Silawan", "zebra cross", "246813", NUMBER[1:]]
    for n in range(len(SHORTEST)):
        caller.dial("2", *(["3"] if n > 2 else []), *SHORTEST[1:n])
        assert not leaked(answering, redis, secrets)
    caller.dial("2", "3", *SHORTEST[1:-1], "3", "zebra cross")
    assert not leaked(answering, redis, secrets)
    caller.type("2")
    receipt = caller.type("246813")
    assert not leaked(answering, redis, [*secrets, code_in(receipt), code_in(receipt).replace(" ", "")])
    caller.dial("2", "3", code_in(receipt))
    assert not leaked(answering, redis, [*secrets, code_in(receipt), code_in(receipt).replace(" ", "")])
    assert "terima" in caller.type("246813")
    assert not leaked(answering, redis, [*secrets, code_in(receipt), code_in(receipt).replace(" ", "")])


def test_whoever_redials_after_the_receipt_sees_neither_code_nor_pin(caller: Caller) -> None:
    code = code_in(caller.dial(*SHORTEST))
    for after in (("0",), ("1",), ("00",)):
        for text in after:
            caller.type(text)
        for inputs in ((), ("9",), ("2",), ("2", "1"), ("2", "2", "0", "0")):
            assert code not in caller.dial(*inputs)


def test_a_report_filed_by_another_way_shows_its_receipt_to_the_call_that_still_asks(
    answering: Answering, caller: Caller
) -> None:
    caller.dial(*SHORTEST[:-2])
    other = replace(caller, session=50)
    other.dial("2", "1", "1")
    code = code_in(other.type("1"))
    assert code_in(caller.type("1")) == code
    assert len(filed(answering)) == 1


def test_a_pin_chosen_elsewhere_is_not_replaced_by_a_drawn_one_on_the_screen(
    answering: Answering, caller: Caller
) -> None:
    caller.dial(*SHORTEST[:-1])
    other = replace(caller, session=50)
    assert "pilihan Anda" in other.dial("2", "1", "2", "246813")
    assert "pilihan Anda" in caller.type("1")
    assert len(filed(answering)) == 1


def another(answering: Answering) -> Conversations:
    """Another process's dialogues: it remembers nothing of its own."""
    runtime = replace(answering.runtime, sessions=fresh(answering.runtime))
    return Conversations(runtime, answering.lists)


def empty(redis: Redis, caller: Caller) -> None:
    """Redis loses everything, what is written behind the turns included."""
    caller.conversations.forget(caller.number)
    redis.flushall()


def start_elsewhere(answering: Answering, redis: Redis, caller: Caller) -> None:
    """Redis emptied once all is written to it, and the next turn taken by another process."""
    empty(redis, caller)
    caller.conversations = another(answering)


def fresh(runtime: Runtime) -> UssdSessions:
    return UssdSessions(runtime.redis, 300)


def leaked(answering: Answering, redis: Redis, secrets: list[str]) -> list[str]:
    """Which of the secrets stand in a value of Redis."""
    answering.runtime.sessions.find_place(answering.store.vault.number_hash(NUMBER), "")  # all is written
    values = []
    for key in redis.scan_iter():
        values.append(key + b" " + (redis.dump(key) or b""))
        if redis.type(key) == b"string":
            values.append(redis.get(key) or b"")
    whole = b"\n".join(values)
    return [secret for secret in secrets if secret.encode() in whole]
