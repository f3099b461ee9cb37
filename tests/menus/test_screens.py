"""What callers read, as the real menu draws it: short where it can be, complete in both languages."""

from __future__ import annotations

import pytest

from menus import render
from menus.loader import load_menu
from menus.model import Menu
from menus.words import PLACEHOLDER
from sms_service.domain.items import LANGUAGES


@pytest.fixture(scope="module")
def menu() -> Menu:
    return load_menu()


def test_the_languages_are_those_that_every_item_must_have(menu: Menu) -> None:
    assert menu.languages == LANGUAGES


def test_the_root_offers_the_seven_branches_in_their_order(menu: Menu) -> None:
    root = menu.nodes["root"]
    assert [(option.key, option.go.split(".")[0]) for option in root.options] == [
        ("1", "check"), ("2", "report"), ("3", "jobs"), ("4", "events"), ("5", "steps"), ("6", "help"),
        ("7", "settings"), ("8", "root"), ("9", "root"),
    ]  # fmt: skip


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_page_whose_words_are_fixed_takes_one_screen(menu: Menu, language: str) -> None:
    long = [
        node.name
        for node in menu.nodes.values()
        if node.kind == "page"
        and not PLACEHOLDER.search(menu.words[language][node.name].body)
        and len(render.screens_of_page(menu, node, language, {"place": "1"})) > 1
    ]
    assert long == []


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_same_placeholders_stand_in_every_language(menu: Menu, language: str) -> None:
    for name, words in menu.words["id"].items():
        other = menu.words[language][name]
        assert set(PLACEHOLDER.findall(words.body)) == set(PLACEHOLDER.findall(other.body)), name
    for key, text in menu.common["id"].items():
        assert set(PLACEHOLDER.findall(text)) == set(PLACEHOLDER.findall(menu.common[language][key])), key


def test_english_is_a_translation_and_not_a_copy(menu: Menu) -> None:
    same = [
        name
        for name, words in menu.words["id"].items()
        if len(words.body) > 12 and "{" not in words.body and words.body == menu.words["en"][name].body
    ]
    assert same == ["settings.language"]  # it speaks both


def test_no_number_to_call_stands_in_the_words_where_nobody_would_look_for_its_date(menu: Menu) -> None:
    """Numbers belong into items, with source and date."""
    for language in LANGUAGES:
        for name, words in menu.words[language].items():
            digits = [part for part in words.body.split() if sum(c.isdigit() for c in part) > 5]
            assert [part for part in digits if "/" not in part] == [], name
