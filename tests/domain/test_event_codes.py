"""A slip on the keypad never hits another event: proven for every code and every slip."""

from __future__ import annotations

import pytest

from sms_service.domain.event_codes import LONGEST, free_codes, is_code, read_code, with_check_digit

ALL = free_codes(())


def test_there_are_nine_hundred_codes_of_four_digits_and_none_starts_with_zero() -> None:
    assert len(set(ALL)) == 900
    assert all(len(code) == 4 and is_code(code) and code[0] != "0" for code in ALL)


def test_no_wrong_digit_and_no_swap_of_neighbours_hits_another_code() -> None:
    for code in ALL:
        for i, digit in enumerate(code):
            for wrong in set("0123456789") - {digit}:
                assert not is_code(code[:i] + wrong + code[i + 1 :])
        for i in range(3):
            swapped = code[:i] + code[i + 1] + code[i] + code[i + 2 :]
            assert swapped == code or not is_code(swapped)


def test_a_missing_or_doubled_digit_hits_no_code_of_the_same_length() -> None:
    for code in ALL:
        assert all(len(code[:i] + code[i + 1 :]) == 3 for i in range(4))
        assert not is_code(code[:3])


def test_codes_in_use_are_not_handed_out_again() -> None:
    assert "1233" not in free_codes({"1233"})
    assert len(free_codes(ALL[:899])) == 1


def test_longer_codes_follow_when_all_short_ones_are_used_and_do_not_shorten_to_one() -> None:
    longer = free_codes(set(ALL))
    assert longer
    for code in longer:
        assert len(code) == 5
        assert is_code(code)
        assert not {code[:i] + code[i + 1 :] for i in range(5)} & set(ALL)


@pytest.mark.parametrize(
    ("typed", "code"),
    [
        (with_check_digit("100"), with_check_digit("100")),
        (f" {with_check_digit('123')[:2]} {with_check_digit('123')[2:]} ", with_check_digit("123")),
        (with_check_digit("100").replace("0", "O").replace("1", "l"), with_check_digit("100")),
        (f"{with_check_digit('123')}.", with_check_digit("123")),
        ("", None),
        ("12", None),
        ("abcd", None),
        ("１２３３", None),
        ("1" * (LONGEST + 1), None),
        ("12\x0034", None),
    ],
)
def test_what_people_type_is_read_or_refused(typed: str, code: str | None) -> None:
    assert read_code(typed) == code
