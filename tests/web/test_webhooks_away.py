"""Webhooks with a part of the service away, many at once, and what the journal says of them."""

from __future__ import annotations

import io
import threading
from pathlib import Path

import pytest
from redis import Redis

from sms_service.runtime import build
from sms_service.services.texts import inbox
from sms_service.settings import Settings
from sms_service.store.models import (
    InboundMessage,
)
from sms_service.web.app import create_app
from tests.conftest import WEBHOOK_TOKEN
from tests.web.conftest import PaperTurns, Web
from tests.web.posted import FORMS, NUMBER, SMS, TURN, count

# Parts that are away


def test_the_database_away_is_503_and_the_next_try_is_stored(
    settings: Settings, tmp_path: Path, redis: Redis
) -> None:
    if not settings.database_url.startswith("sqlite"):
        away = settings.model_copy(update={"database_url": "postgresql+psycopg://nobody@127.0.0.1:1/none"})
    else:
        away = settings.model_copy(update={"database_url": f"sqlite:///{tmp_path}/missing/none.sqlite3"})
    runtime = build(away)
    web = Web(runtime, create_app(runtime, PaperTurns()).test_client(), PaperTurns())
    for kind in ("sms", "delivery", "opt-out", "ussd-events"):
        answer = web.post(kind, FORMS[kind])
        assert answer.status_code == 503
        assert answer.headers["Retry-After"]
        assert "database" in answer.text
        assert "none" not in answer.text
    runtime.close()
    back = build(settings)
    assert (
        Web(back, create_app(back, PaperTurns()).test_client(), PaperTurns()).post("sms", SMS).status_code
        == 200
    )
    assert count(back, InboundMessage) == 1
    back.close()


def test_a_locked_database_is_503_and_nothing_is_half_stored(settings: Settings, redis: Redis) -> None:
    if not settings.database_url.startswith("sqlite"):
        return  # PostgreSQL locks rows; nothing here waits for one
    runtime, blocker = build(settings), build(settings)
    web = Web(runtime, create_app(runtime, PaperTurns()).test_client(), PaperTurns())
    with blocker.store.transaction():
        assert web.post("sms", SMS).status_code == 503
    assert count(runtime, InboundMessage) == 0
    assert web.post("sms", SMS).status_code == 200
    runtime.close()
    blocker.close()


def test_redis_away_the_text_is_taken_and_the_sweep_finds_it(settings: Settings, tmp_path: Path) -> None:
    runtime = build(settings.model_copy(update={"redis_url": f"unix://{tmp_path}/no.sock"}))
    web = Web(runtime, create_app(runtime, PaperTurns()).test_client(), PaperTurns())
    assert web.post("sms", SMS).status_code == 200
    with runtime.store.read() as tx:
        assert inbox.has_due(tx, runtime.clock.now())
    runtime.close()


def test_the_same_text_from_many_threads_at_once_is_one_row(web: Web) -> None:
    gate, statuses = threading.Barrier(6), []

    def post(n: int) -> None:
        client = web.client.application.test_client()
        gate.wait()
        form = {**SMS, "id": f"at-{n % 2}"}
        statuses.append(client.post(f"/webhooks/africastalking/{WEBHOOK_TOKEN}/sms", data=form).status_code)

    threads = [threading.Thread(target=post, args=(n,)) for n in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert statuses == [200] * 6
    assert count(web.runtime, InboundMessage) == 1


def test_a_fault_of_ours_is_500_in_one_plain_sentence(
    web: Web, logged: io.StringIO, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_args: object) -> None:
        raise RuntimeError(f"boom {NUMBER}")

    monkeypatch.setattr(web.runtime.clock, "now", broken)
    answer = web.post("sms", SMS)
    assert (answer.status_code, answer.text) == (500, "something went wrong on our side\n")
    assert "boom" in logged.getvalue()
    assert NUMBER[3:] not in logged.getvalue()


# The journal


def test_no_number_and_no_token_stands_in_any_log_line(web: Web, logged: io.StringIO) -> None:
    for gateway in ("africastalking", "console"):
        for kind, form in FORMS.items():
            web.post(kind, form, gateway)
            web.post(kind, form, gateway, token="a-wrong-but-secret-token")
            web.post(kind, form, gateway, token="short-secret")
            web.post(kind, {**form, "phoneNumber": "", "from": ""}, gateway)
            web.post(kind, b"{}", gateway, content_type="application/json")
    kannel = {"id": "k-1", "from": NUMBER, "to": "12362", "text": NUMBER}
    web.client.get(f"/webhooks/kannel/{WEBHOOK_TOKEN}/sms", query_string=kannel)
    web.client.get(f"//webhooks/kannel/{WEBHOOK_TOKEN}/sms?from={NUMBER}")
    web.client.get(f"/Webhooks/x/{WEBHOOK_TOKEN}/sms/{NUMBER}")
    web.client.get(f"/webhook/kannel/{WEBHOOK_TOKEN}/sms")
    web.client.get(f"/api/v1/webhooks/kannel/{WEBHOOK_TOKEN}/sms")
    web.client.get(f"/webhooks/kannel/{WEBHOOK_TOKEN}/a-wrong-but-secret-token")
    web.client.get(f"/nothing/{NUMBER}", headers={"X-Request-Id": NUMBER[1:]})
    written = logged.getvalue()
    assert '"path": "/webhooks/africastalking/***/sms"' in written
    assert WEBHOOK_TOKEN not in written
    assert "a-wrong-but-secret-token" not in written
    assert "short-secret" not in written
    assert "81200000001" not in written  # with the country's code, with a 0 or bare: each ends so


def test_a_request_has_one_id_in_its_answer_and_its_lines(web: Web, logged: io.StringIO) -> None:
    given = "proxy-id-0001"
    answer = web.post("sms", SMS, headers={"X-Request-Id": given})
    assert answer.headers["X-Request-Id"] == given
    assert f'"request_id": "{given}"' in logged.getvalue()
    for bad in ("", "short", "x" * 65, "with space 1", "6281200000001", "a\tb-0123456"):
        made = web.post("sms", SMS, headers={"X-Request-Id": bad}).headers["X-Request-Id"]
        assert made != bad
        assert len(made) == 32


def test_turns_and_health_checks_leave_no_line(web: Web, logged: io.StringIO) -> None:
    web.post("ussd", TURN)
    web.client.get("/healthz")
    assert '"event": "request"' not in logged.getvalue()


def test_behind_a_proxy_the_counted_headers_are_believed(settings: Settings) -> None:
    runtime = build(settings.model_copy(update={"trusted_proxies": 1}))
    app = create_app(runtime, PaperTurns())

    @app.get("/who")
    def who() -> str:
        from flask import request

        return f"{request.remote_addr} {request.scheme}"

    headers = {"X-Forwarded-For": "198.51.100.7, 203.0.113.9", "X-Forwarded-Proto": "https"}
    assert app.test_client().get("/who", headers=headers).text == "203.0.113.9 https"
    runtime.close()
