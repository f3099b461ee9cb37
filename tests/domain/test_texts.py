"""Lengths as the network counts them, held against the package smsutil where it is right."""

from __future__ import annotations

import pytest
import smsutil
from hypothesis import given
from hypothesis import strategies as st

from sms_service.domain import texts

GSM = "".join(chr(n) for n in range(0x20, 0x2100) if texts.is_gsm7(chr(n)))


@given(st.text(alphabet=GSM + "\n", max_size=700))
def test_a_gsm_text_is_as_long_as_another_counter_says(text: str) -> None:
    size = texts.measure(text)
    other = smsutil.split(text)
    assert size.encoding == "GSM-7"
    assert size.units == texts.septets(text) == sum(part.bytes for part in other.parts)
    assert size.segments == max(1, len(other.parts))


@given(st.text(alphabet=st.characters(exclude_categories=["Cs"], exclude_characters="\x1b"), max_size=300))
def test_any_text_has_as_many_segments_as_another_counter_says(text: str) -> None:
    assert texts.measure(text).segments == max(1, len(smsutil.split(text).parts))


@pytest.mark.parametrize(
    ("text", "size"),
    [
        ("", texts.Size("GSM-7", 0, 1)),
        ("a" * 160, texts.Size("GSM-7", 160, 1)),
        ("a" * 161, texts.Size("GSM-7", 161, 2)),
        ("a" * 306, texts.Size("GSM-7", 306, 2)),
        ("a" * 307, texts.Size("GSM-7", 307, 3)),
        ("\u20ac" * 80, texts.Size("GSM-7", 160, 1)),
        ("a" * 152 + "\u20ac" + "a" * 152, texts.Size("GSM-7", 306, 3)),  # the euro sign may not be split
        ("\u0430" * 70, texts.Size("UCS-2", 70, 1)),
        ("\u0430" * 71, texts.Size("UCS-2", 71, 2)),
        ("\U0001f600" * 35, texts.Size("UCS-2", 70, 1)),
        ("a" + "\U0001f600" * 66, texts.Size("UCS-2", 133, 2)),
    ],
)
def test_the_edges_of_segments(text: str, size: texts.Size) -> None:
    assert texts.measure(text) == size


def test_a_raw_escape_is_no_character_of_the_alphabet() -> None:
    assert not texts.is_gsm7("\x1b")


@given(st.text(max_size=300))
def test_whatever_is_made_plain_is_plain_and_stays_so(text: str) -> None:
    plain = texts.to_gsm7(text)
    assert texts.is_gsm7(plain)
    assert texts.to_gsm7(plain) == plain


@given(st.text(alphabet=GSM, max_size=300), st.integers(2, 200))
def test_a_cut_text_keeps_to_its_limit(text: str, limit: int) -> None:
    cut = texts.truncate(text, limit)
    assert texts.septets(cut) <= limit
    assert cut == text or cut.endswith("..")


def test_what_makes_a_text_dear_is_named_with_a_replacement() -> None:
    assert texts.offenders("Rp1\u2009juta \u2013 \u201cgratis\u201d") == {
        "\u2009": " ", "\u2013": "-", "\u201c": '"', "\u201d": '"',
    }  # fmt: skip


def test_the_length_of_what_is_not_gsm_is_refused() -> None:
    with pytest.raises(ValueError, match=r"U\+0430"):
        texts.septets("\u0430")
