"""Reads content/ into a Menu and refuses what cannot work: dead links, missing words, undeclared values.

Called once at start. Whether every screen fits is proven by check.py, which renders them all.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Hashable, Iterator, Mapping
from functools import lru_cache
from pathlib import Path
from types import MappingProxyType
from typing import Any, get_args

import yaml

from menus.model import Kind, Menu, Node, Option, ValueSpec, Words
from menus.words import PLACEHOLDER
from sms_service.domain.texts import is_gsm7
from sms_service.errors import MenuError

CONTENT = Path(__file__).parent / "content"
_KINDS = frozenset(get_args(Kind))
_SHARED = (
    *("back", "leave", "more", "refused", "joined", "none_found", "which", "list_all"),
    *("goodbye", "limit", "sorry", "menu_changed"),
)
_NODE_FIELDS = frozenset(Node.__dataclass_fields__) - {"name", "options"} | {"options"}
_OPTION_FIELDS = frozenset(Option.__dataclass_fields__)
_NEEDED: Mapping[str, tuple[str, ...]] = {
    "text": ("save", "go"),
    "number": ("save", "go"),
    "list": ("source", "save", "go", "empty"),
    "pick": ("source", "save", "go"),
    "do": ("action", "outcomes"),
}
_RESERVED = ("0", "00")


class _Yaml(yaml.CSafeLoader):
    """YAML where yes, no, on and off are words, as in every menu, and only true and false are booleans.

    A key that stands twice is refused: one of the two would be silently lost.
    """

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Hashable, Any]:
        """The mapping of a node whose own keys differ."""
        own = [key.value for key, _ in node.value if key.tag != "tag:yaml.org,2002:merge"]
        if isinstance(node, yaml.MappingNode) and len(set(own)) < len(own):
            twice = sorted({key for key in own if own.count(key) > 1})
            raise yaml.constructor.ConstructorError(None, None, f"stands twice: {twice}", node.start_mark)
        return super().construct_mapping(node, deep)


_Yaml.yaml_implicit_resolvers = {
    first: [(tag, pattern) for tag, pattern in resolvers if tag != "tag:yaml.org,2002:bool"]
    for first, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()
}
_Yaml.add_implicit_resolver("tag:yaml.org,2002:bool", re.compile(r"^(?:true|false)$"), list("tf"))


def read_yaml(text: str) -> Any:
    """Read YAML as content files are written. Raises yaml.YAMLError."""
    return yaml.load(text, Loader=_Yaml)  # noqa: S506 - a SafeLoader


def load_menu(content: Path = CONTENT, screen: int = 160) -> Menu:
    """Read, check and freeze the menu. `screen` is in septets, `CON ` included. Raises MenuError.

    The same files give the same menu: nobody can change it, so it is read once.
    """
    return _load(content, screen, _version(content))


@lru_cache(maxsize=4)
def _load(content: Path, screen: int, version: str) -> Menu:
    nodes: dict[str, Node] = {}
    for file in sorted((content / "flow").glob("*.yaml")):
        for name, raw in _mapping(file).items():
            if name in nodes:
                raise MenuError(file.name, name, "stands in two files")
            nodes[name] = _node(file.name, name, raw)
    words: dict[str, Mapping[str, Words]] = {}
    common: dict[str, Mapping[str, str]] = {}
    for file in sorted((content / "text").glob("*.yaml")):
        common[file.stem], words[file.stem] = _language(file)
    values = {
        name: ValueSpec(name, **spec) for name, spec in sorted(_mapping(content / "values.yaml").items())
    }
    menu = Menu(
        root="root",
        languages=tuple(sorted(words, key=lambda code: code != "id")),  # the source language first
        nodes=MappingProxyType(nodes),
        words=MappingProxyType(words),
        common=MappingProxyType(common),
        values=MappingProxyType(values),
        version=version,
        screen=screen,
    )
    _check_links(menu)
    for language in menu.languages:
        _check_words(menu, language)
    return menu


def targets(node: Node) -> Iterator[str]:
    """Every node that `node` can lead to by itself (0 and 00 aside)."""
    yield from (option.go for option in node.options)
    yield from node.outcomes.values()
    yield from (target for target in (node.go, node.empty) if target)


def _mapping(file: Path) -> dict[str, Any]:
    try:
        read = read_yaml(file.read_text(encoding="utf-8"))
    except (OSError, yaml.YAMLError) as error:
        raise MenuError(file.name, "-", f"cannot be read: {error}") from error
    if not isinstance(read, dict):
        raise MenuError(file.name, "-", "is not a mapping")
    return read


def _version(content: Path) -> str:
    """A short hash of structure and words: a live session of another version starts again."""
    digest = hashlib.sha256()
    for folder in ("flow", "text"):
        for file in sorted((content / folder).glob("*.yaml")):
            digest.update(json.dumps(_mapping(file), sort_keys=True, default=str).encode())
    return digest.hexdigest()[:8]


def _node(file: str, name: str, raw: Any) -> Node:
    if not isinstance(raw, dict) or raw.get("kind") not in _KINDS:
        raise MenuError(file, name, f"needs a kind, one of {sorted(_KINDS)}")
    if unknown := set(raw) - _NODE_FIELDS:
        raise MenuError(file, name, f"has unknown fields {sorted(unknown)}")
    for field in _NEEDED.get(raw["kind"], ()):
        if not raw.get(field):
            raise MenuError(file, name, f"needs {field}")
    given = {key: value for key, value in raw.items() if key != "options"}
    for field in ("outcomes", "values"):
        given[field] = MappingProxyType({str(k): str(v) for k, v in given.get(field, {}).items()})
    given["secret"] = tuple(given.get("secret", ()))
    node = Node(name=name, options=tuple(_options(file, name, raw.get("options", []))), **given)
    if node.kind == "number" and node.minimum < 1:
        raise MenuError(file, name, "a number's minimum is at least 1: 0 means back")
    if node.kind in ("end", "do", "number", "pick") and node.options:
        raise MenuError(file, name, f"{node.kind} takes no options")
    if node.kind == "text" and any(len(option.key) >= node.minimum for option in node.options):
        raise MenuError(file, name, "a text with options is longer than their keys: which is meant?")
    return node


def _options(file: str, name: str, raw: list[Any]) -> Iterator[Option]:
    taken: set[str] = set()
    position = 0
    for entry in raw:
        if not isinstance(entry, dict) or not {"word", "go"} <= set(entry) <= _OPTION_FIELDS:
            raise MenuError(file, name, "an option has word, go, and perhaps key, when, values")
        position += "key" not in entry
        key = str(entry.get("key", position))
        if key in taken or key in _RESERVED or position > 8:
            raise MenuError(
                file, name, f"option key {key} is taken or reserved, or there are more than eight"
            )
        taken.add(key)
        values = MappingProxyType({str(k): str(v) for k, v in entry.get("values", {}).items()})
        yield Option(key, str(entry["word"]), str(entry["go"]), str(entry.get("when", "")), values)


def _language(file: Path) -> tuple[Mapping[str, str], Mapping[str, Words]]:
    read = _mapping(file)
    common = {str(key): str(text) for key, text in read.get("common", {}).items()}
    nodes: dict[str, Words] = {}
    for name, raw in (read.get("nodes") or {}).items():
        if not isinstance(raw, dict) or not set(raw) <= {"body", "options", "refused"}:
            raise MenuError(file.name, name, "words are body, options, refused")
        options = MappingProxyType({str(k): str(v) for k, v in raw.get("options", {}).items()})
        nodes[name] = Words(str(raw.get("body", "")).strip(), options, str(raw.get("refused", "")).strip())
    return MappingProxyType(common), MappingProxyType(nodes)


def _check_links(menu: Menu) -> None:
    for needed in (menu.root, "unavailable"):
        if needed not in menu.nodes:
            raise MenuError("flow", needed, "must exist")
    for node in menu.nodes.values():
        for target in targets(node):
            if target not in menu.nodes:
                raise MenuError("flow", node.name, f"leads to {target}, which does not exist")


def _check_words(menu: Menu, language: str) -> None:
    file, words, common = f"text/{language}.yaml", menu.words[language], menu.common[language]
    for key in (*_SHARED, *menu.common["id"]):
        if key not in common:
            raise MenuError(file, f"common.{key}", "is missing")
    for key, text in common.items():
        if not is_gsm7(text):
            raise MenuError(file, f"common.{key}", "is not plain GSM 7-bit text")
    for name in words:
        if name not in menu.nodes:
            raise MenuError(file, name, "has words but is no node")
    for node in menu.nodes.values():
        if node.kind != "do":
            _check_node_words(menu, file, node, words.get(node.name, Words()))


def _check_node_words(menu: Menu, file: str, node: Node, words: Words) -> None:
    if not words.body:
        raise MenuError(file, node.name, "has no words")
    for option in node.options:
        if option.word not in words.options:
            raise MenuError(file, node.name, f"has no words for option {option.word}")
    for text in (words.body, words.refused, *words.options.values()):
        _check_text(menu, file, node.name, text)


def _check_text(menu: Menu, file: str, name: str, text: str) -> None:
    if not is_gsm7(text):
        raise MenuError(file, name, "is not plain GSM 7-bit text")
    for value in PLACEHOLDER.findall(text):
        if value not in menu.values:
            raise MenuError(file, name, f"shows {{{value}}}, which values.yaml does not declare")
        if menu.values[value].paged and menu.nodes[name].kind != "page":
            raise MenuError(file, name, f"{{{value}}} may be long: only a page may show it")
