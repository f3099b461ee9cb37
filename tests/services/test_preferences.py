"""What people want to get, said by text and in a call; and a STOP that only they take back."""

from __future__ import annotations

import pytest

from sms_service.gateways.base import UssdRequest
from sms_service.services.subscribers import person as subscribers
from sms_service.services.subscribers.person import Stored
from sms_service.settings import Settings
from sms_service.store.engine import Store
from tests.answering import Answering
from tests.text_office import MINUTE, NOW, context, number, talk


def stored(store: Store) -> Stored:
    with store.read() as tx:
        return subscribers.describe(tx, number())


@pytest.mark.parametrize(
    ("text", "topics", "district", "answer"),
    [
        ("REG", (), "", "REG BELU"),
        ("REG BELU", (), "53.04", "untuk Belu"),
        ("REG KERJA", ("jobs",), "", "Lowongan kerja"),
        ("reg belu lowongan kerja", ("jobs",), "53.04", "info tentang Lowongan kerja"),
        (
            "REG biaya, hak dan acara Alor",
            ("costs", "rights", "events"),
            "53.05",
            "Biaya, Hak pekerja, Acara",
        ),
        ("REG KUPANG KERJA", ("jobs",), "", "REG KOTA"),
        ("REG entah KERJA", ("jobs",), "", "REG BELU"),
    ],
)
def test_reg_takes_district_and_topics_in_any_order(
    store: Store, settings: Settings, text: str, topics: tuple[str, ...], district: str, answer: str
) -> None:
    said = talk(store, context(store, settings), text) or ""
    assert answer in said
    found = stored(store)
    assert (found.topics, found.district) == (topics, district)
    assert (found.warnings_on, found.news_on) == (True, True)


def test_reg_without_a_topic_keeps_those_that_were_chosen(store: Store, settings: Settings) -> None:
    desk = context(store, settings)
    talk(store, desk, "REG KERJA")
    talk(store, desk, "REG BELU", now=NOW + MINUTE)
    assert stored(store).topics == ("jobs",)


def test_every_answer_to_reg_with_topics_fits_one_text(store: Store, settings: Settings) -> None:
    said = talk(store, context(store, settings), "REG kerja pelatihan dokumen biaya hak acara SBD") or ""
    assert "Sumba Barat Daya" in said
    assert len(said) <= 160


def dial(answering: Answering, session: str, *keys: str) -> str:
    """Call and type; the last screen."""
    screen = ""
    for count in range(len(keys) + 1):
        request = UssdRequest("console", session, number(), "*123*62#", "*".join(keys[:count]))
        screen = answering.conversations.answer(request)[0]
    return screen


@pytest.mark.parametrize(("branch", "kind"), [("3", "warnings"), ("4", "news"), ("5", "reminders")])
def test_after_stop_a_call_asks_first_and_then_turns_on_what_was_wanted(
    answering: Answering, branch: str, kind: str
) -> None:
    with answering.store.transaction() as tx:
        subscribers.set_reminders(tx, number(), False, NOW)
        subscribers.opt_out(tx, number(), "sms", NOW)
    wanted = ("7", branch, "1") if kind == "reminders" else ("7", branch, "1", "1")
    asked = dial(answering, "one", *wanted)
    assert "STOP" in asked
    assert dial(answering, "two", *wanted, "2").startswith("CON Pengaturan")  # no: nothing changes
    assert stored(answering.store).opted_out
    assert "nyala lagi" in dial(answering, "three", *wanted, "1")
    found = stored(answering.store)
    assert not found.opted_out
    on = {"warnings": found.warnings_on, "news": found.news_on, "reminders": found.reminders_on}
    assert [name for name, is_on in on.items() if is_on] == [kind]


def test_the_same_yes_twice_does_not_undo_a_later_stop(answering: Answering) -> None:
    with answering.store.transaction() as tx:
        subscribers.opt_out(tx, number(), "sms", NOW)
    dial(answering, "one", "7", "4", "1", "1", "1")
    with answering.store.transaction() as tx:
        subscribers.opt_out(tx, number(), "sms", NOW + MINUTE)
    request = UssdRequest("console", "one", number(), "*123*62#", "7*4*1*1*1")
    answering.conversations.answer(request)  # the gateway repeats its last request
    assert stored(answering.store).opted_out


def test_a_topic_chosen_by_a_repeated_request_is_turned_once(answering: Answering) -> None:
    dial(answering, "one", "7", "4", "3", "2")
    request = UssdRequest("console", "one", number(), "*123*62#", "7*4*3*2")
    for _ in range(2):
        answering.conversations.answer(request)
    assert stored(answering.store).topics == ("training",)
