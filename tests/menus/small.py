"""A small menu that has one of everything, and the actions it needs, for tests of the engine."""

from __future__ import annotations

from pathlib import Path

import yaml

from menus.loader import load_menu
from menus.model import Actions, Call, Item, Menu, Outcome, Unavailable

FLOW = """
root:
  kind: page
  options:
    - {word: ask, go: ask}
    - {word: fruits, go: fruits}
    - {word: age, go: age}
    - {word: district, go: district}
    - {word: story, go: story}
    - {key: "8", word: other, go: switch}
    - {key: "9", word: go_on, go: resume, when: place}
switch: {kind: do, action: switch, outcomes: {done: root}}
resume: {kind: do, action: resume, outcomes: {lost: root}}
ask: {kind: text, save: query, minimum: 2, maximum: 20, go: greet}
greet:
  kind: page
  options:
    - {word: again, go: ask}
    - {word: sure, go: confirm}
confirm:
  kind: page
  options:
    - {word: yes, go: act}
    - {word: no, go: root}
act: {kind: do, action: act, outcomes: {done: finished, full: full}}
finished: {kind: end}
full: {kind: page, forget: true}
fruits:
  {kind: list, source: fruits, save: fruit, go: fruit, empty: none, label: 30,
   options: [{word: none, go: none}]}
none: {kind: page}
fruit: {kind: page, data: fruit}
age: {kind: number, save: age, minimum: 15, maximum: 70, go: aged}
aged: {kind: page}
district: {kind: pick, source: districts, save: district, go: placed, label: 24}
placed: {kind: page}
story: {kind: page, data: story, options: [{word: end, go: finished}]}
unavailable: {kind: page}
"""
NODES = {
    "root": {
        "body": "Small",
        "options": {
            "ask": "Ask", "fruits": "Fruits", "age": "Age", "district": "District", "story": "Story",
            "other": "Other language", "go_on": "Go on",
        },
    },
    "ask": {"body": "Your name?", "refused": "Between 2 and 20 letters."},
    "greet": {"body": "Hello {query}", "options": {"again": "Again", "sure": "Act"}},
    "confirm": {"body": "Sure, {query}?", "options": {"yes": "Yes", "no": "No"}},
    "finished": {"body": "Done, {query}."},
    "full": {"body": "Full."},
    "fruits": {"body": "Fruits", "options": {"none": "Something else"}},
    "none": {"body": "None."},
    "fruit": {"body": "{fruit_name}"},
    "age": {"body": "Your age?", "refused": "15 to 70."},
    "aged": {"body": "You are {age}."},
    "district": {"body": "Type your district:"},
    "placed": {"body": "You live in {district}."},
    "story": {"body": "{story}", "options": {"end": "End"}},
    "unavailable": {"body": "Try again later."},
}  # fmt: skip
COMMON = {
    "back": "Back", "leave": "Leave", "more": "More", "which": "Which one?", "list_all": "Show all",
    "refused": "No such choice.", "joined": "No star, please.", "none_found": "Not found.",
    "sorry": "Sorry.", "menu_changed": "Changed.", "goodbye": "Bye.", "limit": "Enough.",
}  # fmt: skip
VALUES = {
    "query": {"maximum": 20, "example": "Maria"},
    "age": {"maximum": 2, "example": "20"},
    "district": {"maximum": 24, "example": "Belu"},
    "fruit_name": {"maximum": 30, "example": "Mango"},
    "story": {"maximum": 600, "example": "Once", "paged": True},
}
STORY = " ".join(f"word{n}" for n in range(60))
FRUITS = tuple(Item(f"f{n}", f"Fruit number {n}") for n in range(23))
DISTRICTS = {"belu": "Belu", "kota kupang": "Kota Kupang", "kab kupang": "Kab. Kupang", "alor": "Alor"}


def write(
    folder: Path, flow: str = FLOW, nodes: dict = NODES, values: dict = VALUES, common: dict = COMMON
) -> Path:
    """Write the content of a menu into `folder` and return it."""
    for name in ("flow", "text"):
        (folder / name).mkdir(parents=True, exist_ok=True)
    (folder / "flow" / "small.yaml").write_text(flow)
    (folder / "values.yaml").write_text(yaml.safe_dump(values))
    for language in ("id", "en"):
        (folder / "text" / f"{language}.yaml").write_text(yaml.safe_dump({"common": common, "nodes": nodes}))
    return folder


def menu(folder: Path) -> Menu:
    """The small menu, loaded."""
    return load_menu(write(folder))


def actions(*, away: bool = False, done: list[int] | None = None) -> Actions:
    """The actions of the small menu. `away`: all raise Unavailable. `done` collects the steps of each act."""

    def guarded(answer):
        def act(call: Call):
            if away:
                raise Unavailable
            return answer(call)

        return act

    def act(call: Call) -> Outcome:
        if done is not None:
            done.append(call.steps)
        return Outcome("full" if call.values.get("query") == "full" else "done")

    def districts(call: Call) -> tuple[Item, ...]:
        typed = call.input.lower()
        return tuple(Item(label, label) for key, label in DISTRICTS.items() if typed in key)

    return {
        "switch": lambda call: Outcome("done", language="en" if call.language == "id" else "id"),
        "resume": lambda call: Outcome("lost"),
        "act": guarded(act),
        "fruits": guarded(lambda call: () if call.values.get("query") == "nothing" else FRUITS),
        "fruit": guarded(lambda call: {"fruit_name": call.values["fruit"]}),
        "districts": guarded(districts),
        "story": guarded(lambda call: {"story": STORY}),
    }
