"""Draining a lane through a gateway that behaves, and through ones that do not."""

from __future__ import annotations

import io
import threading
import time
from collections import Counter
from datetime import UTC, datetime, timedelta

import pytest

from sms_service.circuits import Circuits
from sms_service.errors import GatewayUnavailable, Misconfigured, Unavailable
from sms_service.gateways.base import OutboundSms, SendReceipt
from sms_service.services.texts import messages
from sms_service.store.engine import Store
from tests.doubles.gateway_server import (
    ACCEPT,
    ERROR_500,
    GARBAGE,
    HANG,
    INVALID_SENDER,
    RESET_AFTER_ACCEPTING,
    RESET_BEFORE_ACCEPTING,
    THROTTLED,
    UNAUTHORISED,
    Behaviour,
    GatewayServer,
)
from tests.services.outbox import number, row, statuses_of, stop, text
from workers.alarms import Alarms
from workers.process import Process
from workers.sender import Sender
from workers.stopping import Stopping


def put(store: Store, *numbers: int, **changes) -> list[int]:
    now = datetime.now(UTC)
    given = {"expires_at": now + timedelta(hours=1), **changes}
    with store.transaction() as tx:
        return [messages.enqueue(tx, text(n, **given), now) for n in numbers]


def drain(here: Process, lane: str = "bulk", seconds: float = 5) -> bool:
    more = here.sender.drain(lane, seconds)
    assert here.sender.settle(10)
    return more


def test_equal_texts_leave_in_calls_of_a_hundred_numbers(
    here: Process, store: Store, gateway: GatewayServer
) -> None:
    put(store, *range(230))
    assert drain(here) is False
    assert statuses_of(store) == {"sent": 230}
    assert sorted(len(call.fields["to"].split(",")) for call in gateway.calls) == [30, 100, 100]
    assert gateway.doubled() == {}


def test_texts_that_differ_are_called_side_by_side(
    here: Process, store: Store, gateway: GatewayServer
) -> None:
    gateway.default = Behaviour(latency=0.3)
    for n in range(8):
        put(store, n, body=f"Text for {n}")
    started = time.monotonic()
    drain(here)
    assert statuses_of(store) == {"sent": 8}
    assert time.monotonic() - started < 4 * 0.3


def test_the_texts_of_one_person_arrive_in_their_order(
    here: Process, store: Store, gateway: GatewayServer
) -> None:
    for n in range(5):
        put(store, 1, key=f"k{n}", body=f"part {n}")
    drain(here)
    assert gateway.texts_to(number(1)) == [f"part {n}" for n in range(5)]


