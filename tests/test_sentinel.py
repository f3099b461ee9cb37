"""REDIS_URL may name Sentinels: the real ones, with a master that they know, and queues over it."""

from __future__ import annotations

import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest
from redis.exceptions import RedisError

from sms_service import embedded_redis
from sms_service.queues import Queues
from sms_service.runtime import connect_redis
from sms_service.settings import load
from tests.conftest import SECRETS


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@pytest.fixture
def address(tmp_path: Path) -> Iterator[str]:
    """A master and a Sentinel that watches it; the first of the two addresses is of nobody."""
    server, master, sentinel, nobody = embedded_redis.find_server(), free_port(), free_port(), free_port()
    config = tmp_path / "sentinel.conf"
    watched = f"sentinel monitor jalur 127.0.0.1 {master} 1"
    config.write_text(f"port {sentinel}\ndir {tmp_path}\n{watched}\n")
    commands = [
        [server, "--port", str(master), "--dir", str(tmp_path), "--save", ""],
        [server, str(config), "--sentinel"],
    ]
    with ExitStack() as stack:
        for command in commands:
            running = stack.enter_context(subprocess.Popen(command, stdout=subprocess.DEVNULL))
            stack.callback(running.kill)
        yield f"sentinel://127.0.0.1:{nobody},127.0.0.1:{sentinel}/jalur?db=0"


def test_the_master_is_found_through_the_sentinels_that_answer(address: str) -> None:
    settings = load({**SECRETS, "REDIS_URL": address})
    redis = connect_redis(settings.effective_redis_url)
    deadline = time.monotonic() + 10
    while True:
        try:
            redis.set("key", "word")
            break
        except RedisError:
            assert time.monotonic() < deadline
            time.sleep(0.05)
    assert redis.get("key") == b"word"
    queues = Queues(redis)
    queues.wake(["send_bulk"])
    assert queues.depths() == {"fast": 0, "bulk": 1}
    redis.close()
