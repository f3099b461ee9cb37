"""What an action of the menus is given beside its Call, and how actions are bound to one turn."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import TypeVar

from menus import model
from menus.model import Action, Call, Item, Menu, Outcome
from menus.words import say
from sms_service.errors import Unavailable
from sms_service.metrics import DEGRADED
from sms_service.runtime import Runtime
from sms_service.services.dialogues.lists import Lists
from sms_service.services.effects import Done, effect_key, find, once
from sms_service.services.recruiters import directory as recruiters
from sms_service.services.reports import callers_today
from sms_service.store.engine import Tx
from sms_service.ussd_sessions import hash_inputs

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Context:
    """Who calls, when, and what the service holds. One for each turn."""

    runtime: Runtime
    lists: Lists
    number: str  # E.164
    number_hash: str
    session_key: str
    now: datetime  # aware UTC

    @property
    def menu(self) -> Menu:
        """The menu and its words."""
        return self.runtime.menu

    @property
    def today(self) -> date:
        """The date at the office."""
        return self.now.astimezone(self.runtime.settings.zone).date()

    @property
    def channel(self) -> str:
        """How the caller comes: ussd | sms."""
        return "sms" if self.session_key.startswith("sms|") else "ussd"

    def words(self, call: Call, key: str, **values: str) -> str:
        """Shared words in the caller's language."""
        return say(self.menu, call.language, key, **values)

    def read(self, question: Callable[[Tx], T]) -> T:
        """Ask the database. Raises Unavailable."""
        with self.runtime.store.read() as tx:
            return question(tx)

    def find_place(self) -> str | None:
        """Where a dropped call of this caller left off (a packed State), while that is known."""
        try:
            return self.runtime.sessions.find_place(self.number_hash, self.menu.version)
        except Unavailable:
            DEGRADED.labels("redis").inc()
            return None

    def forget_dialogues(self) -> None:
        """Drop the caller's place and menu by SMS. With Redis away they end by themselves."""
        try:
            self.runtime.sessions.forget(self.number_hash, hash_inputs(f"sms|{self.number_hash}"))
        except Unavailable:
            DEGRADED.labels("redis").inc()

    def note_miss(self, typed: str) -> None:
        """Count what was asked and not found, once a day for each caller and name, and number: many are to be
        many people. With Redis away a figure is lost, and the answer is not."""
        runtime, whose = self.runtime, ("misses", self.number_hash)
        try:
            for asked, part in recruiters.asked_parts(typed).items():
                if callers_today.note(runtime.redis, *whose, asked, self.today).is_new:
                    runtime.sessions.note_miss(runtime.store.vault.seal(part))
        except Unavailable:
            DEGRADED.labels("redis").inc()

    def find_done(self, call: Call, action: str) -> Outcome | None:
        """What `once` has noted for this request, if it has. Raises Unavailable."""
        key = effect_key(self.session_key, call.steps, action)
        done = self.read(lambda tx: find(tx, key))
        return Outcome(*done) if done else None

    def once(self, call: Call, action: str, act: Callable[[Tx], Done]) -> Outcome:
        """Cause an effect, or find it done by an earlier form of the same request. Raises Unavailable."""
        key = effect_key(self.session_key, call.steps, action)
        name, values = once(self.runtime.store, key, act, self.now)
        return Outcome(name, values)


Answer = Outcome | tuple[Item, ...] | Mapping[str, str]
ContextAction = Callable[[Context, Call], Answer]


class Bound(Mapping[str, Action]):
    """The actions, bound to the context of one turn. What is away reaches the engine as its own error.

    `is_steady` stays true while none was asked for whose answer may differ between two callers at the same
    place on the same day: such a turn may be remembered.
    """

    __slots__ = ("_actions", "_context", "_steady", "is_steady")

    def __init__(
        self, actions: Mapping[str, ContextAction], context: Context, steady: frozenset[str]
    ) -> None:
        self._actions = actions
        self._context = context
        self._steady = steady
        self.is_steady = True

    def __getitem__(self, name: str) -> Action:
        action, context = self._actions[name], self._context
        if name not in self._steady:
            self.is_steady = False

        def bound(call: Call) -> Answer:
            try:
                return action(context, call)
            except Unavailable as error:
                raise model.Unavailable from error

        return bound

    def __iter__(self) -> Iterator[str]:
        return iter(self._actions)

    def __len__(self) -> int:
        return len(self._actions)
