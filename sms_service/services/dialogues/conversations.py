"""Dialogues: one USSD turn, or one step of the same menu by SMS. Called by webhooks and inbound.py.

A turn reads the session from Redis, lets the engine take the new input, and writes it back. Whatever is
lost is recomputed: the gateway's cumulative text holds every input of the call, and an effect that
happened is found done (effects.py). No SQL for navigation; lists come from memory.
"""

from __future__ import annotations

import time
from dataclasses import dataclass, replace
from datetime import date, datetime
from functools import lru_cache
from typing import NamedTuple

from sqlalchemy import bindparam, select

from menus import engine
from menus.model import Actions, Menu, State, Turn
from menus.words import say
from sms_service.errors import Unavailable
from sms_service.gateways.base import UssdRequest
from sms_service.metrics import DEGRADED
from sms_service.runtime import Runtime
from sms_service.services.dialogues.actions import ACTIONS, STEADY, Bound, Context
from sms_service.services.dialogues.lists import Lists
from sms_service.services.dialogues.sms_context import Screen
from sms_service.store.models import Subscriber
from sms_service.ussd_sessions import Count, Found, Place, Session, hash_inputs, pack_state, unpack_state

WALK_SECONDS = 1800  # a walk by SMS may rest for half an hour between two texts
_PRIVATE_BRANCH = "report"
_OFFERED = {"place": "1"}  # the value that makes the root offer to go on
_AWAY_SECONDS = 5.0  # not every caller waits for a database that has just failed
_MOST_RECENT_CALLERS = 4096
_MOST_REMEMBERED = 4096  # replies; about 4 MB
_NOTHING = Found(None, None)
_LANGUAGE = select(Subscriber.language).where(Subscriber.number_hash == bindparam("hash"))


@dataclass(frozen=True, slots=True)
class Reply:
    """What a turn leaves behind: the screen, and the place to go on from, packed."""

    node: str
    language: str
    outcome: str
    body: str
    ended: bool
    state: str
    district: str  # that the caller has chosen in this call

    @classmethod
    def of(cls, turn: Turn) -> Reply:
        """The reply of one turn of the engine."""
        state = turn.state
        district, packed = _district(state), pack_state(state)
        return cls(state.node, state.language, turn.outcome, turn.body, state.ended, packed, district)


class _Turn(NamedTuple):
    """One USSD turn: who asks what, and when."""

    number: str
    caller: str  # the number's hash
    session_key: str
    text: str
    taken: int  # inputs in the text
    before: str  # hash of the text without its last input
    now: datetime
    day: date  # at the office


