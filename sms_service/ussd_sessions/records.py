"""What is kept of a dialogue, and its form in Redis."""

from __future__ import annotations

import hashlib
import json
from typing import Literal, NamedTuple

from menus.model import State

# What a save does to the place that a redial goes on from: set it here, leave it, or drop it.
Place = Literal["set", "keep", "drop"]
_STATE_FOLLOWS = "\x1f"  # no screen holds a control character

_encode = json.JSONEncoder(separators=(",", ":"), ensure_ascii=False).encode


class Session(NamedTuple):
    """What is known of a live dialogue. `state` is packed (pack_state): most turns never open it."""

    taken: int  # inputs
    inputs_hash: str  # of the cumulative text
    version: str  # of the menu
    ended: bool
    node: str
    body: str  # the last reply, without CON/END
    state: str


class Found(NamedTuple):
    """The answer to one read: the session, and the caller's last place (packed), where there are any."""

    session: Session | None
    place: str | None


def hash_inputs(text: str) -> str:
    """A short hash of a cumulative text, to recognise it again without keeping it."""
    return hashlib.blake2b(text.encode("utf-8", "surrogatepass"), digest_size=9).hexdigest()


def pack_state(state: State) -> str:
    """A State as text."""
    values, trail, items = dict(state.values), list(state.trail), list(state.items)
    fields = [state.node, state.language, values, trail, state.page, items, state.note, state.steps]
    return _encode([*fields, int(state.ended)])


def unpack_state(packed: str) -> State:
    """The State that was packed. Raises ValueError when it is none."""
    try:
        node, language, values, trail, page, items, note, steps, ended = json.loads(packed)
        return State(node, language, values, tuple(trail), page, tuple(items), note, steps, bool(ended))
    except TypeError as error:
        raise ValueError("not a packed state") from error


def write_record(session: Session) -> bytes:
    """A Session as it stands in Redis; it begins with the number of inputs taken."""
    taken, inputs_hash, version, ended, node, body, state = session
    head = f"{taken}|{inputs_hash}|{version}|{ended:d}|{node}|{body}"
    return f"{head}{_STATE_FOLLOWS}{state}".encode()


def read_record(record: bytes) -> Session | None:
    """The Session that was written; None for a record that is not ours or of an older form."""
    try:
        head, _, state = record.decode().partition(_STATE_FOLLOWS)
        taken, inputs_hash, version, ended, node, body = head.split("|", 5)
        return Session(int(taken), inputs_hash, version, ended == "1", node, body, state)
    except ValueError:
        return None


def read_place(record: bytes, version: str) -> str | None:
    """The packed State of a caller's last place, if it is of this version of the menu."""
    kept = record.decode("utf-8", "replace")
    return kept.removeprefix(version) if kept.startswith(version) else None
