"""A report is filed once, under one code, and holds of its reporter what they allowed."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from redis import Redis
from sqlalchemy import func, select

from sms_service.domain import receipts
from sms_service.errors import Invalid, Locked
from sms_service.services.reports import drafts as report_drafts
from sms_service.services.reports import filing as reports
from sms_service.services.reports import pins
from sms_service.settings import Settings, load
from sms_service.store.engine import Store
from sms_service.store.models import Base, Report, ReportDraft
from sms_service.store.vault import Vault
from tests.case_office import DAY, NOW, answers, file, known, number, report_of, texts
from tests.conftest import SECRETS


def count(store: Store) -> int:
    with store.read() as tx:
        return tx.scalar(select(func.count()).select_from(Report)) or 0


def test_a_report_is_filed_with_code_and_drawn_pin(store: Store, settings: Settings) -> None:
    receipt = file(store, settings)
    assert receipts.is_code(receipt.code)
    assert receipts.pin_fault(receipt.pin) == ""
    report = report_of(store, receipt)
    assert (report.status, report.priority, report.version, report.is_urgent) == ("new", 3, 1, False)
    assert report.due_at == NOW + 3 * DAY
    assert (report.modi, report.district, report.destination) == (["advance", "visa"], "53.04", "my")
    assert receipt.pin not in report.pin_hash
    assert pins.is_right(store.vault, report.pin_hash, receipt.pin)


def test_a_chosen_pin_is_not_said_again_and_a_simple_one_is_refused(store: Store, settings: Settings) -> None:
    receipt = file(store, settings, told=answers(pin="2460"))
    assert receipt.pin == ""
    assert pins.is_right(store.vault, report_of(store, receipt).pin_hash, "2460")
    with pytest.raises(Invalid):
        file(store, settings, "token-2", told=answers(pin="1111"))
    assert count(store) == 1


def test_confirmed_again_it_is_one_report_and_the_same_receipt(store: Store, settings: Settings) -> None:
    first = file(store, settings)
    assert file(store, settings, now=NOW + timedelta(days=3)) == first
    with store.transaction() as tx:
        pin = pins.prepare(store.vault, "token-1", "")
        given = (tx, "token-1", answers(), number(1), "en", "sms", NOW, settings, pin)
        assert reports.file_report(*given) is None
    assert reports.find_receipt(store, "token-1") == first
    assert reports.find_receipt(store, "token-9") is None
    assert count(store) == 1


def test_whoever_confirms_later_is_never_told_a_pin_that_does_not_open(
    store: Store, settings: Settings
) -> None:
    first = file(store, settings, told=answers(pin="246813"))
    assert first.pin == ""
    assert file(store, settings) == first  # as if no PIN had been chosen
    assert file(store, settings, told=answers(pin="1357")) == first
    assert reports.find_receipt(store, "token-1") == first
    drawn = file(store, settings, "token-2")
    assert file(store, settings, "token-2", told=answers(pin="1357")) == drawn
    assert pins.is_right(store.vault, report_of(store, drawn).pin_hash, drawn.pin)


def test_confirmed_by_eight_at_once_it_is_one_report_with_one_alert(store: Store, settings: Settings) -> None:
    settings = settings.model_copy(update={"duty_numbers": (number(7000),)})
    together = threading.Barrier(8)

    def confirm(n: int) -> reports.Receipt:
        together.wait()
        return file(store, settings, told=answers(is_urgent=True))

    with ThreadPoolExecutor(8) as pool:
        filed = set(pool.map(confirm, range(8)))
    assert len(filed) == 1
    assert count(store) == 1
    assert [n for n, kind, _ in texts(store) if kind == "alert"] == [7000]


def test_the_draft_goes_with_the_filing(store: Store, settings: Settings) -> None:
    with store.transaction() as tx:
        caller = tx.vault.number_hash(number(1))
        draft = report_drafts.save(tx, caller, answers(), "id", "ussd", NOW)
    file(store, settings, draft.token)
    with store.read() as tx:
        assert tx.scalar(select(func.count()).select_from(ReportDraft)) == 0


def test_an_anonymous_report_leaves_neither_number_nor_hash_in_any_row(
    store: Store, settings: Settings, redis: Redis
) -> None:
    told = answers(story=f"Saya {number(1)}, tolong")
    with store.transaction() as tx:
        draft = report_drafts.save(tx, tx.vault.number_hash(number(1)), told, "id", "ussd", NOW)
    receipt = file(store, settings, draft.token, told, redis=redis)
    wanted = (number(1), number(1)[1:], store.vault.number_hash(number(1)), draft.token)
    with store.read() as tx:
        for table in Base.metadata.sorted_tables:
            for row in tx.execute(table.select()):
                kept = repr(tuple(row))
                assert not any(word in kept for word in wanted), table.name
    report = report_of(store, receipt)
    assert (report.reporter_hash, report.reporter_sealed, report.texts_allowed) == (None, None, False)


def test_texts_are_allowed_only_by_who_is_known_and_said_so(store: Store, settings: Settings) -> None:
    both = report_of(store, file(store, settings, "a", known()))
    assert both.texts_allowed
    assert store.vault.open(both.reporter_sealed or b"") == number(1)
    assert both.reporter_hash == store.vault.number_hash(number(1))
    assert not report_of(store, file(store, settings, "b", known(texts="none"))).texts_allowed
    assert not report_of(store, file(store, settings, "c", answers(texts="neutral"))).texts_allowed


@pytest.mark.parametrize(
    "story",
    [
        "🚨" * 500,
        "'); DROP TABLE reports;-- " * 20,
        "{story} {{7*7}} %s ${x} {0.__class__} " * 12,
        "a\x00b" * 160,
    ],
)
def test_what_was_told_comes_back_as_it_was_sealed(store: Store, settings: Settings, story: str) -> None:
    report = report_of(
        store, file(store, settings, told=answers(story=story, place=story, recruiter_name=story))
    )
    kept = store.vault.open(report.story_sealed or b"")
    assert kept == story.replace("\x00", "").strip()
    assert store.vault.open(report.place_sealed or b"") == kept[:80].strip()
    for sealed in (report.story_sealed, report.place_sealed, report.recruiter_name_sealed):
        assert story[:20].encode() not in (sealed or b"")


def test_danger_is_urgent_and_alerts_everybody_on_duty_once_without_content(
    store: Store, settings: Settings
) -> None:
    settings = settings.model_copy(
        update={"duty_numbers": ("0812 0000 7000", number(7001), "x", number(7000))}
    )
    receipt = file(store, settings, told=answers(is_urgent=True))
    file(store, settings, told=answers(is_urgent=True))
    report = report_of(store, receipt)
    assert (report.priority, report.is_urgent, report.due_at) == (1, True, NOW + timedelta(hours=1))
    sent = texts(store)
    assert sorted(n for n, _, _ in sent) == [7000, 7001]
    for _, kind, body in sent:
        assert kind == "alert"
        assert not any(word in body for word in ("Contoh", "Belu", "lapor", receipt.code, receipt.pin))
    file(store, settings, "token-2", answers())
    assert len(texts(store)) == 2


def test_a_caller_is_counted_by_the_day_without_being_known(
    store: Store, settings: Settings, redis: Redis
) -> None:
    flags = [report_of(store, file(store, settings, f"t{n}", redis=redis)).flags for n in (1, 2, 2, 3)]
    assert flags == [[], ["same_reporter"], ["same_reporter"], ["same_reporter"]]
    kept = b"".join(
        [
            *redis.keys("*"),
            *(member for key in redis.keys("reports:today:*") for member in redis.smembers(key)),
        ]
    )
    assert store.vault.number_hash(number(1)).encode() not in kept
    assert number(1)[-9:].encode() not in kept
    assert 0 < redis.ttl(redis.keys("reports:today:*")[0]) <= 86_400
    later = report_of(store, file(store, settings, "t4", redis=redis, now=NOW + DAY))
    assert later.flags == []  # another day, another salt


def test_many_reports_of_one_caller_wait_and_then_are_refused_but_never_those_of_danger(
    store: Store, settings: Settings, redis: Redis
) -> None:
    priorities = [report_of(store, file(store, settings, f"t{n}", redis=redis)).priority for n in range(7)]
    assert priorities == [3, 3, 3, 3, 3, 4, 4]
    redis.sadd(redis.keys("reports:today:*")[0], *range(24))
    with pytest.raises(Locked):
        file(store, settings, "t100", redis=redis)
    urgent = file(store, settings, "t101", answers(is_urgent=True), redis=redis)
    assert report_of(store, urgent).priority == 1
    assert file(store, settings, "t1", redis=redis)  # what is filed stays filed
    assert file(store, settings, "t102", n=2, redis=redis)  # others are not concerned


def test_with_redis_away_reports_are_taken_all_the_same(store: Store, settings: Settings) -> None:
    away = Redis(unix_socket_path="/nowhere/redis.sock")
    assert report_of(store, file(store, settings, redis=away)).flags == []


def test_erasing_forgets_the_reporter_and_keeps_what_was_told(store: Store, settings: Settings) -> None:
    mine = [report_of(store, file(store, settings, f"t{n}", known())) for n in (1, 2)]
    other = report_of(store, file(store, settings, "t3", known(), n=2))
    with store.transaction() as tx:
        tx.execute(Report.__table__.update().where(Report.id == mine[0].id).values(status="closed"))
        done = reports.erase_reporter(tx, tx.vault.number_hash(number(1)), NOW)
    assert (done.forgotten, done.kept_open) == (2, 1)
    with store.read() as tx:
        for report in tx.scalars(select(Report).order_by(Report.id)):
            is_mine = report.id != other.id
            assert (report.reporter_hash is None) is is_mine
            assert (report.reporter_sealed is None) is is_mine
            assert report.texts_allowed is not is_mine
            assert report.story_sealed


def test_a_pin_of_another_secret_does_not_open(store: Store, settings: Settings) -> None:
    receipt = file(store, settings)
    stranger = load({**SECRETS, "SECRET_KEY": "another secret than that of the tests"})
    vault = Vault(stranger.data_key, stranger.secret_key)
    assert not pins.is_right(vault, report_of(store, receipt).pin_hash, receipt.pin)
