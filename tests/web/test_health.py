"""Health: what lives, what can work, what waits."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from redis import Redis

from sms_service.circuits import Circuits
from sms_service.errors import Misconfigured
from sms_service.queues import LANES
from sms_service.runtime import Runtime, build
from sms_service.services.operation import heartbeats
from sms_service.services.privacy import data_keys
from sms_service.services.texts import messages
from sms_service.services.texts.messages import NewText
from sms_service.settings import Settings
from sms_service.store.models import KnownDataKey
from sms_service.web.app import create_app
from tests.conftest import SECRETS
from tests.text_office import receive
from tests.web.conftest import PaperTurns, Web

ALL = (*(heartbeats.worker(lane) for lane in LANES), heartbeats.SCHEDULER)
DOWN_POSTGRES = "postgresql+psycopg://somebody:hidden-word@127.0.0.1:1/none"


def beat(runtime: Runtime, *components: str, ago: float = 0) -> None:
    with runtime.store.transaction() as tx:
        for component in components:
            heartbeats.beat(tx, component, datetime.now(UTC) - timedelta(seconds=ago))


def ready(web: Web) -> tuple[int, dict[str, object]]:
    answer = web.client.get("/readyz")
    assert isinstance(answer.json, dict)
    return answer.status_code, answer.json


def test_a_gateway_that_refuses_our_account_is_named_and_callers_are_served_all_the_same(
    web: Web, runtime: Runtime
) -> None:
    beat(runtime, *ALL)
    name = runtime.senders[0].name
    Circuits(runtime.redis).failed(name, Misconfigured("405 InsufficientBalance"))
    status, said = ready(web)
    assert status == 200
    assert said["gateways"] == {name: "stopped: 405 InsufficientBalance"}
    assert f'jalur_gateway_usable{{gateway="{name}"}} 0.0' in web.client.get("/metrics").text


def test_signs_of_an_earlier_run_are_forgotten_before_a_new_one_starts(web: Web, runtime: Runtime) -> None:
    beat(runtime, *ALL)
    with runtime.store.transaction() as tx:
        heartbeats.forget(tx)
    assert ready(web)[0] == 503


def test_the_process_lives_whatever_is_away(settings: Settings, tmp_path: Path) -> None:
    runtime = build(
        settings.model_copy(update={"database_url": DOWN_POSTGRES, "redis_url": f"unix://{tmp_path}/no.sock"})
    )
    client = create_app(runtime, PaperTurns()).test_client()
    assert (client.get("/healthz").status_code, client.get("/healthz").text) == (200, "ok\n")
    answer = client.get("/readyz")
    assert answer.status_code == 503
    assert answer.json == {
        "ready": False,
        "database": "away",
        "redis": "away",
        "workers": "silent",
        "scheduler": "silent",
        "keys": "away",
        "menu": "ok",
    }
    assert "hidden-word" not in answer.text
    metrics = client.get("/metrics")
    assert metrics.status_code == 200
    assert "hidden-word" not in metrics.text
    runtime.close()


def test_ready_when_all_parts_answer_and_live(web: Web) -> None:
    beat(web.runtime, *ALL)
    status, parts = ready(web)
    assert status == 200
    assert parts == {
        "ready": True,
        "database": "ok",
        "redis": "ok",
        "workers": "ok",
        "scheduler": "ok",
        "keys": "ok",
        "menu": "ok",
    }


def test_not_ready_while_data_key_lacks_a_key_that_rows_may_need(web: Web) -> None:
    beat(web.runtime, *ALL)
    with web.runtime.store.transaction() as tx:
        tx.add(KnownDataKey(key_id="0a0b0c0d", noted_at=datetime.now(UTC)))
    status, parts = ready(web)
    assert (status, parts["keys"]) == (503, "lacking")
    data_keys.note(web.runtime.store, datetime.now(UTC))  # what is missing is not forgotten by that
    assert ready(web)[0] == 503


@pytest.mark.parametrize("dead", ALL)
def test_a_part_without_a_sign_of_life_for_half_a_minute_is_silent(web: Web, dead: str) -> None:
    beat(web.runtime, *ALL)
    beat(web.runtime, dead, ago=31)
    status, parts = ready(web)
    assert status == 503
    assert parts["scheduler" if dead == heartbeats.SCHEDULER else "workers"] == "silent"
    beat(web.runtime, dead)
    assert ready(web)[0] == 200


def test_a_database_without_our_tables_is_not_ready(settings: Settings, tmp_path: Path, redis: Redis) -> None:
    runtime = build(settings.model_copy(update={"database_url": f"sqlite:///{tmp_path}/empty.sqlite3"}))
    answer = create_app(runtime, PaperTurns()).test_client().get("/readyz")
    assert (answer.status_code, answer.json["database"]) == (503, "away")  # type: ignore[index]
    runtime.close()


def test_no_secret_stands_on_any_page(web: Web) -> None:
    for page in ("/healthz", "/readyz", "/metrics"):
        shown = web.client.get(page).text
        for secret in SECRETS.values():
            assert secret not in shown


def test_metrics_show_what_waits_and_for_how_long(web: Web) -> None:
    now = web.runtime.clock.now()
    receive(web.runtime.store, "INFO", now=now - timedelta(seconds=90))
    with web.runtime.store.transaction() as tx:
        for n in range(3):
            new = NewText(
                f"+628120000000{n}",
                "halo",
                "info",
                "bulk",
                f"k{n}",
                now + timedelta(hours=1),
                not_before=None,
            )
            messages.enqueue(tx, new, now - timedelta(seconds=40))
    shown = web.client.get("/metrics").text
    assert 'jalur_messages{lane="bulk",status="queued"} 3.0' in shown
    assert 'jalur_messages{lane="fast",status="queued"} 0.0' in shown
    assert 'jalur_queue_depth{lane="bulk"} 1.0' in shown
    ages = {
        line.split('"')[1]: float(line.split()[-1])
        for line in shown.splitlines()
        if line.startswith("jalur_oldest_due_seconds{")
    }
    assert 89 < ages["mo"] < 120
    assert 39 < ages["mt_bulk"] < 70
    assert ages["mt_fast"] == 0
    assert "+62" not in shown


def test_counters_of_all_processes_are_added_up(settings: Settings, tmp_path: Path, redis: Redis) -> None:
    """Two processes that count, and one that is asked: the figure is theirs together."""
    import os
    import subprocess
    import sys

    folder = tmp_path / "metrics"
    folder.mkdir()
    environ = {**os.environ, "PROMETHEUS_MULTIPROC_DIR": str(folder)}
    count = "from sms_service.metrics import MO; MO.labels('console', 'stored').inc()"
    for _ in range(2):
        subprocess.run([sys.executable, "-c", count], env=environ, check=True)
    ask = (
        "import sys; from prometheus_client import generate_latest; from sms_service.metrics import shared;"
        " sys.stdout.write(generate_latest(shared()).decode())"
    )
    shown = subprocess.run(
        [sys.executable, "-c", ask], env=environ, check=True, capture_output=True, text=True
    )
    assert 'jalur_mo_total{gateway="console",outcome="stored"} 2.0' in shown.stdout


def test_health_pages_take_no_other_method(web: Web) -> None:
    for page in ("/healthz", "/readyz", "/metrics"):
        assert web.client.post(page).status_code == 405
