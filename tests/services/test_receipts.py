"""Code and PIN: who holds both sees where the report stands; nobody gets there by trying."""

from __future__ import annotations

import statistics
import time
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta

import pytest
from redis import Redis
from sqlalchemy import event, func, select

from sms_service.domain import receipts as codes
from sms_service.errors import Invalid, Locked, NotFound
from sms_service.services.reports import pins, receipts
from sms_service.services.reports.receipts import StatusView
from sms_service.settings import Settings
from sms_service.store.engine import Store
from sms_service.store.models import PinFailure
from tests.case_office import DAY, HOUR, NOW, answers, change, file, number, report_of

MINUTE = timedelta(minutes=1)
PIN, WRONG = "2460", "1357"


def ask(store: Store, code: str, pin: str, n: int = 1, now: datetime = NOW) -> StatusView:
    return receipts.look_up(store, code, pin, store.vault.number_hash(number(n)), now)


def outcome(store: Store, code: str, pin: str, n: int = 1, now: datetime = NOW) -> str:
    try:
        return ask(store, code, pin, n, now).status
    except (NotFound, Locked) as refused:
        return type(refused).__name__


def unknown_code(*known: str) -> str:
    return next(code for code in iter(codes.draw_code, "") if code not in known)


def rows(store: Store) -> int:
    with store.read() as tx:
        return tx.scalar(select(func.count()).select_from(PinFailure)) or 0


@pytest.fixture
def code(store: Store, settings: Settings) -> str:
    return file(store, settings, told=answers(pin=PIN)).code


def test_code_and_pin_show_where_the_report_stands(store: Store, code: str) -> None:
    view = ask(store, codes.spoken(code), f" {PIN} ", n=5)
    assert (view.status, view.received_at, view.replies) == ("new", NOW, ())
    assert rows(store) == 0  # a look leaves no trace of who looked


def test_the_status_follows_the_work(store: Store, settings: Settings, code: str) -> None:
    report = report_of(store, file(store, settings, told=answers(pin=PIN)))
    change(store, report.id, now=NOW + HOUR, status="triaged")
    view = ask(store, code, PIN)
    assert (view.status, view.since) == ("triaged", NOW + HOUR)


def test_a_slip_of_the_finger_is_told_as_such_and_not_counted(store: Store, code: str) -> None:
    for typed in (code[:-1], code[:-1] + str((int(code[-1]) + 1) % 10), "", "nonsense", code + "1"):
        with pytest.raises(Invalid):
            ask(store, typed, PIN)
    assert rows(store) == 0


@pytest.mark.parametrize("pin", ["", WRONG, PIN + "0", "x" * 5000, "2460\x00", "'; --", "２４６０", "\ud800"])
def test_a_wrong_pin_and_an_unknown_code_are_refused_in_the_same_words(
    store: Store, code: str, pin: str
) -> None:
    with pytest.raises(NotFound) as wrong:
        ask(store, code, pin)
    with pytest.raises(NotFound) as unknown:
        ask(store, unknown_code(code), pin, n=2)
    assert str(wrong.value) == str(unknown.value)


def test_another_callers_code_and_pin_do_not_fit_together(
    store: Store, settings: Settings, code: str
) -> None:
    other = file(store, settings, "token-2", answers(pin="9517"), n=2).code
    assert outcome(store, code, "9517") == "NotFound"
    assert outcome(store, other, PIN, n=2) == "NotFound"
    assert outcome(store, other, "9517", n=3) == "new"


def test_wrong_pins_of_one_code_lock_it_for_everybody_longer_each_time(store: Store, code: str) -> None:
    now, n = NOW, 10
    waits = []
    for _ in range(9):
        n += 1
        assert outcome(store, code, WRONG, n, now) == "NotFound"
        try:
            ask(store, code, PIN, n=999, now=now)
        except Locked as locked:
            waits.append(locked.until - now)
            now = locked.until
        else:
            waits.append(timedelta())
        with store.transaction() as tx:  # the right PIN clears the count; here it shall go on
            key = tx.vault.number_hash(f"wrong pin of code|{code}")
            tx.merge(PinFailure(caller_hash=key, failures=len(waits), locked_until=None, last_at=now))
    assert waits == [timedelta(0), timedelta(0), MINUTE, 5 * MINUTE, 15 * MINUTE, HOUR, HOUR, HOUR, HOUR]


def test_who_knows_a_code_keeps_its_owner_out_for_an_hour_and_is_held_off_for_a_day(
    store: Store, code: str
) -> None:
    now = NOW
    for wait in receipts.WAITS:
        assert outcome(store, code, WRONG, n=66, now=now) == "NotFound"
        now += wait
    last = now - DAY
    assert outcome(store, code, PIN, now=last + HOUR - timedelta(seconds=1)) == "Locked"
    assert outcome(store, code, PIN, now=last + HOUR) == "new"
    assert outcome(store, code, WRONG, n=66, now=last + DAY - MINUTE) == "Locked"


def test_a_code_that_does_not_exist_locks_just_like_one_that_does(store: Store, code: str) -> None:
    for tried in (code, unknown_code(code)):
        seen = [outcome(store, tried, WRONG, n=int(tried) % 1000 + n) for n in range(6)]
        assert seen == ["NotFound"] * 3 + ["Locked"] * 3


