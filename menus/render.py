"""One place and its values -> the screens it takes. Pages what does not fit; the caller turns with 9.

A screen is a body without `CON `/`END `; the four septets of the prefix are always kept free.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

from menus.model import Item, Menu, Node, State
from menus.words import cut, fill
from sms_service.domain.texts import septets, truncate

PREFIX = 4  # "CON " and "END "
MOST_ITEMS = 8  # 9 is "more"
_ENDS = (re.compile(r"\n"), re.compile(r"[.!?;] "))  # where a text is best cut


def screens_of_page(menu: Menu, node: Node, language: str, values: Mapping[str, str]) -> tuple[str, ...]:
    """Every screen of a page, first to last."""
    shown = tuple(option for option in node.options if not option.when or values.get(option.when))
    key = (
        (node.name, language, tuple(option.key for option in shown))
        if _is_static(menu, node, language)
        else None
    )
    if key in menu.cache:
        cached = menu.cache[key]
        assert isinstance(cached, tuple)
        return cached
    words = menu.words[language][node.name]
    body = fill(words.body, values, menu.values)
    lines = [f"{option.key} {fill(words.options[option.word], values, menu.values)}" for option in shown]
    screens = tuple(_paged(menu, language, body, lines, _way_out(menu, node, language)))
    if key is not None:
        menu.cache[key] = screens
    return screens


def screens_of_list(
    menu: Menu, node: Node, language: str, values: Mapping[str, str], items: Sequence[Item]
) -> list[tuple[str, tuple[str, ...]]]:
    """Every screen of a list with the keys that its numbers stand for; `@n` is the node's n-th option."""
    words = menu.words[language][node.name]
    head = fill(words.body, values, menu.values) if node.kind == "list" else ""
    options = [f"{fill(words.options[option.word], values, menu.values)}" for option in node.options]
    entries = [(item.key, cut(item.label, node.label)) for item in items]
    entries += [(f"@{n}", text) for n, text in enumerate(options)]
    back, more = _line(menu, language, "0", "back"), _line(menu, language, "9", "more")
    screens: list[tuple[str, tuple[str, ...]]] = []
    while entries:
        count = min(len(entries), MOST_ITEMS)
        while True:
            rest = len(entries) > count
            lines = [f"{n} {text}" for n, (_, text) in enumerate(entries[:count], 1)]
            screen = "\n".join(part for part in (head, *lines, more if rest else "", back) if part)
            if count == 1 or septets(screen) <= menu.screen - PREFIX:
                break
            count -= 1
        screens.append((screen, tuple(key for key, _ in entries[:count])))
        entries = entries[count:]
    return screens


def screen_of_prompt(menu: Menu, node: Node, language: str, values: Mapping[str, str]) -> str:
    """The one screen of a text, number or pick prompt."""
    words = menu.words[language][node.name]
    body = fill(words.body, values, menu.values)
    lines = [
        f"{option.key} {fill(words.options[option.word], values, menu.values)}" for option in node.options
    ]
    if node.kind == "pick":
        lines.append(_line(menu, language, "9", "list_all"))
    return "\n".join(part for part in (body, *lines, _way_out(menu, node, language)) if part)


def screen_of_end(menu: Menu, node: Node, language: str, values: Mapping[str, str]) -> str:
    """The last screen of a call."""
    return fill(menu.words[language][node.name].body, values, menu.values)


def screen_of_candidates(menu: Menu, node: Node, language: str, items: Sequence[Item]) -> tuple[str, int]:
    """The screen that lets the caller choose between likely meanings, and how many it shows."""
    head, back = menu.common[language]["which"], _line(menu, language, "0", "back")
    for count in range(min(len(items), MOST_ITEMS), 0, -1):
        lines = [f"{n} {cut(item.label, node.label)}" for n, item in enumerate(items[:count], 1)]
        screen = "\n".join((head, *lines, back))
        if count == 1 or septets(screen) <= menu.screen - PREFIX:
            return screen, count
    return back, 0


def with_note(menu: Menu, state: State, screen: str) -> str:
    """Put the notice of a refused input above the screen where both fit; else the screen stands alone."""
    if state.note:
        note = (state.note == "refused" and menu.words[state.language][state.node].refused) or menu.common[
            state.language
        ][state.note]
        noted = f"{note}\n{screen}"
        if septets(noted) <= menu.screen - PREFIX:
            return noted
    return screen if septets(screen) <= menu.screen - PREFIX else truncate(screen, menu.screen - PREFIX)


def _is_static(menu: Menu, node: Node, language: str) -> bool:
    if node.data:
        return False
    words = menu.words[language][node.name]
    return "{" not in words.body and not any("{" in text for text in words.options.values())


def _line(menu: Menu, language: str, key: str, word: str) -> str:
    return f"{key} {menu.common[language][word]}"


def _way_out(menu: Menu, node: Node, language: str) -> str:
    return _line(menu, language, "0", "leave" if node.name == menu.root else "back")


def _paged(menu: Menu, language: str, body: str, lines: list[str], way_out: str) -> list[str]:
    room = menu.screen - PREFIX
    whole = "\n".join(part for part in (body, *lines, way_out) if part)
    if septets(whole) <= room:
        return [whole]
    turn = "\n" + _line(menu, language, "9", "more") + "\n" + way_out
    chunks = split(body, room - septets(turn))
    last = "\n".join((chunks[-1], *lines, way_out))
    if septets(last) <= room:
        return [chunk + turn for chunk in chunks[:-1]] + [last]
    screens = [chunk + turn for chunk in chunks]
    while lines:
        count = len(lines)
        while count > 1:
            tail = [way_out] if count == len(lines) else [turn.lstrip("\n")]
            if septets("\n".join([*lines[:count], *tail])) <= room:
                break
            count -= 1
        tail = [way_out] if count == len(lines) else [turn.lstrip("\n")]
        screens.append("\n".join([*lines[:count], *tail]))
        lines = lines[count:]
    return screens


def split(text: str, room: int) -> list[str]:
    """Cut a text into parts of at most `room` septets: where a line or sentence ends in the second half
    of a part, else between words, and within a word only where it is longer than a part."""
    parts: list[str] = []
    rest = text.strip()
    while septets(rest) > room:
        cut_at = _cut_at(rest, room)
        parts.append(rest[:cut_at].rstrip())
        rest = rest[cut_at:].lstrip()
    return [*parts, rest] if rest or not parts else parts


def _cut_at(text: str, room: int) -> int:
    head = _head(text, room)
    most = len(head)
    if text[most].isspace():
        head += text[most]
    for end in _ENDS:
        found = max((match.end() for match in end.finditer(head)), default=0)
        if found > most // 2:
            return found
    return head.rfind(" ") + 1 or most


def _head(text: str, room: int) -> str:
    """The longest beginning of a text that fits."""
    used = 0
    for n, character in enumerate(text):
        used += septets(character)
        if used > room:
            return text[:n]
    return text
