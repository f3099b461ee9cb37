"""Seals what must not be readable in the database file: phone numbers and people's own words.

AES-256-GCM through `cryptography`; each sealed value names its key, so that DATA_KEY can rotate (the
first key seals, all open). Numbers are found by a keyed hash (HMAC-SHA256 under a key derived from
SECRET_KEY), never by their sealed form, which differs every time.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import os
from collections.abc import Sequence

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

KEY_ID_BYTES = 4  # at the front of every sealed value: SQL finds by it what an old key has sealed
_NONCE = 12
_KEY_ID = KEY_ID_BYTES


class Vault:
    """Seals, opens, and hashes for look-up. Stateless and safe to share between threads."""

    def __init__(self, data_keys: Sequence[str], secret_key: str) -> None:
        raw = [base64.urlsafe_b64decode(key) for key in data_keys]
        self._ciphers = {hashlib.sha256(key).digest()[:_KEY_ID]: AESGCM(key) for key in raw}
        self._current = hashlib.sha256(raw[0]).digest()[:_KEY_ID]
        self.current_key_id: bytes = self._current  # names a key, tells nothing of it
        self.key_ids: frozenset[bytes] = frozenset(self._ciphers)
        self._lookup_key = hmac.digest(secret_key.encode(), b"jalur-aman number look-up", "sha256")

    def seal(self, text: str) -> bytes:
        """Return key id, nonce and ciphertext of `text`."""
        nonce = os.urandom(_NONCE)
        return self._current + nonce + self._ciphers[self._current].encrypt(nonce, text.encode(), None)

    def open(self, sealed: bytes) -> str:
        """Return what was sealed. Raises ValueError when no key of DATA_KEY opens it, and for b"": what
        was erased must never be taken for an empty number."""
        if not sealed:
            raise ValueError("it has been erased")
        cipher = self._ciphers.get(bytes(sealed[:_KEY_ID]))
        if cipher is None:
            raise ValueError("sealed with a key that DATA_KEY no longer holds")
        nonce, body = sealed[_KEY_ID : _KEY_ID + _NONCE], sealed[_KEY_ID + _NONCE :]
        try:
            return cipher.decrypt(bytes(nonce), bytes(body), None).decode()
        except InvalidTag as error:
            raise ValueError("the sealed value was changed") from error

    def text(self, sealed: bytes | None) -> str:
        """Return what was sealed, or "" where nothing was ever given or it has been erased: for pages and
        lists. Raises ValueError as `open`."""
        return self.open(sealed) if sealed else ""

    def reseal(self, sealed: bytes) -> bytes:
        """Return the same under the first key. Raises ValueError as `open`."""
        return self.seal(self.open(sealed))

    def is_current(self, sealed: bytes) -> bool:
        """True when the first key of DATA_KEY sealed it."""
        return bytes(sealed[:_KEY_ID]) == self._current

    def seal_for(self, opener: bytes, text: str) -> bytes:
        """Seal `text` so that DATA_KEY alone does not open it: `opener` (32 bytes) is needed too, and kept
        nowhere by us. Such a value is sealed anew like any other."""
        nonce = os.urandom(_NONCE)
        locked = nonce + AESGCM(opener).encrypt(nonce, text.encode(), None)
        return self.seal(base64.b64encode(locked).decode())

    def open_for(self, opener: bytes, sealed: bytes) -> str:
        """Return what `seal_for` sealed. Raises ValueError as `open`, and for another opener."""
        locked = base64.b64decode(self.open(sealed))
        try:
            return AESGCM(opener).decrypt(locked[:_NONCE], locked[_NONCE:], None).decode()
        except InvalidTag as error:
            raise ValueError("another opener sealed it") from error

    def number_hash(self, number: str) -> str:
        """Return the look-up hash (32 hex digits) of an E.164 number, or of any other text."""
        return hmac.digest(self._lookup_key, number.encode(), "sha256")[:16].hex()
