"""Live dialogues in Redis: one round trip to read, one packet to write, for USSD and the walk by SMS.

Kept per session: how many inputs it has taken, a hash of them, the State and the reply, so that a
repeated request gets the same reply; and per caller the place to go on from after a dropped call.
Everything here may be lost at any time: the dialogue is then recomputed from the gateway's cumulative
text. A write with fewer inputs than the stored one is ignored, so a late duplicate moves nothing back.
"""

from __future__ import annotations

import hashlib
import json
import threading
import time
from dataclasses import dataclass
from typing import Any, Literal

from hiredis import pack_command
from redis import Redis
from redis.exceptions import ConnectionError as RedisConnectionError
from redis.exceptions import RedisError, ResponseError

from menus.model import State
from sms_service.errors import Unavailable

# What a save does to the place that a redial goes on from: set it here, leave it, or drop it.
Place = Literal["set", "keep", "drop"]
PLACE_SECONDS = 1800  # a dropped call can be gone on with for half an hour
TURN_COUNTS = "turns"  # a hash of counters that the scheduler drains into SQL
MISSES = "misses"  # a list of what the recruiter check did not find, sealed, drained likewise
_MOST_MISSES = 10_000  # a flood of questions must not fill the memory
_STATE_FOLLOWS = "\x1f"  # no screen holds a control character
_MOST_RECENT = 4096  # sessions of this process; about 3 MB
_RETRY_AFTER = 0.5  # seconds without asking a Redis that has just failed

_encode = json.JSONEncoder(separators=(",", ":"), ensure_ascii=False).encode

_SAVE = """
local old = redis.call('GET', KEYS[1])
if old then
  local taken = tonumber(string.match(old, '^%d+'))
  if taken and taken > tonumber(ARGV[1]) then return 0 end
end
redis.call('SET', KEYS[1], ARGV[2], 'EX', ARGV[3])
if ARGV[4] == '' then redis.call('DEL', KEYS[2])
elseif ARGV[4] ~= '=' then redis.call('SET', KEYS[2], ARGV[4], 'EX', ARGV[5]) end
redis.call('HINCRBY', KEYS[3], ARGV[6], 1)
return 1
"""
_SAVE_SHA = hashlib.sha1(_SAVE.encode(), usedforsecurity=False).hexdigest()


@dataclass(frozen=True, slots=True)
class Session:
    """What is known of a live dialogue. `state` is packed (pack_state): most turns never open it."""

    taken: int  # inputs
    inputs_hash: str  # of the cumulative text
    version: str  # of the menu
    ended: bool
    node: str
    body: str  # the last reply, without CON/END
    state: str


@dataclass(frozen=True, slots=True)
class Found:
    """The answer to one read: the session, and the caller's last place (packed), where there are any."""

    session: Session | None
    place: str | None


def hash_inputs(text: str) -> str:
    """A short hash of a cumulative text, to recognise it again without keeping it."""
    return hashlib.blake2b(text.encode("utf-8", "surrogatepass"), digest_size=9).hexdigest()


