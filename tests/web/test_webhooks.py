"""The webhooks, hit as gateways and strangers hit them."""

from __future__ import annotations

import io
from itertools import product
from urllib.parse import urlencode

import pytest
from sqlalchemy import select

from sms_service.runtime import Runtime, build
from sms_service.services.subscribers import person as subscribers
from sms_service.settings import Settings
from sms_service.store.models import (
    DeliveryReportRow,
    InboundMessage,
    UssdSessionEnd,
)
from sms_service.web.app import create_app
from tests.conftest import WEBHOOK_TOKEN
from tests.web.conftest import PaperTurns, Web
from tests.web.posted import DELIVERY, END, FORMS, NUMBER, OPT_OUT, SMS, SUBSCRIPTION, TURN, count


def depth(runtime: Runtime) -> int:
    return runtime.queues.depths()["fast"]


@pytest.mark.parametrize("kind", FORMS)
@pytest.mark.parametrize("gateway", ["africastalking", "console"])
def test_each_kind_is_understood_from_each_gateway_that_posts_these_fields(
    web: Web, kind: str, gateway: str
) -> None:
    answer = web.post(kind, FORMS[kind], gateway)
    assert answer.status_code == 200
    assert answer.mimetype == "text/plain"
    assert answer.text == ("CON got 1*2" if kind == "ussd" else "")


def test_a_text_is_stored_and_its_handling_woken(web: Web) -> None:
    assert web.post("sms", SMS).status_code == 200
    assert count(web.runtime, InboundMessage) == 1
    assert depth(web.runtime) == 1


def test_a_repeated_text_is_acknowledged_and_not_stored(web: Web) -> None:
    for _ in range(3):
        assert web.post("sms", SMS).status_code == 200
    assert web.post("sms", {**SMS, "id": "at-2"}).status_code == 200
    assert count(web.runtime, InboundMessage) == 1
    assert depth(web.runtime) == 1


def test_a_text_from_a_name_is_acknowledged_and_not_stored(web: Web) -> None:
    for sender in ("MTN", "12362", "BANK NTT", "4444"):
        assert web.post("sms", {**SMS, "from": sender}).status_code == 200
    assert count(web.runtime, InboundMessage) == 0


@pytest.mark.parametrize("written", ["081200000001", "6281200000001", "+6281200000001", "0812-0000-0001"])
def test_a_number_is_the_same_however_it_is_written(web: Web, written: str) -> None:
    web.post("sms", {**SMS, "from": written})
    with web.runtime.store.read() as tx:
        row = tx.scalars(select(InboundMessage)).one()
        assert tx.vault.open(row.number_sealed) == NUMBER


@pytest.mark.parametrize("number", ["+67077000001", "+60123000001"])
def test_numbers_over_the_border_are_taken(web: Web, number: str) -> None:
    assert web.post("sms", {**SMS, "from": number}).status_code == 200
    assert count(web.runtime, InboundMessage) == 1


def test_kannel_may_get_as_well_as_post(web: Web) -> None:
    query = {"id": "k-1", "from": NUMBER, "to": "12362", "text": "INFO"}
    path = f"/webhooks/kannel/{WEBHOOK_TOKEN}/sms"
    assert web.client.get(path, query_string=query).status_code == 200
    assert web.post("sms", {**query, "id": "k-2", "text": "MENU"}, "kannel").status_code == 200
    assert count(web.runtime, InboundMessage) == 2
    turn = {"session": "s", "from": NUMBER, "to": "*123*62#", "text": "1"}
    assert web.client.get(f"/webhooks/kannel/{WEBHOOK_TOKEN}/ussd", query_string=turn).text == "CON got 1"


# Strangers


@pytest.mark.parametrize("kind", [*FORMS, "nonsense"])
def test_a_wrong_token_learns_nothing_by_any_method(web: Web, kind: str) -> None:
    methods = ("GET", "POST", "PUT", "DELETE", "OPTIONS", "HEAD", "PATCH")
    tokens = ("wrong", WEBHOOK_TOKEN[:-1], WEBHOOK_TOKEN + "x", "\u00e4" * 20, "%00", " ")
    for method, token in product(methods, tokens):
        answer = web.client.open(f"/webhooks/africastalking/{token}/{kind}", method=method, data=SMS)
        assert answer.status_code == 404
        assert answer.text in ("not found\n", "")
        assert "Allow" not in answer.headers


