"""A new list is taken whole or not at all, nothing is lost by it, and what looks wrong is refused."""

from __future__ import annotations

import threading
from datetime import UTC, date, datetime

import pytest
from sqlalchemy import func, select, update

from sms_service.errors import Invalid
from sms_service.services.recruiters.demo import COMPANIES, demo_rows, seed
from sms_service.services.recruiters.directory import NOT_LISTED, load_directory
from sms_service.services.recruiters.list_import import ImportPlan, find_current_list, import_list, read_list
from sms_service.store.engine import Store
from sms_service.store.models import Recruiter, RecruiterChange, RecruiterList, Revision

NOW = datetime(2026, 11, 20, 2, tzinfo=UTC)
FIRST, SECOND = date(2026, 11, 1), date(2026, 11, 8)
HEADING = "name,license_number,status,valid_until,address,phone,branch_in_ntt"
ONE = "PT CONTOH SATU,C-001,active,2027-12-31,Jl. Contoh 1,081200000001,yes"
TWO = "PT CONTOH DUA,C-002,suspended,2027-06-30,,,no"
THREE = "PT CONTOH TIGA,C-003,revoked,,,,no"


def bring(store: Store, *lines: str, as_of: date = FIRST, heading: str = HEADING, **options) -> ImportPlan:
    source = read_list("\n".join((heading, *lines)).encode(), "list.csv")
    with store.transaction() as tx:
        return import_list(tx, source, as_of, "tests", NOW, **options)


def many(count: int, start: int = 0) -> list[str]:
    return [f"PT CONTOH NOMOR {n},N-{n:04d},active,2027-01-01,,,no" for n in range(start, start + count)]


def listed(store: Store) -> dict[str, str]:
    """Licence number and status of every listed company."""
    with store.read() as tx:
        rows = tx.execute(select(Recruiter.license_number, Recruiter.status).where(Recruiter.is_listed))
        return {row.license_number: row.status for row in rows}


def revision(store: Store) -> int:
    with store.read() as tx:
        return tx.execute(select(Revision.number).where(Revision.name == "recruiters")).scalar() or 0


def lists(store: Store) -> list[tuple[date, int, int, int, int]]:
    with store.read() as tx:
        rows = tx.scalars(select(RecruiterList).order_by(RecruiterList.id))
        return [(row.as_of, row.added, row.changed, row.removed, row.unchanged) for row in rows]


def test_the_first_list_is_added_whole(store: Store) -> None:
    plan = bring(store, ONE, TWO)
    assert plan.is_written
    assert listed(store) == {"C-001": "active", "C-002": "suspended"}
    assert lists(store) == [(FIRST, 2, 0, 0, 0)]
    assert revision(store) == 1


def test_a_second_list_adds_changes_removes_and_keeps_the_history(store: Store) -> None:
    bring(store, ONE, TWO)
    plan = bring(store, ONE.replace("active", "revoked"), THREE, as_of=SECOND)
    assert [(each.change, each.license_number, each.fields) for each in plan.differences] == [
        ("changed", "C-001", ("status",)),
        ("added", "C-003", tuple(HEADING.split(","))),
        ("removed", "C-002", ()),
    ]
    assert listed(store) == {"C-001": "revoked", "C-003": "revoked"}
    assert lists(store)[1] == (SECOND, 1, 1, 1, 0)
    with store.read() as tx:
        change = tx.scalars(select(RecruiterChange).where(RecruiterChange.change == "changed")).one()
        assert (change.before["status"], change.after["status"]) == ("active", "revoked")


def test_a_dry_run_shows_all_of_it_and_writes_nothing(store: Store) -> None:
    bring(store, ONE, TWO)
    plan = bring(store, THREE, as_of=SECOND, dry_run=True)
    assert (plan.count("added"), plan.count("removed"), plan.is_written) == (1, 2, False)
    assert listed(store) == {"C-001": "active", "C-002": "suspended"}
    assert (len(lists(store)), revision(store)) == (1, 1)


def test_the_same_file_twice_changes_nothing(store: Store) -> None:
    bring(store, ONE, TWO)
    plan = bring(store, ONE, TWO)
    assert (plan.is_written, plan.is_empty, plan.unchanged) == (False, True, 2)
    assert (len(lists(store)), revision(store)) == (1, 1)


