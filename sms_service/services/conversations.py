"""Dialogues: one USSD turn, or one step of the same menu by SMS. Called by webhooks and inbound.py.

A turn reads the session from Redis, lets the engine take the new input, and writes it back. Whatever is
lost is recomputed: the gateway's cumulative text holds every input of the call, and an effect that
happened is found done (effects.py). No SQL for navigation; lists come from memory.
"""

from __future__ import annotations

import time
from dataclasses import replace
from datetime import datetime

from sqlalchemy import bindparam, select

from menus import engine
from menus.model import Actions, Menu, State, Turn
from menus.words import say
from sms_service.errors import Unavailable
from sms_service.gateways.base import UssdRequest
from sms_service.metrics import DEGRADED, TURNS
from sms_service.runtime import Runtime
from sms_service.services.actions import ACTIONS, Bound, Context
from sms_service.services.lists import Lists
from sms_service.store.models import Subscriber
from sms_service.ussd_sessions import Found, Place, Session, hash_inputs

WALK_SECONDS = 1800  # a walk by SMS may rest for half an hour between two texts
_OFFERED = {"place": "1"}  # the value that makes the root offer to go on
_AWAY_SECONDS = 5.0  # not every caller waits for a database that has just failed
_NOTHING = Found(None, None)


class Conversations:
    """Answers callers. One for a process; safe to share between threads."""

    def __init__(self, runtime: Runtime, lists: Lists) -> None:
        self._runtime = runtime
        self._menu = runtime.menu
        self._vault = runtime.store.vault
        self._sessions = runtime.sessions
        self._lists = lists
        self._database_away_until = 0.0

    def answer(self, request: UssdRequest) -> tuple[str, str]:
        """Return the body of one USSD turn, `CON ` or `END ` included, and the name of its node.

        Redis or the database being away costs comfort, never the answer.
        """
        caller = self._vault.number_hash(request.number)
        session_key = hash_inputs(f"{request.gateway}|{request.session_id}|{caller}")
        inputs = request.text.split("*") if request.text else []
        inputs_hash = hash_inputs(request.text)
        found, redis_here = self._find(session_key, caller)
        session = found.session
        if session and (session.inputs_hash, session.taken, session.version) == (
            inputs_hash, len(inputs), self._menu.version,
        ):  # fmt: skip
            return _with_prefix(session.body, session.state), session.state.node
        context = self._context(request.number, caller, session_key, found.place)
        turn = self._take(session, inputs, context)
        TURNS.labels(turn.state.node, turn.outcome).inc()
        if redis_here:
            saved = Session(len(inputs), inputs_hash, self._menu.version, turn.state, turn.body)
            self._save(session_key, caller, saved, turn, "ussd", context.now)
        return _with_prefix(turn.body, turn.state), turn.state.node

    def open_walk(self, number: str, language: str, inbound_id: int, now: datetime) -> str:
        """Begin the menu by SMS for `number` and return its first screen. Raises Unavailable."""
        return self._walk(number, engine.begin(self._menu, language), None, inbound_id, now)

    def walk(self, number: str, text: str, inbound_id: int, now: datetime) -> str | None:
        """Take one text of a walk; return the next screen, None when no walk is open. Raises Unavailable."""
        caller = self._vault.number_hash(number)
        session = self._sessions.find(hash_inputs(f"sms|{caller}"), caller, self._menu.version).session
        if session is not None and session.taken == inbound_id:
            return session.body  # this very text, handled again
        if session is None or session.version != self._menu.version or session.state.ended:
            return None
        return self._walk(number, session.state, text, inbound_id, now)

    def sorry(self) -> str:
        """The answer when we ourselves have failed: polite, and it ends the call."""
        return f"END {say(self._menu, self._runtime.settings.default_language, 'sorry')}"

    def _walk(self, number: str, state: State, text: str | None, inbound_id: int, now: datetime) -> str:
        caller = self._vault.number_hash(number)
        # The inbound text is the session of its effects: handled twice, it finds them done.
        context = self._context(number, caller, f"sms|{inbound_id}", None)
        actions = Bound(ACTIONS, context)
        turn = (
            engine.show(self._menu, state, actions)
            if text is None
            else engine.advance(self._menu, state, text, actions)
        )
        saved = Session(inbound_id, "", self._menu.version, turn.state, turn.body)
        count = _count("sms", turn, now)
        key = hash_inputs(f"sms|{caller}")
        self._sessions.save(key, caller, saved, place="keep", count=count, seconds=WALK_SECONDS)
        return turn.body

    def _find(self, session_key: str, caller: str) -> tuple[Found, bool]:
        try:
            return self._sessions.find(session_key, caller, self._menu.version), True
        except Unavailable:
            DEGRADED.labels("redis").inc()
            return _NOTHING, False

    def _save(self, key: str, caller: str, session: Session, turn: Turn, channel: str, now: datetime) -> None:
        place: Place = "set"
        if turn.ended or self._menu.nodes[turn.state.node].forget:
            place = "drop"
        elif turn.state.node == self._menu.root:
            place = "keep"
        try:
            self._sessions.save(key, caller, session, place=place, count=_count(channel, turn, now))
        except Unavailable:
            DEGRADED.labels("redis").inc()

    def _context(self, number: str, caller: str, session_key: str, place: State | None) -> Context:
        return Context(
            runtime=self._runtime,
            lists=self._lists,
            number=number,
            number_hash=caller,
            session_key=session_key,
            now=self._runtime.clock.now(),
            place=place,
        )

    def _take(self, session: Session | None, inputs: list[str], context: Context) -> Turn:
        menu, actions = self._menu, Bound(ACTIONS, context)
        if session and session.version == menu.version and session.taken < len(inputs):
            before = "*".join(inputs[: session.taken])
            if hash_inputs(before) == session.inputs_hash:
                return _advance(menu, session.state, inputs[session.taken :], actions)
        start = engine.begin(menu, self._language(context), _OFFERED if context.place else {})
        if session and session.version != menu.version:
            return engine.refuse(menu, start, "menu_changed", actions)
        return engine.replay(menu, start, inputs, actions)

    def _language(self, context: Context) -> str:
        """The language that a known caller has chosen; the default while the database is away."""
        default = self._runtime.settings.default_language
        if time.monotonic() < self._database_away_until:
            return default
        try:
            found = self._runtime.store.find_scalar(_LANGUAGE, {"hash": context.number_hash})
        except Unavailable:
            DEGRADED.labels("database").inc()
            self._database_away_until = time.monotonic() + _AWAY_SECONDS
            return default
        return found if found in self._menu.languages else default


_LANGUAGE = select(Subscriber.language).where(Subscriber.number_hash == bindparam("hash"))


def _advance(menu: Menu, state: State, new: list[str], actions: Actions) -> Turn:
    """Take the inputs that a live session has not seen: one, or several when a `*` was typed.

    Free text is joined again. Elsewhere the parts are taken one after the other, as if dialled; when
    already the first makes no sense there, the caller is asked again without the star.
    """
    if len(new) > 1 and engine.takes_free_text(menu, state):
        joined = replace(state, steps=state.steps + len(new) - 1)
        return engine.advance(menu, joined, "*".join(new), actions)
    turn = engine.advance(menu, state, new[0], actions)
    if len(new) > 1 and turn.outcome == "refused":
        return engine.refuse(menu, replace(state, steps=state.steps + len(new)), "joined", actions)
    return engine.follow(menu, turn, new[1:], actions)


def _with_prefix(body: str, state: State) -> str:
    return f"END {body}" if state.ended else f"CON {body}"


def _count(channel: str, turn: Turn, now: datetime) -> str:
    return f"{now.date().isoformat()}|{channel}|{turn.state.node}|{turn.outcome}|{turn.state.language}"