@pytest.mark.parametrize(
    "path",
    [
        f"/webhooks/vodafone/{WEBHOOK_TOKEN}/sms",
        f"/webhooks/africastalking/{WEBHOOK_TOKEN}/nonsense",
        f"/webhooks/africastalking/{WEBHOOK_TOKEN}",
        f"/webhooks/africastalking/{WEBHOOK_TOKEN}/sms/",
        f"/webhooks//africastalking/{WEBHOOK_TOKEN}/sms",
        "/webhooks/",
        "/",
        "/.env",
        "/webhooks/africastalking//sms",
    ],
)
def test_other_addresses_are_a_bare_404_and_never_a_redirect(web: Web, path: str) -> None:
    answer = web.client.post(path, data=SMS)
    assert answer.status_code == 404
    assert answer.text == "not found\n"
    assert "Location" not in answer.headers


@pytest.mark.parametrize("kind", FORMS)
@pytest.mark.parametrize("method", ["GET", "PUT", "DELETE", "PATCH", "OPTIONS"])
def test_the_wrong_method_is_405_for_who_has_the_token(web: Web, kind: str, method: str) -> None:
    answer = web.client.open(
        f"/webhooks/africastalking/{WEBHOOK_TOKEN}/{kind}", method=method, data=FORMS[kind]
    )
    assert answer.status_code == 405
    assert answer.headers["Allow"] == "POST"


def test_every_token_of_the_list_is_accepted(settings: Settings) -> None:
    two = settings.model_copy(update={"webhook_token": ("first-token-of-two", "second-token-of-two")})
    runtime = build(two)
    web = Web(runtime, create_app(runtime, PaperTurns()).test_client(), PaperTurns())
    for token in two.webhook_token:
        assert web.post("delivery", DELIVERY, token=token).status_code == 200
    assert web.post("delivery", DELIVERY, token=WEBHOOK_TOKEN).status_code == 404
    runtime.close()


# Malformed


@pytest.mark.parametrize(
    ("kind", "field"),
    [
        ("sms", "from"), ("sms", "id"), ("sms", "text"),
        ("delivery", "id"), ("delivery", "status"),
        ("ussd", "sessionId"), ("ussd", "phoneNumber"),
        ("ussd-events", "sessionId"), ("opt-out", "phoneNumber"),
        ("subscription", "phoneNumber"), ("subscription", "updateType"),
    ],
)  # fmt: skip
def test_a_missing_field_is_400_and_named(web: Web, kind: str, field: str) -> None:
    answer = web.post(kind, {name: value for name, value in FORMS[kind].items() if name != field})
    assert answer.status_code == 400
    assert field in answer.text
    assert NUMBER[3:] not in answer.text


@pytest.mark.parametrize("kind", FORMS)
@pytest.mark.parametrize(
    "value", ["", " ", "x" * 4000, "\0", "a\0b", "a\r\nX-Evil: 1", "\U0001f64f", "\u202e\u0645"]
)
def test_no_value_of_any_field_crashes(web: Web, kind: str, value: str) -> None:
    for field in FORMS[kind]:
        answer = web.post(kind, {**FORMS[kind], field: value})
        assert answer.status_code in (200, 400)
        assert "Traceback" not in answer.text
        assert "X-Evil" not in answer.headers
        if kind == "ussd" and answer.status_code == 200:
            assert answer.text.startswith(("CON ", "END "))


@pytest.mark.parametrize("kind", [kind for kind in FORMS if kind != "ussd"])
def test_a_doubled_field_is_400_even_when_both_say_the_same(web: Web, kind: str) -> None:
    field, value = next(iter(FORMS[kind].items()))
    answer = web.post(kind, urlencode([*FORMS[kind].items(), (field, value)]))
    assert answer.status_code == 400
    assert field in answer.text


def test_a_doubled_field_of_a_turn_is_a_polite_end_where_number_and_session_can_be_read(web: Web) -> None:
    answer = web.post("ussd", urlencode([*TURN.items(), ("text", "9")]))
    assert (answer.status_code, answer.text) == (200, "END sorry")
    assert web.turns.taken == []