class UssdSessions:
    """Reads and writes dialogues. One connection a thread, past redis-py's pool: it halves the time.

    Raises Unavailable, at once for half a second after a failure, so that a Redis that hangs costs one
    caller its time-out and not each of them.
    """

    def __init__(self, redis: Redis, session_seconds: int) -> None:
        self._pool: Any = redis.connection_pool
        self._session_seconds = session_seconds
        self._local = threading.local()
        self._away_until = 0.0
        self._recent: dict[str, Session] = {}

    def recall(self, session_key: str) -> Session | None:
        """What this process itself last saved for a session: without asking Redis, and perhaps not the
        newest. Whoever uses it must see that its inputs are those of the request."""
        return self._recent.get(session_key)

    def find_place(self, caller_key: str, version: str) -> str | None:
        """The caller's last place (packed), of this menu version. Raises Unavailable."""
        place = self._call("GET", f"c:{caller_key}")
        return _place(place, version) if place else None

    def find(self, session_key: str, caller_key: str, version: str) -> Found:
        """Read the session and the caller's place, of this menu version. Raises Unavailable."""
        session, place = self._call("MGET", f"s:{session_key}", f"c:{caller_key}")
        return Found(_open(session) if session else None, _place(place, version) if place else None)

    def save(
        self,
        session_key: str,
        caller_key: str,
        session: Session,
        *,
        place: Place,
        count: str,
        seconds: int = 0,
    ) -> None:
        """Write the session for `seconds` (0: the setting) and remember it here, treat the caller's place
        as `place` says, and count the turn under `count`.

        Ignored when the stored session has taken more inputs. Raises Unavailable.
        """
        if len(self._recent) >= _MOST_RECENT:
            self._recent.clear()
        own = self._recent.get(session_key)
        if own is None or own.taken <= session.taken:
            self._recent[session_key] = session
        fields = (session.taken, session.inputs_hash, session.version, int(session.ended), session.node)
        record = f"{'|'.join(map(str, fields))}|{session.body}{_STATE_FOLLOWS}{session.state}"
        kept = {"keep": "=", "drop": ""}.get(place, f"{session.version}{session.state}")
        keys = (f"s:{session_key}", f"c:{caller_key}", TURN_COUNTS)
        arguments = (session.taken, record, seconds or self._session_seconds, kept, PLACE_SECONDS, count)
        self._post("EVALSHA", _SAVE_SHA, 3, *keys, *arguments)

    def note_miss(self, sealed: bytes) -> None:
        """Note what was asked and not found, for the figures. Raises Unavailable."""
        if self._call("LPUSH", MISSES, sealed) > _MOST_MISSES:
            self._call("LTRIM", MISSES, 0, _MOST_MISSES - 1)

    def forget(self, caller_key: str) -> None:
        """Drop the caller's place. Raises Unavailable."""
        self._call("DEL", f"c:{caller_key}")

    def _call(self, *command: Any) -> Any:
        """Send and wait for the answer; once more on a fresh connection when the server has closed ours."""
        if time.monotonic() < self._away_until:
            raise Unavailable("Redis is not available")
        try:
            return self._answer(command)
        except RedisConnectionError:
            self._drop()
        except (RedisError, OSError) as error:
            raise self._away() from error
        try:
            return self._answer(command)
        except (RedisError, OSError) as error:
            raise self._away() from error

    def _post(self, *command: Any) -> None:
        """Send without waiting: a session is a cache, and the caller need not wait until it is kept.

        The answer is read before that of this thread's next command.
        """
        if time.monotonic() < self._away_until:
            raise Unavailable("Redis is not available")
        try:
            self._connection().send_packed_command((pack_command(command),), check_health=False)
            self._local.unread += 1
        except (RedisError, OSError) as error:
            raise self._away() from error

    def _answer(self, command: tuple[Any, ...]) -> Any:
        connection = self._connection()
        connection.send_packed_command((pack_command(command),), check_health=False)
        while self._local.unread:
            self._local.unread -= 1
            try:
                connection.read_response()
            except ResponseError as error:  # the script was flushed, say: a fresh connection loads it again
                raise RedisConnectionError from error
        return connection.read_response()

    def _connection(self) -> Any:
        connection = getattr(self._local, "connection", None)
        if connection is None:
            connection = self._pool.make_connection()
            connection.connect()
            connection.send_command("SCRIPT", "LOAD", _SAVE, check_health=False)
            connection.read_response()
            self._local.connection, self._local.unread = connection, 0
        return connection

    def _drop(self) -> None:
        connection = getattr(self._local, "connection", None)
        self._local.connection = None
        if connection is not None:
            connection.disconnect()

    def _away(self) -> Unavailable:
        self._drop()
        self._away_until = time.monotonic() + _RETRY_AFTER
        return Unavailable("Redis is not available")


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


def _open(record: bytes) -> Session | None:
    try:
        head, _, state = record.decode().partition(_STATE_FOLLOWS)
        taken, inputs_hash, version, ended, node, body = head.split("|", 5)
        return Session(int(taken), inputs_hash, version, ended == "1", node, body, state)
    except ValueError:
        return None  # not ours or of an older form: the same as lost


def _place(record: bytes, version: str) -> str | None:
    kept = record.decode("utf-8", "replace")
    return kept.removeprefix(version) if kept.startswith(version) else None
