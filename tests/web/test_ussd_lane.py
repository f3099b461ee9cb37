"""The lane in front of Flask: the same answers as Flask's own view, and nothing for strangers."""

from __future__ import annotations

from dataclasses import replace
from urllib.parse import parse_qsl, urlencode

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import event

from sms_service.domain.texts import septets
from sms_service.errors import Unavailable
from sms_service.gateways.base import InboundSms
from sms_service.runtime import Runtime
from sms_service.services.dialogues.conversations import Conversations
from sms_service.services.texts import inbox
from sms_service.store.engine import Store
from sms_service.store.models import Effect
from sms_service.web.app import create_app
from sms_service.web.ussd_lane import UssdLane, _fields
from tests.answering import NOW, Answering
from tests.conftest import WEBHOOK_TOKEN
from tests.web.posted import NUMBER, TURN

PATH = f"/webhooks/africastalking/{WEBHOOK_TOKEN}/ussd"
FORM = "application/x-www-form-urlencoded"


class Raising:
    """Turns that fail."""

    def answer(self, request: object) -> tuple[str, str]:
        raise RuntimeError("a fault of ours, with +6281200000001 in it")

    def sorry(self) -> str:
        return "END Maaf"


@pytest.mark.parametrize(
    "text", ["", "1", "5*1*1", "1*PT%20CONTOH%2A1", "9*9*9", "x" * 3000, "%F0%9F%98%80", "%00"]
)
def test_the_lane_and_flask_give_the_same_screen(answering: Answering, text: str) -> None:
    app = create_app(answering.runtime, answering.conversations)
    assert isinstance(app.wsgi_app, UssdLane)
    body = urlencode({**TURN, "sessionId": "lane", "text": ""}) + text
    quick = app.test_client().post(PATH, data=body, content_type=FORM)
    app.wsgi_app = app.wsgi_app._app  # type: ignore[method-assign]
    slow = app.test_client().post(PATH, data=body.replace("lane", "flask"), content_type=FORM)
    assert (quick.status_code, slow.status_code) == (200, 200)
    assert quick.text == slow.text
    assert quick.content_type == slow.content_type == "text/plain; charset=utf-8"
    assert quick.headers["at-ussd-hop-metadata"] == slow.headers["at-ussd-hop-metadata"]
    assert septets(quick.text) <= 160


def test_the_label_of_a_hop_is_the_node_and_never_what_was_typed(answering: Answering) -> None:
    client = create_app(answering.runtime, answering.conversations).test_client()
    answer = client.post(PATH, data={**TURN, "text": "1*PT CONTOH RAHASIA"}, content_type=FORM)
    label = answer.headers["at-ussd-hop-metadata"]
    assert "RAHASIA" not in label
    assert len(label) <= 99
    assert "|" not in label


def test_a_fault_of_ours_is_a_polite_end_and_its_log_shows_no_number(
    runtime: Runtime, capsys: pytest.CaptureFixture[str]
) -> None:
    client = create_app(runtime, Raising()).test_client()
    answer = client.post(PATH, data=TURN, content_type=FORM)
    assert (answer.status_code, answer.text) == (200, "END Maaf")


@pytest.mark.parametrize("state", ["missing", "empty", "read-only", "full"])
def test_whatever_ails_the_database_a_caller_reads_and_an_act_is_put_off(
    answering: Answering, sqlite_url: str, state: str
) -> None:
    url = {"missing": "sqlite:////nowhere/x.sqlite3", "empty": f"{sqlite_url}.empty"}.get(state, sqlite_url)
    store = Store(url, answering.store.vault)
    pragma = {"read-only": "PRAGMA query_only = 1", "full": "PRAGMA max_page_count = 1"}.get(state)
    if pragma:
        event.listen(store.engine, "connect", lambda connection, _: connection.execute(pragma))
    if state == "full":
        _fill(store)
    runtime = replace(answering.runtime, store=store)
    client = create_app(runtime, Conversations(runtime, answering.lists)).test_client()

    def turn(text: str, session: str) -> str:
        return client.post(PATH, data={**TURN, "sessionId": session, "text": text}, content_type=FORM).text

    assert turn("5*1", "a").startswith("CON ")
    assert "CONTOH" in turn("4*2*1", "b")
    assert turn("4*2*1*1*1", "c").startswith("CON Maaf")
    sms = {"from": TURN["phoneNumber"], "id": "at-9", "text": "CEK PT CONTOH", "to": "12362"}
    assert client.post(PATH.replace("ussd", "sms"), data=sms, content_type=FORM).status_code == 503
    store.close()


def _fill(store: Store) -> None:
    """Write until the database takes nothing more, in the tables that a turn and a text need."""
    for size in (2000, 200, 10):
        for n in range(2000):
            try:
                with store.transaction() as tx:
                    tx.add(Effect(key=f"{size}-{n}", outcome="x", values_sealed=b"x" * size, created_at=NOW))
            except Unavailable:
                break
    for n in range(2000):
        try:
            with store.transaction() as tx:
                inbox.record(tx, InboundSms("console", f"fill-{n}", NUMBER, "1", f"{n}" * 9, None), NOW)
        except Unavailable:
            return


@settings(max_examples=300, deadline=None)
@given(st.dictionaries(st.sampled_from([*TURN, "x", ""]), st.text(max_size=30), max_size=8))
def test_the_lane_reads_a_form_as_the_library_does(form: dict[str, str]) -> None:
    body = urlencode(form)
    assert _fields(body) in (None, dict(parse_qsl(body, keep_blank_values=True)))
    if form and "" not in form:
        assert _fields(body) == form


@pytest.mark.parametrize(
    "body", ["", "a", "a=1&a=2", "a=1&&b=2", "%61=1", "a+b=1", "&".join(f"f{n}=1" for n in range(40))]
)
def test_a_form_written_oddly_is_left_to_flask(body: str) -> None:
    assert _fields(body) is None
