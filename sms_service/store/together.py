"""One commit for many requests that come at once: on SQLite each commit waits for the disk, and there is
one writer. Whoever gets the pen writes for all who wait. Store.together offers it to the webhooks.
"""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Any

MOST_AT_ONCE = 100


@dataclass(slots=True, eq=False)
class _Wish:
    act: Callable[[Any], Any]
    done: bool = False
    result: Any = None
    error: BaseException | None = None


class Together:
    """Runs acts of several threads in one transaction. An act may be run twice: the first time is then
    rolled back, because another act of the same transaction failed."""

    def __init__(
        self, transaction: Callable[[], AbstractContextManager[Any]], on_commit: Callable[[list[str]], None]
    ) -> None:
        self._transaction = transaction
        self._on_commit = on_commit
        self._waiting: deque[_Wish] = deque()
        self._pen = threading.Lock()

    def run(self, act: Callable[[Any], Any]) -> Any:
        """Run `act` and return its result once it is committed. Raises what it raises, and Unavailable."""
        wish = _Wish(act)
        self._waiting.append(wish)
        wakes: dict[str, None] = {}
        with self._pen:
            while not wish.done:
                wakes |= self._write(self._next())
        if wakes:  # with the pen given on: the next commit need not wait for the wake-up calls
            self._on_commit(list(wakes))
        if wish.error is not None:
            raise wish.error
        return wish.result

    def _next(self) -> list[_Wish]:
        return [self._waiting.popleft() for _ in range(min(len(self._waiting), MOST_AT_ONCE))]

    def _write(self, wishes: list[_Wish]) -> dict[str, None]:
        """Write them, or each alone when one fails; return the jobs to be woken."""
        wakes: dict[str, None] = {}
        try:
            with self._transaction() as tx:
                for wish in wishes:
                    wish.result = wish.act(tx)
        except Exception as error:  # noqa: BLE001 - it is raised again, to whom it belongs
            if len(wishes) > 1:
                return {job: None for wish in wishes for job in self._write([wish])}
            wishes[0].error = error
        else:
            wakes = tx.wakes
        for wish in wishes:
            wish.done = True
        return wakes
