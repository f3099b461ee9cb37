"""Files that somebody has sent and not yet accepted: kept sealed in Redis for a quarter of an hour.

So the person who has read the preview need not send the file again. Only whoever sent it finds it, and only
for the same purpose. With Redis emptied it is gone, and is sent again. Called by the desk.
"""

from __future__ import annotations

import base64
import json
import secrets
import zlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from redis.exceptions import RedisError

from sms_service.errors import Unavailable
from sms_service.store.vault import Vault

KEPT_SECONDS = 15 * 60
_KEY_BYTES = 18


@dataclass(frozen=True, slots=True)
class Upload:
    """A file as it was sent, and what was said with it."""

    name: str
    content: bytes
    said: Mapping[str, str] = field(default_factory=dict)


def keep(redis: Any, vault: Vault, staff_id: int, purpose: str, upload: Upload) -> str:
    """Keep a file and return the key that finds it. Raises Unavailable."""
    key = secrets.token_urlsafe(_KEY_BYTES)
    packed = base64.b64encode(zlib.compress(upload.content, 1)).decode()
    sealed = vault.seal(json.dumps({"name": upload.name, "content": packed, "said": dict(upload.said)}))
    try:
        redis.set(_place(staff_id, purpose, key), sealed, ex=KEPT_SECONDS)
    except RedisError as error:
        raise Unavailable("the file cannot be kept just now: try again in a minute") from error
    return key


def find(redis: Any, vault: Vault, staff_id: int, purpose: str, key: str) -> Upload | None:
    """The kept file; None when it is gone, or was never this person's. Raises Unavailable."""
    try:
        sealed = redis.get(_place(staff_id, purpose, key))
    except RedisError as error:
        raise Unavailable("the file cannot be read just now: try again in a minute") from error
    if sealed is None:
        return None
    try:
        held = json.loads(vault.open(sealed))
    except ValueError:  # sealed with a key that is gone
        return None
    return Upload(held["name"], zlib.decompress(base64.b64decode(held["content"])), held["said"])


def drop(redis: Any, staff_id: int, purpose: str, key: str) -> None:
    """Forget a file that was accepted. With Redis away it goes by itself."""
    try:
        redis.delete(_place(staff_id, purpose, key))
    except RedisError:
        return


def _place(staff_id: int, purpose: str, key: str) -> str:
    return f"upload:{staff_id}:{purpose}:{key}"
