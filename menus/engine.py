"""The engine: one input after the other, without a clock, a network or a database.

`advance` takes one step from a State; `replay` takes all inputs from the start and ends at the same
State and screen. Whatever touches the world is an action, supplied by the caller, who makes sure that
running it again with the same number of steps finds its effect done. Nothing here raises for an input.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace

from menus import render
from menus.model import EMPTY, Actions, Call, Item, Menu, Node, Option, Outcome, State, Turn, Unavailable

MAX_STEPS = 100  # inputs a session: nobody reads more, and a text of thousands costs nothing
_MAX_HOPS = 10  # actions in a row without a screen
_MAX_TRAIL = 12
_CONTROL = re.compile(r"[\x00-\x1f\x7f]+")
BACK, ROOT, MORE = "0", "00", "9"


@dataclass(frozen=True, slots=True)
class _Place:
    """A State with what its screen needs and the State does not keep."""

    state: State
    screen: str | None = None  # drawn already while finding the place
    outcome: str = "ok"


def begin(menu: Menu, language: str, values: Mapping[str, str] = EMPTY) -> State:
    """The State before any input: at the root."""
    return State(menu.root, language, values)


def show(menu: Menu, state: State, actions: Actions) -> Turn:
    """Draw the screen of a State without an input: the first of a call, or after going on."""
    if state.ended:
        return Turn(state, menu.common[state.language]["goodbye"])
    return _draw(menu, _land(menu, replace(state, items=(), note=""), actions), actions)


def advance(menu: Menu, state: State, text: str, actions: Actions) -> Turn:
    """Take one input. Never raises for an input; a refused one shows the same screen with a notice."""
    return _draw(menu, _step(menu, state, text, actions), actions)


def replay(menu: Menu, start: State, inputs: Iterable[str], actions: Actions) -> Turn:
    """Take all inputs from `start`: by construction the same as advancing one by one."""
    return follow(menu, show(menu, start, actions), inputs, actions)


def follow(menu: Menu, turn: Turn, inputs: Iterable[str], actions: Actions) -> Turn:
    """Take further inputs after `turn`, until the dialogue ends."""
    for text in inputs:
        if turn.ended:
            break
        turn = advance(menu, turn.state, text, actions)
    return turn


def refuse(menu: Menu, state: State, note: str, actions: Actions) -> Turn:
    """Show the same place again with the notice `note` (a common word)."""
    return _draw(menu, _again(state, note), actions)


def takes_free_text(menu: Menu, state: State) -> bool:
    """True where what is typed is kept as it is: a `*` inside it can be joined again."""
    return menu.nodes[state.node].kind in ("text", "pick")


def _step(menu: Menu, state: State, text: str, actions: Actions) -> _Place:
    if state.ended:
        return _Place(state, menu.common[state.language]["goodbye"])
    typed = _CONTROL.sub(" ", text).strip()
    state = replace(state, steps=state.steps + 1, note="")
    if state.steps > MAX_STEPS:
        return _Place(replace(state, ended=True), menu.common[state.language]["limit"], "limit")
    node = menu.nodes[state.node]
    place = _take(menu, state, node, typed, actions)
    if node.secret and place.state.node != node.name:
        kept = {name: value for name, value in place.state.values.items() if name not in node.secret}
        return replace(place, state=replace(place.state, values=kept))
    return place


def _take(menu: Menu, state: State, node: Node, typed: str, actions: Actions) -> _Place:
    key = typed.rstrip(".#)") if typed not in (".", "#", ")") else typed
    if key == ROOT:
        return _go(menu, replace(state, trail=()), menu.root, actions)
    if key == BACK:
        return _back(menu, state, actions)
    return _TAKE[node.kind](
        menu, state, node, key if node.kind in ("page", "list", "number") else typed, actions
    )


def _back(menu: Menu, state: State, actions: Actions) -> _Place:
    if state.page or (menu.nodes[state.node].kind == "pick" and state.items):
        return _land(menu, replace(state, page=max(0, state.page - 1), items=()), actions)
    if state.trail:
        here = replace(state, node=state.trail[-1], trail=state.trail[:-1], items=(), page=0)
        return _land(menu, here, actions)
    if state.node == menu.root:
        return _Place(replace(state, ended=True), menu.common[state.language]["goodbye"])
    return _go(menu, state, menu.root, actions)


def _take_page(menu: Menu, state: State, node: Node, key: str, actions: Actions) -> _Place:
    for option in node.options:
        if option.key == key and (not option.when or state.values.get(option.when)):
            return _choose(menu, state, option, actions)
    if key == MORE and _pages(menu, state, actions) > state.page + 1:
        return _Place(replace(state, page=state.page + 1))
    return _again(state, "refused")


def _take_text(menu: Menu, state: State, node: Node, typed: str, actions: Actions) -> _Place:
    for option in node.options:  # to skip the question, say; keys are shorter than any text
        if option.key == typed.rstrip(".#)"):
            return _choose(menu, state, option, actions)
    if not node.minimum <= len(typed) <= node.maximum:
        return _again(state, "refused")
    return _save(menu, state, node, typed, actions)


def _take_number(menu: Menu, state: State, node: Node, key: str, actions: Actions) -> _Place:
    if not (key.isascii() and key.isdigit() and len(key) < 10 and node.minimum <= int(key) <= node.maximum):
        return _again(state, "refused")
    return _save(menu, state, node, str(int(key)), actions)


def _take_list(menu: Menu, state: State, node: Node, key: str, actions: Actions) -> _Place:
    chosen = _numbered(state, key)
    if chosen.startswith("@"):
        return _choose(menu, state, node.options[int(chosen[1:])], actions)
    if chosen:
        return _save(menu, state, node, chosen, actions)
    if key == MORE:
        turned = _land(menu, replace(state, page=state.page + 1, items=()), actions)
        if turned.state.node != state.node or turned.state.page > state.page:
            return turned
    return _again(state, "refused")


def _take_pick(menu: Menu, state: State, node: Node, typed: str, actions: Actions) -> _Place:
    chosen = _numbered(state, typed.rstrip(".#)"))
    if chosen:
        return _save(menu, state, node, chosen, actions)
    if typed == MORE:
        return _land(menu, replace(state, page=state.page + 1, items=()), actions)
    prompt = replace(state, page=0, items=())
    try:
        items = _items(node, prompt, actions, typed) if typed else ()
    except Unavailable:
        return _unavailable(menu, state, actions)
    if len(items) == 1:
        return _save(menu, prompt, node, items[0].key, actions)
    if not items:
        return _again(prompt, "none_found")
    screen, count = render.screen_of_candidates(menu, node, state.language, items)
    return _Place(replace(prompt, items=tuple(item.key for item in items[:count])), screen)


def _take_nothing(menu: Menu, state: State, node: Node, typed: str, actions: Actions) -> _Place:
    """A place that takes no input (`do`, `end`): only a State from elsewhere could stand here."""
    return _go(menu, replace(state, trail=()), menu.root, actions)


_TAKE = {
    "page": _take_page,
    "text": _take_text,
    "number": _take_number,
    "list": _take_list,
    "pick": _take_pick,
    "do": _take_nothing,
    "end": _take_nothing,
}


def _numbered(state: State, key: str) -> str:
    if key.isascii() and key.isdigit() and 1 <= int(key[:4]) <= len(state.items) and len(key) < 3:
        return state.items[int(key) - 1]
    return ""


def _choose(menu: Menu, state: State, option: Option, actions: Actions) -> _Place:
    values = {**state.values, **option.values} if option.values else state.values
    return _go(menu, replace(state, values=values), option.go, actions)


def _save(menu: Menu, state: State, node: Node, value: str, actions: Actions) -> _Place:
    return _go(menu, replace(state, values={**state.values, node.save: value}), node.go, actions)


def _again(state: State, note: str) -> _Place:
    return _Place(replace(state, note=note), outcome="refused")


def _go(menu: Menu, state: State, target: str, actions: Actions) -> _Place:
    """Go forward to `target`; `0` will lead back to where we are now, if that shows something."""
    trail = state.trail
    if menu.nodes[state.node].kind not in ("do", "end") and state.node != target:
        trail = (*trail, state.node)[-_MAX_TRAIL:]
    trail = () if target == menu.root else _before(target, trail)
    return _land(menu, replace(state, node=target, trail=trail, page=0, items=()), actions)


def _before(target: str, trail: tuple[str, ...]) -> tuple[str, ...]:
    """The way to `target`: coming by again does not lengthen it."""
    return trail[: trail.index(target)] if target in trail else trail


def _land(menu: Menu, state: State, actions: Actions) -> _Place:
    """Arrive at a node: run actions until something can be shown, and load the items of a list."""
    for _ in range(_MAX_HOPS):
        node = menu.nodes[state.node]
        if node.forget and state.trail:
            state = replace(state, trail=())
        if node.values:
            state = replace(state, values={**state.values, **node.values})
        try:
            if node.kind == "list" or (node.kind == "pick" and state.page):
                place = _land_on_list(menu, state, node, actions)
                if place is None:
                    state = replace(state, node=node.empty, page=0, items=())
                    continue
                return place
            if node.kind != "do":
                return _Place(replace(state, ended=True) if node.kind == "end" else state)
            outcome = actions[node.action](Call(state.values, state.language, state.steps))
        except Unavailable:
            return _unavailable(menu, state, actions)
        assert isinstance(outcome, Outcome)
        if outcome.resume is not None:
            resumed = replace(outcome.resume, steps=state.steps, items=(), note="", ended=False)
            return (
                _land(menu, resumed, actions)
                if resumed.node in menu.nodes
                else _unavailable(menu, state, actions)
            )
        if outcome.name not in node.outcomes:
            return _unavailable(menu, state, actions)
        target = node.outcomes[outcome.name]
        state = replace(
            state,
            node=target,
            language=outcome.language or state.language,
            values={**state.values, **outcome.values} if outcome.values else state.values,
            trail=() if target == menu.root else _before(target, state.trail),
        )
    return _unavailable(menu, state, actions)


def _land_on_list(menu: Menu, state: State, node: Node, actions: Actions) -> _Place | None:
    items = _items(node, state, actions, "")
    if not items and node.kind == "list":
        return None
    screens = render.screens_of_list(menu, node, state.language, _shown_values(node, state, actions), items)
    if node.kind == "pick":  # page 0 is the prompt, the whole list follows
        page = min(state.page, len(screens))
        screen, keys = screens[page - 1] if page else ("", ())
    else:
        page = min(state.page, len(screens) - 1)
        screen, keys = screens[page]
    if not page and node.kind == "pick":
        return _Place(replace(state, page=0, items=()))
    return _Place(replace(state, page=page, items=keys), screen)


def _items(node: Node, state: State, actions: Actions, typed: str) -> tuple[Item, ...]:
    items = actions[node.source](Call(state.values, state.language, state.steps, typed))
    assert isinstance(items, tuple)
    return items


def _shown_values(node: Node, state: State, actions: Actions) -> Mapping[str, str]:
    if not node.data:
        return state.values
    values = actions[node.data](Call(state.values, state.language, state.steps))
    assert isinstance(values, Mapping)
    return {**state.values, **values}


def _pages(menu: Menu, state: State, actions: Actions) -> int:
    node = menu.nodes[state.node]
    try:
        return len(render.screens_of_page(menu, node, state.language, _shown_values(node, state, actions)))
    except Unavailable:
        return 0


def _unavailable(menu: Menu, state: State, actions: Actions) -> _Place:
    here = replace(state, node="unavailable", page=0, items=())
    if menu.nodes[state.node].kind != "do" and state.node != "unavailable":
        here = replace(here, trail=(*state.trail, state.node)[-_MAX_TRAIL:])
    return _Place(here, outcome="unavailable")


def _draw(menu: Menu, place: _Place, actions: Actions) -> Turn:
    state, screen = place.state, place.screen
    node = menu.nodes[state.node]
    if screen is None and (node.kind == "list" or (node.kind == "pick" and state.page)):
        landed = _land(menu, state, actions)  # its source may have changed, or gone
        note = state.note if landed.state.node == state.node else ""
        outcome = landed.outcome if place.outcome == "ok" else place.outcome
        return _draw(menu, replace(landed, state=replace(landed.state, note=note), outcome=outcome), actions)
    if screen is None:
        try:
            screen, state = _screen(menu, state, node, actions)
        except Unavailable:
            return _draw(menu, _unavailable(menu, state, actions), actions)
    return Turn(state, render.with_note(menu, state, screen), place.outcome)


def _screen(menu: Menu, state: State, node: Node, actions: Actions) -> tuple[str, State]:
    values = _shown_values(node, state, actions)
    if node.kind == "page":
        screens = render.screens_of_page(menu, node, state.language, values)
        page = min(state.page, len(screens) - 1)
        return screens[page], state if page == state.page else replace(state, page=page)
    if node.kind == "end":
        return render.screen_of_end(menu, node, state.language, values), state
    return render.screen_of_prompt(menu, node, state.language, values), state