class Conversations:
    """Answers callers. One for a process; safe to share between threads.

    The engine is pure, so a turn that asked nothing of this caller alone (Bound.is_steady) is the same for
    the next who types the same at the same place on the same day: such replies are remembered.
    """

    def __init__(self, runtime: Runtime, lists: Lists) -> None:
        self._runtime = runtime
        self._menu = runtime.menu
        # Of the last callers: an HMAC at each turn would cost more than finding the session.
        self._number_hash = lru_cache(_MOST_RECENT_CALLERS)(runtime.store.vault.number_hash)
        self._sessions = runtime.sessions
        self._lists = lists
        self._database_away_until = 0.0
        self._remembered: dict[tuple[object, ...], Reply] = {}
        self._zone = runtime.settings.zone

    def answer(self, request: UssdRequest) -> tuple[str, str]:
        """Return the body of one USSD turn, `CON ` or `END ` included, and the name of its node.

        Redis or the database being away costs comfort, never the answer.
        """
        text, version = request.text, self._menu.version
        caller = self._number_hash(request.number)
        session_key = hash_inputs(f"{request.gateway}|{request.session_id}|{caller}")
        taken, inputs_hash = text.count("*") + 1 if text else 0, hash_inputs(text)
        before = hash_inputs(text.rpartition("*")[0])
        found = self._find(session_key, caller, (before, inputs_hash) if text else ())
        session = found.session
        is_again = session and session.inputs_hash == inputs_hash and session.version == version
        if session and is_again and session.body:
            return _with_prefix(session), session.node
        now = self._runtime.clock.now()
        day = now.astimezone(self._zone).date()
        turn = _Turn(request.number, caller, session_key, text, taken, before, now, day)
        reply = self._reply(found, turn)
        saved = Session(taken, inputs_hash, version, reply.ended, reply.node, self._kept(reply), reply.state)
        left = placed = ""
        if session and session.version == version and session.taken < taken:
            left, placed = session.node, _placed(reply, session)
        count = Count(day, "ussd", reply.node, reply.outcome, reply.language, left, placed)
        self._sessions.save(session_key, caller, saved, place=self._place(reply), count=count)
        return _with_prefix(reply), reply.node

    def open_walk(
        self, number: str, language: str, inbound_id: int, now: datetime, entry: str = "", told: str = ""
    ) -> Screen:
        """Begin the menu by SMS for `number`, at its root or at the node `entry` with what was `told` there,
        and return the first screen. Raises Unavailable."""
        start = engine.begin(self._menu, language, {"report_typed": told} if told else {})
        start = replace(start, node=entry) if entry else start
        return self._walk(number, start, None, inbound_id, now)

    def walk(
        self, number: str, text: str, inbound_id: int, now: datetime, *, in_words: bool = False
    ) -> Screen | None:
        """Take one text of a walk; return the next screen, None when no walk is open. With `in_words` also
        None unless the walk asks for words of a report. Raises Unavailable."""
        caller = self._number_hash(number)
        session = self._sessions.find(hash_inputs(f"sms|{caller}"), caller, self._menu.version).session
        if session is not None and session.taken == inbound_id:
            if session.body:  # this very text, handled again
                return Screen(session.body, _is_private(session.node))
            return self._walk(number, unpack_state(session.state), None, inbound_id, now)
        if session is None or session.version != self._menu.version or session.ended:
            return None
        state = unpack_state(session.state)
        if in_words and not (_is_private(state.node) and engine.takes_free_text(self._menu, state)):
            return None
        return self._walk(number, state, text, inbound_id, now)

    def forget(self, number: str) -> None:
        """Drop the walk and the place of one who is forgotten; with Redis away they end by themselves."""
        caller = self._number_hash(number)
        try:
            self._sessions.forget(caller, hash_inputs(f"sms|{caller}"))
        except Unavailable:
            DEGRADED.labels("redis").inc()

    def sorry(self) -> str:
        """The answer when we ourselves have failed: polite, and it ends the call."""
        return f"END {say(self._menu, self._runtime.settings.default_language, 'sorry')}"

    def _walk(self, number: str, state: State, text: str | None, inbound_id: int, now: datetime) -> Screen:
        caller = self._number_hash(number)
        # The inbound text is the session of its effects: handled twice, it finds them done.
        context = self._context(number, caller, f"sms|{inbound_id}", now)
        actions = Bound(ACTIONS, context, STEADY)
        turn = (
            engine.show(self._menu, state, actions)
            if text is None
            else engine.advance(self._menu, state, text, actions)
        )
        reply = Reply.of(turn)
        version = self._menu.version
        saved = Session(inbound_id, "", version, reply.ended, reply.node, self._kept(reply), reply.state)
        left = "" if text is None else state.node
        placed = "" if _district(state) else reply.district
        count = Count(context.today, "sms", reply.node, reply.outcome, reply.language, left, placed)
        key = hash_inputs(f"sms|{caller}")
        self._sessions.save_walk(key, caller, saved, count=count, seconds=WALK_SECONDS)
        return Screen(turn.body, _is_private(reply.node))

    def _kept(self, reply: Reply) -> str:
        """The screen as it is kept for a repetition: a secret one is not, it is drawn again."""
        return "" if self._menu.nodes[reply.node].secret else reply.body

    def _find(self, session_key: str, caller: str, fitting: tuple[str, ...]) -> Found:
        """The session, from this machine where its inputs are among `fitting`, else from Redis.

        A State follows from its inputs, so one of our own is as good as the one in Redis, and nobody waits.
        """
        own = self._sessions.recall(session_key, fitting, self._menu.version) if fitting else None
        if own:
            return Found(own, None)
        try:
            return self._sessions.find(session_key, caller, self._menu.version)
        except Unavailable:
            DEGRADED.labels("redis").inc()
            return _NOTHING

    def _place(self, reply: Reply) -> Place:
        if reply.ended or self._menu.nodes[reply.node].forget:
            return "drop"
        return "keep" if reply.node == self._menu.root else "set"

    def _context(self, number: str, caller: str, session_key: str, now: datetime) -> Context:
        return Context(
            runtime=self._runtime,
            lists=self._lists,
            number=number,
            number_hash=caller,
            session_key=session_key,
            now=now,
        )

    def _reply(self, found: Found, turn: _Turn) -> Reply:
        """Take what is new in the text; from memory where the same was taken before."""
        session, text = found.session, turn.text
        start = language = ""
        if session and session.version == self._menu.version and session.taken == turn.taken - 1:
            start = session.state if turn.before == session.inputs_hash else ""
        elif not (session or text):
            language = self._language(turn.caller)
            start = f"{language}|{bool(found.place)}"
        key = (start, text.rpartition("*")[2], turn.day, self._lists.content.revision)
        reply = self._remembered.get(key) if start else None
        if reply is None:
            context = self._context(turn.number, turn.caller, turn.session_key, turn.now)
            actions = Bound(ACTIONS, context, STEADY)
            inputs = text.split("*") if text else []
            reply = Reply.of(self._take(found, inputs, context, actions, language))
            if start and actions.is_steady:
                if len(self._remembered) >= _MOST_REMEMBERED:
                    self._remembered.clear()
                self._remembered[key] = reply
        return reply

    def _take(
        self, found: Found, inputs: list[str], context: Context, actions: Actions, language: str
    ) -> Turn:
        """Go on from the session where it fits what was typed, else walk all inputs from the root."""
        menu, session, offers = self._menu, found.session, found.place is not None
        is_known = session is not None and session.version == menu.version
        if session and is_known and session.taken <= len(inputs):
            before, new = inputs[: session.taken], inputs[session.taken :]
            if hash_inputs("*".join(before)) == session.inputs_hash:
                state = unpack_state(session.state)
                return _advance(menu, state, new, actions) if new else engine.show(menu, state, actions)
        start = engine.begin(
            menu, language or self._language(context.number_hash), _OFFERED if offers else {}
        )
        if session and not is_known:
            return engine.refuse(menu, start, "menu_changed", actions)
        return engine.replay(menu, start, inputs, actions)

    def _language(self, caller: str) -> str:
        """The language that a known caller has chosen; the default while the database is away."""
        default = self._runtime.settings.default_language
        if time.monotonic() < self._database_away_until:
            return default
        try:
            found = self._runtime.store.find_scalar(_LANGUAGE, {"hash": caller})
        except Unavailable:
            DEGRADED.labels("database").inc()
            self._database_away_until = time.monotonic() + _AWAY_SECONDS
            return default
        return found if found in self._menu.languages else default


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


def _district(state: State) -> str:
    return state.values.get("district", "")


def _placed(reply: Reply, session: Session) -> str:
    """The district, in the turn in which it becomes known."""
    return reply.district if reply.district and not _district(unpack_state(session.state)) else ""


def _is_private(node: str) -> bool:
    """True in the branch where people tell of others: its texts are not kept once they are answered."""
    return node.partition(".")[0] == _PRIVATE_BRANCH


def _with_prefix(reply: Reply | Session) -> str:
    return f"END {reply.body}" if reply.ended else f"CON {reply.body}"
