"""Places for what must not stay: a question that may be skipped, a secret screen, a way in by keyword."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml

from menus import check, engine
from menus.loader import load_menu, read_yaml
from menus.model import Call, Menu, Outcome, State, Turn
from sms_service.errors import MenuError
from tests.menus import small

FLOW = {
    "fruit_wish": {
        "kind": "text",
        "entry": True,
        "save": "typed",
        "minimum": 2,
        "maximum": 20,
        "go": "keep",
        "options": [{"word": "skip", "go": "keep", "values": {"typed": ""}}],
    },
    "keep": {"kind": "do", "action": "keep", "outcomes": {"done": "receipt"}},
    "receipt": {
        "kind": "page",
        "secret": ["token"],
        "data": "receipt",
        "options": [{"word": "again", "go": "fruit_wish"}],
    },
}
NODES = {
    "fruit_wish": {"body": "Which fruit?", "options": {"skip": "None"}, "refused": "2 letters at least."},
    "receipt": {"body": "Your code: {code}", "options": {"again": "Again"}},
}
VALUES = {**small.VALUES, "code": {"maximum": 10, "example": "1"}}


@pytest.fixture
def menu(tmp_path: Path) -> Menu:
    flow = {**read_yaml(small.FLOW), **FLOW}
    return load_menu(small.write(tmp_path, yaml.safe_dump(flow), {**small.NODES, **NODES}, VALUES))


def keep(call: Call) -> Outcome:
    return Outcome("done", {"token": f"token of {call.values['typed'] or 'nothing'}", "typed": ""})


ACTIONS = {
    **small.actions(),
    "keep": keep,
    "receipt": lambda call: {"code": call.values.get("token", "gone")[-7:]},
}


def enter(menu: Menu, *inputs: str) -> Turn:
    """Begin at the entry, as a text with a keyword does."""
    turn = engine.show(menu, State("fruit_wish", "id"), ACTIONS)
    return engine.follow(menu, turn, inputs, ACTIONS)


def test_the_menu_is_proven_although_nothing_but_a_keyword_leads_there(menu: Menu) -> None:
    assert check.faults(menu) == []


def test_a_question_shows_how_it_is_skipped(menu: Menu) -> None:
    assert enter(menu).body == "Which fruit?\n1 None\n0 Back"


@pytest.mark.parametrize(("typed", "code"), [("1", "nothing"), ("1.", "nothing"), ("Mango 1", "Mango 1")])
def test_a_key_alone_skips_and_everything_else_is_the_answer(menu: Menu, typed: str, code: str) -> None:
    assert enter(menu, typed).body == f"Your code: {code}\n1 Again\n0 Back"


@pytest.mark.parametrize("typed", ["2", "x", ""])
def test_another_short_text_is_refused_with_the_skip_still_there(menu: Menu, typed: str) -> None:
    assert enter(menu, typed).body == "2 letters at least.\nWhich fruit?\n1 None\n0 Back"


def test_what_an_action_has_taken_does_not_stay_in_the_state(menu: Menu) -> None:
    assert "Mango" not in str({**enter(menu, "Mango").state.values, "token": ""})


@pytest.mark.parametrize("leave", ["1", "0", "00"])
def test_a_secret_value_is_dropped_as_soon_as_its_screen_is_left(menu: Menu, leave: str) -> None:
    shown = enter(menu, "Mango")
    assert "token" in shown.state.values
    assert "token" in engine.advance(menu, shown.state, "7", ACTIONS).state.values  # refused: still here
    left = engine.advance(menu, shown.state, leave, ACTIONS)
    assert left.state.node != "receipt"
    assert "token" not in left.state.values


def test_a_secret_screen_is_drawn_again_from_its_state(menu: Menu) -> None:
    shown = enter(menu, "Mango")
    assert engine.show(menu, shown.state, ACTIONS).body == shown.body


def test_options_of_a_text_that_could_be_an_answer_are_refused(tmp_path: Path) -> None:
    wrong = {**FLOW, "fruit_wish": {**FLOW["fruit_wish"], "minimum": 1}}
    flow = {**read_yaml(small.FLOW), **wrong}
    with pytest.raises(MenuError, match="longer than their keys"):
        load_menu(small.write(tmp_path, yaml.safe_dump(flow), {**small.NODES, **NODES}, VALUES))


def test_a_word_that_stands_twice_is_refused_and_named(tmp_path: Path) -> None:
    folder = small.write(tmp_path)
    with (folder / "text" / "en.yaml").open("a") as file:
        file.write("more: {a: 1, b: 2, a: 3}\n")
    with pytest.raises(MenuError, match="stands twice"):
        load_menu(folder)
