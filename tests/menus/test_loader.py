"""The loader refuses a menu that could not work, and names the place."""

from __future__ import annotations

import copy
from pathlib import Path
from typing import Any

import pytest
import yaml

from menus.loader import load_menu, read_yaml
from sms_service.errors import MenuError
from tests.menus import small


def load(folder: Path, *, flow: dict[str, Any] | None = None, nodes: Any = None, **kwargs: Any) -> None:
    """Load the small menu with some nodes and words replaced (None removes one)."""
    tree = {**read_yaml(small.FLOW), **(flow or {})}
    words = {**copy.deepcopy(small.NODES), **(nodes or {})}
    tree, words = ({k: v for k, v in d.items() if v is not None} for d in (tree, words))
    load_menu(small.write(folder, yaml.safe_dump(tree), words, **kwargs))


def test_a_menu_that_works_is_loaded(tmp_path: Path) -> None:
    load(tmp_path)


@pytest.mark.parametrize(
    ("flow", "nodes", "said"),
    [
        ({"full": {"kind": "page", "options": [{"word": "x", "go": "nowhere"}]}}, {}, "leads to nowhere"),
        ({"full": {"kind": "pages"}}, {}, "needs a kind"),
        ({"full": {"kind": "page", "colour": "red"}}, {}, "unknown fields"),
        ({"ask": {"kind": "text", "save": "query"}}, {}, "needs go"),
        ({"age": {"kind": "number", "save": "age", "minimum": 0, "go": "aged"}}, {}, "at least 1"),
        ({"full": {"kind": "page", "options": [{"word": "x", "go": "root", "key": "0"}]}}, {}, "reserved"),
        ({"full": {"kind": "page", "options": [{"word": "x", "go": "root"}] * 9}}, {}, "more than eight"),
        ({"finished": {"kind": "end", "options": [{"word": "x", "go": "root"}]}}, {}, "takes no options"),
        ({"unavailable": None}, {"unavailable": None}, "must exist"),
        ({}, {"full": None}, "has no words"),
        ({}, {"greet": {"body": "Hello", "options": {"again": "Again"}}}, "no words for option sure"),
        ({}, {"full": {"body": "A dash \u2014"}}, "GSM 7-bit"),
        ({}, {"full": {"body": "{nobody}"}}, "does not declare"),
        ({}, {"finished": {"body": "{story}"}}, "only a page"),
        ({}, {"stranger": {"body": "Hm"}}, "is no node"),
        ({}, {"full": {"body": "x", "colour": "red"}}, "words are"),
    ],
)
def test_a_menu_that_cannot_work_is_refused(tmp_path: Path, flow: Any, nodes: Any, said: str) -> None:
    with pytest.raises(MenuError, match=said):
        load(tmp_path, flow=flow, nodes=nodes)


def test_a_shared_word_that_a_language_lacks_is_refused(tmp_path: Path) -> None:
    with pytest.raises(MenuError, match=r"common\.goodbye: is missing"):
        load(tmp_path, common={key: word for key, word in small.COMMON.items() if key != "goodbye"})


def test_yes_and_no_are_words_and_not_booleans() -> None:
    assert read_yaml("yes: no\non: true") == {"yes": "no", "on": True}


def test_another_word_makes_another_version(tmp_path: Path) -> None:
    first = load_menu(small.write(tmp_path / "a")).version
    words = {**small.NODES, "full": {"body": "Fuller."}}
    assert load_menu(small.write(tmp_path / "b", nodes=words)).version != first
    assert load_menu(small.write(tmp_path / "c")).version == first
