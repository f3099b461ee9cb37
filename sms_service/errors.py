"""The one tree of errors.

Raised where a fault is known, caught at entry points only (webhooks, API, console, CLI, workers).
Messages are for people who operate or use the service: they never hold a phone number or a secret.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime


class Said(str):
    """Words with values put in. They read as they are; pages in another language put the same values into
    their own words for the pattern."""

    pattern: str
    values: Mapping[str, object]


def said(pattern: str, **values: object) -> Said:
    """Return `pattern` with its %(name)s filled in."""
    words = Said(pattern % values if values else pattern)
    words.pattern, words.values = pattern, values
    return words


def listed(faults: Mapping[str, str]) -> Said:
    """Faults by field in one line; each stays translatable."""
    parts = {field: fault if isinstance(fault, Said) else said(fault) for field, fault in faults.items()}
    return said("; ".join(f"{field}: %({field})s" for field in parts), **parts)


class JalurError(Exception):
    """Root of everything this service raises on purpose."""


class SettingsError(JalurError):
    """The environment is not usable; `faults` names every fault at once."""

    def __init__(self, faults: list[str]) -> None:
        super().__init__("; ".join(faults))
        self.faults = faults


class MenuError(JalurError):
    """A menu file is wrong: a dead link, a missing word, a screen that cannot fit."""

    def __init__(self, file: str, key: str, message: str) -> None:
        super().__init__(f"{file}: {key}: {message}")
        self.file = file
        self.key = key


class ServiceError(JalurError):
    """A use case refuses. Entry points turn it into an answer for whoever asked."""

    def __init__(self, message: str = "") -> None:
        super().__init__(message)
        self.words = message  # str() of an error would forget the pattern of Said


class Invalid(ServiceError):
    """What was given cannot be accepted; `errors` says per field what to do."""

    def __init__(self, message: str, errors: Mapping[str, str] | None = None) -> None:
        super().__init__(message)
        self.errors: dict[str, str] = dict(errors or {})


class NotFound(ServiceError):
    """The record does not exist (or the asker may not know that it does)."""


class NotAllowed(ServiceError):
    """The asker's role does not permit this act."""


class Locked(NotAllowed):
    """Too many wrong attempts: nothing more may be tried before `until`."""

    def __init__(self, message: str, until: datetime) -> None:
        super().__init__(message)
        self.until = until


class Conflict(ServiceError):
    """The record has moved on, or the same key was used for something else; `changes` says per field what
    is different now, where that is known."""

    def __init__(self, message: str, changes: Mapping[str, str] | None = None) -> None:
        super().__init__(message)
        self.changes: dict[str, str] = dict(changes or {})


class Unavailable(ServiceError):
    """A part that this needs (database, Redis) is away; trying again later is right."""


class GatewayError(JalurError):
    """A gateway did not take a text. `retryable` says whether trying again can be right."""

    retryable = False


class GatewayUnavailable(GatewayError):
    """The gateway certainly did not take it (no connection, a refusal that says "later")."""

    retryable = True


class Throttled(GatewayError):
    """The gateway asks us to slow down; it did not take the text."""

    retryable = True


class OutcomeUnknown(GatewayError):
    """The connection broke after the request went out: the gateway may have the text.

    Never sent again by itself: that is how somebody gets the same text twice.
    """


class Rejected(GatewayError):
    """This recipient will never be reachable this way (bad number, unsupported, blocked)."""


class RecipientOptedOut(GatewayError):
    """The gateway keeps an opt-out for this recipient; we record it as ours."""


class Misconfigured(GatewayError):
    """Our account, sender or balance is wrong: no text can go. The lane stops with one alarm."""
