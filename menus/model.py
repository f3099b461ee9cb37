"""What a menu is made of. Frozen and typed: everything here can be shared, compared and replayed.

A Menu is data, read from content/ by loader.py. A State is a place in it. A Turn is what the caller
sees and the State that the next input meets. Who calls: engine.py, render.py, and
sms_service/services/dialogues/conversations.py, which supplies the actions.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Literal

Kind = Literal["page", "text", "number", "list", "pick", "do", "end"]
EMPTY: Mapping[str, str] = MappingProxyType({})


class Unavailable(Exception):
    """An action cannot reach what it needs. The engine shows the node `unavailable`; 0 goes back."""


@dataclass(frozen=True, slots=True)
class Option:
    """One numbered line of a page. Shown only while the value named `when` is not empty, if given."""

    key: str  # what the caller types
    word: str  # its words: text/<lang>.yaml, node.options.<word>
    go: str
    when: str = ""
    values: Mapping[str, str] = field(default_factory=dict)  # set when chosen


@dataclass(frozen=True, slots=True)
class Node:
    """One place in the tree. Which fields matter depends on `kind` (see docs/menus.md)."""

    name: str
    kind: Kind
    options: tuple[Option, ...] = ()
    save: str = ""  # the value that an input or a chosen item is kept under
    minimum: int = 1  # text: shortest length; number: smallest
    maximum: int = 60  # text: longest length; number: largest
    go: str = ""
    source: str = ""  # list, pick: action that gives the items
    data: str = ""  # page, text, end: action that gives values for this screen only
    action: str = ""  # do
    outcomes: Mapping[str, str] = field(default_factory=dict)  # do: outcome name -> node
    empty: str = ""  # list: where to go without items
    label: int = 24  # list, pick: longest label in septets
    forget: bool = False  # arriving here empties the way back: 0 leads to the root
    entry: bool = False  # a dialogue may begin here: a keyword of a text leads to it
    secret: tuple[str, ...] = ()  # its screen is never kept, and these values are dropped when it is left
    values: Mapping[str, str] = field(default_factory=dict)  # set on arrival


@dataclass(frozen=True, slots=True)
class Words:
    """The words of one node in one language."""

    body: str = ""
    options: Mapping[str, str] = field(default_factory=dict)
    refused: str = ""  # shown above the body when an input is not accepted


@dataclass(frozen=True, slots=True)
class ValueSpec:
    """A placeholder of the texts: its longest value in septets, and an example for pictures."""

    name: str
    maximum: int
    example: str
    paged: bool = False  # long text: only pages may show it


@dataclass(frozen=True, slots=True)
class Item:
    """One entry of a list from data."""

    key: str
    label: str


@dataclass(frozen=True, slots=True)
class State:
    """A place in the menu. Small: it travels to Redis and back at every turn."""

    node: str
    language: str
    values: Mapping[str, str] = field(default_factory=dict)
    trail: tuple[str, ...] = ()  # the nodes that 0 leads back through
    page: int = 0
    items: tuple[str, ...] = ()  # keys of the list items on the screen
    note: str = ""  # word of the notice above the body
    steps: int = 0  # inputs taken so far
    ended: bool = False


@dataclass(frozen=True, slots=True)
class Call:
    """What an action is given."""

    values: Mapping[str, str]
    language: str
    steps: int  # with the session it names an effect: a replay has the same number
    input: str = ""  # pick: what was typed


@dataclass(frozen=True, slots=True)
class Outcome:
    """What an action answers: the flow file routes on `name`."""

    name: str
    values: Mapping[str, str] = field(default_factory=dict)
    language: str = ""
    resume: State | None = None  # go on at this place instead


Items = tuple[Item, ...]
Action = Callable[[Call], "Outcome | Items | Mapping[str, str]"]
Actions = Mapping[str, Action]


@dataclass(frozen=True, slots=True)
class Turn:
    """The answer to one input: a body that fits the screen, without CON/END, and the next State."""

    state: State
    body: str
    outcome: str = "ok"  # ok | refused | unavailable | limit, for figures

    @property
    def ended(self) -> bool:
        """True when the session is over after this screen."""
        return self.state.ended


@dataclass(frozen=True)
class Menu:
    """The whole tree, checked by the loader."""

    root: str
    languages: tuple[str, ...]
    nodes: Mapping[str, Node]
    words: Mapping[str, Mapping[str, Words]]  # language -> node -> words
    common: Mapping[str, Mapping[str, str]]  # language -> shared word -> text
    values: Mapping[str, ValueSpec]
    version: str
    screen: int  # septets of a whole body, "CON " included
    cache: dict[object, object] = field(default_factory=dict, compare=False, repr=False)
