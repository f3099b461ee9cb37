"""The proof of the menu: it passes what ships, and finds what would hurt a caller."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

from menus import check
from menus.loader import load_menu, read_yaml
from tests.menus import small


def faults(
    folder: Path, flow: dict[str, Any] | None = None, nodes: dict[str, Any] | None = None, **kw: Any
) -> str:
    tree = {**read_yaml(small.FLOW), **(flow or {})}
    menu = load_menu(small.write(folder, yaml.safe_dump(tree), {**small.NODES, **(nodes or {})}, **kw))
    return "\n".join(check.faults(menu))


@pytest.mark.parametrize("screen", [140, 160, 182])
def test_every_screen_of_the_shipped_menu_fits(screen: int) -> None:
    assert check.faults(load_menu(screen=screen)) == []


def test_the_small_menu_is_proven(tmp_path: Path) -> None:
    assert faults(tmp_path) == ""


def test_a_prompt_that_is_too_long_is_found(tmp_path: Path) -> None:
    assert "id/ask: screen 1 takes" in faults(tmp_path, nodes={"ask": {"body": "name " * 40}})


def test_a_last_screen_that_overflows_when_filled_in_is_found(tmp_path: Path) -> None:
    values = {**small.VALUES, "query": {"maximum": 170, "example": "Maria"}}
    assert "finished: screen 1 takes" in faults(tmp_path, values=values)


def test_a_node_that_nothing_leads_to_is_found(tmp_path: Path) -> None:
    found = faults(tmp_path, {"island": {"kind": "page"}}, {"island": {"body": "Alone."}})
    assert "island: cannot be reached" in found


def test_words_and_values_that_nothing_uses_are_found(tmp_path: Path) -> None:
    words = {"root": {**small.NODES["root"], "options": {**small.NODES["root"]["options"], "old": "Old"}}}
    found = faults(tmp_path, nodes=words, values={**small.VALUES, "left": {"maximum": 5, "example": "x"}})
    assert "option old are used by nothing" in found
    assert "left is shown by nothing" in found


def test_the_drawing_in_the_docs_is_that_of_the_menu() -> None:
    drawn = Path("docs/menu-tree.md").read_text(encoding="utf-8")
    assert drawn == check.mermaid(load_menu()), "run `make check-menus`"
