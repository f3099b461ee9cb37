"""Numbers in every spelling, and words, sent at every door: log, answers and figures hold none."""

from __future__ import annotations

import io
import re
import subprocess
import sys
from pathlib import Path

import pytest

from sms_service.cli import COMMANDS
from tests.conftest import SECRETS, WEBHOOK_TOKEN
from tests.web.conftest import Web

ROOT = Path(__file__).parents[2]
TELLING = re.compile(r"812[^A-Za-z]{0,3}0000[^A-Za-z]{0,3}4711")
SHAPES = (
    "+6281200004711",
    "6281200004711",
    "081200004711",
    "0812-0000-4711",
    "0812 0000 4711",
    "0812.0000.4711",
    "+62 812 0000 4711",
    "(0812) 0000 4711",
    "+62 (812) 0000-4711",
    "0062 812 0000 4711",
    "%2B6281200004711",
    "tel:+6281200004711",
    "0812/0000/4711",
    "0812_0000_4711",
    "x081200004711",
    "0812\u00a00000\u00a04711",
    "0812\u20110000\u20114711",
)
WORD = "Kumbang"
GATEWAYS = ("africastalking", "kannel", "console")
KINDS = ("ussd", "ussd-events", "sms", "delivery", "opt-out", "subscription")
FIELDS = (
    "from", "to", "text", "id", "linkId", "date", "phoneNumber", "sessionId", "serviceCode", "networkCode",
    "status", "failureReason", "retryCount", "senderId", "shortCode", "keyword", "updateType", "errorMessage",
    "input", "lastAppResponse", "durationInMillis", "hopsCount", "cost", "smsc", "answer", "coding",
)  # fmt: skip


def _ascii(shape: str) -> dict[str, str]:
    """Headers that hold the number, as far as a header can."""
    plain = shape.encode("ascii", "ignore").decode()
    names = ("X-Request-Id", "User-Agent", "Authorization", "Idempotency-Key")
    return dict.fromkeys(names, plain)


def nowhere(web: Web, logged: io.StringIO, *answers: str) -> None:
    figures = web.client.get("/metrics").text
    for place in (logged.getvalue(), figures, *answers):
        assert not TELLING.search(place), TELLING.search(place)
        assert WORD not in place


@pytest.mark.parametrize("gateway", GATEWAYS)
def test_no_webhook_writes_a_number_or_a_word_into_the_log(
    web: Web, logged: io.StringIO, gateway: str
) -> None:
    for n, shape in enumerate(SHAPES):
        kind = KINDS[n % len(KINDS)]
        everywhere = dict.fromkeys(FIELDS, f"{shape} {WORD}")
        proper = everywhere | {"from": shape, "phoneNumber": shape, "text": f"{WORD} {shape}", "id": "x1"}
        for form in (everywhere, proper, {shape: shape, WORD: shape}):
            web.post(kind, form, gateway)
        web.post(kind, f"{shape}\x00{WORD}".encode(), gateway, content_type=f"text/{WORD}")
        web.post(kind, {"from": shape}, gateway, token="a-wrong-token-0001", headers=_ascii(shape))
    for kind in KINDS:
        web.client.get(f"/webhooks/{gateway}/{WEBHOOK_TOKEN}/{kind}", query_string={"from": SHAPES[0]})
    assert logged.getvalue()  # something is logged at all
    nowhere(web, logged)


def test_no_address_header_or_call_of_the_api_does_either(web: Web, logged: io.StringIO) -> None:
    answers = []
    paths = ("/", "/api/v1/events", "/api/v1/reports", "/console/", "/webhooks/", "/api/v1/recruiters")
    for n, shape in enumerate(SHAPES):
        path = paths[n % len(paths)]
        for address in (f"{path.rstrip('/')}/{shape}{WORD}", path):
            answers.append(web.client.post(address, json={"number": shape}, headers=_ascii(shape)).text)
            web.client.get(address, query_string={"q": shape, "cursor": WORD})
    nowhere(web, logged, *[answer for answer in answers if answer])


@pytest.mark.parametrize(
    "name", sorted(set(COMMANDS) - {"run", "serve", "work", "schedule", "phone", "migrate"})
)
def test_no_command_repeats_a_number_in_its_complaints(name: str, tmp_path: Path, sqlite_url: str) -> None:
    """Wrong arguments, as a hurried hand pastes them. What argparse quotes, it quotes masked."""
    done = subprocess.run(
        [sys.executable, "-m", "sms_service", name, "--role", "081200004711", "081200004711"],
        cwd=ROOT,
        env={"PATH": "/usr/bin:/bin", **SECRETS, "VAR_DIR": str(tmp_path), "DATABASE_URL": sqlite_url},
        input="",
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert done.returncode != 0
    assert "00004711" not in done.stdout + done.stderr
