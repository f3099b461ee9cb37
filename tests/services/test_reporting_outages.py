"""A call in which somebody tells of a recruiter while the database or Redis is away."""

from __future__ import annotations

from dataclasses import replace

import pytest
from redis import Redis

from sms_service.domain.receipts import draw_code
from sms_service.runtime import Runtime
from sms_service.services.dialogues.conversations import Conversations
from sms_service.store.engine import Store
from sms_service.ussd_sessions import UssdSessions
from tests.answering import Answering
from tests.report_office import SHORTEST, Caller, code_in, draft, filed


@pytest.fixture
def caller(answering: Answering) -> Caller:
    return Caller(answering.conversations)


def test_with_the_database_away_in_mid_report_nothing_is_lost_and_the_caller_learns_whom_to_call(
    answering: Answering, caller: Caller
) -> None:
    asked = caller.dial(*SHORTEST[:3])
    here = caller.conversations
    store = Store("sqlite:////nowhere/at/all.sqlite3", answering.store.vault)
    caller.conversations = Conversations(replace(answering.runtime, store=store), answering.lists)
    away = caller.type("PT CONTOH")
    assert "belum bisa disimpan" in away
    assert "0800" in away + caller.type("9")
    caller.type("0")
    assert caller.type("0") == asked
    assert "belum bisa disimpan" in caller.type("1")
    caller.conversations = here
    assert caller.type("0") == asked
    assert "Nomor HP" in caller.type("CONTOH Orang")
    kept = draft(answering)
    assert kept is not None
    assert (kept.modi, kept.recruiter_name) == (("advance",), "CONTOH Orang")


def test_with_the_database_away_from_the_start_information_is_read_and_numbers_are_given(
    answering: Answering, caller: Caller
) -> None:
    store = Store("sqlite:////nowhere/at/all.sqlite3", answering.store.vault)
    caller.conversations = Conversations(replace(answering.runtime, store=store), answering.lists)
    assert "bahaya" in caller.dial("2")
    assert "Akal perekrut" in caller.type("4")
    caller.type("0")
    assert "belum bisa disimpan" in caller.type("1")
    assert "belum bisa disimpan" in caller.dial("2", "3", draw_code(), "2460")


def test_with_the_database_away_at_the_confirmation_it_is_filed_when_it_is_back(
    answering: Answering, caller: Caller
) -> None:
    caller.dial(*SHORTEST[:-1])
    here = caller.conversations
    store = Store("sqlite:////nowhere/at/all.sqlite3", answering.store.vault)
    caller.conversations = Conversations(replace(answering.runtime, store=store), answering.lists)
    assert "belum bisa disimpan" in caller.type("1")
    assert "Siap dikirim" in caller.type("0")
    caller.conversations = here
    assert code_in(caller.type("1"))
    assert len(filed(answering)) == 1


def test_without_redis_a_whole_report_is_told(answering: Answering, runtime: Runtime) -> None:
    away = Redis(unix_socket_path="/nowhere/redis.sock", socket_connect_timeout=0.2)
    without = replace(answering.runtime, redis=away, sessions=UssdSessions(away, 300))
    caller = Caller(Conversations(without, answering.lists))
    assert code_in(caller.dial(*SHORTEST))
    assert len(filed(answering)) == 1
