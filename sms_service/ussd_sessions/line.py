"""The way to Redis: one connection a thread, past redis-py's pool and retries, which cost more than Redis."""

from __future__ import annotations

import hashlib
import threading
import time
from typing import Any

from hiredis import pack_command
from redis import Redis
from redis.exceptions import ConnectionError as RedisConnectionError
from redis.exceptions import NoScriptError, RedisError

from sms_service.errors import Unavailable

_RETRY_AFTER = 0.5  # seconds without asking a Redis that has just failed


class Script:
    """A Lua script and the name that Redis gives it."""

    def __init__(self, source: str) -> None:
        self.source = source
        self.sha = hashlib.sha1(source.encode(), usedforsecurity=False).hexdigest()


class Line:
    """Raises Unavailable, at once for half a second after a failure, so that a Redis that hangs costs one
    caller its time-out and not each of them."""

    def __init__(self, redis: Redis) -> None:
        self._pool: Any = redis.connection_pool
        self._local = threading.local()
        self._away_until = 0.0

    @property
    def is_away(self) -> bool:
        """True for half a second after a failure."""
        return time.monotonic() < self._away_until

    def call(self, *command: Any) -> Any:
        """Send and wait for the answer; once more on a fresh connection when the server has closed ours."""
        if self.is_away:
            raise Unavailable("Redis is not available")
        try:
            return self._answer(command)
        except RedisConnectionError:
            self._drop()
        except NoScriptError:
            raise
        except (RedisError, OSError) as error:
            raise self._away() from error
        try:
            return self._answer(command)
        except (RedisError, OSError) as error:
            raise self._away() from error

    def run(self, script: Script, keys: list[str], arguments: list[Any]) -> Any:
        """Run a script, which a Redis that was restarted is told again."""
        try:
            return self.call("EVALSHA", script.sha, len(keys), *keys, *arguments)
        except NoScriptError:
            return self.call("EVAL", script.source, len(keys), *keys, *arguments)

    def _answer(self, command: tuple[Any, ...]) -> Any:
        connection = self._connection()
        connection.send_packed_command((pack_command(command),), check_health=False)
        return connection.read_response()

    def _connection(self) -> Any:
        connection = getattr(self._local, "connection", None)
        if connection is None:
            connection = self._pool.make_connection()
            connection.connect()
            self._local.connection = connection
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
