"""What a call in which somebody tells of a recruiter leaves behind, and who could read it."""

from __future__ import annotations

import pytest
from redis import Redis

from sms_service.services.reports import drafts as report_drafts
from sms_service.services.reports.index import opened
from sms_service.store.engine import Tx
from sms_service.store.models import Base
from tests.answering import Answering
from tests.report_office import NUMBER, SHORTEST, Caller, code_in, leaked


@pytest.fixture
def caller(answering: Answering) -> Caller:
    return Caller(answering.conversations)


def test_nothing_that_was_told_stays_in_redis(answering: Answering, redis: Redis, caller: Caller) -> None:
    secrets = ["PT CONTOH", "81200000001", "Silawan", "zebra cross", "246813", NUMBER[1:]]
    for n in range(len(SHORTEST)):
        caller.dial("2", *(["3"] if n > 2 else []), *SHORTEST[1:n])
        assert not leaked(answering, redis, secrets)
    caller.dial("2", "3", *SHORTEST[1:-1], "3", "zebra cross")
    assert not leaked(answering, redis, secrets)
    caller.type("2")
    receipt = caller.type("246813")
    assert not leaked(answering, redis, [*secrets, code_in(receipt), code_in(receipt).replace(" ", "")])
    caller.dial("2", "3", code_in(receipt))
    assert not leaked(answering, redis, [*secrets, code_in(receipt), code_in(receipt).replace(" ", "")])
    assert "terima" in caller.type("246813")
    assert not leaked(answering, redis, [*secrets, code_in(receipt), code_in(receipt).replace(" ", "")])


def test_whoever_redials_after_the_receipt_sees_neither_code_nor_pin(caller: Caller) -> None:
    code = code_in(caller.dial(*SHORTEST))
    for after in (("0",), ("1",), ("00",)):
        for text in after:
            caller.type(text)
        for inputs in ((), ("9",), ("2",), ("2", "1"), ("2", "2", "0", "0")):
            assert code not in caller.dial(*inputs)


def test_who_holds_the_database_and_its_keys_cannot_go_from_a_report_to_its_call(
    answering: Answering, redis: Redis, caller: Caller
) -> None:
    """The draft named both the caller and the report. Once it is filed no row does, every seal opened."""
    vault = answering.store.vault
    caller.dial(*SHORTEST[:-1])
    with answering.store.read() as tx:
        told = report_drafts.find(tx, vault.number_hash(NUMBER), answering.clock.now())
        assert told is not None
        assert told.token in everything(tx)
    assert code_in(caller.type("1"))
    with answering.store.read() as tx:
        kept = everything(tx)
    assert not [each for each in (told.token, NUMBER[1:], vault.number_hash(NUMBER)) if each in kept]
    answering.runtime.sessions.write()
    assert list(redis.scan_iter("c:*")) == []  # nor does the place that a redial would go on from


def everything(tx: Tx) -> str:
    """Every value of every table, opened where DATA_KEY opens it."""
    values = [
        value for table in Base.metadata.sorted_tables for row in tx.execute(table.select()) for value in row
    ]
    return "\n".join(
        opened(tx, bytes(value)) if isinstance(value, bytes | memoryview) else str(value) for value in values
    )
