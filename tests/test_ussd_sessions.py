"""Dialogues in Redis: kept small, moved forward only, and lost without harm."""

from __future__ import annotations

import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from datetime import date
from pathlib import Path

import pytest
from redis import Redis
from redis.backoff import NoBackoff
from redis.retry import Retry

from menus.model import State
from sms_service import embedded_redis
from sms_service.errors import Unavailable
from sms_service.ussd_sessions import (
    PLACE_SECONDS,
    TURN_COUNTS,
    Count,
    Session,
    UssdSessions,
    hash_inputs,
    pack_state,
    unpack_state,
)

STATE = State(
    "check.choose", "id", {"query": "PT CONTOH MAJU"}, ("root", "check.ask"), 1, ("r1", "r2"), "", 3, False
)

COUNT = Count(date(2026, 11, 21), "ussd", "root", "ok", "id")
FIELD = b"2026-11-21|ussd|root|ok|id"


def session(taken: int, body: str = "Yang mana?") -> Session:
    return Session(taken, hash_inputs("1*x"), "v1", False, "check.choose", body, pack_state(STATE))


def wait_until(done: Callable[[], bool], seconds: float) -> None:
    deadline = time.monotonic() + seconds
    while not done():
        assert time.monotonic() < deadline
        time.sleep(0.001)


@pytest.fixture
def sessions(redis: Redis) -> Iterator[UssdSessions]:
    sessions = UssdSessions(redis, 300)
    yield sessions
    sessions.close()


def save(sessions: UssdSessions, taken: int, body: str = "Yang mana?", place: str = "set") -> None:
    sessions.save("s1", "c1", session(taken, body), place=place, count=COUNT)  # type: ignore[arg-type]


def test_what_is_saved_is_found_as_it_was(sessions: UssdSessions) -> None:
    save(sessions, 3)
    found = sessions.find("s1", "c1", "v1")
    assert found.session == session(3)
    assert found.place == pack_state(STATE)


def test_a_state_is_unpacked_as_it_was_packed() -> None:
    assert unpack_state(pack_state(STATE)) == STATE
    for rubbish in ("", "[]", "{}", "[1]", "x"):
        with pytest.raises(ValueError):  # noqa: PT011 - whatever the reason
            unpack_state(rubbish)


def test_nothing_is_found_where_nothing_was_saved(sessions: UssdSessions) -> None:
    assert sessions.find("s1", "c1", "v1").session is None


def test_a_late_duplicate_with_fewer_inputs_moves_nothing_back(sessions: UssdSessions) -> None:
    save(sessions, 3, "newer")
    save(sessions, 2, "older")
    found = sessions.find("s1", "c1", "v1").session
    assert found is not None
    assert found.body == "newer"


def test_a_place_is_of_one_version_of_the_menu_only(sessions: UssdSessions) -> None:
    save(sessions, 1)
    assert sessions.find("s1", "c1", "v2").place is None


def test_a_place_is_kept_or_dropped_as_told(sessions: UssdSessions) -> None:
    save(sessions, 1)
    save(sessions, 2, place="keep")
    assert sessions.find("s1", "c1", "v1").place == pack_state(STATE)
    save(sessions, 3, place="drop")
    assert sessions.find("s1", "c1", "v1").place is None


def test_another_process_finds_a_session_and_its_place_long_before_the_next_key_is_pressed(
    sessions: UssdSessions, redis: Redis
) -> None:
    other = UssdSessions(redis, 300)
    save(sessions, 1)
    wait_until(lambda: other.find("s1", "c1", "v1").session == session(1), seconds=0.5)
    assert other.find_place("c1", "v1") == pack_state(STATE)


def test_a_walk_by_text_is_written_before_its_answer_is_given(sessions: UssdSessions, redis: Redis) -> None:
    sessions.save_walk("w1", "c1", session(7), count=COUNT, seconds=60)
    assert 0 < redis.ttl("s:w1") <= 60
    assert redis.exists("c:c1") == 0


