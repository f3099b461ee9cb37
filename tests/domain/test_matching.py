"""A badly spelt name finds its company; a slip never becomes a statement about another one."""

from __future__ import annotations

import random
import string
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sms_service.domain.matching import Entry, Index, Result
from sms_service.services.recruiters.demo import demo_rows

FILLERS = ("Alfa", "Beta", "Gama", "Delta", "Eta", "Teta", "Jota", "Kapa", "Lamda", "Mu")
COMPANIES = (
    "PT Contoh Maju Jaya Abadi",  # 0
    "PT Contoh Sumber Rejeki Utama",  # 1
    "CV Contoh Bintang Timur",  # 2
    "PT Contoh Bintang Timur",  # 3
    "PT Contoh Cahaya Nusantara",  # 4
    "PT Contoh Cahaya Nusantara Mandiri",  # 5
    "PT Contoh Djaya Soemba",  # 6
    "PT Contoh Anugerah",  # 7
    "UD Contoh Kembar Satu",  # 8
    "PT Contoh Kembar Dua",  # 9
    *(f"PT Contoh Pengisi {word}" for word in FILLERS),
)
LICENCES = {0: "SIP/12-034/2024", 1: "SIP/12-035/2024", 7: "IJ 0707"}
PHONES = {0: "+6281200000001", 1: "+6281200000002", 4: "+6281200000004", 5: "+6281200000004"}
INDEX = Index(
    Entry(key, name, LICENCES.get(key, f"X-{key:04d}"), PHONES.get(key, ""))
    for key, name in enumerate(COMPANIES)
)


def keys(result: Result) -> list[int]:
    return [match.key for match in result.matches]


# What is typed, how sure the answer is, and the companies offered, best first (None: any).
TABLE = [
    # exact: this very name, licence number or phone number, and nobody else's
    ("PT Contoh Maju Jaya Abadi", "exact", [0]),
    ("contoh maju jaya abadi", "exact", [0]),
    ("P.T. CONTOH MAJU-JAYA ABADI, Tbk.", "exact", [0]),
    ("contohmajujayaabadi", "exact", [0]),
    ("apakah pt contoh maju jaya abadi resmi?", "exact", [0]),
    ("CV Contoh Bintang Timur", "exact", [2]),
    ("PT Contoh Bintang Timur", "exact", [3]),
    ("contoh cahaya nusantara", "exact", [4]),
    ("SIP 12 034 2024", "exact", [0]),
    ("no izin sip/12-035/2024", "exact", [1]),
    ("ij0707", "exact", [7]),
    ("081200000001", "exact", [0]),
    ("+62 812-0000-0002", "exact", [1]),
    ("hp 0812 0000 0002", "exact", [1]),
    # likely: one company, to be confirmed by its name
    ("maju jaya", "likely", [0]),
    ("majujaya", "likely", [0]),
    ("abadi jaya maju", "likely", [0]),
    ("contoh mju jya abdi", "likely", [0]),
    ("ptcontohmajujayaabdi", "likely", [0]),
    ("maju jaya abadi cabang kupang", "likely", [0]),
    ("CV contoh maju jaya abadi", "likely", [0]),  # another legal form is another company
    ("sumber rezeki utama", "likely", [1]),
    ("sumberrejeki", "likely", [1]),
    ("jaya sumba", "likely", [6]),
    ("annugrah", "likely", [7]),
    ("12-034/2024", "likely", [0]),  # a part of a licence number
    # several: the caller chooses
    ("contoh bintang timur", "several", [2, 3]),
    ("bintang timur", "several", [2, 3]),
    ("cahaya nusantra", "likely", [4, 5]),
    ("kembar", "several", [8, 9]),
    ("081200000004", "several", [4, 5]),
    ("contoh", "several", None),
    # none
    ("gemilang perkasa", "none", []),
    ("maju", "likely", [0]),
    ("PT", "none", []),
    ("081299990000", "none", []),
    ("SIP/12-036/2024", "none", []),  # one digit away is another company's licence
    ("sip/12-934/2024", "none", []),
    ("resmi", "none", []),
    ("", "none", []),
    ("   ", "none", []),
    ("?!*#", "none", []),
    ("x", "none", []),
    ("\x00\u202e\U0001f600", "none", []),
]


@pytest.mark.parametrize(("typed", "verdict", "found"), TABLE)
def test_what_is_typed_finds_what_is_meant(typed: str, verdict: str, found: list[int] | None) -> None:
    result = INDEX.query(typed)
    assert result.verdict == verdict
    if found is not None:
        assert keys(result) == found


