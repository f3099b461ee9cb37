"""What is written behind the callers' backs: bounded, each count once, and shared with forked processes."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from redis import Redis

from sms_service.errors import Unavailable
from sms_service.ussd_sessions import TURN_COUNTS, Count, Session, UssdSessions, behind, board
from sms_service.ussd_sessions.behind import Behind, Note
from sms_service.ussd_sessions.board import Board
from sms_service.ussd_sessions.line import Line, Script
from sms_service.ussd_sessions.records import read_record, write_record

COUNT = Count(date(2026, 11, 21), "ussd", "root", "ok", "id")
FIELD = "2026-11-21|ussd|root|ok|id"
KEY = "0123456789abcdef01"


def note(name: str, taken: int = 1) -> Note:
    return Note(name, name, taken, b"%d|x" % taken, 300, "=", COUNT)


class Deaf(Line):
    """Redis takes what is sent, and its answers are lost."""

    is_deaf = True

    def run(self, script: Script, keys: list[str], arguments: list[Any]) -> Any:
        """Send it, and lose the answer."""
        answer = super().run(script, keys, arguments)
        if self.is_deaf:
            raise Unavailable("no answer")
        return answer


def test_a_count_whose_answer_was_lost_is_carried_once(redis: Redis) -> None:
    line = Deaf(redis)
    waiting = Behind(line)
    for n in range(5):
        waiting.add(note(f"n{n}"))
    waiting.close()
    assert redis.hget(TURN_COUNTS, FIELD) == b"5"
    line.is_deaf = False
    waiting.add(note("late"))
    waiting.close()
    assert redis.hget(TURN_COUNTS, FIELD) == b"6"


def test_a_redis_that_is_slower_than_the_callers_fills_no_memory(
    redis: Redis, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(behind, "WRITE_SECONDS", 0.2)
    monkeypatch.setattr(behind, "_MOST_WAITING", 50)
    waiting = Behind(Line(redis))
    for n in range(500):
        waiting.add(note(f"n{n}"))
    waiting.close()
    assert len(redis.keys("s:*")) <= 100


def test_more_notes_than_one_script_takes_are_all_written(redis: Redis) -> None:
    waiting = Behind(Line(redis))
    for n in range(1200):
        waiting.add(note(f"n{n}"))
    waiting.write()
    assert len(redis.keys("s:*")) == 1200


def test_of_two_processes_the_one_with_more_inputs_stands_whichever_writes_last(redis: Redis) -> None:
    one, other = Behind(Line(redis)), Behind(Line(redis))
    one.add(note("n", taken=10))
    other.add(note("n", taken=9))
    one.write()
    other.write()
    assert redis.get("s:n") == b"10|x"


def test_a_redis_that_is_away_slows_nobody_down_and_loses_no_count(redis: Redis) -> None:
    away = Redis(unix_socket_path="/nowhere/redis.sock")
    waiting = Behind(Line(away))
    started = time.monotonic()
    for n in range(1000):
        waiting.add(note(f"n{n}"))
    assert time.monotonic() - started < 0.5
    waiting.close()
    assert waiting._tally._under_way is not None
    assert waiting._tally._under_way[1][COUNT] == 1000


def test_what_one_process_puts_on_the_board_its_siblings_read() -> None:
    shared, record = Board(), b"3|of the child"
    child = os.fork()
    if not child:
        shared.put(KEY, record)
        os._exit(0)
    os.waitpid(child, 0)
    assert shared.get(KEY) == record


def test_a_slot_that_is_half_written_or_of_another_session_is_empty() -> None:
    shared = Board()
    assert shared.get(KEY) is None
    shared.put(KEY, b"1|" + b"x" * 300)
    shared._memory[board._offset(KEY) + 100] ^= 1
    assert shared.get(KEY) is None
    shared.put(KEY, b"1|mine")
    same_slot = f"{int(KEY[:8], 16) + board._SLOTS:08x}{KEY[8:]}"
    assert shared.get(same_slot) is None
    shared.put(same_slot, b"1|theirs")
    assert shared.get(KEY) is None


def test_a_record_too_long_for_a_slot_leaves_the_neighbours_alone() -> None:
    shared = Board()
    shared.put(KEY, b"x" * 800)
    assert shared.get(KEY) is None
    shared.put(KEY, b"x" * (768 - 6 - len(KEY)))
    assert len(shared.get(KEY) or b"") == 744
    assert bytes(shared._memory[board._offset(KEY) + 768 :][:8]) == bytes(8)


def test_a_session_is_gone_on_with_in_another_process_without_asking_redis(
    redis: Redis, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(board, "_shared", Board())
    one, other = UssdSessions(redis, 300), UssdSessions(redis, 300)
    kept = Session(2, "hash", "v1", False, "root", "Menu", "{}")
    one.save(KEY, "c1", kept, place="keep", count=COUNT)
    assert other.recall(KEY, ("hash",), "v1") == kept
    assert other.recall(KEY, ("another",), "v1") is None
    assert other.recall(KEY, ("hash",), "v2") is None
    one.close()


def test_a_record_is_read_as_it_was_written() -> None:
    kept = Session(2, "hash", "v1", True, "root", "Menu|1", "{}")
    assert read_record(write_record(kept)) == kept


ENDING = """
import sys, time
from multiprocessing import Process
from multiprocessing.util import Finalize
from redis import Redis
from tests.test_ussd_sessions_behind import KEY, UssdSessions, note, behind
behind.WRITE_SECONDS = 60

def child():
    sessions = UssdSessions(Redis(unix_socket_path=sys.argv[1]), 300)
    Finalize(None, sessions.close, exitpriority=0)
    sessions._behind.add(note("n"))

process = Process(target=child)
process.start()
process.join()
"""


def test_a_process_that_ends_writes_what_is_left(redis: Redis, redis_socket: Path) -> None:
    subprocess.run([sys.executable, "-c", ENDING, str(redis_socket)], check=True, timeout=30)
    assert redis.get("s:n") == b"1|x"
    assert redis.hget(TURN_COUNTS, FIELD) == b"1"
