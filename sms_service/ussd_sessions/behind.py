"""Writes behind the callers' backs: what turns leave is collected for some milliseconds and sent in one
packet by one thread, which makes it about a tenth of the work, for us and for Redis.

The next turn of a call is at least a key press away, so whichever process takes it finds the session
written. A crash loses what was collected: the next turn is then recomputed from its text, and some counts
are missing in the figures. With Redis away the sessions of that time are dropped and the counts kept.
"""

from __future__ import annotations

import threading
import time
import uuid
from collections import Counter
from datetime import date
from typing import Any, NamedTuple

from sms_service.errors import Unavailable
from sms_service.metrics import DEGRADED, TURNS
from sms_service.ussd_sessions.line import Line, Script

LEFT = "left"  # the outcome under which it is counted that a caller went on from a node
PLACED = "placed"  # the same for a call whose district has become known: the node is that district's code
TURN_COUNTS = "turns"  # a hash of counters that the scheduler drains into SQL
WRITE_SECONDS = 0.02
CARRY_SECONDS = 1.0
PLACE_SECONDS = 1800  # a dropped call can be gone on with for half an hour
_SETTLE_SECONDS = 0.2  # a redial does not wait longer for the thread that writes
_MOST_WAITING = 10_000  # notes; about 10 MB. More are dropped: Redis is slower than the callers
_MOST_AT_ONCE = 250  # notes a script: Redis serves nobody else meanwhile, about a millisecond
_CARRIED_SECONDS = 600

# Per note two keys (session, place) and four arguments (inputs taken, record, seconds, place).
_SAVE = Script(f"""
for i = 1, #KEYS, 2 do
  local taken, place = tonumber(ARGV[2 * i - 1]), ARGV[2 * i + 2]
  local old = redis.call('GET', KEYS[i])
  local old_taken = old and tonumber(string.match(old, '^%d+'))
  if not old_taken or old_taken <= taken then
    redis.call('SET', KEYS[i], ARGV[2 * i], 'EX', ARGV[2 * i + 1])
    if place == '' then redis.call('DEL', KEYS[i + 1])
    elseif place ~= '=' then redis.call('SET', KEYS[i + 1], place, 'EX', {PLACE_SECONDS}) end
  end
end
""")
# A carry whose answer was lost is sent again: its name tells whether it has been added.
_CARRY = Script(f"""
if redis.call('SET', KEYS[2], '', 'NX', 'EX', {_CARRIED_SECONDS}) then
  for i = 1, #ARGV, 2 do redis.call('HINCRBY', KEYS[1], ARGV[i], ARGV[i + 1]) end
end
""")


class Count(NamedTuple):
    """What a turn is counted under: the node that it shows, and the node that the caller left for it.

    The latter is counted by itself, with the outcome LEFT: a node that was shown more often than left is
    where calls end. So is the district of a call, once, by the turn in which it was chosen.
    """

    day: date  # at the office
    channel: str  # ussd | sms
    node: str
    outcome: str
    language: str
    left: str = ""
    placed: str = ""


class Note(NamedTuple):
    """What one turn leaves behind."""

    session_key: str
    caller_key: str
    taken: int
    record: bytes
    seconds: int
    place: str  # "=" leaves it, "" drops it, anything else is the new one
    counted: Count


