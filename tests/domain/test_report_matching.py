"""Which reports may be about the same: names spelt badly, common ones, numbers, villages, days."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from sms_service.domain.report_matching import SUGGEST, Names, Told, candidates, compare, reason_values
from sms_service.domain.report_words import read_question, read_village, read_who

NOW = datetime(2026, 11, 21, 1, 0, tzinfo=UTC)
EMPTY = Names()


def told(number: int, name: str = "", phone: str | None = None, **given: object) -> Told:
    days = int(str(given.get("days", 0)))
    district = given.get("district", "53.04")
    return Told(
        number,
        name,
        phone,
        str(district) if district else None,
        str(given.get("place", "")),
        NOW - timedelta(days=days),
    )


def test_the_same_number_links_whatever_else_is_told() -> None:
    link = compare(told(1, "Pak Anton", "a"), told(2, "PT Lain", "a", district="53.21", days=400), EMPTY)
    assert link is not None
    assert link.reasons == ({"kind": "phone"},)
    assert link.score == 0.9


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("PT Maju Jaya", "maju jaya"),
        ("PT. Sinar Kencana", "PT Sinar Kencna"),
        ("Yohanes Bria", "Bria Yohanes"),
        ("Yohanes Bria", "Yohannes Brie"),
        ("Pak Bria", "Yohanes Bria"),
        ("PT Majoe Djaja", "PT Maju Jaja"),
        ("Budi Santoso", "pak budi santosa"),
    ],
)
def test_a_telling_name_in_the_same_district_is_suggested(one: str, other: str) -> None:
    link = compare(told(1, one), told(2, other, days=3), EMPTY)
    assert link is not None
    assert link.score >= SUGGEST
    assert {reason["kind"] for reason in link.reasons} == {"name", "place", "days"}


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Maria", "Ibu Maria"),
        ("Pak Budi", "Budi"),
        ("Yohanes Bria", "Yohanes Seran"),
        ("Yohanes", "Yohanis"),
        ("PT Sinar Kencana", "PT Bumi Lestari"),
        ("tidak tahu", "tidak tahu"),
        ("", ""),
        ("???", "???"),
        ("081", "081"),
    ],
)
def test_a_common_name_or_none_is_no_link_by_itself(one: str, other: str) -> None:
    assert compare(told(1, one), told(2, other, days=3), EMPTY) is None


def test_a_common_name_links_only_with_village_and_days() -> None:
    near = told(1, "Ibu Maria", place="Desa Kabuna")
    assert compare(near, told(2, "maria", place="ds kabuna", days=3), EMPTY) is not None
    assert compare(near, told(2, "maria", place="ds kabuna", days=40), EMPTY) is None


def test_place_and_time_never_link_alone() -> None:
    assert compare(told(1, place="Kabuna"), told(2, place="Kabuna"), EMPTY) is None
    assert compare(told(1, "Wempi", place="Kabuna"), told(2, "Nelce", place="Kabuna"), EMPTY) is None


def test_a_village_of_the_same_name_in_another_district_is_another_place() -> None:
    link = compare(
        told(1, "Bria Seran", place="Kabuna"),
        told(2, "Bria Seran", place="Kabuna", district="53.21"),
        EMPTY,
    )
    assert link is not None
    assert "place" not in {reason["kind"] for reason in link.reasons}


def test_a_name_grows_common_with_its_bearers() -> None:
    names = Names()
    alone = names.bits("wempi")
    for number in range(2000):
        names.put(number, "Wempi" if number % 4 == 0 else f"Nama{number}")
    assert alone > 9
    assert names.bits("wempi") < 3
    assert names.bits("maria") < 4.4
    assert compare(told(1, "Wempi"), told(2, "Wempi"), EMPTY) is not None
    assert compare(told(1, "Wempi"), told(2, "Wempi"), names) is None


def test_another_legal_form_is_weaker() -> None:
    same = compare(told(1, "PT Sinar Kencana"), told(2, "PT Sinar Kencana"), EMPTY)
    other = compare(told(1, "PT Sinar Kencana"), told(2, "CV Sinar Kencana"), EMPTY)
    assert same is not None
    assert other is not None
    assert other.score < same.score


def test_names_are_found_by_whole_part_order_and_slip() -> None:
    names = Names()
    for number, name in enumerate(["PT Sinar Kencana", "Yohanes Bria", "Budi", "", "Maria Goreti Seran"], 1):
        names.put(number, name)
    assert names.similar("kencana sinar") == [1]
    assert names.similar("Bapak Bria") == [2]
    assert names.similar("Seran") == [5]
    assert names.similar("tidak tahu") == []


def test_a_dropped_name_is_gone_from_memory() -> None:
    names = Names()
    names.put(1, "Wempi Rahasia")
    names.put(2, "Wempi")
    names.drop(1)
    assert names.similar("Rahasia") == []
    assert names.similar("Wempi") == [2]
    assert "rahasia" not in repr(vars(names))
    names.put(2, "Nelce")
    assert "wempi" not in repr(vars(names))


def test_the_best_candidates_come_first() -> None:
    others = [told(2, "Bria Seran", days=60), told(3, "Bria Seran", "p", days=60), told(4, "Bria Sera")]
    found = candidates(told(9, "Bria Seran", "p"), others, EMPTY)
    assert [each.id for each in found] == [3, 2, 4]
    assert all(each.score <= 1 for each in found)


def test_numbers_are_written_as_the_language_writes_them() -> None:
    assert reason_values({"kind": "name", "ratio": 0.91}, "id") == {"ratio": "0,91"}
    assert reason_values({"kind": "name", "ratio": 0.9}, "en") == {"ratio": "0.90"}
    assert reason_values({"kind": "days", "days": 3}, "id") == {"count": "3"}


@pytest.mark.parametrize("text", ["", "\x00", "😀" * 500, "{name}'; DROP TABLE reports;--", "a" * 5000, "PT"])
def test_whatever_is_typed_is_read_without_fault(text: str) -> None:
    names = Names()
    names.put(1, text)
    names.similar(text)
    compare(told(1, text, place=text), told(2, text, place=text), names)


def test_what_addresses_or_asks_is_no_part_of_the_name() -> None:
    assert read_who("Bapak Yohanes Bria").words == ("yohanes", "bria")
    assert read_who("calo namanya Wempi").words == ("wempi",)
    assert read_question("apakah Pak Wempi resmi?").words == ("wempi",)
    assert read_question("tidak tahu").words == ()
    assert read_village("Ds. Kabuna") == read_village("desa kabuna") == "kabuna"
