"""The job that links reports, and the scheduler's part: nothing is lost, nothing waits."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import func, select, update

from sms_service.cli import demo
from sms_service.domain.retention import period
from sms_service.services.dialogues.answering import build_answering
from sms_service.services.reports import links as report_links
from sms_service.store.models import Message, RecruiterMiss, Report, Surge
from sms_service.ussd_sessions import MISSES
from tests.cluster_office import (
    DAY,
    MINUTE,
    RECRUITER,
    confirm_all,
    links,
    number,
    officer,
    report,
    reports,
)
from tests.report_office import SHORTEST, Caller, code_in
from tests.text_office import talk
from workers import reports as job
from workers.process import Process
from workers.schedule import (
    FORGET_EVERY_SECONDS,
    RETENTION_EVERY_SECONDS,
    SURGES_EVERY_SECONDS,
    TALLIES_EVERY_SECONDS,
    Scheduler,
)


def test_the_job_links_what_is_new_once(here: Process) -> None:
    store = here.runtime.store
    for n in range(3):
        report(store, phone=RECRUITER, caller=number(n))
    job.link()
    job.link()
    assert len(links(store)) == 3
    assert all(each.linked_at is not None for each in reports(store).values())


def test_the_scheduler_wakes_the_job_for_a_report_whose_call_was_lost(here: Process) -> None:
    report(here.runtime.store, phone=RECRUITER)
    Scheduler(here).tick()
    assert here.runtime.queues.depths()["fast"] == 1
    job.link()
    Scheduler(here).tick()
    assert here.runtime.queues.depths()["fast"] == 1


def test_one_report_that_breaks_keeps_no_other_from_it(
    here: Process, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = here.runtime.store
    bad = report(store, phone=RECRUITER)
    for _ in range(2):
        report(store, phone=RECRUITER)
    find = report_links.find_alike

    def breaking(tx, known, report_id, threshold):
        if report_id == bad:
            raise ZeroDivisionError
        return find(tx, known, report_id, threshold)

    monkeypatch.setattr(report_links, "find_alike", breaking)
    job.link()
    assert all(each.linked_at is not None for each in reports(store).values())
    assert len(links(store)) >= 1


def test_names_of_emptied_reports_leave_the_worker_when_the_job_runs(here: Process) -> None:
    store = here.runtime.store
    gone = report(store, name="Wempi Rahasia")
    job.link()
    known = job.matcher(here).known
    assert "rahasia" in repr(vars(known.names))
    with store.transaction() as tx:
        tx.execute(update(Report).where(Report.id == gone).values(redacted_at=here.runtime.clock.now()))
    job.link()
    assert "rahasia" not in repr(vars(known.names))


def test_the_times_add_up_to_less_than_a_minute() -> None:
    assert TALLIES_EVERY_SECONDS + SURGES_EVERY_SECONDS + 2 < 60
    assert FORGET_EVERY_SECONDS <= 60


def test_who_told_a_report_by_text_is_forgotten_within_three_hours() -> None:
    """As docs/privacy.md says."""
    assert period("report_senders") + timedelta(seconds=RETENTION_EVERY_SECONDS) <= timedelta(hours=3)


def test_missed_look_ups_in_redis_become_an_alert_at_the_next_looks(here: Process) -> None:
    runtime = here.runtime
    for _ in range(6):
        runtime.redis.rpush(MISSES, runtime.store.vault.seal("Wempi Taebenu"))
    Scheduler(here).tick()  # its first tick does everything that has a turn
    with runtime.store.read() as tx:
        (surge,) = tx.scalars(select(Surge)).all()
    assert (surge.kind, surge.subject, surge.count) == ("miss", "wempi taebenu", 6)
    Scheduler(here).tick()
    with runtime.store.read() as tx:
        assert len(tx.scalars(select(Surge)).all()) == 1


class Desk:
    """The service on the demo's list, by call and by text; it is noon. Each text and call a minute apart."""

    def __init__(self, here: Process) -> None:
        self.runtime, self.calls = here.runtime, 0
        now = datetime.now(UTC)
        self._shift = now.replace(hour=4, minute=0) - now
        here.runtime.clock.shift = self._shift
        here.refresh_clock = lambda: None  # type: ignore[method-assign]
        with here.runtime.store.transaction() as tx:
            demo.seed(tx, here.runtime.settings, here.runtime.clock.now())
        self._answering = build_answering(here.runtime)
        self._answering.lists.models.refresh()

    def dial(self, n: int, *inputs: str) -> str:
        """A call of the n-th number; returns the last screen."""
        self._pass_a_minute()
        self.calls += 1
        return Caller(self._answering.conversations, number(n), session=self.calls).dial(*inputs)

    def text(self, n: int, words: str) -> str:
        """A text of the n-th number, and the answer to it."""
        self._pass_a_minute()
        return talk(self.runtime.store, self._answering.sms, words, n, self.runtime.clock.now()) or ""

    def _pass_a_minute(self) -> None:
        self._answering.lists.models.refresh()  # it takes over a rehearsal's shift: none
        self.pass_time(MINUTE)

    def pass_time(self, how_long: timedelta) -> None:
        """Move the clock of the service."""
        self._shift += how_long
        self.runtime.clock.shift = self._shift


