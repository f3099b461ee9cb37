"""The double itself: a test is worth what its double's ledger is worth."""

from __future__ import annotations

import json
import subprocess
import sys
import urllib.request

from sms_service.gateways.africastalking import AfricasTalking
from tests.doubles import gateway_server as double
from tests.doubles.gateway_server import GatewayServer, Reports
from tests.gateways.conftest import BODY, A, B, text_for


def test_the_ledger_tells_what_reached_whom_and_what_came_twice(
    africastalking: AfricasTalking, server: GatewayServer
) -> None:
    africastalking.send(text_for(A, B))
    africastalking.send(text_for(A))
    assert server.texts_to(A) == [BODY, BODY]
    assert server.doubled() == {(A, BODY): 2}
    assert len({text.id for text in server.accepted}) == 3
    with urllib.request.urlopen(f"http://127.0.0.1:{server.port}/ledger") as answer:
        assert json.load(answer) == {"calls": 2, "texts": 3, "doubled": 1, "reports": {}}


def test_reports_are_posted_before_or_after_twice_and_shuffled(
    africastalking: AfricasTalking, server: GatewayServer
) -> None:
    with GatewayServer() as listener:
        url = f"http://127.0.0.1:{listener.port}/delivery"
        server.reports = Reports(url, "before", ("Sent", "Success"), times=2, shuffled=True)
        (receipt,) = africastalking.send(text_for(A))
        assert len(listener.calls) == 4
        assert {call.fields["id"] for call in listener.calls} == {receipt.gateway_id}
        assert sorted(call.fields["status"] for call in listener.calls) == [
            "Sent",
            "Sent",
            "Success",
            "Success",
        ]
        server.reports = Reports(url, "after")
        africastalking.send(text_for(A, B))
        server.drain_reports()
        assert [call.fields["status"] for call in listener.calls[4:]] == ["Success", "Success"]
        assert sum(server.report_answers.values()) == 6


def test_the_same_seed_misbehaves_in_the_same_way() -> None:
    one, two, other = double.chaos(7), double.chaos(7), double.chaos(8)
    drawn = [one() for _ in range(200)]
    assert drawn == [two() for _ in range(200)]
    assert drawn != [other() for _ in range(200)]
    assert len(set(drawn)) > 3


def test_it_runs_by_itself_and_prints_its_address() -> None:
    command = [sys.executable, "-m", "tests.doubles.gateway_server"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        base_url = process.stdout.readline().strip()
        with urllib.request.urlopen(base_url.replace("/version1", "/texts")) as answer:
            assert json.load(answer) == []
        process.terminate()
