"""People who report, for tests: by call and by text, with what became of it in the database."""

from __future__ import annotations

import re
from dataclasses import dataclass, field, replace

from redis import Redis
from sqlalchemy import select

from sms_service.domain.report_answers import Answers
from sms_service.gateways.base import UssdRequest
from sms_service.services.dialogues.conversations import Conversations
from sms_service.services.reports import drafts as report_drafts
from sms_service.store.models import Report
from sms_service.ussd_sessions import UssdSessions
from tests.answering import Answering

NUMBER = "+6281200000077"
# The shortest way, question by question: nobody in danger, how, who, where, whereto, anonymous, send.
SHORTEST = ("2", "2", "1", "PT CONTOH 081200000001", "Silawan Belu", "1", "1", "1")
RECEIPT = re.compile(r"Kode (\d{4} \d{4}), PIN (\d{4})?")


@dataclass
class Caller:
    """One phone. Every dial is a session of its own; `again` sends the last turn once more."""

    conversations: Conversations
    number: str = NUMBER
    session: int = 0
    typed: list[str] = field(default_factory=list)

    def dial(self, *inputs: str) -> str:
        """A new call, and what is typed in it one after the other. Returns the last screen."""
        self.session += 1
        self.typed = []
        screen = self.again()
        for text in inputs:
            screen = self.type(text)
        return screen

    def type(self, text: str) -> str:
        """One more input of the call."""
        self.typed.append(text)
        return self.again()

    def again(self) -> str:
        """The whole text of the call, as the gateway sends it."""
        name = f"{self.number}-{self.session}"
        request = UssdRequest("console", name, self.number, "*123*62#", "*".join(self.typed))
        return self.conversations.answer(request)[0]


def filed(answering: Answering) -> list[Report]:
    """Every report there is."""
    with answering.store.read() as tx:
        return list(tx.scalars(select(Report).order_by(Report.id)))


def draft(answering: Answering, number: str = NUMBER) -> Answers | None:
    """What the draft of `number` holds, if there is one."""
    with answering.store.read() as tx:
        found = report_drafts.find(tx, tx.vault.number_hash(number), answering.clock.now())
        return found.answers if found else None


def opened(answering: Answering, sealed: bytes | None) -> str:
    """What is sealed, in plain words."""
    return answering.store.vault.open(sealed) if sealed else ""


def code_in(screen: str) -> str:
    """The code on a receipt; fails where there is none."""
    found = RECEIPT.search(screen)
    assert found, screen
    return found[1]


def another(answering: Answering) -> Conversations:
    """Another process's dialogues: it remembers nothing of its own."""
    runtime = replace(answering.runtime, sessions=UssdSessions(answering.runtime.redis, 300))
    return Conversations(runtime, answering.lists)


def empty(redis: Redis, caller: Caller) -> None:
    """Redis loses everything, what is written behind the turns included."""
    caller.conversations.forget(caller.number)
    redis.flushall()


def start_elsewhere(answering: Answering, redis: Redis, caller: Caller) -> None:
    """Redis emptied once all is written to it, and the next turn taken by another process."""
    empty(redis, caller)
    caller.conversations = another(answering)


def leaked(answering: Answering, redis: Redis, secrets: list[str]) -> list[str]:
    """Which of the secrets stand in a value of Redis."""
    answering.runtime.sessions.find_place(answering.store.vault.number_hash(NUMBER), "")  # all is written
    values = []
    for key in redis.scan_iter():
        values.append(key + b" " + (redis.dump(key) or b""))
        if redis.type(key) == b"string":
            values.append(redis.get(key) or b"")
    whole = b"\n".join(values)
    return [secret for secret in secrets if secret.encode() in whole]
