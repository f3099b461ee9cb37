"""Placeholders: those that are known, those that are refused, and names that look like placeholders."""

from __future__ import annotations

import pytest

from sms_service.domain.personalisation import NAME, parse, tidy_name
from sms_service.errors import Invalid


def fill(text: str, **values: str) -> str:
    usual = {"name": "Maria", "district": "Belu", "agency": "BP3MI", "short_code": "12362"}
    return parse(text).fill({**usual, **values})


@pytest.mark.parametrize(
    ("text", "filled"),
    [
        ("Halo", "Halo"),
        ("Halo {nama}", "Halo Maria"),
        ("{name}, {district}: {office} {service}", "Maria, Belu: BP3MI 12362"),
        ("{kabupaten}{kantor}{layanan}", "BeluBP3MI12362"),
        ("{ NAMA }!", "Maria!"),
        ("{nama}{nama}", "MariaMaria"),
        ("{{nama}} dan {{", "{nama} dan {"),
        ("100% {nama} %s %(x)s $x \\1", "100% Maria %s %(x)s $x \\1"),
    ],
)
def test_placeholders_are_filled_and_nothing_else_is_touched(text: str, filled: str) -> None:
    assert fill(text) == filled


@pytest.mark.parametrize(
    ("text", "place"),
    [
        ("{umur}", 1),
        ("Halo {nama} {umur}", 13),
        ("Halo {nama", 6),
        ("Halo nama}", 10),
        ("{}", 1),
        ("{nama.__class__}", 1),
        ("{nama!r}", 1),
        ("{nama:>10}", 1),
        ("{0}", 1),
        ("{{{umur}}}", 3),
    ],
)
def test_what_is_not_known_is_refused_with_its_place(text: str, place: int) -> None:
    with pytest.raises(Invalid, match=f"character {place}:"):
        parse(text)


@pytest.mark.parametrize("name", ["{kabupaten}", "{", "}}", "{nama}", "{{x}}", "%s", "\\g<0>"])
def test_a_name_is_never_read_as_a_placeholder(name: str) -> None:
    assert fill("Halo {nama}, {kabupaten}", name=name) == f"Halo {name}, Belu"


def test_values_put_in_beforehand_are_not_read_either() -> None:
    template = parse("{kantor} untuk {nama}").put("agency", "{nama}")
    assert template.uses(NAME)
    assert template.fill({NAME: "Maria"}) == "{nama} untuk Maria"


@pytest.mark.parametrize(
    ("name", "tidy"),
    [
        ("Maria", "Maria"),
        ("  Maria \n\t Goreti ", "Maria Goreti"),
        ("\x00\x1b", ""),
        ("Maria Goreti Yohana Fransiska Bere Tallo", "Maria Goreti Yohana Fransiska"),
        ("x" * 40, "x" * 30),
    ],
)
def test_names_are_one_short_line(name: str, tidy: str) -> None:
    assert tidy_name(name) == tidy
