"""PINs of receipts: drawn, hashed slowly, checked. Slow by purpose: never call it within a transaction.

What Argon2id is given is not the PIN but a keyed hash of it: four digits alone would be guessed from a
copied database in a minute, whatever the cost; with SECRET_KEY elsewhere the copy is worth nothing. So the
cost is one that a small server can pay on every report and look-up (docs/decisions/0013-receipts.md).
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

from argon2 import PasswordHasher, Type
from argon2.exceptions import InvalidHashError, VerificationError

from sms_service.domain import receipts
from sms_service.errors import Invalid
from sms_service.store.vault import Vault

_hasher = PasswordHasher(time_cost=2, memory_cost=4 * 1024, parallelism=1, type=Type.ID)


@dataclass(frozen=True, slots=True)
class ReadyPin:
    """A PIN that is ready to be stored. `shown` is empty when the reporter chose it and knows it."""

    hashed: str
    shown: str


def prepare(vault: Vault, token: str, chosen: str) -> ReadyPin:
    """Hash the PIN that the reporter chose, or the one drawn for the filing `token` when it is empty.

    About 4 ms. Raises Invalid for a PIN that may not be chosen.
    """
    if chosen and receipts.pin_fault(chosen):
        raise Invalid("this PIN cannot be chosen", {"pin": receipts.pin_fault(chosen)})
    pin = chosen or drawn(vault, token)
    return ReadyPin(_hasher.hash(_keyed(vault, pin)), "" if chosen else pin)


def drawn(vault: Vault, token: str) -> str:
    """Return the PIN drawn for a filing: the same whenever its confirmation is repeated."""
    return receipts.pin_from(vault.number_hash(f"drawn pin|{token}"))


def is_right(vault: Vault, hashed: str | None, pin: str) -> bool:
    """Check a PIN. With nothing to check against it does the same work and says False."""
    try:
        return _hasher.verify(hashed or _nobodys(), _keyed(vault, pin)) and hashed is not None
    except (VerificationError, InvalidHashError):
        return False


def _keyed(vault: Vault, pin: str) -> str:
    return vault.number_hash(f"pin|{pin.encode('ascii', 'replace').decode()}")


@cache
def _nobodys() -> str:
    """A hash that no PIN opens, of the same cost."""
    return _hasher.hash("nobody's")