def test_the_same_companies_of_a_newer_date_move_the_date_only(store: Store) -> None:
    bring(store, ONE, TWO)
    assert bring(store, TWO, ONE, as_of=SECOND).is_written
    assert lists(store)[1] == (SECOND, 0, 0, 0, 2)
    assert revision(store) == 2
    with store.read() as tx:
        assert load_directory(tx).as_of == SECOND


def test_a_bad_row_keeps_everything_out(store: Store) -> None:
    bring(store, ONE)
    with pytest.raises(Invalid) as refused:
        bring(store, ONE.replace("active", "aneh"), TWO, THREE.replace("no", "mungkin"), as_of=SECOND)
    assert refused.value.errors.keys() == {"row 2, status", "row 4, branch_in_ntt"}
    assert listed(store) == {"C-001": "active"}
    assert revision(store) == 1


def test_force_does_not_force_bad_rows_in(store: Store) -> None:
    with pytest.raises(Invalid, match="cannot be read"):
        bring(store, ONE.replace("active", "aneh"), TWO, force=True)


def test_skipping_bad_rows_takes_the_good_ones_and_leaves_their_companies_as_they_are(store: Store) -> None:
    bring(store, ONE, TWO, THREE)
    plan = bring(store, ONE.replace("active", "aneh"), TWO.replace("suspended", "active"), as_of=SECOND,
                 skip_bad_rows=True)  # fmt: skip
    assert (plan.kept, plan.count("removed")) == (1, 1)
    assert listed(store) == {"C-001": "active", "C-002": "active"}


def test_an_older_list_is_refused_unless_forced(store: Store) -> None:
    bring(store, ONE, as_of=SECOND)
    with pytest.raises(Invalid, match="newer"):
        bring(store, TWO, as_of=FIRST)
    assert listed(store) == {"C-001": "active"}
    assert bring(store, TWO, as_of=FIRST, force=True).is_written
    with store.read() as tx:
        assert find_current_list(tx).as_of == FIRST


def test_a_file_without_companies_is_refused_unless_forced(store: Store) -> None:
    bring(store, ONE)
    with pytest.raises(Invalid, match="no company"):
        bring(store, as_of=SECOND)
    assert listed(store) == {"C-001": "active"}
    bring(store, as_of=SECOND, force=True)
    assert listed(store) == {}


def test_all_rows_bad_is_a_file_without_companies(store: Store) -> None:
    bring(store, ONE)
    with pytest.raises(Invalid, match="no company"):
        bring(store, ONE.replace("active", "aneh"), as_of=SECOND, skip_bad_rows=True)


def test_a_list_that_would_lose_more_than_half_is_refused_unless_forced(store: Store) -> None:
    bring(store, *many(40))
    with pytest.raises(Invalid, match="21 of 40"):
        bring(store, *many(19), as_of=SECOND)
    assert len(listed(store)) == 40
    assert bring(store, *many(20), as_of=SECOND).is_written
    assert bring(store, *many(2), as_of=SECOND, force=True).is_written
    assert len(listed(store)) == 2


def test_a_date_years_ahead_is_refused(store: Store) -> None:
    with pytest.raises(Invalid, match="ahead"):
        bring(store, ONE, as_of=date(2062, 11, 1))


def test_an_active_licence_whose_day_has_passed_is_noted_and_taken(store: Store) -> None:
    plan = bring(store, ONE.replace("2027", "2025"))
    assert [(note.row, note.field) for note in plan.notes] == [(2, "valid_until")]
    assert plan.is_written


def test_other_columns_are_named_and_kept_aside(store: Store) -> None:
    plan = bring(store, f"{ONE},Direktur Contoh", heading=f"{HEADING},director")
    assert plan.other_columns == ("director",)


def warn(store: Store, licence: str, words: str) -> None:
    with store.transaction() as tx:
        tx.execute(update(Recruiter).where(Recruiter.license_number == licence).values(office_warning=words))


def warning(store: Store, licence: str) -> str:
    with store.read() as tx:
        return tx.execute(
            select(Recruiter.office_warning).where(Recruiter.license_number == licence)
        ).scalar_one()


