"""What carries no meaning in a company's name is removed; what does is kept."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sms_service.domain.company_names import (
    fold,
    licence_key,
    normalise,
    read_name,
    read_question,
    split_phone,
)


@pytest.mark.parametrize(
    "written",
    [
        "PT Contoh Maju Jaya",
        "pt contoh maju jaya",
        "P.T. CONTOH MAJU JAYA",
        "PT. Contoh Maju-Jaya",
        "P T Contoh Maju Jaya, Tbk.",
        "Contoh Maju Jaya, PT",
        "  contoh   majujaya ",
        "PT Cóntoh Majú Jaya (Persero)",
        "Perseroan Terbatas Contoh Maju Jaya",
        "P3MI PT Contoh Maju Jaya",
        "contoh 'maju' jaya",
    ],
)
def test_the_same_name_written_otherwise_is_the_same(written: str) -> None:
    assert normalise(written) == "contohmajujaya"


@pytest.mark.parametrize(
    ("written", "form"),
    [
        ("PT Maju", "pt"),
        ("P.T. Maju", "pt"),
        ("Maju PT", "pt"),
        ("CV. Maju", "cv"),
        ("UD Maju", "ud"),
        ("perseroan terbatas maju", "pt"),
        ("Maju", ""),
        ("Maju Tbk", ""),
        ("PT", ""),  # a name all the same
    ],
)
def test_the_legal_form_is_known_apart_from_the_name(written: str, form: str) -> None:
    assert read_name(written).form == form


def test_a_name_made_of_a_legal_form_alone_stays_a_name() -> None:
    assert normalise("PT") == "pt"
    assert normalise("PT CV") == "cv"


@pytest.mark.parametrize(
    ("asked", "name"),
    [
        ("apakah PT Maju Jaya resmi?", "majujaya"),
        ("cek maju jaya", "majujaya"),
        ("saya mau tanya tentang cv maju jaya", "majujaya"),
        ("is PT Maju Jaya registered", "majujaya"),
        ("PT Maju Jaya cabang Kupang", "majujaya"),
        ("kata teman saya pt maju jaya", "majujaya"),
        ("apakah resmi?", ""),
        ("", ""),
    ],
)
def test_a_question_is_taken_for_the_name_in_it(asked: str, name: str) -> None:
    assert read_question(asked).compact == name


@pytest.mark.parametrize(
    ("one", "other"),
    [("djaja", "jaja"), ("tjipta", "cipta"), ("soemba", "sumba"), ("annugerrah", "anugerah")],
)
def test_old_spelling_and_doubled_letters_are_folded(one: str, other: str) -> None:
    assert fold(one) == fold(other)


@pytest.mark.parametrize(
    ("text", "rest", "number"),
    [
        ("081200001234", "", "+6281200001234"),
        ("+62 812-0000-1234", "", "+6281200001234"),
        ("62 812 0000 1234", "", "+6281200001234"),
        ("81200001234", "", "+6281200001234"),
        ("hp 0812 0000 1234 pak budi", "hp pak budi", "+6281200001234"),
        ("hp081200001234", "hp", "+6281200001234"),
        ("maju jaya", "maju jaya", None),
        ("karya 88", "karya 88", None),
        ("CONTOH-10001", "CONTOH-10001", None),
        ("0001/2026", "0001/2026", None),
        ("1" * 40, "1" * 40, None),
    ],
)
def test_a_phone_number_is_told_from_the_rest(text: str, rest: str, number: str | None) -> None:
    found = split_phone(text)
    assert (" ".join(found[0].split()), found[1]) == (rest, number)


@pytest.mark.parametrize(
    "typed", ["SIP/12-034.2024", "sip 12 034 2024", "no izin: SIP12O342024", "Nomor SIP-12-034-2024"]
)
def test_a_licence_number_is_the_same_however_its_signs_are_typed(typed: str) -> None:
    assert licence_key(typed) == licence_key("SIP/12-034/2024")


def test_without_a_digit_it_is_no_licence_number() -> None:
    assert licence_key("maju jaya") == ""
    assert licence_key("no") == ""


@given(st.text(max_size=300))
def test_no_text_makes_these_raise(text: str) -> None:
    compact = normalise(text)
    assert not any(character.isspace() for character in compact)
    assert len(fold(compact)) <= len(compact)
    read_question(text)
    licence_key(text)
    rest, number = split_phone(text)
    assert number is None or number.startswith("+")
    assert len(rest) <= 300