def test_two_senders_at_once_call_nobody_twice(here: Process, store: Store, gateway: GatewayServer) -> None:
    put(store, *range(900))
    other = Sender(here.runtime, Stopping())

    def work(sender: Sender) -> None:
        while True:
            try:
                if not sender.drain("bulk", 10):
                    return
            except Unavailable:  # SQLite locked for too long: the job ends and is woken again
                continue

    threads = [threading.Thread(target=work, args=(sender,)) for sender in (here.sender, other)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    other.close()
    assert statuses_of(store) == {"sent": 900}
    assert len(gateway.accepted) == 900
    assert gateway.doubled() == {}


@pytest.mark.parametrize(
    "behaviour", [RESET_AFTER_ACCEPTING, GARBAGE, HANG], ids=["reset", "garbage", "hang"]
)
def test_an_answer_that_never_came_leaves_the_texts_unknown(
    here: Process, store: Store, gateway: GatewayServer, behaviour
) -> None:
    gateway.script(behaviour)
    put(store, 1, 2)
    drain(here)
    assert statuses_of(store) == {"unknown": 2}
    assert len(gateway.calls) == 1


@pytest.mark.parametrize("behaviour", [ERROR_500, THROTTLED], ids=["500", "429"])
def test_a_refusal_for_now_is_tried_again_later(
    here: Process, store: Store, gateway: GatewayServer, behaviour
) -> None:
    gateway.script(behaviour)
    (message_id,) = put(store, 1)
    drain(here)
    waiting = row(store, message_id)
    assert (waiting.status, waiting.attempts) == ("queued", 1)
    assert waiting.not_before > datetime.now(UTC)
    here.runtime.clock.shift = timedelta(seconds=10)
    drain(here)
    assert row(store, message_id).status == "sent"
    assert len(gateway.accepted) == 1


def test_a_number_that_is_refused_does_not_hold_up_the_others(
    here: Process, store: Store, gateway: GatewayServer
) -> None:
    gateway.refusals = {number(1): (403, "InvalidPhoneNumber"), number(2): (406, "UserInBlacklist")}
    put(store, 1, 2, 3)
    drain(here)
    assert statuses_of(store) == {"failed": 1, "opted_out": 1, "sent": 1}
    put(store, 2, key="after the gateway's opt-out")
    drain(here)
    assert gateway.texts_to(number(2)) == []


@pytest.mark.parametrize("behaviour", [UNAUTHORISED, INVALID_SENDER], ids=["401", "bad sender"])
def test_a_refused_account_stops_the_lane_with_one_alarm_and_burns_nothing(
    here: Process, store: Store, gateway: GatewayServer, behaviour, logged: io.StringIO
) -> None:
    gateway.default = behaviour
    put(store, *range(300))
    for _ in range(5):
        assert drain(here, seconds=1) is False
    assert statuses_of(store) == {"queued": 300}
    assert len(gateway.calls) <= 3  # those that were under way at once
    assert logged.getvalue().count("refuses our account") == 1


def test_whoever_is_on_duty_is_told_once_that_a_gateway_refuses_our_account(
    here: Process, store: Store, gateway: GatewayServer
) -> None:
    object.__setattr__(here.settings, "duty_numbers", (number(900),))
    gateway.default = UNAUTHORISED
    put(store, 1)
    drain(here, seconds=1)
    trouble = here.sender.circuits.find_trouble("africastalking")
    assert trouble is not None
    assert (trouble.state, trouble.reason) == ("stopped", "HTTP 401")
    for alarms in (Alarms(here), Alarms(here)):  # two schedulers
        alarms.look()
        alarms.look()
    assert statuses_of(store) == {"queued": 2}
    gateway.default = ACCEPT
    here.sender.circuits = Circuits(here.runtime.redis, stopped_seconds=0.01)
    here.runtime.redis.delete("circuit:africastalking:probe")
    drain(here, "fast")
    assert len(gateway.texts_to(number(900))) == 1
    assert here.sender.circuits.find_trouble("africastalking") is None


def test_a_call_that_hangs_holds_up_no_other_text_and_no_other_job(
    here: Process, store: Store, gateway: GatewayServer
) -> None:
    gateway.script(HANG)
    put(store, 1)
    started = time.monotonic()
    assert here.sender.drain("bulk", 5) is False
    put(store, 2, body="another")
    assert here.sender.drain("bulk", 5) is False
    assert time.monotonic() - started < 1.8
    assert statuses_of(store) == {"sending": 1, "sent": 1}
    assert here.sender.settle(10)
    assert statuses_of(store) == {"unknown": 1, "sent": 1}


def test_what_could_not_be_called_within_half_a_lease_is_claimed_anew_by_the_same_job(
    here: Process, store: Store, gateway: GatewayServer
) -> None:
    gateway.default = Behaviour(latency=0.3)
    here.sender.lease = timedelta(seconds=0.8)
    for n in range(60):
        put(store, n, body=f"Text for {n}")
    assert here.sender.drain("bulk", 20) is False
    assert here.sender.settle(5)
    assert statuses_of(store) == {"sent": 60}
    assert gateway.doubled() == {}


def test_a_second_text_to_somebody_waits_for_the_call_with_the_first(
    here: Process, store: Store, gateway: GatewayServer
) -> None:
    gateway.script(Behaviour(latency=1.5))  # longer than the drain, on a busy machine too
    put(store, 1, key="first", body="first")
    assert here.sender.drain("bulk", 0.5) is False
    put(store, 1, key="second", body="second")
    drain(here)
    drain(here)
    assert gateway.texts_to(number(1)) == ["first", "second"]
    first, second = gateway.accepted
    assert second.at - first.at >= 1.4


def test_a_gateway_that_works_again_is_found_by_one_text_and_taken_up_slowly(
    here: Process, store: Store, gateway: GatewayServer
) -> None:
    circuits = here.sender.circuits = Circuits(here.runtime.redis, probe_seconds=0.05, stopped_seconds=0.2)
    gateway.default = UNAUTHORISED
    put(store, *range(250))
    drain(here, seconds=1)
    gateway.default = ACCEPT
    gateway.calls.clear()
    deadline = time.monotonic() + 10
    while statuses_of(store) != {"sent": 250} and time.monotonic() < deadline:
        drain(here, seconds=1)
    sizes = [len(call.fields["to"].split(",")) for call in gateway.calls]
    assert sizes[:3] == [1, 2, 4]
    assert sum(sizes) == 250
    assert circuits.allowance("africastalking") == 100


def test_a_gateway_that_is_away_is_left_in_peace_after_a_few_calls(
    here: Process, store: Store, gateway: GatewayServer
) -> None:
    gateway.default = RESET_BEFORE_ACCEPTING
    for n in range(40):
        put(store, n, body=f"Text for {n}")
    for _ in range(5):
        drain(here, seconds=1)
    assert len(gateway.calls) < 30
    counts = statuses_of(store)
    assert sum(counts.values()) == 40
    assert counts["queued"] >= 10


class Scripted:
    """A second gateway, in this process: answers with what it was given."""

    name = "kannel"

    def __init__(self, error: Exception | None = None) -> None:
        self.error = error
        self.calls: list[OutboundSms] = []

    def send(self, sms: OutboundSms) -> list[SendReceipt]:
        self.calls.append(sms)
        if self.error:
            raise self.error
        return [SendReceipt(one, gateway_id=f"k-{sms.reference}-{i}") for i, one in enumerate(sms.numbers)]


@pytest.fixture
def second(here: Process, environment: dict[str, str]) -> Scripted:
    """Puts a second gateway behind the first."""
    scripted = Scripted()
    here.runtime.gateways["kannel"] = scripted
    object.__setattr__(here.runtime.settings, "sms_gateway", ("africastalking", "kannel"))
    return scripted


@pytest.mark.parametrize("behaviour", [ERROR_500, THROTTLED, UNAUTHORISED], ids=["500", "429", "401"])
def test_what_the_first_gateway_did_not_take_goes_to_the_next_at_once(
    here: Process, store: Store, gateway: GatewayServer, second: Scripted, behaviour
) -> None:
    gateway.default = behaviour
    ids = put(store, 1, 2)
    drain(here)
    assert statuses_of(store) == {"sent": 2}
    assert {row(store, one).gateway for one in ids} == {"kannel"}
    assert len(second.calls) == 1


def test_what_the_first_gateway_may_have_never_goes_to_the_next(
    here: Process, store: Store, gateway: GatewayServer, second: Scripted
) -> None:
    gateway.script(RESET_AFTER_ACCEPTING)
    put(store, 1)
    drain(here)
    assert statuses_of(store) == {"unknown": 1}
    assert second.calls == []


def test_with_all_gateways_away_the_texts_wait(
    here: Process, store: Store, gateway: GatewayServer, second: Scripted
) -> None:
    gateway.default = ERROR_500
    second.error = GatewayUnavailable("refused")
    put(store, 1)
    drain(here)
    assert statuses_of(store) == {"queued": 1}
    second.error = Misconfigured("no balance")
    here.runtime.clock.shift = timedelta(seconds=10)
    drain(here)
    assert statuses_of(store) == {"queued": 1}


def test_a_fault_of_our_own_in_the_call_does_not_burn_the_list(
    here: Process, store: Store, second: Scripted
) -> None:
    object.__setattr__(here.runtime.settings, "sms_gateway", ("kannel",))
    second.error = KeyError("oops")
    for n in range(60):
        put(store, n, body=f"Text for {n}")
    for _ in range(10):
        drain(here, seconds=0.5)
    counts = statuses_of(store)
    assert counts["unknown"] <= 32
    assert counts["queued"] >= 28


def test_stop_between_two_calls_of_one_claim_is_obeyed(here: Process, store: Store, second: Scripted) -> None:
    object.__setattr__(here.runtime.settings, "sms_gateway", ("kannel",))
    put(store, 1, key="a", body="first")
    put(store, 1, key="b", body="second")

    def stop_after_first(sms: OutboundSms) -> list[SendReceipt]:
        second.calls.append(sms)
        stop(store, 1, datetime.now(UTC))
        return [SendReceipt(sms.numbers[0], gateway_id="x")]

    second.send = stop_after_first
    drain(here)
    assert [sms.body for sms in second.calls] == ["first"]
    assert statuses_of(store) == {"sent": 1, "opted_out": 1}


def test_answers_are_recorded_when_the_database_comes_back(
    here: Process, store: Store, gateway: GatewayServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    put(store, 1)
    real, refusals = store.transaction, iter([True, True, True])

    def transaction():
        if threading.current_thread().name == "recorder" and next(refusals, False):
            raise Unavailable("the database is not available")
        return real()

    monkeypatch.setattr(store, "transaction", transaction)
    drain(here)
    monkeypatch.undo()
    assert statuses_of(store) == {"sent": 1}
    assert len(gateway.accepted) == 1


def test_told_to_stop_it_gives_back_what_it_has_not_called(
    here: Process, store: Store, second: Scripted
) -> None:
    object.__setattr__(here.runtime.settings, "sms_gateway", ("kannel",))
    for n in range(30):
        put(store, n, body=f"Text for {n}")
    first = second.send

    def stop_now(sms: OutboundSms) -> list[SendReceipt]:
        here.stopping.set()
        return first(sms)

    second.send = stop_now
    assert drain(here) is True
    counts = Counter(statuses_of(store))
    assert counts["sent"] == len(second.calls) <= 16
    assert counts["queued"] == 30 - counts["sent"]


def test_no_number_is_written_to_the_log(
    here: Process, store: Store, gateway: GatewayServer, logged: io.StringIO
) -> None:
    gateway.script(UNAUTHORISED)
    gateway.refusals = {number(2): (403, "InvalidPhoneNumber")}
    put(store, 1, 2)
    drain(here)
    assert "refuses our account" in logged.getvalue()
    assert "628120000" not in logged.getvalue()
