"""A call in which somebody tells of a recruiter: dropped, repeated, replayed, at once, long after."""

from __future__ import annotations

import random
import threading
from dataclasses import replace
from datetime import timedelta

import pytest
from redis import Redis

from sms_service.runtime import build
from sms_service.services.dialogues.answering import build_answering
from sms_service.services.dialogues.conversations import Conversations
from sms_service.settings import Settings
from tests.answering import Answering
from tests.report_office import SHORTEST, Caller, another, code_in, draft, empty, filed, start_elsewhere


@pytest.fixture
def caller(answering: Answering) -> Caller:
    return Caller(answering.conversations)


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
