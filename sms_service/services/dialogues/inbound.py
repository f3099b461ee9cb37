"""A text in, handled: understood, answered exactly once. The worker calls `handle` for each claimed text, or
`find`, `prepare` and `act` to write the answers of several with one commit.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import bindparam, func, select, update

from sms_service.domain.keyword_lists import Keyword
from sms_service.domain.keywords import read
from sms_service.errors import Unavailable
from sms_service.logs import get_logger
from sms_service.metrics import DEGRADED
from sms_service.services.dialogues import sms_replies
from sms_service.services.dialogues.sms_context import Ask, Checked, Received, Screen, SmsContext
from sms_service.services.subscribers import person as subscribers
from sms_service.services.texts import forgetting, messages
from sms_service.services.texts.inbox import TABLE
from sms_service.services.texts.messages import NewText
from sms_service.store.engine import Store, Tx

log = get_logger(__name__)

REPLY_LIVES = timedelta(hours=1)  # an answer that is later than this answers nothing
REPLIES_AN_HOUR = 30  # to one number: more is a machine that answers our answers
TOLD = "report.told"  # where LAPOR with words enters the menu
_OPENERS = {Keyword.INFO: "", Keyword.LAPOR: "report.enter", Keyword.LANJUT: "report.go_on"}
_SHORTEST_NAME = 2  # of a recruiter
_ASKED_TO_ERASE = timedelta(hours=1)
_BY_ID = TABLE.c.id == bindparam("inbound_id", type_=TABLE.c.id.type)
_OF_NUMBER = TABLE.c.number_hash == bindparam("number_hash", type_=TABLE.c.number_hash.type)
_CLAIMED = select(TABLE).where(_BY_ID, TABLE.c.status == "handling")
_LOCK = select(TABLE.c.id).where(_BY_ID, TABLE.c.status == "handling").with_for_update()
_BEFORE = (
    select(TABLE.c.keyword, TABLE.c.handled_at)
    .where(_OF_NUMBER, TABLE.c.id < bindparam("inbound_id", type_=TABLE.c.id.type))
    .order_by(TABLE.c.id.desc())
    .limit(1)
)
_REPLIES_SINCE = select(func.count()).where(
    _OF_NUMBER,
    TABLE.c.status == "handled",
    TABLE.c.handled_at > bindparam("since", type_=TABLE.c.handled_at.type),
)
_FINISH = (
    update(TABLE)
    .where(_BY_ID)
    .values({name: bindparam(name) for name in ("status", "keyword", "handled_at")} | {"lease_until": None})
)


@dataclass(frozen=True, slots=True)
class Ready:
    """A text that is understood, with the step of the menu walk that it took, or with what the recruiter list
    answers: whatever takes time and writes nothing here. What it does comes next."""

    received: Received
    reason: str  # why it gets no answer, or ""
    screen: Screen | None
    checked: Checked | None


def handle(store: Store, inbound_id: int, context: SmsContext, now: datetime) -> str:
    """Understand one claimed text and write its answer; return what was done with it.

    Raises Unavailable: try again later.
    """
    received = find(store, inbound_id, context, now)
    if received is None:
        return "done before"
    ready = prepare(received, context, now)
    with store.transaction() as tx:
        done, forgotten = act(tx, ready, context, now)
    if forgotten:
        context.walks.forget(received.number)
    return done


def find(store: Store, inbound_id: int, context: SmsContext, now: datetime) -> Received | None:
    """One claimed text, opened, with what is known of its sender; None when it was done meanwhile.

    Of two texts of one sender the second must be read after the first has been acted upon.
    """
    with store.read() as tx:
        return _find(tx, inbound_id, context, now)


def prepare(received: Received, context: SmsContext, now: datetime) -> Ready:
    """Take the step of the menu walk, if the text is one: keyed by its id, and so safe twice."""
    reason = _silence(received, context)
    screen = None if reason else _walk(received, context, now)
    return Ready(received, reason, screen, None if reason or screen else _check(received, context, now))


def act(tx: Tx, ready: Ready, context: SmsContext, now: datetime) -> tuple[str, bool]:
    """Write the answer; return what was done, and whether the sender is to be forgotten by the walks too.

    Safe twice and at once: the answer, what it does, and the text's own status are one transaction.
    """
    received, reason, screen = ready.received, ready.reason, ready.screen
    if not _still_open(tx, received.id):
        return "done before", False
    answer = None
    if not reason:
        answer = sms_replies.answer(Ask(tx, context, received, now, ready.checked), screen)
        reason = "" if answer else "nothing to say"
    is_private = screen is not None and screen.is_private
    forgotten = _may_erase(received, screen) and forgetting.is_forgotten(tx, received.id)
    if answer:
        message_id = _reply(tx, received, answer, now)
        if forgotten or is_private:
            forgetting.mark(tx, message_id)
    _finish(tx, received, reason, took_walk=screen is not None, now=now)
    if is_private:
        forgetting.forget_words_in(tx, received.id)
    return reason or "answered", forgotten


def _find(tx: Tx, inbound_id: int, context: SmsContext, now: datetime) -> Received | None:
    row = tx.execute(_CLAIMED, {"inbound_id": inbound_id}).one_or_none()
    if row is None or not row.number_sealed:  # its sender was forgotten meanwhile: nobody to answer
        return None
    number = tx.vault.open(row.number_sealed)
    whose = {"number_hash": row.number_hash}
    before = tx.execute(_BEFORE, {**whose, "inbound_id": inbound_id}).one_or_none()
    replies = tx.scalar(_REPLIES_SINCE, {**whose, "since": now - timedelta(hours=1)})
    words = tx.vault.open(row.text_sealed)
    language = subscribers.find_language(tx, number)
    return Received(
        id=row.id,
        number=number,
        number_hash=row.number_hash,
        text=words,
        link_id=row.link_id,
        received_at=row.received_at,
        command=read(words),
        language=language if language in context.menu.languages else context.settings.default_language,
        opted_out_at=subscribers.opted_out_at(tx, number),
        replies_this_hour=replies or 0,
        asked_to_erase=before is not None
        and before.keyword == Keyword.HAPUS
        and before.handled_at is not None
        and before.handled_at > now - _ASKED_TO_ERASE,
    )


def _silence(received: Received, context: SmsContext) -> str:
    """Why this text gets no answer, or "" when it gets one. STOP is always carried out."""
    if received.number in context.own_numbers:
        return "from ourselves"
    if received.command.keyword is Keyword.BERHENTI:
        return ""
    if received.opted_out_at is not None and received.received_at <= received.opted_out_at:
        return "sent before STOP"
    if received.replies_this_hour >= REPLIES_AN_HOUR:
        log.warning("too many texts from one number within the hour", inbound=received.id)
        return "too many"
    return ""


def _walk(received: Received, context: SmsContext, now: datetime) -> Screen | None:
    """The next screen of the menu by SMS, where this text opens or continues one; where a report stands.

    Plain keywords are commands even while a walk is open; whatever else is typed goes to the walk first,
    and where a report is told in words, so do words that only begin like a command.
    """
    command, who = received.command, (received.number, received.language)
    step = (received.number, received.text, received.id, now)
    try:
        if (
            command.keyword is Keyword.INPUT
            or command.certainty in ("guess", "none")
            or _is_loose_yes(received)
        ):
            return context.walks.walk(*step)
        if not command.is_whole and (told := context.walks.walk(*step, in_words=True)):
            return told
        if command.keyword is Keyword.STATUS and command.argument:
            return Screen(context.look_up(*who, command.argument, received.id, now), is_private=True)
        if command.keyword in _OPENERS:
            entry, words = _OPENERS[command.keyword], ""
            if command.keyword is Keyword.LAPOR and command.argument:
                entry, words = TOLD, command.argument
            return context.walks.open_walk(*who, received.id, now, entry, words)
    except Unavailable:
        DEGRADED.labels("walk").inc()  # the short list of words answers instead
    return None


def _check(received: Received, context: SmsContext, now: datetime) -> Checked | None:
    """The answer to CEK with a name or number; None for every other text."""
    command = received.command
    if command.keyword is not Keyword.CEK or len(command.argument) < _SHORTEST_NAME:
        return None
    return context.check(command.argument, received.language, now)


def _may_erase(received: Received, screen: Screen | None) -> bool:
    return screen is not None or received.command.keyword in (Keyword.HAPUS, Keyword.YA)


def _is_loose_yes(received: Received) -> bool:
    return received.command.keyword is Keyword.YA and not received.asked_to_erase


def _still_open(tx: Tx, inbound_id: int) -> bool:
    """Lock the text until the transaction ends; False when somebody else has finished it."""
    return tx.execute(_LOCK, {"inbound_id": inbound_id}).first() is not None


def _reply(tx: Tx, received: Received, answer: sms_replies.Answer, now: datetime) -> int:
    new = NewText(
        number=received.number,
        body=answer.body,
        kind=answer.kind,
        lane="fast",
        key=f"reply:{received.id}",
        expires_at=now + REPLY_LIVES,
        priority=1,
        inbound_id=received.id,
        link_id=received.link_id,
    )
    return messages.enqueue(tx, new, now)


def _finish(tx: Tx, received: Received, reason: str, took_walk: bool, now: datetime) -> None:
    keyword = received.command.keyword
    if took_walk and keyword not in _OPENERS and keyword is not Keyword.STATUS:
        keyword = Keyword.INPUT  # whatever it looked like
    values = {"status": "ignored" if reason else "handled", "keyword": keyword.value, "handled_at": now}
    tx.execute(_FINISH, {"inbound_id": received.id, **values})
