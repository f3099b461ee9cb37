"""Proves the menu instead of sampling it: `make check-menus`.

For every node, language and longest value: each screen fits with CON/END, every node is reached from the
root and can be left, every word and value is used. Also draws the tree as Mermaid into docs/.
Actions are stood in for by the longest answers that values.yaml and the nodes allow.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping
from pathlib import Path

from menus import engine, render
from menus.loader import load_menu, targets
from menus.model import Actions, Call, Item, Menu, Node, Outcome, State
from menus.words import PLACEHOLDER
from sms_service.domain.texts import septets
from sms_service.errors import MenuError

_LIST_LENGTH = 23  # more than any page holds, and more than the 22 districts


def longest_values(menu: Menu) -> dict[str, str]:
    """Every declared value at its longest: words of ten letters, the worst that wraps."""
    return {
        name: ("WWWWWWWWW " * (spec.maximum // 10 + 1))[: spec.maximum] for name, spec in menu.values.items()
    }


class LongestAnswers(Mapping[str, object]):
    """Stand-in actions: lists with the longest labels, data with the longest values, one outcome each."""

    def __init__(self, menu: Menu) -> None:
        self._kinds: dict[str, tuple[str, Node]] = {}
        for node in menu.nodes.values():
            for role in ("action", "source", "data"):
                if name := getattr(node, role):
                    self._kinds[name] = (role, node)
        self._values = longest_values(menu)
        self._labels = max((node.label for node in menu.nodes.values()), default=24)

    def __getitem__(self, name: str) -> object:
        role, node = self._kinds[name]
        if role == "data":
            return lambda call: self._values
        if role == "source":
            return lambda call: tuple(Item(str(n), "W" * self._labels) for n in range(_LIST_LENGTH))
        outcome = next(iter(node.outcomes))
        return lambda call: Outcome(outcome)

    def __iter__(self) -> Iterator[str]:
        return iter(self._kinds)

    def __len__(self) -> int:
        return len(self._kinds)


def faults(menu: Menu) -> list[str]:
    """Everything that is wrong with the menu, one line each; empty when all is proven."""
    actions: Actions = LongestAnswers(menu)  # type: ignore[assignment]
    found = [f"{name}: cannot be reached from the root" for name in sorted(set(menu.nodes) - reachable(menu))]
    found += _unused(menu)
    for language in menu.languages:
        for node in menu.nodes.values():
            if node.kind != "do":
                found += [
                    f"{language}/{node.name}: {fault}"
                    for fault in _node_faults(menu, node, language, actions)
                ]
        for key, text in menu.common[language].items():
            if key == "goodbye" and septets(text) > menu.screen - render.PREFIX:
                found.append(f"{language}/common.{key}: does not fit a screen")
    return found


def reachable(menu: Menu) -> set[str]:
    """The nodes that some way from the root or from an entry leads to; `unavailable` is reached by any
    failing action."""
    entries = [name for name, node in menu.nodes.items() if node.entry]
    seen, queue = {"unavailable"}, [menu.root, "unavailable", *entries]
    while queue:
        name = queue.pop()
        seen.add(name)
        queue += [target for target in targets(menu.nodes[name]) if target not in seen]
    return seen


def screens(menu: Menu, node: Node, language: str, actions: Actions) -> list[str]:
    """Every screen that one node can take, with the longest values."""
    values = longest_values(menu)
    if node.kind == "page":
        return list(render.screens_of_page(menu, node, language, values))
    if node.kind in ("list", "pick"):
        items = actions[node.source](Call(values, language, 0))
        assert isinstance(items, tuple)
        drawn = [screen for screen, _ in render.screens_of_list(menu, node, language, values, items)]
        if node.kind == "list":
            return drawn
        candidates, _ = render.screen_of_candidates(menu, node, language, items)
        return [render.screen_of_prompt(menu, node, language, values), candidates, *drawn]
    if node.kind == "end":
        return [render.screen_of_end(menu, node, language, values)]
    return [render.screen_of_prompt(menu, node, language, values)]


def _node_faults(menu: Menu, node: Node, language: str, actions: Actions) -> Iterator[str]:
    for n, screen in enumerate(screens(menu, node, language, actions), 1):
        length = septets(screen) + render.PREFIX
        if length > menu.screen:
            yield f"screen {n} takes {length} septets of {menu.screen}: {screen!r}"
    state = State(node.name, language, longest_values(menu), (menu.root,))
    if node.kind != "end":
        if engine.advance(menu, state, engine.ROOT, actions).state.node != menu.root:
            yield "00 does not lead to the root"
        for _ in range(20):
            state = engine.advance(menu, state, engine.BACK, actions).state
            if state.ended:
                return
        yield "0 does not lead out"


def _unused(menu: Menu) -> Iterator[str]:
    used: set[str] = set()
    for language, words in menu.words.items():
        for name, node_words in words.items():
            texts = [node_words.body, node_words.refused, *node_words.options.values()]
            used |= {value for text in texts for value in PLACEHOLDER.findall(text)}
            for word in set(node_words.options) - {option.word for option in menu.nodes[name].options}:
                yield f"{language}/{name}: the words of option {word} are used by nothing"
        for text in menu.common[language].values():
            used |= set(PLACEHOLDER.findall(text))
    for value in sorted(
        set(menu.values) - used - {option.when for n in menu.nodes.values() for option in n.options}
    ):
        yield f"values.yaml: {value} is shown by nothing"


def mermaid(menu: Menu) -> str:
    """The tree as Mermaid, a picture for each branch."""
    lines = [
        "# The menu tree",
        "",
        "Drawn by `make check-menus` from menus/content. Boxes show something, hexagons run an action;",
        "`0` (back) and `00` (root) lead out of every box and are not drawn.",
    ]
    branches = sorted({name.split(".")[0] for name in menu.nodes}, key=lambda b: (b != menu.root, b))
    for branch in branches:
        lines += ["", f"## {branch}", "", "```mermaid", "flowchart LR"]
        for name, node in menu.nodes.items():
            if name.split(".")[0] == branch:
                lines += _drawn(menu, node)
        lines += ["```"]
    return "\n".join(lines) + "\n"


def _drawn(menu: Menu, node: Node) -> Iterator[str]:
    left, right = {"do": ("{{", "}}"), "end": ("([", "])")}.get(node.kind, ("[", "]"))
    identity = _identity(node.name)
    yield f'    {identity}{left}"{node.name}"{right}'
    labels = menu.words[menu.languages[0]].get(node.name)
    for option in node.options:
        words = labels.options[option.word] if labels else option.word
        yield f'    {identity} -->|"{option.key} {_plain(words)}"| {_identity(option.go)}["{option.go}"]'
    for outcome, target in node.outcomes.items():
        yield f'    {identity} -->|"{outcome}"| {_identity(target)}["{target}"]'
    for label, target in (("", node.go), ("empty", node.empty)):
        if target:
            yield f'    {identity} -->{f"|{label}|" if label else ""} {_identity(target)}["{target}"]'


def _identity(name: str) -> str:
    return "n_" + name.replace(".", "_").replace("-", "_")


def _plain(words: str) -> str:
    return words.replace('"', "'").replace("{", "<").replace("}", ">")


def main(screen: int = 160, draw_into: Path | None = Path("docs/menu-tree.md")) -> int:
    """Check, print what is wrong, draw the tree. Returns the exit status: 0 proven, 1 not."""
    try:
        menu = load_menu(screen=screen)
        wrong = faults(menu)
    except MenuError as error:
        wrong = [str(error)]
    else:
        if draw_into and draw_into.parent.is_dir():
            draw_into.write_text(mermaid(menu), encoding="utf-8")
    for line in wrong:
        sys.stdout.write(line + "\n")
    if not wrong:
        sys.stdout.write(
            f"{len(menu.nodes)} nodes, {len(menu.languages)} languages: every screen fits {screen} septets, "
            "every link lives, every word exists, every node is reached and can be left.\n"
        )
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
