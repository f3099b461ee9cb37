"""What a page of the desk is made of. Modules list theirs as a table of Pages (PAGES); the frame serves them.

A page shows (GET) and may act (POST). An act that is refused shows its page again, with what was typed and
what to do about it; pages hold no rules of their own.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Protocol

from werkzeug.datastructures import FileStorage, MultiDict

from sms_service.gateways.base import UssdRequest
from sms_service.runtime import Runtime
from sms_service.services.staff.accounts import Person
from sms_service.services.staff.sign_in import SignedIn
from sms_service.store.engine import Tx

NO_FORM: MultiDict[str, str] = MultiDict()


class Turns(Protocol):
    """Who answers callers: services/conversations.Conversations."""

    def answer(self, request: UssdRequest) -> tuple[str, str]:
        """One turn: the body, `CON ` or `END ` included, and the name of its node."""


@dataclass(frozen=True, slots=True)
class Visit:
    """One request that may proceed: who asks, what was sent, and the transaction to work in.

    `typed` and `errors` are of the form that was refused a moment ago; both are empty on a plain look.
    """

    runtime: Runtime
    turns: Turns
    tx: Tx
    signed_in: SignedIn
    now: datetime  # of the service: a rehearsal may have moved it
    real_now: datetime  # for passwords, codes and sessions
    ids: Mapping[str, int | str]
    query: MultiDict[str, str]
    form: MultiDict[str, str] = field(default_factory=lambda: NO_FORM)
    files: Mapping[str, FileStorage] = field(default_factory=dict)
    typed: MultiDict[str, str] = field(default_factory=lambda: NO_FORM)
    errors: Mapping[str, str] = field(default_factory=dict)

    @property
    def person(self) -> Person:
        """Who asks."""
        return self.signed_in.person

    def id(self, name: str) -> int:
        """A number of the address."""
        return int(self.ids[name])


@dataclass(frozen=True, slots=True)
class Shown:
    """A page to show: a template and its values."""

    template: str
    values: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Moved:
    """Go to another page (an address below /console), saying something there."""

    to: str
    said: str = ""


@dataclass(frozen=True, slots=True)
class File:
    """Something to keep: a table, a calendar, a drawing."""

    name: str
    content: bytes
    kind: str


Answer = Shown | Moved | File
View = Callable[[Visit], Answer]


@dataclass(frozen=True, slots=True)
class Page:
    """One address. `right` is what the role must allow (domain/roles.py).

    A page that only acts names in `back` the page that shows its refusal. One that `is_free` gets no
    transaction: it opens its own, or reads a long file first. One that `is_audited` leaves a trace when it
    is only looked at: what cannot be recorded is not shown.
    """

    path: str
    right: str
    show: View | None = None
    act: View | None = None
    back: str = ""
    is_upload: bool = False
    is_free: bool = False
    is_audited: bool = False