def test_one_caller_who_asks_ten_times_is_no_surge_and_ten_callers_are(here: Process) -> None:
    runtime, desk = here.runtime, Desk(here)
    for _ in range(10):
        desk.dial(1, "1", "Wempi Taebenu")
        desk.text(1, "CEK PT Wempi Taebenu")
    Scheduler(here).tick()
    with runtime.store.read() as tx:
        assert tx.scalar(select(func.sum(RecruiterMiss.count))) == 2  # by call and by text
        assert tx.scalars(select(Surge)).all() == []
    for n in range(2, 12):
        desk.dial(n, "1", "Wempi Taebenu")
    Scheduler(here).tick()
    with runtime.store.read() as tx:
        (surge,) = tx.scalars(select(Surge)).all()
    assert surge.count == 12
    kept = repr([(key, runtime.redis.smembers(key)) for key in runtime.redis.keys("misses:today:*")])
    assert runtime.store.vault.number_hash(number(2)) not in kept
    assert "wempi" not in kept.lower()


@pytest.mark.parametrize("by", ["call", "text"])
def test_one_caller_who_writes_a_name_in_many_ways_counts_once_for_it(here: Process, by: str) -> None:
    runtime, desk = here.runtime, Desk(here)
    ways = [
        "Wempi Taebenu",
        "wempi taebenoe",
        "PT. WEMPI  TAEBENU",
        "Wempi Taebenu 100001",
        "apakah wempi taebenu",
    ]
    for typed in [*ways, *(f"Wempi Taebenu 0812 0000 90{n:02}" for n in range(5))]:
        if by == "call":
            desk.dial(1, "1", typed)
        else:
            desk.text(1, f"CEK {typed}")
    Scheduler(here).tick()
    with runtime.store.read() as tx:
        counts = {row.normalised: row.count for row in tx.scalars(select(RecruiterMiss))}
        assert tx.scalars(select(Surge)).all() == []
    assert [count for name, count in counts.items() if not name.startswith("#")] == [1]
    assert [count for name, count in counts.items() if name.startswith("#")] == [1] * 6


def test_a_caller_counts_once_in_a_day_of_the_office_and_not_of_greenwich(here: Process) -> None:
    """07:30 and 08:30 in the morning are one day; half an hour after midnight is another."""
    runtime, desk = here.runtime, Desk(here)
    looked_up = ((-4.5, "Wempi Taebenu"), (1, "Wempi Taebenu"), (15, "PT Kumbang"), (1, "PT Kumbang"))
    for hours, typed in looked_up:  # from noon on: 07:30, 08:30, 23:30, 00:30
        desk.pass_time(timedelta(hours=hours))
        desk.dial(1, "1", typed)
    Scheduler(here).tick()
    with runtime.store.read() as tx:
        counts = {row.normalised: row.count for row in tx.scalars(select(RecruiterMiss))}
    assert counts == {"kumbang": 2, "wempi taebenu": 1}


def test_from_three_calls_to_what_the_next_caller_is_told(here: Process) -> None:
    """Filed by USSD, linked by the worker, confirmed by an officer, said by the check; below it nothing."""
    store, desk = here.runtime.store, Desk(here)
    person, name = officer(store), "PT Wempi Taebenu"

    def said() -> list[bool]:
        answers = (desk.dial(99, "1", name), desk.text(98, f"CEK {name}"))
        return ["beberapa laporan" in answer for answer in answers]

    for n in (1, 2, 3):
        assert said() == [False, False]
        told = (*SHORTEST[:3], f"{name} {RECRUITER}", *SHORTEST[4:6], "2", "1")  # the office may call
        here.runtime.redis.flushdb()
        assert code_in(desk.dial(n, *told))
        assert here.runtime.queues.depths()["fast"] == 1  # the filing has woken the job
        job.link()
        assert said() == [False, False]  # what is only suggested is not said
        confirm_all(store, person, here.runtime.clock.now())
    assert said() == [True, True]


def test_a_new_day_by_the_clock_may_tell_again(here: Process) -> None:
    runtime = here.runtime
    for shift in (timedelta(), 2 * DAY):
        runtime.clock.shift = shift
        here.refresh_clock = lambda: None  # type: ignore[method-assign]
        for n in range(40):
            runtime.redis.rpush(MISSES, runtime.store.vault.seal(f"Wempi {'Taebenu' if n else 'Lain'}"))
        Scheduler(here).tick()
    with runtime.store.read() as tx:
        found = tx.scalars(select(Surge).order_by(Surge.id)).all()
    assert [each.subject for each in found] == ["wempi taebenu"] * 2
    assert found[1].day - found[0].day == timedelta(days=2)
    assert datetime.now(UTC) - found[0].raised_at < timedelta(minutes=5)
    with runtime.store.read() as tx:
        assert tx.scalars(select(Message)).all() == []  # nobody is on duty here
