"""What handling a text needs beside the database: words, settings, and the neighbours that answer.

Built once by the worker (see SmsContext); the neighbours are given as callables, so that inbound.py knows
no menu engine and no list.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime, time
from functools import cached_property
from typing import Protocol

from menus.model import Menu
from menus.words import say
from sms_service.domain import phones
from sms_service.domain.keywords import Command
from sms_service.errors import Invalid
from sms_service.services.events.lists import EventList
from sms_service.services.events.texts import EventTexts
from sms_service.settings import Settings
from sms_service.store.engine import Tx


@dataclass(frozen=True, slots=True)
class Screen:
    """What the menu by SMS answers. A private one is not kept once it has left, nor is what it answers."""

    body: str
    is_private: bool = False


@dataclass(frozen=True, slots=True)
class Checked:
    """What the recruiter list answers, and whether it knew nobody of that name or number."""

    words: str
    is_miss: bool


class Walks(Protocol):
    """The menu by SMS: services/conversations.Conversations. Called before the answer is written."""

    def open_walk(
        self, number: str, language: str, inbound_id: int, now: datetime, entry: str = "", told: str = ""
    ) -> Screen:
        """Begin at the root, or at the node `entry` with what was `told`; return the screen. Raises
        Unavailable."""

    def walk(
        self, number: str, text: str, inbound_id: int, now: datetime, *, in_words: bool = False
    ) -> Screen | None:
        """Take one input and return the next screen; None when no walk is open, with `in_words` also when
        it does not ask for words of a report. Raises Unavailable."""

    def forget(self, number: str) -> None:
        """Drop the walk and the place that a redial goes on from. Raises nothing: they end by themselves."""


Look = Callable[[str, str, str, int, datetime], str]  # number, code and PIN as typed, language, text, now
Check = Callable[[str, str, datetime], Checked]  # what was typed, language, now
Hotlines = Callable[[str], str]  # language -> the lines to call, short


@dataclass(frozen=True)
class SmsContext:
    """One for a worker process."""

    menu: Menu
    settings: Settings
    walks: Walks
    events: Callable[[], EventList]
    check: Check
    hotlines: Hotlines
    look_up: Look  # where a report stands; raises Unavailable. It takes its own transactions

    @cached_property
    def event_texts(self) -> EventTexts:
        """The words about events."""
        return EventTexts.of(self.settings, self.menu)

    @cached_property
    def own_numbers(self) -> frozenset[str]:
        """Our own senders, as far as they are numbers: a text from them is an echo."""
        own = set()
        for sender in (
            self.settings.short_code,
            self.settings.kannel_sender,
            self.settings.africastalking_sender_id,
        ):
            try:
                own.add(phones.normalise(sender, self.settings.default_country))
            except Invalid:  # a name or a short code: its texts are never stored
                continue
        return frozenset(own)


@dataclass(frozen=True, slots=True)
class Received:
    """One claimed text, opened and understood."""

    id: int
    number: str  # E.164
    number_hash: str
    text: str
    link_id: str
    received_at: datetime
    command: Command
    language: str  # one that the menu speaks
    opted_out_at: datetime | None
    replies_this_hour: int
    asked_to_erase: bool  # the text before this one was HAPUS


@dataclass(frozen=True, slots=True)
class Ask:
    """What a handler of a keyword is given."""

    tx: Tx
    context: SmsContext
    received: Received
    now: datetime
    checked: Checked | None = None

    @property
    def argument(self) -> str:
        """What stood behind the keyword."""
        return self.received.command.argument

    @property
    def language(self) -> str:
        """The person's language."""
        return self.received.language

    @property
    def today(self) -> date:
        """The date at the office."""
        return self.now.astimezone(self.context.settings.zone).date()

    @property
    def midnight(self) -> datetime:
        """When the day began at the office."""
        return datetime.combine(self.today, time(), self.context.settings.zone)

    def say(self, key: str, **values: str) -> str:
        """The shared words `sms.<key>` in the person's language."""
        return self.say_in(self.language, key, **values)

    def say_in(self, language: str, key: str, **values: str) -> str:
        """The same in another language. Raises KeyError for a key without words."""
        settings = self.context.settings
        fixed = {"agency": settings.agency_name, "to": settings.short_code, "ussd": settings.service_code}
        return say(self.context.menu, language, f"sms.{key}", **{**fixed, **values})