def test_a_caller_who_tries_one_code_after_the_other_is_locked_whatever_the_codes(
    store: Store, code: str
) -> None:
    tried = [outcome(store, unknown_code(code), WRONG) for _ in range(5)]
    assert tried == ["NotFound"] * 3 + ["Locked"] * 2
    assert outcome(store, code, PIN) == "Locked"  # the right one too
    assert outcome(store, code, PIN, n=2) == "new"  # others are not concerned
    assert outcome(store, code, PIN, now=NOW + MINUTE) == "new"


def test_the_right_pin_of_ones_own_report_does_not_wash_off_guesses_at_others(
    store: Store, code: str
) -> None:
    seen = []
    for _ in range(3):
        seen.append(outcome(store, unknown_code(code), WRONG))
        seen.append(outcome(store, code, PIN))
    assert seen == ["NotFound", "new", "NotFound", "new", "NotFound", "Locked"]


def test_the_right_pin_during_the_lock_is_refused_and_says_until_when(store: Store, code: str) -> None:
    for _ in range(3):
        outcome(store, code, WRONG)
    with pytest.raises(Locked) as locked:
        ask(store, code, PIN, now=NOW + timedelta(seconds=59))
    assert locked.value.until == NOW + MINUTE
    assert outcome(store, code, PIN, now=NOW + MINUTE) == "new"


def test_the_lock_outlives_an_emptied_redis(store: Store, code: str, redis: Redis) -> None:
    for _ in range(3):
        outcome(store, code, WRONG)
    redis.flushall()
    assert outcome(store, code, PIN) == "Locked"


def test_after_a_day_wrong_pins_are_forgotten(store: Store, code: str) -> None:
    for _ in range(2):
        outcome(store, code, WRONG)
    assert outcome(store, code, WRONG, now=NOW + DAY + MINUTE) == "NotFound"
    assert outcome(store, code, PIN, now=NOW + DAY + MINUTE) == "new"
    outcome(store, unknown_code(code), WRONG, now=NOW)
    with store.transaction() as tx:
        assert receipts.purge(tx, NOW + 3 * DAY) > 0
    assert rows(store) == 0


def test_twenty_guesses_at_once_are_no_more_than_three(store: Store, code: str) -> None:
    with ThreadPoolExecutor(10) as pool:
        seen = list(pool.map(lambda n: outcome(store, code, f"{n:04}", n=n), range(5000, 5020)))
    assert seen.count("NotFound") == 3
    assert seen.count("Locked") == 17


def test_two_right_ones_at_once_are_both_answered_and_leave_nothing(store: Store, code: str) -> None:
    with ThreadPoolExecutor(2) as pool:
        assert list(pool.map(lambda n: outcome(store, code, PIN, n=n), (1, 2))) == ["new", "new"]
    assert rows(store) == 0


def test_erasure_forgets_slips_but_not_a_lock(store: Store, code: str) -> None:
    outcome(store, code, WRONG)
    with store.transaction() as tx:
        assert receipts.forget_caller(tx, tx.vault.number_hash(number(1))) == 1
    for _ in range(3):
        outcome(store, unknown_code(code), WRONG, n=2)
    with store.transaction() as tx:
        assert receipts.forget_caller(tx, tx.vault.number_hash(number(2))) == 0
    assert outcome(store, code, PIN, n=2) == "Locked"


def test_no_row_of_a_failure_holds_the_hash_that_names_the_caller_elsewhere(store: Store, code: str) -> None:
    outcome(store, code, WRONG)
    with store.read() as tx:
        kept = set(tx.scalars(select(PinFailure.caller_hash)))
    assert len(kept) == 2
    assert store.vault.number_hash(number(1)) not in kept
    assert store.vault.number_hash(code) not in kept


def test_a_code_that_does_not_exist_costs_the_same_statements(store: Store, code: str) -> None:
    said: list[str] = []

    def note(_connection: object, _cursor: object, statement: str, *_rest: object) -> None:
        said.append(statement)

    event.listen(store.engine, "before_cursor_execute", note)
    assert outcome(store, code, WRONG, n=1) == "NotFound"
    wrong, said[:] = said[:], []
    assert outcome(store, unknown_code(code), WRONG, n=2) == "NotFound"
    event.remove(store.engine, "before_cursor_execute", note)
    assert said == wrong


def test_a_code_that_does_not_exist_costs_the_same_slow_hash(store: Store, code: str) -> None:
    """Work of this thread, not time on the wall: the machine may be busy with other things."""
    hashed = pins.prepare(store.vault, "token", PIN).hashed
    work: dict[str | None, list[float]] = {hashed: [], None: []}
    for _ in range(25):
        for known, took in work.items():
            started = time.thread_time()
            assert not pins.is_right(store.vault, known, WRONG)
            took.append(time.thread_time() - started)
    wrong, unknown = (statistics.median(took) for took in work.values())
    assert 0.6 < wrong / unknown < 1.7


def test_time_does_not_tell_which_codes_exist(store: Store, code: str) -> None:
    """The whole of it: medians of interleaved tries lie close together."""
    seconds: dict[str, list[float]] = {"wrong": [], "unknown": []}
    for n in range(25):
        now = NOW + n * 2 * DAY  # far enough apart that nothing locks
        for kind, tried in (("wrong", code), ("unknown", unknown_code(code))):
            started = time.perf_counter()
            assert outcome(store, tried, WRONG, n=n, now=now) == "NotFound"
            seconds[kind].append(time.perf_counter() - started)
    wrong, unknown = (statistics.median(seconds[kind]) for kind in ("wrong", "unknown"))
    assert 0.5 < wrong / unknown < 2
