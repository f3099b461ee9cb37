"""Cases: the queue, legal moves, two people at once, duplicates; and every look and change in the trail."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import select

from sms_service.errors import Conflict, Invalid, NotFound
from sms_service.services.reports import cases as report_cases
from sms_service.services.reports import receipts
from sms_service.services.reports.cases import Filters
from sms_service.settings import Settings
from sms_service.store.engine import Store
from sms_service.store.models import AuditEntry, Report, Staff
from tests.case_office import DAY, HOUR, NOW, acts, answers, change, file, number, report_of, worker


def filed(store: Store, settings: Settings, token: str, **given: Any) -> Report:
    now = given.pop("now", NOW)
    return report_of(store, file(store, settings, token, answers(pin="2460", **given), now=now))


def queue(store: Store, now: Any = NOW, limit: int = 50, after: Any = None, **given: Any) -> list[int]:
    with store.transaction() as tx:
        return [row.id for row in report_cases.list_cases(tx, Filters(**given), limit, None, now, after)]


def test_urgent_ones_come_first_and_then_the_longest_waiting(store: Store, settings: Settings) -> None:
    first = filed(store, settings, "a", now=NOW - HOUR)
    second = filed(store, settings, "b", now=NOW)
    urgent = filed(store, settings, "c", now=NOW + HOUR, is_urgent=True)
    low = change(store, filed(store, settings, "d", now=NOW - DAY).id, priority=4)
    assert queue(store) == [urgent.id, first.id, second.id, low.id]
    row = (urgent.priority, urgent.received_at, urgent.id)
    assert queue(store, limit=2, after=row) == [first.id, second.id]


def test_the_queue_is_narrowed_by_what_is_asked(store: Store, settings: Settings) -> None:
    one = filed(store, settings, "a", district="53.04")
    two = filed(store, settings, "b", district="53.01", is_urgent=True)
    done = filed(store, settings, "c")
    change(store, done.id, status="closed", outcome="prank")
    officer = worker(store)
    change(store, one.id, assignee_id=officer)
    assert queue(store, statuses=("closed",)) == [done.id]
    assert queue(store, statuses=("new", "closed")) == [two.id, one.id, done.id]
    assert queue(store, is_urgent=True) == [two.id]
    assert queue(store, is_urgent=False) == [one.id]
    assert queue(store, district="53.01") == [two.id]
    assert queue(store, assignee_id=officer) == [one.id]
    assert queue(store, assignee_id=0) == [two.id]
    assert queue(store, now=NOW + 2 * HOUR, is_overdue=True) == [two.id]
    assert queue(store, now=NOW + 2 * HOUR, is_overdue=False) == [one.id]
    assert queue(store, cluster_id=1) == []


def test_a_case_goes_its_way_with_a_clock_for_each_step(store: Store, settings: Settings) -> None:
    report = filed(store, settings, "a")
    now = NOW + HOUR
    report = change(store, report.id, now=now, status="triaged", priority=2)
    assert (report.version, report.triaged_at, report.due_at) == (2, now, now + DAY)
    report = change(store, report.id, now=now, status="verifying")
    assert report.due_at == now + 3 * DAY
    change(store, report.id, status="referred")
    report = change(store, report.id, now=now + DAY, status="closed", outcome="acted")
    assert (report.closed_at, report.outcome) == (now + DAY, "acted")
    report = change(store, report.id, now=now + 2 * DAY, status="verifying")
    assert (report.closed_at, report.outcome, report.triaged_at) == (None, None, now)


def test_more_haste_brings_the_first_look_forward_from_when_it_came(store: Store, settings: Settings) -> None:
    report = filed(store, settings, "a")
    assert change(store, report.id, now=NOW + 5 * HOUR, priority=1).due_at == NOW + HOUR


@pytest.mark.parametrize(
    "changes", [{"status": "verifying"}, {"status": "referred"}, {"status": "verifying", "priority": 1}]
)
def test_an_illegal_move_is_refused_and_nothing_is_changed(
    store: Store, settings: Settings, changes: dict[str, Any]
) -> None:
    report = filed(store, settings, "a")
    with pytest.raises(Conflict, match="can become: closed, triaged"):
        change(store, report.id, **changes)
    assert change(store, report.id).version == 1


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"status": "closed"}, "outcome"),
        ({"status": "closed", "outcome": "nonsense"}, "outcome"),
        ({"outcome": "acted"}, "outcome"),
        ({"status": "triaged", "outcome": "acted"}, "outcome"),
        ({"status": "nonsense"}, "status"),
        ({"priority": 0}, "priority"),
        ({"priority": 5}, "priority"),
        ({"assignee_id": 999}, "assignee"),
        ({"duplicate_of_id": 999}, "duplicate_of"),
    ],
)
def test_what_makes_no_sense_is_refused_by_field(
    store: Store, settings: Settings, changes: dict[str, Any], field: str
) -> None:
    report = filed(store, settings, "a")
    with pytest.raises(Invalid) as refused:
        change(store, report.id, **changes)
    assert field in refused.value.errors


def test_a_case_is_given_only_to_who_works_on_reports(store: Store, settings: Settings) -> None:
    report = filed(store, settings, "a")
    for role in ("officer", "approver", "partner", "viewer"):
        with pytest.raises(Invalid):
            change(store, report.id, assignee_id=worker(store, f"{role} two", role))
    gone = worker(store, "gone")
    with store.transaction() as tx:
        tx.execute(Staff.__table__.update().where(Staff.id == gone).values(is_active=False))
    with pytest.raises(Invalid):
        change(store, report.id, assignee_id=gone)
    assert change(store, report.id, assignee_id=worker(store, "here")).assignee_id is not None
    assert change(store, report.id, assignee_id=None).assignee_id is None


def test_of_two_who_change_one_case_the_second_is_told_what_the_first_did(
    store: Store, settings: Settings
) -> None:
    report = filed(store, settings, "a")
    first, second = worker(store, "Ibu Satu"), worker(store, "Pak Dua")
    change(store, report.id, first, status="triaged", assignee_id=first, version=1)
    with pytest.raises(Conflict) as refused:
        change(store, report.id, second, priority=1, version=1)
    assert refused.value.changes == {
        "status": "is now triaged, by Ibu Satu",
        "assignee": f"is now {first}, by Ibu Satu",
    }
    kept = change(store, report.id, second, priority=1, version=2)
    assert (kept.status, kept.priority, kept.assignee_id, kept.version) == ("triaged", 1, first, 3)


def test_ten_at_once_from_the_same_version_are_one_change_and_nine_refusals(
    store: Store, settings: Settings
) -> None:
    report = filed(store, settings, "a")
    together = threading.Barrier(10)

    def act(n: int) -> str:
        together.wait()
        try:
            change(store, report.id, priority=1 + n % 2, version=1)
        except Conflict:
            return "refused"
        return "done"

    with ThreadPoolExecutor(10) as pool:
        seen = list(pool.map(act, range(10)))
    assert sorted(set(seen)) == ["done", "refused"]
    assert seen.count("done") == 1
    assert report_of_id(store, report.id).version == 2


def report_of_id(store: Store, report_id: int) -> Report:
    with store.read() as tx:
        return report_cases.get_report(tx, report_id)


def test_what_is_as_it_was_is_no_change(store: Store, settings: Settings) -> None:
    report = filed(store, settings, "a")
    assert change(store, report.id, status="new", priority=3, duplicate_of_id=None).version == 1
    assert acts(store) == []


def test_two_receipts_of_one_case_both_answer_and_stand_where_the_case_stands(
    store: Store, settings: Settings
) -> None:
    told = [file(store, settings, name, answers(pin="2460")) for name in ("a", "b", "c")]
    main, second, third = (report_of(store, receipt) for receipt in told)
    change(store, main.id, status="triaged")
    change(store, third.id, duplicate_of_id=second.id)
    merged = change(store, second.id, duplicate_of_id=main.id)
    assert (merged.status, merged.duplicate_of_id) == ("triaged", main.id)
    assert report_of_id(store, third.id).duplicate_of_id == main.id  # no chains
    assert queue(store) == [main.id]
    assert queue(store, duplicate_of_id=main.id) == [second.id, third.id]
    change(store, main.id, status="closed", outcome="acted")
    for n, receipt in enumerate(told):
        caller = store.vault.number_hash(number(n))
        assert receipts.look_up(store, receipt.code, "2460", caller, NOW).status == "closed"
    change(store, main.id, status="verifying")
    assert report_of_id(store, third.id).status == "verifying"
    assert report_of_id(store, third.id).closed_at is None


def test_a_merge_can_be_undone(store: Store, settings: Settings) -> None:
    main, other = filed(store, settings, "a"), filed(store, settings, "b")
    change(store, other.id, duplicate_of_id=main.id)
    with pytest.raises(Conflict, match="is merged into"):
        change(store, other.id, status="triaged")
    change(store, other.id, duplicate_of_id=None)
    assert change(store, other.id, status="triaged").status == "triaged"
    assert report_of_id(store, main.id).status == "new"


def test_a_merge_in_a_circle_or_into_a_merged_one_is_refused(store: Store, settings: Settings) -> None:
    one, two, three = (filed(store, settings, name) for name in "abc")
    with pytest.raises(Invalid):
        change(store, one.id, duplicate_of_id=one.id)
    change(store, one.id, duplicate_of_id=two.id)
    with pytest.raises(Conflict):
        change(store, two.id, duplicate_of_id=one.id)
    with pytest.raises(Conflict):
        change(store, three.id, duplicate_of_id=one.id)
    with pytest.raises(Invalid):
        change(store, three.id, duplicate_of_id=two.id, priority=1)


def test_two_merged_into_each_other_at_once_end_as_one(store: Store, settings: Settings) -> None:
    one, two = filed(store, settings, "a"), filed(store, settings, "b")
    together = threading.Barrier(2)

    def merge(pair: tuple[int, int]) -> bool:
        together.wait()
        try:
            change(store, pair[0], duplicate_of_id=pair[1])
        except Conflict:
            return False
        return True

    with ThreadPoolExecutor(2) as pool:
        done = list(pool.map(merge, [(one.id, two.id), (two.id, one.id)]))
    assert sorted(done) == [False, True]
    merged = [report_of_id(store, row.id).duplicate_of_id for row in (one, two)]
    assert merged.count(None) == 1


def test_what_is_urgent_in_a_duplicate_is_urgent_in_the_case(store: Store, settings: Settings) -> None:
    main = filed(store, settings, "a")
    urgent = filed(store, settings, "b", is_urgent=True, now=NOW + HOUR)
    change(store, urgent.id, now=NOW + HOUR, duplicate_of_id=main.id)
    hurried = report_of_id(store, main.id)
    assert (hurried.priority, hurried.is_urgent, hurried.version) == (1, True, 2)
    assert hurried.due_at <= NOW + 2 * HOUR
    with pytest.raises(Conflict) as refused:
        change(store, main.id, version=1, priority=4)
    assert "duplicates" in refused.value.changes


def test_a_report_that_does_not_exist_is_not_found(store: Store) -> None:
    with pytest.raises(NotFound):
        change(store, 1, status="triaged")


def test_every_look_and_change_is_kept_with_who_and_what_and_no_words(
    store: Store, settings: Settings
) -> None:
    report = filed(store, settings, "a", story=f"rahasia {number(1)}")
    officer = worker(store)
    queue(store, district="53.04")
    change(store, report.id, officer, status="triaged")
    with store.read() as tx:
        trail = list(tx.scalars(select(AuditEntry).order_by(AuditEntry.id)))
    assert [(row.act, row.staff_id) for row in trail] == [("report.list", None), ("report.change", officer)]
    assert trail[0].details == {"district": "53.04", "shown": 1}
    assert trail[1].details == {"version": 2, "status": {"from": "new", "to": "triaged"}}
    assert "rahasia" not in repr([row.details for row in trail])


def test_the_clock_may_jump(store: Store, settings: Settings) -> None:
    report = filed(store, settings, "a")
    change(store, report.id, now=NOW - timedelta(days=400), status="triaged")
    assert queue(store, now=NOW + timedelta(days=4000), is_overdue=True) == [report.id]


def test_an_emptied_case_is_not_opened_again(store: Store, settings: Settings) -> None:
    report = filed(store, settings, "a")
    change(store, report.id, status="closed", outcome="acted")
    with store.transaction() as tx:
        tx.execute(Report.__table__.update().values(redacted_at=NOW))
    with pytest.raises(Conflict, match="gone"):
        change(store, report.id, status="verifying")
    assert change(store, report.id, outcome="prank").outcome == "prank"
