"""Killed at any step of the confirmation and confirmed again: one report, one code, one alert, no draft."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from sqlalchemy import func, select

from sms_service.services.reports import drafts as report_drafts
from sms_service.settings import Settings
from sms_service.store.engine import Store
from sms_service.store.models import Report, ReportDraft
from tests.case_office import NOW, answers, file, number, texts
from tests.conftest import SECRETS

ROOT = Path(__file__).parents[2]
STEPS = {
    "before the PIN is hashed": "pins.prepare = lie_down",
    "before the report is written": "reports.file_report = lie_down",
    "before duty is told": "reports._after_filing = lie_down",
    "before the draft goes": "reports._drop_draft = lie_down",
    "before the commit": "Tx.commit = lie_down",
    "after the commit": "",
}
_PROGRAM = """
import time
from sms_service.runtime import build
from sms_service.services.reports import filing as reports
from sms_service.services.reports import pins
from sms_service.settings import load
from sms_service.store.engine import Tx
from tests.case_office import answers, file

def lie_down(*given, **named):
    print("there", flush=True)
    time.sleep(600)

{step}
runtime = build(load())
receipt = file(runtime.store, runtime.settings, {token!r}, answers(is_urgent=True), redis=runtime.redis)
print("there", receipt.code, receipt.pin, flush=True)
time.sleep(600)
"""


@pytest.mark.parametrize("step", STEPS)
def test_killed_at_any_step_and_confirmed_again_it_is_one_report(
    store: Store, settings: Settings, step: str
) -> None:
    told = answers(is_urgent=True)
    with store.transaction() as tx:
        caller = tx.vault.number_hash(number(1))
        token = report_drafts.save(tx, caller, told, "id", "ussd", NOW).token
    environment = {
        **SECRETS,
        **{name: os.environ[name] for name in ("PATH", "HOME") if name in os.environ},
        "DATABASE_URL": settings.database_url,
        "REDIS_URL": settings.redis_url,
        "DUTY_NUMBERS": number(7000),
        "VAR_DIR": str(settings.var_dir),
    }
    program = _PROGRAM.format(step=STEPS[step], token=token)
    with subprocess.Popen(
        [sys.executable, "-c", program], cwd=ROOT, env=environment, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout
        said = process.stdout.readline().split()
        process.kill()
    assert said[0] == "there"
    with store.read() as tx:  # nothing in between: the draft, or the report
        drafts, filed = (tx.scalar(select(func.count()).select_from(kind)) for kind in (ReportDraft, Report))
    assert (drafts, filed) == ((0, 1) if step == "after the commit" else (1, 0))

    on_duty = settings.model_copy(update={"duty_numbers": (number(7000),)})
    receipt = file(store, on_duty, token, told)
    if len(said) > 1:
        assert said[1:] == [receipt.code, receipt.pin]
    with store.read() as tx:
        assert tx.scalar(select(func.count()).select_from(Report)) == 1
        assert tx.scalar(select(func.count()).select_from(ReportDraft)) == 0
    assert [n for n, _, _ in texts(store)] == [7000]
