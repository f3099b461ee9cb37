"""The flag that ends a process: at any moment, for all who wait, and never a deadlock."""

from __future__ import annotations

import os
import signal
import threading
import time

from workers.stopping import Stopping


def test_all_who_wait_are_woken_and_later_ones_do_not_wait() -> None:
    stopping, woken = Stopping(), []
    threads = [threading.Thread(target=lambda: woken.append(stopping.wait(30))) for _ in range(5)]
    for thread in threads:
        thread.start()
    stopping.set()
    stopping.set()
    for thread in threads:
        thread.join(10)
    assert woken == [True] * 5
    assert stopping.wait(30)


def test_a_wait_ends_by_itself() -> None:
    stopping = Stopping()
    assert not stopping.wait(0.01)
    assert not stopping.wait(-1)
    assert not stopping.is_set()


def test_signals_in_the_middle_of_many_short_waits_never_lock_up() -> None:
    stopping = Stopping()
    before = signal.getsignal(signal.SIGTERM), signal.getsignal(signal.SIGINT)
    stopping.on_signals()
    try:
        threading.Timer(0.05, os.kill, (os.getpid(), signal.SIGTERM)).start()
        deadline = time.monotonic() + 20
        while not stopping.wait(0.0001):
            assert time.monotonic() < deadline
    finally:
        signal.signal(signal.SIGTERM, before[0])
        signal.signal(signal.SIGINT, before[1])
