"""People by number: settings, consent, STOP, and being forgotten."""

from __future__ import annotations

import threading
from datetime import date

import pytest
from sqlalchemy import func, select

from sms_service.errors import Invalid
from sms_service.services.privacy import erasure
from sms_service.services.subscribers import person as subscribers
from sms_service.services.texts import messages
from sms_service.services.texts.messages import NewText
from sms_service.store.engine import Store
from sms_service.store.models import InboundMessage, Message, OptOut, Registration, Subscriber
from tests import event_office
from tests.text_office import HOUR, MINUTE, NOW, number, receive


def queue(store: Store, n: int = 1, kind: str = "reminder", key: str = "k") -> int:
    """A text that waits for the n-th number."""
    with store.transaction() as tx:
        new = NewText(number(n), "Ingat acara", kind, "bulk", key, NOW + HOUR)
        return messages.enqueue(tx, new, NOW)


def status(store: Store, message_id: int) -> str:
    with store.read() as tx:
        return messages.get_text(tx, message_id).status


def test_a_person_is_written_down_once_without_consent(store: Store) -> None:
    with store.transaction() as tx:
        first = subscribers.get_or_create(tx, number(), NOW)
        again = subscribers.get_or_create(tx, number(), NOW + HOUR)
        assert first.id == again.id
        assert (first.warnings_on, first.reminders_on, first.consent_on) == (False, True, None)
        assert number()[1:].encode() not in first.number_sealed
        assert tx.vault.open(first.number_sealed) == number()


