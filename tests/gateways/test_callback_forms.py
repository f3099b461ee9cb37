"""What Africa's Talking and the console's phones post, in every shape that was seen or can be thought of."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import fields, is_dataclass
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from sms_service.gateways.africastalking import AfricasTalking
from sms_service.gateways.base import (
    DeliveryReport,
    Gateway,
    InboundSms,
    Malformed,
    OptOutNotice,
    UssdEnd,
    UssdRequest,
)
from sms_service.gateways.console import Console
from sms_service.gateways.kannel import Kannel
from sms_service.settings import Settings, load
from tests.conftest import SECRETS
from tests.gateways.conftest import A

SETTINGS: Settings = load(SECRETS)
GATEWAYS: list[Gateway] = [AfricasTalking(SETTINGS), Console(lambda number, body: "unused")]

USSD = {
    "sessionId": "ATUid_0123456789abcdef0123456789abcdef",
    "phoneNumber": A,
    "networkCode": "99999",
    "serviceCode": "*384*123#",
    "text": "1*2",
}
END = {
    "date": "2026-11-21 08:00:00",
    "sessionId": "ATUid_1",
    "serviceCode": "*384*123#",
    "networkCode": "51010",
    "phoneNumber": A,
    "status": "Failed",
    "cost": "KES 0.10",
    "durationInMillis": "48211",
    "hopsCount": "5",
    "hopsMetadata": "root|help",
    "input": "1*2",
    "lastAppResponse": "END Nomor Anda ...",
    "errorMessage": "Received unexpected response code: 530 <none>",
}
SMS = {
    "date": "2026-11-21T06:04:45Z",
    "from": A,
    "id": "5a1f3c2e-0001",
    "linkId": "L1",
    "text": "CEK PT CONTOH",
    "to": "12362",
}
REPORT = {"id": "ATXid_1", "status": "Success", "phoneNumber": A, "networkCode": "51010"}
STOP = {"senderId": "12362", "phoneNumber": A}
SUBSCRIPTION = {"phoneNumber": A, "shortCode": "12362", "keyword": "INFO", "updateType": "addition"}

LONG, MEGABYTE = "x" * 129, "x" * 1_000_000


@pytest.fixture(params=GATEWAYS, ids=lambda gateway: gateway.name)
def gateway(request: pytest.FixtureRequest) -> Gateway:
    found: Gateway = request.param
    return found


def refuses(parse: Callable[[Mapping[str, str]], Any], form: dict[str, str], field: str) -> None:
    with pytest.raises(Malformed) as caught:
        parse(form)
    assert caught.value.field == field


def without(form: dict[str, str], *fields: str) -> dict[str, str]:
    return {name: value for name, value in form.items() if name not in fields}


def test_a_turn_is_read_with_all_its_fields(gateway: Gateway) -> None:
    assert gateway.parse_ussd(USSD) == UssdRequest(
        gateway.name, USSD["sessionId"], A, "*384*123#", "1*2", "99999"
    )


def test_a_turn_needs_no_network_or_service_code_and_ignores_what_it_does_not_know(gateway: Gateway) -> None:
    turn = gateway.parse_ussd(without(USSD, "networkCode", "serviceCode") | {"new": MEGABYTE, "\0": "\0"})
    assert (turn.network_code, turn.service_code, turn.text) == ("", "", "1*2")


@pytest.mark.parametrize(
    "text", ["", "1*", "1**2", "*", "**", "1*PT. \U0001f600 é", "اختبار", "a\r\nb", "#", " "]
)
def test_what_was_typed_is_kept_as_it_is(gateway: Gateway, text: str) -> None:
    assert gateway.parse_ussd(USSD | {"text": text}).text == text


def test_nul_and_half_surrogates_in_what_was_typed_are_removed(gateway: Gateway) -> None:
    assert gateway.parse_ussd(USSD | {"text": "1*a\0b\ud800"}).text == "1*ab?"


@pytest.mark.parametrize("session_id", ["x", "ATUid_1", "a b/c?&", "\U0001f600", "é" * 128])
def test_a_session_id_is_opaque(gateway: Gateway, session_id: str) -> None:
    assert gateway.parse_ussd(USSD | {"sessionId": session_id}).session_id == session_id


BAD_IDS = ["", "  ", LONG, MEGABYTE, "a\0b", "a\nb", "a\rb", "a\x1bb", "a\ud800", "a\x85"]


@pytest.mark.parametrize("bad", BAD_IDS, ids=range(len(BAD_IDS)))
def test_an_id_that_no_table_could_hold_is_refused(gateway: Gateway, bad: str) -> None:
    refuses(gateway.parse_ussd, USSD | {"sessionId": bad}, "sessionId")
    refuses(gateway.parse_ussd_end, END | {"sessionId": bad}, "sessionId")
    refuses(gateway.parse_sms, SMS | {"id": bad}, "id")


@pytest.mark.parametrize("field", ["sessionId", "phoneNumber", "text"])
def test_a_turn_without_its_session_number_or_text_is_refused(gateway: Gateway, field: str) -> None:
    refuses(gateway.parse_ussd, without(USSD, field), field)


def test_a_turn_with_a_text_longer_than_any_session_is_refused(gateway: Gateway) -> None:
    refuses(gateway.parse_ussd, USSD | {"text": MEGABYTE}, "text")


NO_NUMBERS = [
    "",
    " ",
    "MTN",
    "12362",
    "+",
    "+628",
    "0",
    "+62812000000011111",
    "6281200000001x",
    "+62812\x000000001a",
    "\u0660" * 12,
    MEGABYTE,
    "9" * 1_000_000,
    "\ud800",
]


@pytest.mark.parametrize("bad", NO_NUMBERS, ids=range(len(NO_NUMBERS)))
def test_a_number_that_is_none_is_refused_where_one_is_needed(gateway: Gateway, bad: str) -> None:
    refuses(gateway.parse_ussd, USSD | {"phoneNumber": bad}, "phoneNumber")
    refuses(gateway.parse_opt_out, STOP | {"phoneNumber": bad}, "phoneNumber")
    refuses(gateway.parse_subscription, SUBSCRIPTION | {"phoneNumber": bad}, "phoneNumber")


@pytest.mark.parametrize(
    ("raw", "number"),
    [
        ("+6281200000001", "+6281200000001"),
        ("6281200000001", "+6281200000001"),
        (" 6281200000001", "+6281200000001"),  # a plus that was not encoded
        ("081200000001", "+6281200000001"),
        ("+62 812-0000-0001", "+6281200000001"),
        ("++6281200000001", "+6281200000001"),
        ("+67077000001", "+67077000001"),
        ("67077000001", "+67077000001"),
        ("+60120000001", "+60120000001"),
        ("60120000001", "+60120000001"),
        ("+254700000001", "+254700000001"),
        (" 254700000001", "+254700000001"),
    ],
)
def test_numbers_come_in_many_forms_and_leave_in_one(gateway: Gateway, raw: str, number: str) -> None:
    assert gateway.parse_ussd(USSD | {"phoneNumber": raw}).number == number
    assert gateway.parse_sms(SMS | {"from": raw}).number == number
    assert gateway.parse_opt_out({"phoneNumber": raw}).number == number


def test_the_office_may_be_in_another_country() -> None:
    timor = AfricasTalking(SETTINGS.model_copy(update={"default_country": "TL"}))
    assert timor.parse_sms(SMS | {"from": "77000001"}).number == "+67077000001"


def test_the_end_of_a_session_keeps_figures_and_leaves_what_was_said(gateway: Gateway) -> None:
    assert gateway.parse_ussd_end(END) == UssdEnd(
        gateway.name, "ATUid_1", "Failed", 48211, 5, "51010", END["errorMessage"]
    )


@pytest.mark.parametrize(
    ("raw", "value"),
    [
        ("0", 0),
        ("12.7", 12),
        ("", None),
        ("-1", None),
        ("1e3", None),
        ("9" * 400, None),
        ("2147483648", None),
    ],
)
def test_figures_that_are_none_are_left_out(gateway: Gateway, raw: str, value: int | None) -> None:
    end = gateway.parse_ussd_end(END | {"durationInMillis": raw, "hopsCount": raw})
    assert (end.duration_ms, end.hops) == (value, value)


def test_the_end_of_a_session_may_be_nearly_empty(gateway: Gateway) -> None:
    assert gateway.parse_ussd_end({"sessionId": "s", "status": "Odd"}).status == "Odd"
    refuses(gateway.parse_ussd_end, {"sessionId": "s"}, "status")


def test_a_gateways_error_text_loses_its_numbers(gateway: Gateway) -> None:
    error = gateway.parse_ussd_end(END | {"errorMessage": f"no route to {A} " + "y" * 900}).error
    assert error.startswith("no route to *** y")
    assert len(error) <= 200


def test_an_inbound_text_is_read_with_all_its_fields(gateway: Gateway) -> None:
    assert gateway.parse_sms(SMS) == InboundSms(
        gateway=gateway.name,
        gateway_id="5a1f3c2e-0001",
        number=A,
        to="12362",
        text="CEK PT CONTOH",
        sent_at=datetime(2026, 11, 21, 6, 4, 45, tzinfo=UTC),
        link_id="L1",
    )


@pytest.mark.parametrize(
    ("raw", "moment"),
    [
        ("2017-05-03T06:04:45Z", datetime(2017, 5, 3, 6, 4, 45, tzinfo=UTC)),
        ("2017-05-03 06:04:45", datetime(2017, 5, 3, 6, 4, 45, tzinfo=UTC)),
        ("2018-03-19T08:34:18.445Z", datetime(2018, 3, 19, 8, 34, 18, 445000, tzinfo=UTC)),
        ("2018-03-19T16:34:18+08:00", datetime(2018, 3, 19, 8, 34, 18, tzinfo=UTC)),
        ("2018-03-19", datetime(2018, 3, 19, tzinfo=UTC)),
        ("1521448458", datetime(2018, 3, 19, 8, 34, 18, tzinfo=UTC)),
        ("0001-01-01T00:00:00+23:00", None),
        ("2018-13-19", None),
        ("yesterday", None),
        ("", None),
        (MEGABYTE, None),
        ("9" * 5000, None),
    ],
    ids=lambda value: str(value)[:32],
)
def test_dates_come_in_many_forms_and_leave_in_utc_or_not_at_all(
    gateway: Gateway, raw: str, moment: datetime | None
) -> None:
    assert gateway.parse_sms(SMS | {"date": raw}).sent_at == moment


@pytest.mark.parametrize(
    "sender", ["MTN", "BANK BRI", "BRI-081200000001", "12362", "+3636", "Telkomsel ✓", "0" * 40]
)
def test_a_sender_who_is_no_number_has_none_and_so_cannot_be_answered(gateway: Gateway, sender: str) -> None:
    assert gateway.parse_sms(SMS | {"from": sender}).number is None


def test_an_inbound_text_needs_an_id_a_sender_and_a_text_only(gateway: Gateway) -> None:
    for field in ("id", "from", "text"):
        refuses(gateway.parse_sms, without(SMS, field), field)
    bare = gateway.parse_sms({"id": "1", "from": A, "text": ""})
    assert (bare.text, bare.to, bare.link_id, bare.sent_at) == ("", "", "", None)


def test_a_text_of_a_megabyte_is_cut_and_one_with_nul_cleaned(gateway: Gateway) -> None:
    assert len(gateway.parse_sms(SMS | {"text": MEGABYTE}).text) == 8192
    assert gateway.parse_sms(SMS | {"text": "TO\0LONG \U0001f198\ud83d"}).text == "TOLONG \U0001f198?"
    assert len(gateway.parse_sms(SMS | {"linkId": MEGABYTE, "to": MEGABYTE}).link_id) == 128


@pytest.mark.parametrize(
    ("word", "status"),
    [
        ("Sent", "sent"),
        ("Submitted", "sent"),
        ("Buffered", "sent"),
        ("Success", "delivered"),
        ("Rejected", "failed"),
        ("Failed", "failed"),
        ("AbsentSubscriber", "failed"),
        ("Expired", "failed"),
        ("success", "delivered"),
        ("Teleported", None),
    ],
)
def test_each_status_of_the_reference_is_known_and_others_are_kept(
    gateway: Gateway, word: str, status: str | None
) -> None:
    assert gateway.parse_delivery(REPORT | {"status": word}) == DeliveryReport(
        gateway.name, "ATXid_1", status, word
    )


@pytest.mark.parametrize(
    ("raw", "reason"),
    [
        ("NotNetworkSubcriber", "NotNetworkSubscriber"),
        ("NotNetworkSubscriber", "NotNetworkSubscriber"),
        ("DoNotDisturbRejection", "DoNotDisturbRejection"),
        ("SomethingNew", "SomethingNew"),
        (f"barred: {A}", "barred: ***"),
        (MEGABYTE, "x" * 128),
        ("a\0b", "ab"),
    ],
    ids=lambda value: value[:24],
)
def test_the_reason_of_a_failure_is_kept(gateway: Gateway, raw: str, reason: str) -> None:
    report = gateway.parse_delivery(REPORT | {"status": "Failed", "failureReason": raw})
    assert report.reason == reason


def test_a_report_is_refused_only_without_an_id_or_a_status(gateway: Gateway) -> None:
    refuses(gateway.parse_delivery, {"status": "Success"}, "id")
    refuses(gateway.parse_delivery, {"id": "1"}, "status")
    refuses(gateway.parse_delivery, {"id": "\0", "status": "Success"}, "id")
    odd = gateway.parse_delivery({"id": "a\0" + MEGABYTE, "status": "b\0" + MEGABYTE})
    assert (odd.gateway_id, odd.raw_status) == ("a" + "x" * 127, "b" + "x" * 63)


def test_an_opt_out_needs_the_number_only(gateway: Gateway) -> None:
    assert gateway.parse_opt_out(STOP) == OptOutNotice(gateway.name, A, opted_out=True)
    refuses(gateway.parse_opt_out, {"senderId": "12362"}, "phoneNumber")


@pytest.mark.parametrize(
    ("word", "opted_out"),
    [("addition", False), ("Addition", False), ("deletion", True), ("DELETION", True), (" Deletion ", True)],
)
def test_a_subscription_ends_or_begins_in_any_case(gateway: Gateway, word: str, opted_out: bool) -> None:
    notice = gateway.parse_subscription(SUBSCRIPTION | {"updateType": word})
    assert notice == OptOutNotice(gateway.name, A, opted_out)


@pytest.mark.parametrize("word", ["", "removal", MEGABYTE, "addition\ndeletion"])
def test_another_change_of_a_subscription_is_refused(gateway: Gateway, word: str) -> None:
    refuses(gateway.parse_subscription, SUBSCRIPTION | {"updateType": word}, "updateType")


FIELDS = sorted({*USSD, *END, *SMS, *REPORT, *STOP, *SUBSCRIPTION} | {"session", "answer", "type", "error"})
ANY_TEXT = st.text(st.characters(exclude_categories=())) | st.sampled_from(
    [A, "6281200000001", "1*2", "\0", "Success", "8", "addition", "2026-11-21 08:00:00", "x" * 200, "9" * 30]
)
FORMS = st.dictionaries(st.sampled_from(FIELDS) | st.text(max_size=8), ANY_TEXT)


def _values(parsed: object) -> list[object]:
    if isinstance(parsed, tuple):
        return list(parsed)
    assert is_dataclass(parsed)
    return [getattr(parsed, one.name) for one in fields(parsed)]


@settings(max_examples=400, deadline=None)
@example({"sessionId": "ATUid_1", "phoneNumber": "081200000001", "text": ""})
@given(FORMS)
def test_no_form_whatever_raises_anything_but_malformed_nor_leaves_what_no_table_holds(
    form: dict[str, str],
) -> None:
    for gateway in (*GATEWAYS, Kannel(SETTINGS)):
        for parse in (
            gateway.parse_ussd,
            gateway.parse_ussd_end,
            gateway.parse_sms,
            gateway.parse_delivery,
            gateway.parse_opt_out,
            gateway.parse_subscription,
        ):
            try:
                parsed = parse(form)
            except Malformed:
                continue
            for value in _values(parsed):
                if isinstance(value, str):
                    assert "\0" not in value
                    assert len(value.encode("utf-8")) <= 8192 * 4