def test_a_turn_without_text_is_a_polite_end(web: Web) -> None:
    answer = web.post("ussd", {name: value for name, value in TURN.items() if name != "text"})
    assert (answer.status_code, answer.text) == (200, "END sorry")


@pytest.mark.parametrize("kind", FORMS)
@pytest.mark.parametrize(
    ("body", "content_type"),
    [
        (b'{"from": "x"}', "application/json"),
        (b"<xml/>", "text/xml"),
        (b"--x\r\n", "multipart/form-data; boundary=x"),
        (b"plain", "text/plain"),
        (b"", "application/x-www-form-urlencoded"),
        (b"&&&===", "application/x-www-form-urlencoded"),
        (b"&".join(b"f%d=1" % n for n in range(500)), "application/x-www-form-urlencoded"),
        (bytes(range(256)), "application/x-www-form-urlencoded"),
    ],
)
def test_what_is_no_form_of_ours_is_400(web: Web, kind: str, body: bytes, content_type: str) -> None:
    assert web.post(kind, body, content_type=content_type).status_code == 400


@pytest.mark.parametrize("kind", FORMS)
def test_a_megabyte_is_413(web: Web, kind: str) -> None:
    assert web.post(kind, {**FORMS[kind], "text": "x" * 1_000_000}).status_code == 413
    assert web.post(kind, io.BytesIO(b"text=" + b"x" * 9000)).status_code == 413


@pytest.mark.parametrize(
    ("raw", "expected"),
    [
        (b"caf\xe9 PT", "caf\ufffd PT"),  # Latin-1 in place of UTF-8
        (b"caf%E9 PT", "caf\ufffd PT"),
        ("caf\u00e9".encode("utf-16-le"), "c\0a\0f\0\ufffd\0".replace("\0", "")),
        (b"%ED%A0%80", "\ufffd\ufffd\ufffd"),  # half a surrogate pair
        ("\U0001f64f".encode(), "\U0001f64f"),
        (b"%zz", "%zz"),
    ],
)
def test_a_wrong_encoding_costs_letters_not_the_text(web: Web, raw: bytes, expected: str) -> None:
    form = (
        urlencode({name: value for name, value in SMS.items() if name != "text"}).encode() + b"&text=" + raw
    )
    assert web.post("sms", form).status_code == 200
    with web.runtime.store.read() as tx:
        assert tx.vault.open(tx.scalars(select(InboundMessage.text_sealed)).one()) == expected


@pytest.mark.parametrize("status", ["Success", "AbsentSubscriber", "Expired", "Brandnew", "%", "\u2603"])
def test_a_delivery_report_is_200_whatever_it_says(web: Web, status: str) -> None:
    assert web.post("delivery", {"id": "ATXid_9", "status": status}).status_code == 200
    assert web.post("delivery", {"id": "x" * 500, "status": status}).status_code == 200
    assert count(web.runtime, DeliveryReportRow) == 2


# What the others do


def test_an_opt_out_at_the_gateway_is_ours_too(web: Web) -> None:
    assert web.post("opt-out", OPT_OUT).status_code == 200
    assert web.post("opt-out", OPT_OUT).status_code == 200
    with web.runtime.store.read() as tx:
        assert subscribers.is_opted_out(tx, NUMBER)


def test_a_subscription_that_ends_is_a_stop_and_a_new_one_takes_no_stop_back(web: Web) -> None:
    web.post("subscription", {**SUBSCRIPTION, "updateType": "deletion"})
    web.post("subscription", {**SUBSCRIPTION, "updateType": "addition"})
    with web.runtime.store.read() as tx:
        assert subscribers.is_opted_out(tx, NUMBER)


def test_the_end_of_a_session_is_kept_once_without_words_or_number(web: Web) -> None:
    for _ in range(2):
        web.post("ussd-events", {**END, "input": "1*PT CONTOH", "lastAppResponse": "CON secret"})
    with web.runtime.store.read() as tx:
        row = tx.scalars(select(UssdSessionEnd)).one()
    assert (row.status, row.hops, row.duration_ms) == ("Success", 3, 900)
    assert "ATUid" not in row.session_hash
