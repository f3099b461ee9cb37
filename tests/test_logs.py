"""No phone number leaves through a log, whoever logs it."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest

from sms_service import logs


@pytest.mark.parametrize(
    "written",
    [
        "+6281200000123",
        "081200000123",
        "6281200000123",
        "0812-0000-0123",
        "0812 0000 0123",
        "%2B6281200000123",
        "0812/0000/0123",
        "0812_0000_0123",
        "+62 (812) 0000-0123",
        "0812\u00a00000\u00a00123",
        "0812\u20110000\u20110123",
    ],
)
def test_a_number_is_masked_in_every_form_it_is_written_in(written: str) -> None:
    masked = logs.mask_numbers(f"text from {written} refused")
    assert "0000" not in masked
    assert masked.endswith("***123 refused")


@pytest.mark.parametrize("kept", ["2026-11-21T10:00:00", "127.0.0.1", "53.04", "took 12 ms", "id 4711"])
def test_what_is_no_number_stays(kept: str) -> None:
    assert logs.mask_numbers(kept) == kept


PROGRAM = """
import logging
from sms_service import logs
logs.configure("INFO", "test")
log = logs.get_logger("test")
log.info("hello", caller="+6281200000123", nested={"to": ["081200000123"]})
logging.getLogger("library").warning("sent to %s", "+6281200000123")
logging.getLogger("library").warning("wrong arguments %s %s", "+6281200000123")
try:
    raise ValueError("bad number +6281200000123")
except ValueError:
    log.exception("failed")
"""


def test_lines_are_json_and_masked_in_fields_messages_and_tracebacks() -> None:
    run = subprocess.run([sys.executable, "-c", PROGRAM], capture_output=True, text=True, check=True)
    lines = run.stderr.strip().splitlines()
    assert [json.loads(line)["component"] for line in lines] == ["test"] * 3
    assert "200000123" not in run.stderr