def test_ten_at_once_write_one_person(store: Store) -> None:
    gate, ids = threading.Barrier(10), []

    def create() -> None:
        gate.wait()
        with store.transaction() as tx:
            ids.append(subscribers.get_or_create(tx, number(), NOW).id)

    threads = [threading.Thread(target=create) for _ in range(10)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(ids) == 10
    assert len(set(ids)) == 1


def test_who_was_never_heard_of_is_nobody(store: Store) -> None:
    with store.read() as tx:
        assert subscribers.find_by_number(tx, number()) is None
        assert subscribers.find_language(tx, number()) is None
        assert not subscribers.is_opted_out(tx, number())
        stored = subscribers.describe(tx, number())
        assert (stored.known, stored.registrations, stored.texts_received) == (False, 0, 0)


def test_settings_are_remembered_for_a_number_that_was_not_known(store: Store) -> None:
    with store.transaction() as tx:
        subscribers.set_language(tx, number(), "en", NOW)
        subscribers.set_district(tx, number(), "53.04", NOW)
        subscribers.set_reminders(tx, number(), False, NOW + MINUTE)
        person = subscribers.find_by_number(tx, number())
        assert person is not None
        assert (person.language, person.district, person.reminders_on) == ("en", "53.04", False)
        assert person.updated_at == NOW + MINUTE
        assert subscribers.find_language(tx, number()) == "en"
        subscribers.set_district(tx, number(), None, NOW)
        assert subscribers.describe(tx, number()).district == ""


def test_each_kind_is_switched_by_itself_and_consent_ends_with_the_last(store: Store) -> None:
    with store.transaction() as tx:
        subscribers.set_news(tx, number(), True, "ussd", NOW)
        stored = subscribers.describe(tx, number())
        assert (stored.news_on, stored.warnings_on, stored.reminders_on) == (True, False, True)
        assert stored.consent_on == date(2026, 11, 21)
        subscribers.set_warnings(tx, number(), True, "ussd", NOW)
        subscribers.set_news(tx, number(), False, "ussd", NOW)
        assert subscribers.describe(tx, number()).consent_on is not None
        subscribers.set_warnings(tx, number(), False, "ussd", NOW)
        assert subscribers.describe(tx, number()).consent_on is None


def test_turning_a_kind_off_holds_for_what_is_queued_of_that_kind(store: Store) -> None:
    kinds = ("reminder", "info", "warning", "urgent", "notice")
    ids = {kind: queue(store, kind=kind, key=kind) for kind in kinds}
    other = queue(store, 2, kind="info", key="other")
    with store.transaction() as tx:
        subscribers.set_news(tx, number(), False, "ussd", NOW)
    assert status(store, ids["info"]) == "opted_out"
    assert status(store, other) == "queued"
    with store.transaction() as tx:
        subscribers.set_warnings(tx, number(), False, "ussd", NOW)
    assert [status(store, ids[kind]) for kind in kinds] == [
        "queued", "opted_out", "opted_out", "opted_out", "queued",
    ]  # fmt: skip
    with store.transaction() as tx:
        subscribers.set_reminders(tx, number(), False, NOW)
    assert status(store, ids["reminder"]) == "opted_out"
    assert status(store, ids["notice"]) == "queued"  # the event moves whatever one wants to hear


def test_topics_are_kept_in_order_and_replaced(store: Store) -> None:
    with store.transaction() as tx:
        subscribers.set_topics(tx, number(), ["events", "jobs"], NOW)
        assert subscribers.describe(tx, number()).topics == ("jobs", "events")
        subscribers.set_topics(tx, number(), ["costs"], NOW)
        subscribers.set_topics(tx, number(), ["costs"], NOW)
        assert subscribers.describe(tx, number()).topics == ("costs",)
        subscribers.set_topics(tx, number(), [], NOW)
        assert subscribers.describe(tx, number()).topics == ()
        with pytest.raises(Invalid):
            subscribers.set_topics(tx, number(), ["sepakbola"], NOW)


def test_turning_a_kind_on_does_not_take_a_stop_back(store: Store) -> None:
    with store.transaction() as tx:
        subscribers.opt_out(tx, number(), "sms", NOW)
        subscribers.set_news(tx, number(), True, "ussd", NOW)
        subscribers.set_warnings(tx, number(), True, "ussd", NOW)
        assert subscribers.is_opted_out(tx, number())
        subscribers.take_stop_back(tx, number())
        assert not subscribers.is_opted_out(tx, number())


def test_warnings_on_is_consent_with_source_and_date_and_off_withdraws_it(store: Store) -> None:
    with store.transaction() as tx:
        subscribers.set_warnings(tx, number(), True, "ussd", NOW)
        person = subscribers.find_by_number(tx, number())
        assert person is not None
        assert (person.warnings_on, person.consent_source, person.consent_on) == (
            True,
            "ussd",
            date(2026, 11, 21),
        )
        subscribers.set_warnings(tx, number(), False, "ussd", NOW)
        assert not subscribers.describe(tx, number()).warnings_on


def test_stop_withholds_what_waits_at_once_and_for_this_number_only(store: Store) -> None:
    mine, other = queue(store, 1, key="a"), queue(store, 2, key="b")
    confirmation = queue(store, 1, kind="confirmation", key="c")
    with store.transaction() as tx:
        assert subscribers.opt_out(tx, number(), "ussd", NOW)
    assert status(store, mine) == "opted_out"
    assert status(store, confirmation) == "queued"
    assert status(store, other) == "queued"


def test_stop_twice_is_one_stop_and_still_withholds(store: Store) -> None:
    with store.transaction() as tx:
        assert subscribers.opt_out(tx, number(), "sms", NOW)
    late = queue(store)
    with store.transaction() as tx:
        assert not subscribers.opt_out(tx, number(), "gateway", NOW + MINUTE)
        assert subscribers.opted_out_at(tx, number()) == NOW
        assert tx.scalar(select(func.count()).select_from(OptOut)) == 1
    assert status(store, late) == "opted_out"


def test_stop_from_many_threads_at_once_is_one_stop(store: Store) -> None:
    gate, added = threading.Barrier(5), []

    def stop() -> None:
        gate.wait()
        with store.transaction() as tx:
            added.append(subscribers.opt_out(tx, number(), "sms", NOW))

    threads = [threading.Thread(target=stop) for _ in range(5)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(added) == [False] * 4 + [True]


def test_stop_takes_consent_away_and_only_opting_in_gives_it_back(store: Store) -> None:
    with store.transaction() as tx:
        subscribers.opt_in(tx, number(), "sms", NOW)
        subscribers.opt_out(tx, number(), "sms", NOW)
        person = subscribers.find_by_number(tx, number())
        assert person is not None
        assert (person.warnings_on, person.news_on, person.consent_on) == (False, False, None)
        subscribers.set_reminders(tx, number(), True, NOW)
        subscribers.set_district(tx, number(), "53.04", NOW)
        assert subscribers.is_opted_out(tx, number())
        subscribers.opt_in(tx, number(), "sms", NOW)
        assert not subscribers.is_opted_out(tx, number())


def test_a_stop_holds_for_who_was_never_written_down(store: Store) -> None:
    with store.transaction() as tx:
        subscribers.opt_out(tx, number(), "gateway", NOW)
        assert subscribers.find_by_number(tx, number()) is None
        assert subscribers.describe(tx, number()).opted_out


def test_describe_counts_what_is_kept(store: Store) -> None:
    event = event_office.make_event(store)
    event_office.register(store, event, 1)
    receive(store, "INFO")
    receive(store, "JADWAL")
    receive(store, "INFO", n=2)
    with store.read() as tx:
        stored = subscribers.describe(tx, number())
        assert (stored.registrations, stored.texts_received) == (1, 2)


def test_erasure_leaves_no_row_with_the_number_but_a_stop(store: Store) -> None:
    event = event_office.make_event(store)
    event_office.register(store, event, 1)
    event_office.register(store, event, 2)
    receive(store, "CEK PT CONTOH")
    with store.transaction() as tx:
        subscribers.opt_in(tx, number(), "sms", NOW)
        subscribers.set_topics(tx, number(), ["jobs"], NOW)
        subscribers.opt_out(tx, number(), "sms", NOW)
        subscribers.get_or_create(tx, number(2), NOW)
        erasure.erase(tx, number(), NOW, event_office.TEXTS)
        erasure.erase(tx, number(), NOW, event_office.TEXTS)
    with store.read() as tx:
        mine = tx.vault.number_hash(number())
        for table in (Subscriber, InboundMessage, Registration):
            assert tx.scalar(select(func.count()).where(table.number_hash == mine)) == 0
        assert [row.text_sealed for row in tx.scalars(select(InboundMessage))] == [b""]
        assert subscribers.is_opted_out(tx, number())
        assert subscribers.find_by_number(tx, number(2)) is not None
        assert subscribers.describe(tx, number(2)).registrations == 1


def test_nothing_is_kept_when_the_transaction_fails(store: Store) -> None:
    try:
        with store.transaction() as tx:
            subscribers.opt_in(tx, number(), "sms", NOW)
            raise RuntimeError("power cut")
    except RuntimeError:
        pass
    with store.read() as tx:
        assert tx.scalar(select(func.count()).select_from(Subscriber)) == 0
        assert tx.scalar(select(func.count()).select_from(Message)) == 0
