"""Reads and writes dialogues. One for a process; safe to share between threads."""

from __future__ import annotations

from collections.abc import Container

from redis import Redis

from sms_service.ussd_sessions import board
from sms_service.ussd_sessions.behind import PLACE_SECONDS, Behind, Count, Note
from sms_service.ussd_sessions.line import Line
from sms_service.ussd_sessions.records import Found, Place, Session, read_place, read_record, write_record

__all__ = ["MISSES", "PLACE_SECONDS", "UssdSessions"]

MISSES = "misses"  # a list of what the recruiter check did not find, sealed; the scheduler drains it into SQL
_MOST_MISSES = 10_000  # a flood of questions must not fill the memory
_MOST_RECENT = 4096  # sessions of this process; about 3 MB


class UssdSessions:
    """The dialogues of all processes, in Redis, and this process's own at hand."""

    def __init__(self, redis: Redis, session_seconds: int) -> None:
        self._line = Line(redis)
        self._behind = Behind(self._line)
        self._session_seconds = session_seconds
        self._recent: dict[str, Session] = {}
        self._board = board.shared()

    def recall(self, session_key: str, fitting: Container[str], version: str) -> Session | None:
        """What the web processes of this machine saved last for a session, without asking Redis: only of
        this menu version, and only where the hash of its inputs is among `fitting`."""
        own = self._recent.get(session_key)
        if own and own.inputs_hash in fitting and own.version == version:
            return own
        record = self._board.get(session_key) if self._board else None
        theirs = read_record(record) if record else None
        fits = theirs and theirs.inputs_hash in fitting and theirs.version == version
        return theirs if fits else None

    def find_place(self, caller_key: str, version: str) -> str | None:
        """The caller's last place (packed), of this menu version. Raises Unavailable."""
        self._behind.settle(caller_key)
        place = self._line.call("GET", f"c:{caller_key}")
        return read_place(place, version) if place else None

    def find(self, session_key: str, caller_key: str, version: str) -> Found:
        """Read the session and the caller's place, of this menu version. Raises Unavailable."""
        self._behind.settle(caller_key)
        session, place = self._line.call("MGET", f"s:{session_key}", f"c:{caller_key}")
        return Found(read_record(session) if session else None, read_place(place, version) if place else None)

    def save(
        self,
        session_key: str,
        caller_key: str,
        session: Session,
        *,
        place: Place,
        count: Count,
    ) -> None:
        """Keep the session, treat the caller's place as `place` says, and count the turn under `count`:
        here at once, in Redis some milliseconds later.

        Ignored when the stored session has taken more inputs. Raises nothing: with Redis away it is kept
        here only.
        """
        if len(self._recent) >= _MOST_RECENT:
            self._recent.clear()
        own = self._recent.get(session_key)
        if own is None or own.taken <= session.taken:
            self._recent[session_key] = session
        kept = "=" if place == "keep" else "" if place == "drop" else session.version + session.state
        record, seconds = write_record(session), self._session_seconds
        if self._board:
            self._board.put(session_key, record)
        self._behind.add(Note(session_key, caller_key, session.taken, record, seconds, kept, count))

    def save_walk(
        self, session_key: str, caller_key: str, session: Session, *, count: Count, seconds: int
    ) -> None:
        """Keep a walk by SMS for `seconds` and count its turn; return once it is written.

        A text does not bring the inputs before it, so a walk that is lost cannot be recomputed. The
        caller's place is left as it is. Raises Unavailable.
        """
        record = write_record(session)
        self._behind.write_now(Note(session_key, caller_key, session.taken, record, seconds, "=", count))

    def note_miss(self, sealed: bytes) -> None:
        """Note what was asked and not found, for the figures. Raises Unavailable."""
        if self._line.call("LPUSH", MISSES, sealed) > _MOST_MISSES:
            self._line.call("LTRIM", MISSES, 0, _MOST_MISSES - 1)

    def forget(self, caller_key: str, session_key: str) -> None:
        """Drop the caller's place, and a session of theirs. Raises Unavailable."""
        self._behind.settle(caller_key)
        self._recent.pop(session_key, None)
        self._line.call("DEL", f"c:{caller_key}", f"s:{session_key}")

    def write(self) -> None:
        """Write now what was saved in this process."""
        self._behind.write()

    def close(self) -> None:
        """Write what is not written yet. At the end of the process."""
        self._behind.close()
