"""Surges: told once a day and subject, without content, and not of what is usual."""

from __future__ import annotations

import pytest
from sqlalchemy import select

from sms_service.errors import Conflict, NotFound
from sms_service.services.recruiters import directory as recruiters
from sms_service.services.reports import surges
from sms_service.services.reports.surges import Found
from sms_service.settings import Settings
from sms_service.store.engine import Store
from sms_service.store.models import AuditEntry, Message, Surge
from tests.cluster_office import DAY, HOUR, NOW, RECRUITER, link_all, number, officer, report

ON_DUTY = number(9001)


@pytest.fixture
def office(settings: Settings) -> Settings:
    return settings.model_copy(update={"duty_numbers": (ON_DUTY,)})


def ask(store: Store, name: str, times: int, at=NOW) -> None:
    with store.transaction() as tx:
        for _ in range(times):
            recruiters.record_miss(tx, name, at.date(), at)


def check(store: Store, office: Settings, now=NOW) -> int:
    with store.read() as tx:
        found = surges.find(tx, office, now)
    with store.transaction() as tx:
        return surges.raise_all(tx, found, office, now)


def raised(store: Store) -> list[tuple[str, str, int]]:
    with store.read() as tx:
        rows = list(tx.scalars(select(Surge).order_by(Surge.id)))
    return [(row.kind, row.subject, row.count) for row in rows]


def texts(store: Store) -> list[str]:
    with store.read() as tx:
        return [tx.vault.open(row.body_sealed) for row in tx.scalars(select(Message).order_by(Message.id))]


def test_a_name_that_many_ask_for_is_told_once_a_day(store: Store, office: Settings) -> None:
    ask(store, "Wempi Taebenu", 4)
    assert check(store, office) == 0
    ask(store, "wempi  taebenu", 1)
    assert check(store, office) == 1
    ask(store, "Wempi Taebenu", 20)
    assert check(store, office) == 0
    assert check(store, office, NOW + HOUR) == 0
    assert raised(store) == [("miss", "wempi taebenu", 5)]
    ask(store, "Wempi Taebenu", 25, NOW + DAY)
    assert check(store, office, NOW + DAY) == 1


def test_spellings_of_one_name_are_one_subject(store: Store, office: Settings) -> None:
    ask(store, "PT Majoe Jaya Contoh", 3)
    ask(store, "maju jaya contoh", 3)
    assert check(store, office) == 1
    ask(store, "PT Majoe Jaya Contoh", 9)
    assert check(store, office) == 0


def test_what_is_asked_every_day_is_no_surge(store: Store, office: Settings) -> None:
    for day in range(1, 29):
        ask(store, "Wempi Taebenu", 5, NOW - day * DAY)
    ask(store, "Wempi Taebenu", 9)
    assert check(store, office) == 0
    ask(store, "Wempi Taebenu", 11)
    assert check(store, office) == 1


def test_the_text_to_the_officers_says_nothing_of_it(store: Store, office: Settings) -> None:
    ask(store, f"Wempi Taebenu {RECRUITER}", 6)
    check(store, office)
    (text,) = texts(store)
    assert "wempi" not in text.lower()
    assert RECRUITER[-6:] not in text
    with store.read() as tx:
        entries = [entry for entry in tx.scalars(select(AuditEntry)) if entry.act == "surge.raise"]
    assert len(entries) == len(raised(store)) == 2  # the name, and the number as its hash
    assert all("wempi" not in str(entry.details).lower() for entry in entries)
    assert RECRUITER[-6:] not in str(raised(store))


def test_reports_of_one_person_are_told_once_although_their_cluster_grows(
    store: Store, office: Settings
) -> None:
    for n in range(2):
        report(store, phone=RECRUITER, caller=number(n), at=NOW + n * HOUR)
    link_all(store)
    assert check(store, office, NOW + 4 * HOUR) == 0
    report(store, phone=RECRUITER, caller=number(3), at=NOW + 4 * HOUR)
    link_all(store)
    assert check(store, office, NOW + 4 * HOUR) == 1
    for n in range(4, 9):
        report(store, phone=RECRUITER, caller=number(n), at=NOW + 5 * HOUR)
    link_all(store)
    assert check(store, office, NOW + 5 * HOUR) == 0
    assert [(kind, count) for kind, _, count in raised(store)] == [("reports", 3)]


def test_reports_of_many_people_are_no_surge(store: Store, office: Settings) -> None:
    for n in range(12):
        report(store, phone=number(900 + n), caller=number(n), at=NOW)
    link_all(store)
    assert check(store, office) == 0


def test_a_person_who_is_reported_often_is_no_surge_at_three(store: Store, office: Settings) -> None:
    for n in range(40):
        report(store, phone=RECRUITER, caller=number(n), at=NOW - (1 + n % 27) * DAY)
    for n in range(3):
        report(store, phone=RECRUITER, caller=number(100 + n), at=NOW)
    link_all(store)
    assert check(store, office) == 0


def test_two_schedulers_at_once_tell_once(store: Store, office: Settings) -> None:
    found = [Found("miss", "wempi", 9, 0.5)]
    for expected in (1, 0):
        with store.transaction() as tx:
            assert surges.raise_all(tx, found, office, NOW) == expected
    assert len(texts(store)) == 1


def test_a_flood_of_surges_does_not_flood_the_officers(store: Store, office: Settings) -> None:
    for n in range(30):
        with store.transaction() as tx:
            surges.raise_all(tx, [Found("miss", f"name {n}", 9, 0.5)], office, NOW)
    assert len(raised(store)) == 30
    assert len(texts(store)) == surges.MOST_TEXTS_AN_HOUR


def test_somebody_looks_after_a_surge(store: Store, office: Settings) -> None:
    ask(store, "Wempi Taebenu", 6)
    check(store, office)
    one, other = officer(store), officer(store, name="Pak Lain")
    with store.transaction() as tx:
        (surge,) = surges.list_surges(tx, 10, unseen=True)
        surges.mark_seen(tx, surge.id, one.id, NOW)
        surges.mark_seen(tx, surge.id, one.id, NOW)
        with pytest.raises(NotFound):
            surges.mark_seen(tx, 999, one.id, NOW)
        with pytest.raises(Conflict):
            surges.mark_seen(tx, surge.id, other.id, NOW)
        assert surges.list_surges(tx, 10, unseen=True) == []