def test_only_the_same_name_or_number_is_exact() -> None:
    for typed, verdict, _ in TABLE:
        result = INDEX.query(typed)
        assert (verdict == "exact") == (len(result.matches) == 1 and result.matches[0].exact), typed
        for match in result.matches:
            assert match.exact == (match.score == 100)


def test_the_field_that_matched_is_told() -> None:
    assert INDEX.query("SIP 12 034 2024").matches[0].field == "license"
    assert INDEX.query("081200000001").matches[0].field == "phone"
    assert INDEX.query("maju jaya abadi").matches[0].field == "name"


def test_a_company_that_is_not_listed_is_never_taken_for_its_neighbour() -> None:
    """One letter changed in a listed name may be another company: it must be asked, whatever the letter."""
    chance = random.Random(7)
    for key, name in enumerate(COMPANIES):
        for _ in range(30):
            place = chance.randrange(len("PT Contoh "), len(name))
            other = name[:place] + chance.choice(string.ascii_lowercase) + name[place + 1 :]
            result = INDEX.query(other)
            if result.verdict == "exact":
                assert other.lower() in (each.lower() for each in COMPANIES), (key, other)


def test_a_phone_number_one_digit_away_finds_nobody() -> None:
    for digit in range(10):
        result = INDEX.query(f"08120000{digit}001")
        assert result.verdict == ("exact" if digit == 0 else "none")


def test_no_more_companies_are_offered_than_asked_for() -> None:
    assert len(INDEX.query("contoh", limit=3).matches) == 3
    assert len(INDEX.query("kembar", limit=1).matches) == 1


def test_an_empty_list_finds_nobody() -> None:
    for typed in ("maju jaya", "081200000001", "SIP/12-034/2024", ""):
        assert Index(()).query(typed) == Result("none")


def test_entries_without_licence_or_phone_are_found_by_name_only() -> None:
    index = Index([Entry(1, "PT Contoh Satu"), Entry(2, "PT Contoh Dua")])
    assert keys(index.query("contoh satu")) == [1]
    assert index.query("-").verdict == "none"


def slip(text: str, chance: random.Random) -> str:
    """One slip of a thumb: a letter wrong, missing, too many, or two swapped."""
    place = chance.randrange(len(text))
    letter = chance.choice(string.ascii_lowercase)
    return chance.choice(
        (
            text[:place] + letter + text[place + 1 :],
            text[:place] + text[place + 1 :],
            text[:place] + letter + text[place:],
            text[:place] + text[place : place + 2][::-1] + text[place + 2 :],
        )
    )


DEMO = [row.name for row in demo_rows(date(2026, 11, 1))]
DEMO_INDEX = Index(Entry(key, name) for key, name in enumerate(DEMO))


@pytest.mark.parametrize(
    ("shape", "least"),
    [
        (lambda name: name, 0.99),
        (lambda name: name.lower().removeprefix("pt "), 0.99),
        (lambda name: name.lower().replace(" ", ""), 0.99),
        (lambda name: name.lower().removeprefix("pt contoh "), 0.99),
    ],
    ids=["whole", "without PT", "glued", "without CONTOH"],
)
def test_two_slips_still_find_the_company_among_the_first_five(shape, least: float) -> None:
    chance = random.Random(2026)
    found = 0
    for key, name in enumerate(DEMO):
        typed = slip(slip(shape(name), chance), chance)
        found += key in keys(DEMO_INDEX.query(typed, limit=5))
    assert found / len(DEMO) >= least


def test_one_slip_still_finds_the_company_when_its_words_are_typed_in_another_order() -> None:
    chance = random.Random(2026)
    found = 0
    for key, name in enumerate(DEMO):
        typed = slip(" ".join(reversed(name.lower().split()[1:])), chance)
        found += key in keys(DEMO_INDEX.query(typed, limit=5))
    assert found / len(DEMO) >= 0.95


@given(st.text(max_size=200), st.integers(1, 9))
def test_any_text_gives_an_answer(text: str, limit: int) -> None:
    result = INDEX.query(text, limit)
    assert len(result.matches) <= limit
    assert (result.verdict == "none") == (not result.matches)
    scores = [match.score for match in result.matches]
    assert scores == sorted(scores, reverse=True)
    assert all(0 < score <= 100 for score in scores)


@given(st.lists(st.text(max_size=30), max_size=30), st.text(max_size=40))
def test_any_list_can_be_asked(names: list[str], text: str) -> None:
    index = Index(Entry(key, name, name, name) for key, name in enumerate(names))
    result = index.query(text)
    assert set(keys(result)) <= set(range(len(names)))
