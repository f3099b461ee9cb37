"""Codes that can be read aloud, and PINs that are not too simple."""

from __future__ import annotations

from itertools import pairwise

import pytest

from sms_service.domain import receipts


def test_a_code_has_eight_digits_of_which_the_last_checks_the_others() -> None:
    for _ in range(500):
        code = receipts.draw_code()
        assert len(code) == 8
        assert code[0] != "0"
        assert receipts.is_code(code)
        assert receipts.read_code(receipts.spoken(code)) == code


def test_the_check_digit_is_that_of_damm() -> None:
    assert receipts.check_digit("572") == "4"  # the example that everybody prints


def test_every_wrong_digit_and_every_swap_of_neighbours_is_found() -> None:
    for _ in range(50):
        code = receipts.draw_code()
        for place in range(8):
            for digit in "0123456789":
                changed = code[:place] + digit + code[place + 1 :]
                assert receipts.is_code(changed) == (changed == code)
        for place in range(7):
            swapped = code[:place] + code[place + 1] + code[place] + code[place + 2 :]
            assert receipts.is_code(swapped) == (swapped == code)


def test_one_guess_in_ten_passes_the_check_and_codes_do_not_follow_each_other() -> None:
    drawn = [receipts.draw_code() for _ in range(300)]
    assert len(set(drawn)) > 295
    neighbours = sum(abs(int(a) - int(b)) < 1000 for a, b in pairwise(drawn))
    assert neighbours < 3
    assert sum(receipts.is_code(f"4{n:07}") for n in range(10_000)) == 1000


@pytest.mark.parametrize(
    "typed", ["", "abc", "1234567", "123456789", "00000000", "４0515236", "4051-523x", "4051\u00a05236"]
)
def test_what_is_no_code_is_none(typed: str) -> None:
    assert receipts.read_code(typed) is None


def test_code_and_pin_are_told_apart_wherever_the_spaces_are() -> None:
    code = "40515236"
    for typed in ("4051 5236 2460", "40515236 2460", "405152362460", "4051-5236 2460", " 4051 5236  24 60 "):
        assert receipts.read_both(typed) == (code, "2460")
    assert receipts.read_both("4051 5236 246013") == (code, "246013")
    for typed in (
        "4051 5236",
        "4051 5236 246",
        "4051 5236 2460135",
        "4051 5237 2460",
        "STATUS 4051 5236 2460",
    ):
        assert receipts.read_both(typed) is None


@pytest.mark.parametrize("pin", ["0000", "1111", "999999", "1234", "4321", "7890", "0123", "345678", "9876"])
def test_a_simple_pin_cannot_be_chosen(pin: str) -> None:
    assert receipts.pin_fault(pin) == "simple"


@pytest.mark.parametrize("pin", ["", "123", "1234567", "12a4", "12 34", "１２３４", "-123", "12.4"])
def test_what_is_no_pin_cannot_be_chosen(pin: str) -> None:
    assert receipts.pin_fault(pin) == "form"


@pytest.mark.parametrize("pin", ["2460", "1357", "112233", "0001", "19580"])
def test_any_other_pin_can_be_chosen(pin: str) -> None:
    assert receipts.pin_fault(pin) == ""


def test_a_drawn_pin_is_the_same_for_the_same_noise_and_never_simple() -> None:
    pins = {receipts.pin_from(f"{n * 7919:032x}") for n in range(12_000)}
    assert all(not receipts.pin_fault(pin) for pin in pins)
    assert len(pins) > 6000
    assert receipts.pin_from("0" * 32) == receipts.pin_from("0" * 32)
