"""A connection is kept from call to call, and given up in every case in which it could cost a text."""

from __future__ import annotations

import threading
import time

import pytest

from sms_service.errors import GatewayUnavailable, OutcomeUnknown
from sms_service.gateways import calls
from sms_service.gateways.africastalking import AfricasTalking
from sms_service.gateways.kannel import Kannel
from sms_service.settings import Settings
from tests.doubles import gateway_server as double
from tests.doubles.gateway_server import Behaviour, GatewayServer
from tests.gateways.conftest import A, B, C, text_for


def test_calls_of_one_thread_share_a_connection(
    africastalking: AfricasTalking, server: GatewayServer
) -> None:
    for number in (A, B, C):
        africastalking.send(text_for(number))
    assert (len(server.calls), server.connections) == (3, 1)


def test_the_numbers_of_a_kannel_batch_share_a_connection(kannel: Kannel, server: GatewayServer) -> None:
    kannel.send(text_for(A, B, C))
    assert (len(server.calls), server.connections) == (3, 1)


def test_threads_do_not_share_one(africastalking: AfricasTalking, server: GatewayServer) -> None:
    server.default = Behaviour(latency=0.05)
    threads = [threading.Thread(target=africastalking.send, args=(text_for(n),)) for n in (A, B, C)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert (len(server.accepted), server.connections) == (3, 3)


def test_a_connection_that_the_gateway_has_closed_meanwhile_costs_nothing(
    africastalking: AfricasTalking, server: GatewayServer
) -> None:
    server.keeps_connections = False
    for number in (A, B, C):
        africastalking.send(text_for(number))
        time.sleep(0.02)  # for its farewell to arrive
    assert (len(server.accepted), server.connections) == (3, 3)


def test_a_connection_that_was_idle_for_long_is_not_used_again(
    africastalking: AfricasTalking, server: GatewayServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(calls, "KEEP_SECONDS", 0.01)
    africastalking.send(text_for(A))
    time.sleep(0.03)
    africastalking.send(text_for(B))
    assert server.connections == 2


@pytest.mark.parametrize(
    "behaviour", [double.HANG, double.DRIP, double.RESET_AFTER_ACCEPTING], ids=["hang", "drip", "reset"]
)
def test_on_a_kept_connection_too_a_broken_call_is_unknown_in_time_and_tried_once(
    africastalking: AfricasTalking, server: GatewayServer, behaviour: Behaviour
) -> None:
    africastalking.send(text_for(A))
    server.script(behaviour)
    started = time.monotonic()
    with pytest.raises(OutcomeUnknown):
        africastalking.send(text_for(B))
    assert time.monotonic() - started < 1.5
    assert len(server.calls) == 2
    assert africastalking.send(text_for(C))[0].error is None  # on a new one
    assert server.connections == 2


def test_a_refusal_leaves_the_connection_in_use(
    africastalking: AfricasTalking, server: GatewayServer
) -> None:
    server.script(double.ERROR_500)
    with pytest.raises(GatewayUnavailable):
        africastalking.send(text_for(A))
    africastalking.send(text_for(A))
    assert server.connections == 1


def test_a_gateway_that_sets_cookies_gets_none_back(
    africastalking: AfricasTalking, server: GatewayServer
) -> None:
    server.script(Behaviour(headers={"Set-Cookie": "track=1; Path=/"}))
    africastalking.send(text_for(A))
    africastalking.send(text_for(B))
    assert "cookie" not in server.calls[1].headers


def test_what_has_died_while_it_was_kept_is_noticed_before_the_request_leaves(
    outside: Settings, server: GatewayServer
) -> None:
    gateway = AfricasTalking(outside, connect=0.5, read=0.3, total=0.8)
    gateway.send(text_for(A))
    server.__exit__(None, None, None)
    with pytest.raises(GatewayUnavailable):
        gateway.send(text_for(B))
