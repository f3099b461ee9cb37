"""The menus as a tree with figures: what a caller sees, where it leads, how many came and how many went on.

Steps that show nothing are left out; what several places lead to is drawn where the shortest way leads to
it, and named elsewhere. Called by the desk.
"""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from menus.model import Menu
from menus.words import PLACEHOLDER
from sms_service.services.figures.calls import NodeFigure, node_figure

_FEW = 2  # so many pointers stand behind one choice


@dataclass(frozen=True, slots=True)
class Branch:
    """One screen. `via` is what the caller chose; `is_elsewhere`: it is drawn in another place."""

    node: str
    via: str
    words: str
    is_end: bool
    figure: NodeFigure
    branches: tuple[Branch, ...] = ()
    is_elsewhere: bool = False


def draw(menu: Menu, language: str, counts: Mapping[str, tuple[int, int]]) -> list[Branch]:
    """The tree from the root, then what is reached only by a text or in trouble."""
    starts = [menu.root, *(name for name, node in menu.nodes.items() if node.entry), "unavailable"]
    places = _places(menu, language, starts)
    drawing = _Drawing(menu, language, counts, places)
    tops = [name for name, above in places.items() if not above]
    return [drawing.branch(name, "", "") for name in tops]


def screens_that_end(menu: Menu) -> list[str]:
    """The nodes after which a call is over, or has reached what it was for."""
    return [name for name, node in menu.nodes.items() if node.kind == "end" or node.forget]


def words_of(menu: Menu, language: str, node: str) -> str:
    """The first line of a screen that has words, placeholders as `...`; nothing where none has."""
    if node not in menu.nodes or node not in menu.words[language]:
        return ""
    lines = (PLACEHOLDER.sub("...", line) for line in menu.words[language][node].body.splitlines())
    return next((line for line in lines if any(sign.isalpha() for sign in line)), "")


@dataclass(frozen=True, slots=True)
class _Drawing:
    menu: Menu
    language: str
    counts: Mapping[str, tuple[int, int]]
    places: Mapping[str, str]  # node -> the node under which it is drawn; "" at the top

    def branch(self, name: str, parent: str, via: str) -> Branch:
        is_here = self.places.get(name) == parent
        branches: list[Branch] = []
        if is_here:
            drawn: set[str] = set()
            for label, target in _onward(self.menu, self.language, name):
                # The same screen by two ways: the second is a pointer.
                below = self.branch(target, name if target not in drawn else "-", label)
                branches.append(below)
                drawn.add(target)
            branches = _telling(branches)
        return Branch(
            node=name,
            via=via,
            words=words_of(self.menu, self.language, name),
            is_end=self.menu.nodes[name].kind == "end",
            figure=node_figure(self.counts, name),
            branches=tuple(branches),
            is_elsewhere=not is_here,
        )


def _telling(branches: list[Branch]) -> list[Branch]:
    """Without what says little: where the service decides for the caller, one choice leads to many places
    that are drawn already."""
    pointers: Counter[str] = Counter()
    kept = []
    for one in branches:
        pointers[one.via] += one.is_elsewhere
        if not one.is_elsewhere or pointers[one.via] <= _FEW:
            kept.append(one)
    return kept


def _places(menu: Menu, language: str, starts: list[str]) -> dict[str, str]:
    """Under which node each is drawn: the first that leads to it, nearest the root first."""
    places: dict[str, str] = {}
    for start in starts:
        if start in places:
            continue
        if menu.nodes[start].kind == "do":
            found = [target for _, target in _onward(menu, language, start) if target not in places]
            places |= dict.fromkeys(found, "")
            queue = deque(dict.fromkeys(found))
        else:
            places[start] = ""
            queue = deque([start])
        while queue:
            name = queue.popleft()
            for _, target in _onward(menu, language, name):
                if target not in places:
                    places[target] = name
                    queue.append(target)
    return places


def _onward(menu: Menu, language: str, name: str) -> Iterator[tuple[str, str]]:
    """The screens that a node leads to, with what leads there; steps that show nothing are followed."""
    node = menu.nodes[name]
    words = menu.words[language].get(name)
    for option in node.options:
        label = f"{option.key} {words.options.get(option.word, '')}" if words else option.key
        yield from _screens(menu, option.go, label, ())
    for target in node.outcomes.values():
        yield from _screens(menu, target, "", (name,))
    for target in (node.go, node.empty):
        if target:
            yield from _screens(menu, target, "", ())


def _screens(menu: Menu, name: str, label: str, seen: tuple[str, ...]) -> Iterator[tuple[str, str]]:
    node = menu.nodes[name]
    if node.kind != "do":
        yield label, name
        return
    if name not in seen:
        for target in dict.fromkeys(node.outcomes.values()):
            yield from _screens(menu, target, label, (*seen, name))
