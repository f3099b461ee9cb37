"""Topics as people type them."""

from __future__ import annotations

import pytest

from menus.loader import load_menu
from sms_service.domain import topics


@pytest.mark.parametrize(
    ("typed", "found", "rest"),
    [
        ("", (), ""),
        ("BELU", (), "BELU"),
        ("BELU KERJA", ("jobs",), "BELU"),
        ("lowongan kerja belu", ("jobs",), "belu"),
        ("Kota Kupang pelatihan dan acara", ("training", "events"), "Kota Kupang"),
        ("acara, biaya", ("costs", "events"), ""),
        ("KERJA/HAK", ("jobs", "rights"), ""),
        ("kerjasama", (), "kerjasama"),
    ],
)
def test_topics_are_found_among_other_words(typed: str, found: tuple[str, ...], rest: str) -> None:
    assert topics.read(typed) == (found, rest)


def test_one_topic_is_one_or_none_or_not_readable() -> None:
    assert topics.read_one("") == ""
    assert topics.read_one("Biaya") == "costs"
    assert topics.read_one("biaya acara") is None
    assert topics.read_one("sepak bola") is None


def test_who_names_no_topic_wants_all() -> None:
    assert topics.wants((), ["jobs"])
    assert topics.wants(("jobs", "costs"), ["costs"])
    assert not topics.wants(("jobs",), ["costs"])


def test_every_topic_has_words_in_every_language() -> None:
    menu = load_menu()
    for language in menu.languages:
        for topic in topics.TOPICS:
            assert menu.common[language][f"topic.{topic}"]
