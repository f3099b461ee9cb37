"""`re-encrypt`: seal everything anew under the first key of DATA_KEY, while the service runs, and say which
keys are still needed. Exit 0: every value is under the first key. 1: some are not, and it says why.
"""

from __future__ import annotations

import argparse
import sys
import time
from datetime import UTC, datetime
from typing import Any

from sms_service.cli.open_store import open_store
from sms_service.services.privacy import reencryption
from sms_service.services.privacy.reencryption import Result
from sms_service.settings import Settings

DONE, REFUSED = 0, 1
_EVERY_SECONDS = 0.2


def add_parser(subparsers: Any) -> None:
    """Describe the command."""
    subparsers.add_parser("re-encrypt", help="seal everything anew under the first key of DATA_KEY")


def run(args: argparse.Namespace, settings: Settings) -> int:
    """Seal anew, then report. Raises Unavailable; Ctrl-C loses nothing."""
    progress = Progress()
    with open_store(settings) as store:
        result = reencryption.reencrypt(store, datetime.now(UTC), progress.tell)
    progress.end()
    _show(result)
    return DONE if result.is_complete else REFUSED


class Progress:
    """One line that is written over, on a terminal only."""

    def __init__(self) -> None:
        self._shown = sys.stderr.isatty()
        self._next = 0.0

    def tell(self, done: int, total: int) -> None:
        """Show how far it is."""
        if not self._shown or time.monotonic() < self._next:
            return
        self._next = time.monotonic() + _EVERY_SECONDS
        print(f"\r{done} of {total} rows ", end="", file=sys.stderr, flush=True)

    def end(self) -> None:
        """Clear the line."""
        if self._shown:
            print("\r\033[K", end="", file=sys.stderr, flush=True)


def _show(result: Result) -> None:
    print(f"sealed anew: {result.resealed} rows; under the first key: {result.current} values")
    for key_id, count in result.by_old_key.items():
        if count:
            print(f"old key {key_id}: {count} values still need it; keep it, and run this again")
        else:
            print(f"old key {key_id}: nothing needs it; it can be taken out of DATA_KEY")
    for key_id, count in result.by_lost_key.items():
        print(
            f"key {key_id}: {count} values need it and DATA_KEY lacks it; put it back at the end of the list"
        )
    if result.unreadable:
        print(f"damaged: {result.unreadable} values are opened by no key")