def test_a_warning_of_the_office_survives_a_change_and_a_renewed_licence(store: Store) -> None:
    bring(store, ONE, TWO)
    warn(store, "C-001", "uang muka")
    bring(store, ONE.replace("active", "suspended"), TWO, as_of=SECOND)
    assert warning(store, "C-001") == "uang muka"
    plan = bring(store, ONE.replace("C-001", "C-901"), TWO, as_of=SECOND)
    assert [each.fields for each in plan.differences] == [("license_number", "status")]
    assert warning(store, "C-901") == "uang muka"


def test_a_warned_company_that_leaves_the_list_is_still_found_and_comes_back_warned(store: Store) -> None:
    bring(store, ONE, TWO)
    warn(store, "C-001", "uang muka")
    with store.read() as tx:
        before = next(each.id for each in load_directory(tx).companies.values() if each.warning)
    bring(store, TWO, as_of=SECOND)
    with store.read() as tx:
        gone = load_directory(tx).details(before)
    assert (gone.status, gone.warning) == (NOT_LISTED, "uang muka")
    plan = bring(store, ONE, TWO, as_of=SECOND)
    assert plan.count("added") == 1
    with store.read() as tx:
        back = load_directory(tx).details(before)
    assert (back.status, back.warning) == ("active", "uang muka")


def test_two_companies_of_one_name_are_never_taken_for_each_other(store: Store) -> None:
    twin = ONE.replace("C-001", "C-101")
    bring(store, ONE, twin)
    warn(store, "C-001", "uang muka")
    plan = bring(store, ONE.replace("C-001", "C-201"), ONE.replace("C-001", "C-202"), as_of=SECOND)
    assert (plan.count("added"), plan.count("changed"), plan.count("removed")) == (2, 0, 2)
    assert warning(store, "C-201") == ""


def test_a_real_list_replaces_the_demo_without_a_trace_of_it(store: Store) -> None:
    with store.transaction() as tx:
        assert seed(tx, NOW) == COMPANIES
    demo = next(iter(demo_rows(NOW.date())))
    plan = bring(store, ONE, f"{demo.name},{demo.license_number},active,,,,no", as_of=FIRST)
    assert (plan.count("added"), plan.count("removed"), plan.is_written) == (2, COMPANIES, True)
    with store.read() as tx:
        assert tx.execute(select(func.count()).select_from(Recruiter)).scalar_one() == 2
        directory = load_directory(tx)
    assert not directory.is_demo
    assert not any(company.warning for company in directory.companies.values())


def test_seeding_again_or_over_a_real_list_does_nothing(store: Store) -> None:
    with store.transaction() as tx:
        seed(tx, NOW)
    with store.transaction() as tx:
        assert seed(tx, NOW) == 0
    bring(store, ONE, as_of=FIRST)
    with store.transaction() as tx:
        assert seed(tx, NOW) == 0
    assert listed(store) == {"C-001": "active"}


def test_two_imports_at_once_are_taken_one_after_the_other(store: Store) -> None:
    plans: list[ImportPlan] = []
    threads = [
        threading.Thread(target=lambda line=line: plans.append(bring(store, line)))
        for line in (ONE, TWO, THREE)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(plans) == 3
    assert len(listed(store)) == 1
    assert [row[1:] for row in lists(store)] == [(1, 0, 0, 0), (1, 0, 1, 0), (1, 0, 1, 0)]


def test_a_crash_in_the_middle_leaves_the_old_list_in_force(store: Store) -> None:
    bring(store, ONE)
    source = read_list(f"{HEADING}\n{TWO}".encode(), "list.csv")

    def crash() -> None:
        with store.transaction() as tx:
            import_list(tx, source, SECOND, "tests", NOW)
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        crash()
    assert listed(store) == {"C-001": "active"}
    assert (len(lists(store)), revision(store)) == (1, 1)


def test_ten_thousand_companies_come_in_and_change(store: Store) -> None:
    bring(store, *many(10_000))
    plan = bring(store, *many(10_000, start=1000), as_of=SECOND)
    assert (plan.count("added"), plan.count("removed"), plan.unchanged) == (1000, 1000, 9000)
    assert len(listed(store)) == 10_000
