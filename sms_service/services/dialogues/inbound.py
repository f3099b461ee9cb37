"""Texts in: stored before they are acknowledged, claimed by a worker, understood, answered exactly once.

The webhook calls `record`; the worker calls `claim_due` and, for each id, `handle`; the scheduler's sweep
asks `has_due`. A text is the same as another by the gateway's id, and by sender and words while the first
is unanswered (a minute at most) or too fresh to have been answered knowingly.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, cast

from sqlalchemy import ColumnElement, Table, bindparam, func, literal, or_, select, text, update
from sqlalchemy.dialects import postgresql, sqlite

from sms_service.domain.keyword_lists import Keyword
from sms_service.domain.keywords import read
from sms_service.errors import Unavailable
from sms_service.gateways.base import InboundSms
from sms_service.logs import get_logger
from sms_service.metrics import DEGRADED, MO
from sms_service.services.dialogues import sms_replies
from sms_service.services.dialogues.sms_context import Ask, Checked, Received, Screen, SmsContext
from sms_service.services.subscribers import person as subscribers
from sms_service.services.texts import forgetting, messages
from sms_service.services.texts.messages import NewText
from sms_service.store.claim import claim, quoted
from sms_service.store.engine import Store, Tx
from sms_service.store.models import InboundMessage

log = get_logger(__name__)

TABLE = cast(Table, InboundMessage.__table__)
JOB = "handle_inbound"
SAME_UNANSWERED = timedelta(seconds=60)
SAME_ANSWERED = timedelta(seconds=4)  # nobody reads an answer and types the same again within this
LEASE = timedelta(seconds=60)
MAX_ATTEMPTS = 5
REPLY_LIVES = timedelta(hours=1)  # an answer that is later than this answers nothing
REPLIES_AN_HOUR = 30  # to one number: more is a machine that answers our answers
TOLD = "report.told"  # where LAPOR with words enters the menu
_OPENERS = {Keyword.INFO: "", Keyword.LAPOR: "report.enter", Keyword.LANJUT: "report.go_on"}
_LONGEST_ID = 128
_SHORTEST_NAME = 2  # of a recruiter
_ASKED_TO_ERASE = timedelta(hours=1)

_DUE: ColumnElement[bool] = TABLE.c.status.in_([quoted("received"), quoted("handling")])


def _insert() -> dict[bool, Any]:
    """The one statement of `record`, for PostgreSQL (True) and SQLite (False)."""
    columns = [
        TABLE.c[name]
        for name in ("gateway", "gateway_id", "number_hash", "number_sealed", "text_sealed", "content_hash")
    ] + [TABLE.c.link_id, TABLE.c.received_at]
    same = (
        select(TABLE.c.id)
        .where(
            TABLE.c.content_hash == bindparam("content_hash", type_=TABLE.c.content_hash.type),
            TABLE.c.received_at > bindparam("since", type_=TABLE.c.received_at.type),
            or_(_DUE, TABLE.c.received_at > bindparam("just_now", type_=TABLE.c.received_at.type)),
        )
        .exists()
    )
    new = select(
        *(bindparam(column.name, type_=column.type) for column in columns),
        literal("received", TABLE.c.status.type),
        literal(0, TABLE.c.attempts.type),
    ).where(~same)
    names = [*(column.name for column in columns), "status", "attempts"]
    keys = ["gateway", "gateway_id"]
    return {
        True: postgresql.insert(TABLE).from_select(names, new).on_conflict_do_nothing(index_elements=keys),
        False: sqlite.insert(TABLE).from_select(names, new).on_conflict_do_nothing(index_elements=keys),
    }


# Built once, as those below: building a statement takes longer than running it.
_INSERT = {postgres: statement.returning(TABLE.c.id) for postgres, statement in _insert().items()}
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
_ONE_AT_A_TIME = text("SELECT pg_advisory_xact_lock(:key)")


def record(tx: Tx, sms: InboundSms, now: datetime) -> bool:
    """Store one text and wake its handling. False: it was there already, or its sender is no number."""
    if sms.number is None:
        MO.labels(sms.gateway, "not_a_number").inc()
        return False
    content_hash = tx.vault.number_hash(f"{sms.number}\n{sms.text.strip()}")
    if tx.is_postgres:  # the same text twice at once: the second must see the first (SQLite has one writer)
        tx.execute(_ONE_AT_A_TIME, {"key": int(content_hash[:15], 16)})
    values = {
        "gateway": sms.gateway,
        "gateway_id": _fitting_id(tx, sms.gateway_id),
        "number_hash": tx.vault.number_hash(sms.number),
        "number_sealed": tx.vault.seal(sms.number),
        "text_sealed": tx.vault.seal(sms.text),
        "content_hash": content_hash,
        "link_id": sms.link_id if len(sms.link_id) <= _LONGEST_ID and "\0" not in sms.link_id else "",
        "received_at": now,
        "since": now - SAME_UNANSWERED,
        "just_now": now - SAME_ANSWERED,
    }
    stored = tx.execute(_INSERT[tx.is_postgres], values).scalar_one_or_none() is not None
    MO.labels(sms.gateway, "stored" if stored else "duplicate").inc()
    if stored:
        tx.wake(JOB)
    return stored


def claim_due(tx: Tx, now: datetime, limit: int = 100) -> list[int]:
    """Take texts to handle under a lease, oldest first. After MAX_ATTEMPTS a text ends as failed."""
    rows = claim(
        tx,
        TABLE,
        due=[_DUE, _is_free(now)],
        order_by=[TABLE.c.received_at, TABLE.c.id],
        limit=limit,
        values={"status": "handling", "lease_until": now + LEASE, "attempts": TABLE.c.attempts + 1},
        returning=[TABLE.c.id, TABLE.c.received_at, TABLE.c.attempts],
    )
    _give_up(tx, [row.id for row in rows if row.attempts > MAX_ATTEMPTS], now)
    due = [row for row in rows if row.attempts <= MAX_ATTEMPTS]
    return [row.id for row in sorted(due, key=lambda row: (row.received_at, row.id))]


def has_due(tx: Tx, now: datetime) -> bool:
    """True when a text waits to be handled, or is stuck."""
    return tx.execute(select(TABLE.c.id).where(_DUE, _is_free(now)).limit(1)).first() is not None


def oldest_due(tx: Tx) -> datetime | None:
    """When the oldest text came in that is not handled yet."""
    at: datetime | None = tx.scalar(select(func.min(TABLE.c.received_at)).where(_DUE))
    return at


def postpone(tx: Tx, inbound_id: int, now: datetime) -> None:
    """Handling failed: free the text for another try, a little later each time."""
    row = tx.execute(select(TABLE.c.attempts).where(TABLE.c.id == inbound_id)).one_or_none()
    if row is not None:
        later = now + timedelta(seconds=2**row.attempts)
        tx.execute(
            update(TABLE)
            .where(TABLE.c.id == inbound_id, TABLE.c.status == "handling")
            .values(lease_until=later)
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


def _fitting_id(tx: Tx, gateway_id: str) -> str:
    """An id that the column cannot hold is kept as its hash: a repetition still meets it."""
    if len(gateway_id) <= _LONGEST_ID and "\0" not in gateway_id:
        return gateway_id
    return f"hash:{tx.vault.number_hash(gateway_id)}"


def _is_free(now: datetime) -> ColumnElement[bool]:
    return or_(TABLE.c.lease_until.is_(None), TABLE.c.lease_until <= now)


def _give_up(tx: Tx, ids: list[int], now: datetime) -> None:
    """Texts that were claimed once too often: looked for among the claimed, not among all that wait."""
    if not ids:
        return
    tx.execute(
        update(TABLE)
        .where(TABLE.c.id.in_(ids))
        .values(status="failed", handled_at=now, lease_until=None, attempts=MAX_ATTEMPTS)
    )
    for inbound_id in ids:
        log.error("an inbound text could not be handled", inbound=inbound_id, attempts=MAX_ATTEMPTS)


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
        content_hash=row.content_hash,
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
