"""Memory that the web processes of one machine share: what one of them answered, the next turn of the call
finds in another without asking Redis. Half of all turns come to another process than the one before.

A table of slots, no locks: a slot that two write at once, or that a crash left half written, does not match
its checksum and is the same as empty. Nothing is ever looked for in a second slot: a session that another
one has pushed out is read from Redis.
"""

from __future__ import annotations

import mmap
import struct
from zlib import crc32

_SLOTS, _SLOT_BYTES = 4096, 768  # 6 MB; a session takes less than 600 bytes
_HEAD = struct.Struct("<IH")  # checksum and length of what follows

_shared: Board | None = None


class Board:
    """The newest sessions. Whoever makes one shares it with the processes that it then forks."""

    def __init__(self) -> None:
        self._memory = mmap.mmap(-1, _SLOTS * _SLOT_BYTES)

    def put(self, key: str, record: bytes) -> None:
        """Keep `record` under `key`, eight hex digits or more, for as long as nobody else needs the slot."""
        data = key.encode() + record
        if len(data) <= _SLOT_BYTES - _HEAD.size:
            at = _offset(key)
            self._memory[at : at + _HEAD.size + len(data)] = _HEAD.pack(crc32(data), len(data)) + data

    def get(self, key: str) -> bytes | None:
        """The record last put under `key`, unless it was pushed out."""
        at = _offset(key)
        slot = self._memory[at : at + _SLOT_BYTES]
        checksum, length = _HEAD.unpack_from(slot)
        data = slot[_HEAD.size : _HEAD.size + length]
        return data[len(key) :] if data.startswith(key.encode()) and crc32(data) == checksum else None


def share() -> None:
    """Make the board of this process and of those that it forks. Call it once, before the forks."""
    global _shared
    _shared = Board()


def shared() -> Board | None:
    """The board of this process, if anybody has made one."""
    return _shared


def _offset(key: str) -> int:
    return int(key[:8], 16) % _SLOTS * _SLOT_BYTES
