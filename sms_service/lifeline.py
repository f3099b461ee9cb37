"""Ties the life of a child process to that of its parent, so that no orphan is left when the parent is
killed with -9 and can stop nobody any more. Linux only; elsewhere these calls do nothing.

The kernel forgets the tie at a fork and keeps it over an exec: hence `tie_forks` for processes that fork.
"""

from __future__ import annotations

import ctypes
import os
import signal

_PR_SET_PDEATHSIG = 1
_libc = ctypes.CDLL(None)
_prctl = getattr(_libc, "prctl", None)


def die_with_parent(parent_id: int, death: signal.Signals = signal.SIGKILL) -> None:
    """Have the kernel send `death` to this process when its parent, `parent_id`, is gone.

    Ends this process at once when that parent is gone already.
    """
    if _prctl is None:
        return
    _prctl(_PR_SET_PDEATHSIG, int(death), 0, 0, 0)
    if os.getppid() != parent_id:
        os.kill(os.getpid(), death)


def tie_forks() -> None:
    """From now on every child that this process forks dies with it. Call it once, at the start."""
    forking = {"pid": 0}

    def before() -> None:
        forking["pid"] = os.getpid()

    os.register_at_fork(before=before, after_in_child=lambda: die_with_parent(forking["pid"]))