class Behind:
    """The notes of one process. `add` starts the thread; `close` at the end writes what is left."""

    def __init__(self, line: Line) -> None:
        self._line = line
        self._lock = threading.Lock()  # of _waiting and _callers; held for no longer than a few steps
        self._waiting: list[Note] = []
        self._callers: set[str] = set()  # whose notes are not known to be written
        self._writing = threading.Lock()
        self._tally = _Tally(line)
        self._awake = threading.Event()
        self._thread: threading.Thread | None = None
        self._is_closed = False

    def add(self, note: Note) -> None:
        """Take one note; it is written within some milliseconds."""
        with self._lock:
            if len(self._waiting) >= _MOST_WAITING:
                DEGRADED.labels("redis").inc()
                return
            self._waiting.append(note)
            self._callers.add(note.caller_key)
        self._wake()

    def write_now(self, note: Note) -> None:
        """Write one note before returning. Raises Unavailable."""
        with self._writing:
            self._save([note])
            self._tally.add([note])
        self._wake()

    def settle(self, caller_key: str) -> None:
        """Return once what this process has noted of a caller is written, or Redis is away or slow."""
        if caller_key not in self._callers or self._line.is_away:
            return
        if self._writing.acquire(timeout=_SETTLE_SECONDS):
            try:
                self._write()
            finally:
                self._writing.release()

    def write(self) -> None:
        """Write what waits, now. Raises nothing: what Redis does not take is dropped."""
        with self._writing:
            self._write()

    def close(self) -> None:
        """Write everything and end the thread."""
        self._is_closed = True
        self._awake.set()
        if self._thread:
            self._thread.join(timeout=2)
        self.write()
        with self._writing:
            self._tally.carry()

    def _write(self) -> None:
        with self._lock:
            notes, self._waiting = self._waiting, []
        for start in range(0, len(notes), _MOST_AT_ONCE):
            self._save_or_drop(notes[start : start + _MOST_AT_ONCE])
        with self._lock:
            self._callers = {note.caller_key for note in self._waiting}
        self._tally.add(notes)

    def _save_or_drop(self, notes: list[Note]) -> None:
        try:
            self._save(notes)
        except Unavailable:
            DEGRADED.labels("redis").inc(len(notes))

    def _save(self, notes: list[Note]) -> None:
        keys: list[str] = []
        arguments: list[Any] = []
        for note in notes:
            keys += (f"s:{note.session_key}", f"c:{note.caller_key}")
            arguments += (note.taken, note.record, note.seconds, note.place)
        self._line.run(_SAVE, keys, arguments)

    def _wake(self) -> None:
        if self._thread is None:
            self._start()
        if not self._awake.is_set():
            self._awake.set()

    def _start(self) -> None:
        with self._lock:
            if self._thread is None:
                self._thread = threading.Thread(target=self._run, name="sessions", daemon=True)
                self._thread.start()

    def _run(self) -> None:
        while not self._is_closed:
            self._awake.wait(CARRY_SECONDS if self._tally.is_waiting else None)
            self._awake.clear()
            time.sleep(WRITE_SECONDS)
            self.write()
            with self._writing:
                self._tally.carry_when_due()


class _Tally:
    """Counts turns, and adds them to those in Redis once a second: each once, though an answer be lost."""

    def __init__(self, line: Line) -> None:
        self._line = line
        self._counts: Counter[Count] = Counter()
        self._under_way: tuple[str, Counter[Count]] | None = None  # the carry's name, and what it adds
        self._carried_at = 0.0

    @property
    def is_waiting(self) -> bool:
        """True while there is something to carry."""
        return bool(self._counts or self._under_way)

    def add(self, notes: list[Note]) -> None:
        """Count the turns of these notes."""
        self._counts.update(note.counted for note in notes)

    def carry_when_due(self) -> None:
        """Carry, unless that was done within the last second."""
        if self.is_waiting and time.monotonic() - self._carried_at >= CARRY_SECONDS:
            self.carry()

    def carry(self) -> None:
        """Add all counts to those in Redis; with Redis away they wait here."""
        self._carried_at = time.monotonic()
        while self.is_waiting:
            if self._under_way is None:
                self._under_way, self._counts = (uuid.uuid4().hex, _by_node(self._counts)), Counter()
                _show(self._under_way[1])
            name, counts = self._under_way
            arguments = [
                part for pair in counts.items() for part in ("|".join(map(str, pair[0][:5])), pair[1])
            ]
            try:
                self._line.run(_CARRY, [TURN_COUNTS, f"carried:{name}"], arguments)
            except Unavailable:
                return
            self._under_way = None


def _by_node(counts: Counter[Count]) -> Counter[Count]:
    """The counts, each node left for another and each district chosen as a count of its own."""
    found: Counter[Count] = Counter()
    for count, turns in counts.items():
        alone = count._replace(left="", placed="")
        found[alone] += turns
        if count.left:
            found[alone._replace(node=count.left, outcome=LEFT)] += turns
        if count.placed:
            found[alone._replace(node=count.placed, outcome=PLACED, language="")] += turns
    return found


def _show(counts: Counter[Count]) -> None:
    for count, turns in counts.items():
        if count.channel == "ussd" and count.outcome not in (LEFT, PLACED):
            TURNS.labels(count.node, count.outcome).inc(turns)
