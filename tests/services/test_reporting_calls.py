"""Telling of a recruiter in a call: each way through the branch, and what is kept of it."""

from __future__ import annotations

from dataclasses import replace

import pytest

from sms_service.domain.report_answers import DESTINATIONS, MODI
from tests.answering import Answering
from tests.report_office import NUMBER, RECEIPT, SHORTEST, Caller, code_in, draft, filed, opened


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


def test_starting_again_throws_the_old_answers_away(answering: Answering, caller: Caller) -> None:
    caller.dial("2", "1", "1", "1", "CONTOH Orang")
    caller.dial("2", "3", "2")
    kept = draft(answering)
    assert kept is not None
    assert (kept.is_urgent, kept.modi, kept.recruiter_name) == (False, (), "")


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
