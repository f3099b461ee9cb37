"""Every district is found under every name that people give it, and a doubt is never hidden."""

from __future__ import annotations

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sms_service.domain.districts import DISTRICTS, by_code, find


def codes(text: str) -> list[str]:
    return [district.code for district in find(text)]


def test_there_are_22_districts_with_a_code_name_and_short_form_each_their_own() -> None:
    assert len(DISTRICTS) == 22
    for field in ("code", "name", "short"):
        assert len({getattr(district, field) for district in DISTRICTS}) == 22
    assert all(district.name.isascii() and len(district.name) <= 24 for district in DISTRICTS)


@pytest.mark.parametrize("district", DISTRICTS, ids=lambda district: district.code)
def test_a_district_is_sure_by_its_code_its_name_and_its_short_form(district) -> None:
    for text in (district.code, district.code.replace(".", ""), district.name, district.short):
        assert find(text) == (district,), text
        assert find(f"  {text.lower()} ") == (district,)
    assert by_code(district.code) is by_code(district.code.replace(".", "")) is district


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("TTS", ["53.02"]),
        ("ttu", ["53.03"]),
        ("sbd", ["53.18"]),
        ("Matim", ["53.19"]),
        ("Mabar", ["53.15"]),
        ("flotim", ["53.06"]),
        ("rote", ["53.14"]),
        ("sabu", ["53.20"]),
        ("Atambua", ["53.04"]),
        ("betun", ["53.21"]),
        ("Soe", ["53.02"]),
        ("So'e", ["53.02"]),
        ("kefa", ["53.03"]),
        ("Kefamenanu", ["53.03"]),
        ("larantuka", ["53.06"]),
        ("Labuan Bajo", ["53.15"]),
        ("Kab. Belu", ["53.04"]),
        ("kabupaten malaka", ["53.21"]),
        ("kota kupang", ["53.71"]),
        ("kab kupang", ["53.01"]),
        ("saya di atambua", ["53.04"]),
        # slips
        ("blu", []),
        ("belo", ["53.04"]),
        ("atmbua", ["53.04"]),
        ("malka", ["53.21"]),
        ("flores tmur", ["53.06"]),
        ("mangarai", ["53.10"]),
        ("labuanbjo", ["53.15"]),
        # doubts are asked
        ("kupang", ["53.71", "53.01"]),
        ("kupng", ["53.71", "53.01"]),
        ("timor tengah", ["53.02", "53.03"]),
        ("sumba bar", ["53.12", "53.18"]),
        # elsewhere, nothing
        ("jakarta", []),
        ("99", []),
        ("5399", []),
        ("53.99", []),
        ("", []),
        ("a", []),
    ],
)
def test_what_people_type_is_understood(text: str, expected: list[str]) -> None:
    assert codes(text) == expected


@pytest.mark.parametrize("island", ["sumba", "flores", "timor"])
def test_an_island_alone_is_asked_further(island: str) -> None:
    assert len(find(island)) > 1


def test_a_code_of_another_province_or_of_bps_is_not_taken_for_ours() -> None:
    assert codes("5306") == ["53.06"]  # the same digits mean Belu at BPS: ours are Kemendagri codes
    with pytest.raises(KeyError):
        by_code("51.04")
    with pytest.raises(KeyError):
        by_code("")


def test_one_letter_wrong_in_a_long_name_still_offers_the_right_district() -> None:
    chance = random.Random(22)
    for district in DISTRICTS:
        name = district.name.lower()
        if len(name) < 5:
            continue
        for _ in range(20):
            place = chance.randrange(len(name))
            slip = name[:place] + chance.choice(["", chance.choice("aeiounrst")]) + name[place + 1 :]
            assert district in find(slip), slip


@given(st.text(max_size=200))
def test_any_text_gives_districts_each_at_most_once(text: str) -> None:
    found = find(text)
    assert len(found) == len(set(found))
    assert set(found) <= set(DISTRICTS)
