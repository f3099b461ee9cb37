"""One form of a number inside, one mask outside."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sms_service.domain import phones
from sms_service.errors import Invalid


@pytest.mark.parametrize(
    ("raw", "number"),
    [
        ("+6281200000001", "+6281200000001"),
        ("081200000001", "+6281200000001"),
        ("6281200000001", "+6281200000001"),
        ("0812-0000-0001", "+6281200000001"),
        (" 0812 0000 0001 ", "+6281200000001"),
        ("(0812) 0000.0001", "+6281200000001"),
        ("+670 7700 0001", "+67077000001"),
        ("67077000001", "+67077000001"),
        ("+60120000001", "+60120000001"),
        ("60120000001", "+60120000001"),
    ],
)
def test_a_number_has_one_form_however_it_is_written(raw: str, number: str) -> None:
    assert phones.normalise(raw) == number


@pytest.mark.parametrize(
    "raw", ["", "abc", "12", "+0812", "BANK", "\u0660\u0668", "+" + "1" * 30, "0812\x00", "1" * 5000]
)
def test_what_is_no_number_is_refused_without_repeating_it(raw: str) -> None:
    with pytest.raises(Invalid) as error:
        phones.normalise(raw)
    assert str(error.value) == "not a phone number"


@given(st.text(max_size=40))
def test_anything_is_a_number_or_is_refused(raw: str) -> None:
    try:
        number = phones.normalise(raw)
    except Invalid:
        return
    assert phones.normalise(number) == number


@given(st.from_regex(r"\+628\d{8,11}", fullmatch=True))
def test_a_mask_shows_three_digits_at_the_most(number: str) -> None:
    assert phones.mask(number) == f"+62 *** {number[-3:]}"


@pytest.mark.parametrize(
    ("raw", "dialable"), [("+6281200000001", True), ("BANK", False), ("Bank 1234567", False), ("4444", False)]
)
def test_a_sender_with_letters_or_a_short_code_is_never_answered(raw: str, dialable: bool) -> None:
    assert phones.is_dialable_sender(raw) is dialable
