"""Opaque cursors: where the next page of a list begins. One of another list, or a changed one, is refused."""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Sequence
from datetime import datetime

from sms_service.errors import Invalid

_REFUSED = {"cursor": "is not a cursor of this list: use `next` of the page before, unchanged"}


def encode(listing: str, *keys: str | int | datetime) -> str:
    """Return the cursor after the row of `keys` in the list called `listing`."""
    plain = [key.isoformat() if isinstance(key, datetime) else key for key in keys]
    return base64.urlsafe_b64encode(json.dumps([listing, *plain]).encode()).rstrip(b"=").decode()


def decode(listing: str, cursor: str, kinds: Sequence[type]) -> list[str | int | datetime]:
    """Return the keys, of these `kinds` (str, int, datetime). Raises Invalid."""
    try:
        raw = json.loads(base64.urlsafe_b64decode(cursor.encode("ascii") + b"=" * (-len(cursor) % 4)))
    except (binascii.Error, ValueError, RecursionError) as error:
        raise Invalid("the cursor is not valid", _REFUSED) from error
    if not isinstance(raw, list) or len(raw) != len(kinds) + 1 or raw[0] != listing:
        raise Invalid("the cursor is not valid", _REFUSED)
    return [_key(value, kind) for value, kind in zip(raw[1:], kinds, strict=True)]


def _key(value: object, kind: type) -> str | int | datetime:
    if kind is datetime and isinstance(value, str):
        return _time(value)
    if kind is int and type(value) is int and 0 <= value < 2**31:
        return value
    if kind is str and isinstance(value, str) and value.isprintable():
        return value
    raise Invalid("the cursor is not valid", _REFUSED)


def _time(value: str) -> datetime:
    try:
        at = datetime.fromisoformat(value)
    except ValueError as error:
        raise Invalid("the cursor is not valid", _REFUSED) from error
    if at.tzinfo is None or not 1970 < at.year < 3000:
        raise Invalid("the cursor is not valid", _REFUSED)
    return at