def test_everything_that_is_kept_goes_away_by_itself(sessions: UssdSessions, redis: Redis) -> None:
    save(sessions, 1)
    sessions.find("s1", "c1", "v1")
    assert 0 < redis.ttl("s:s1") <= 300
    assert 0 < redis.ttl("c:c1") <= PLACE_SECONDS


def test_turns_are_counted_and_all_are_there_at_the_end(sessions: UssdSessions, redis: Redis) -> None:
    for n in range(250):
        sessions.save(f"s{n}", f"c{n}", session(1), place="keep", count=COUNT)
    sessions.save_walk("w1", "c1", session(7), count=COUNT._replace(channel="sms"), seconds=60)
    sessions.close()
    assert redis.hgetall(TURN_COUNTS) == {FIELD: b"250", FIELD.replace(b"ussd", b"sms"): b"1"}


@pytest.mark.parametrize("rubbish", [b"", b"3", b"3[1,2]", b"\xff\xfe", b'{"a":1}', b"x" * 5000])
def test_a_record_that_is_not_ours_is_the_same_as_none(
    sessions: UssdSessions, redis: Redis, rubbish: bytes
) -> None:
    redis.set("s:s1", rubbish)
    redis.set("c:c1", rubbish)
    found = sessions.find("s1", "c1", "v1")
    assert found.session is None


def test_a_flushed_script_costs_nothing(sessions: UssdSessions, redis: Redis) -> None:
    for taken in (1, 2):
        redis.script_flush()
        save(sessions, taken)
        assert sessions.find("s1", "c1", "v1").session == session(taken)


def test_many_threads_see_only_their_own_sessions(sessions: UssdSessions) -> None:
    wrong: list[str] = []

    def caller(name: str) -> None:
        for n in range(100):
            body = f"{name} {n}"
            sessions.save(name, name, session(n, body), place="keep", count=COUNT)
            found = sessions.find(name, name, "v1").session
            if found is None or found.body != body:
                wrong.append(body)

    threads = [threading.Thread(target=caller, args=(f"t{n}",)) for n in range(16)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert wrong == []


@pytest.fixture
def own_redis(scratch: Path) -> tuple[Redis, Path]:
    socket = scratch / "own.sock"
    retry = Retry(NoBackoff(), 1)
    return Redis(unix_socket_path=str(socket), socket_timeout=0.2, retry=retry), socket


def start(socket: Path) -> subprocess.Popen[bytes]:
    data = socket.parent / "own"
    embedded_redis.prepare(socket, data)
    server = subprocess.Popen(embedded_redis.command(socket, data), stdout=subprocess.DEVNULL)
    embedded_redis.wait_until_ready(socket)
    return server


def test_a_redis_that_dies_and_comes_back_is_used_again(own_redis: tuple[Redis, Path]) -> None:
    redis, socket = own_redis
    server = start(socket)
    sessions = UssdSessions(redis, 300)
    save(sessions, 1)
    server.kill()
    server.wait()
    with pytest.raises(Unavailable):
        sessions.find("s1", "c1", "v1")
    save(sessions, 2)  # is kept here, dropped there, and counted
    with start(socket) as server:
        wait_until(lambda: finds(sessions), seconds=2)  # one that has failed is left alone for half a second
        save(sessions, 3)
        assert sessions.find("s1", "c1", "v1").session == session(3)
        sessions.close()
        assert redis.hget(TURN_COUNTS, FIELD.decode()) == b"3"
        server.terminate()


def finds(sessions: UssdSessions) -> bool:
    try:
        sessions.find("s1", "c1", "v1")
    except Unavailable:
        return False
    return True


def test_a_redis_that_hangs_costs_one_time_out_and_not_one_for_each_caller(
    own_redis: tuple[Redis, Path],
) -> None:
    redis, socket = own_redis
    with start(socket) as server:
        sessions = UssdSessions(redis, 300)
        save(sessions, 1)
        sessions.find("s1", "c1", "v1")
        server.send_signal(19)  # SIGSTOP
        started = time.monotonic()
        refused = 0
        for _ in range(20):
            save(sessions, 2)
            refused += not finds(sessions)
        taken = time.monotonic() - started
        server.kill()
    assert refused == 20
    assert taken < 1.0
