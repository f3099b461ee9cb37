"""Suggested links: what is found, why, once, without anybody's name left behind."""

from __future__ import annotations

import gc
import threading

import pytest
from sqlalchemy import update

from menus.loader import load_menu
from sms_service.services.reports import links as report_links
from sms_service.services.reports.index import KnownNames
from sms_service.store.engine import Store
from sms_service.store.models import Report, ReportLink
from tests.cluster_office import DAY, MINUTE, NOW, RECRUITER, link_all, links, number, report, reports


def explained(link: ReportLink, language: str) -> str:
    return report_links.explain(load_menu(screen=160), language, link.reasons)


def test_a_new_report_is_linked_and_the_link_explained_in_both_languages(store: Store) -> None:
    first = report(store, name="Yohanes Bria", phone=RECRUITER, place="Desa Kabuna", at=NOW - 3 * DAY)
    second = report(store, name="Yohanes Brya", phone=RECRUITER, place="Kabuna")
    link_all(store)
    (link,) = links(store)
    assert (link.earlier_id, link.later_id, link.status) == (first, second, "suggested")
    assert link.score == 1.0
    assert explained(link, "id") == "nomor sama; nama 0,92; desa sama, selisih 3 hari"
    assert explained(link, "en") == "same number; name 0.92; same village, 3 days apart"


def test_what_is_not_alike_is_not_linked(store: Store) -> None:
    report(store, name="Yohanes Bria", phone=RECRUITER, place="Kabuna")
    report(store, name="Maria", phone=number(901), place="Kabuna")
    report(store, place="Kabuna")
    link_all(store)
    assert links(store) == []
    assert all(each.linked_at == NOW for each in reports(store).values())


def test_linking_twice_suggests_once(store: Store) -> None:
    report(store, phone=RECRUITER)
    second = report(store, phone=RECRUITER)
    known = link_all(store)
    with store.transaction() as tx:
        tx.execute(update(Report).values(linked_at=None))
    link_all(store, known)
    with store.transaction() as tx:
        assert report_links.link_new(tx, known, second, 3, NOW) == 0
    assert len(links(store)) == 1


def test_two_workers_at_once_suggest_once(store: Store) -> None:
    ids = [report(store, phone=RECRUITER, name="Bria Seran") for _ in range(6)]
    barrier = threading.Barrier(2)
    made: list[int] = []

    def work() -> None:
        known = KnownNames()
        with store.read() as tx:
            known.refresh(tx)
            found = [report_links.find_alike(tx, known, report_id, 3) for report_id in ids]
        barrier.wait()
        for each in found:
            assert each is not None
            with store.transaction() as tx:
                made.append(report_links.record(tx, each, NOW))

    workers = [threading.Thread(target=work) for _ in range(2)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    assert sum(made) == len(links(store)) == 15
    assert len(made) == 12


def test_a_report_that_was_committed_late_is_found_too(store: Store) -> None:
    """Ids are given before the commit: one with a lower id may come after one with a higher."""
    known = KnownNames()
    late = report(store, name="Bria Seran")
    with store.transaction() as tx:
        tx.execute(update(Report).values(recruiter_name_sealed=None, redacted_at=NOW, linked_at=NOW))
    report(store, name="Wempi Contoh")
    link_all(store, known)
    with store.transaction() as tx:
        sealed = tx.vault.seal("Bria Seran")
        tx.execute(
            update(Report).where(Report.id == late).values(redacted_at=None, recruiter_name_sealed=sealed)
        )
    newest = report(store, name="Bria Seran")
    with store.read() as tx:
        fresh = KnownNames()
        fresh.refresh(tx)
        found = report_links.find_alike(tx, fresh, newest, 3)
    assert found is not None
    assert [each.id for each in found.links] == [late]


def test_an_emptied_report_is_never_linked_and_leaves_memory(store: Store) -> None:
    gone = report(store, name="Wempi Rahasia", phone=RECRUITER)
    report(store, name="Nelce Terhapus")
    known = link_all(store)
    assert "rahasia" in repr(vars(known.names))
    with store.transaction() as tx:
        emptied = {"redacted_at": NOW, "recruiter_name_sealed": None}
        tx.execute(update(Report).where(Report.id == gone).values(emptied))
    report(store, name="Wempi Rahasia", phone=RECRUITER)
    with store.transaction() as tx:
        tx.execute(update(Report).where(Report.id != gone).values(linked_at=None))
    link_all(store, known)
    assert links(store) == []
    assert known.names.similar("Wempi Rahasia") == [max(reports(store))]


def test_what_was_deleted_or_emptied_is_nowhere_in_the_memory_of_the_names(store: Store) -> None:
    ids = [report(store, name=f"Wempi Rahasia{n}") for n in range(3)]
    known = link_all(store)
    with store.transaction() as tx:
        tx.execute(update(Report).where(Report.id == ids[0]).values(redacted_at=NOW))
        tx.delete(tx.get_one(ReportLink, links(store)[0].id)) if links(store) else None
    with store.transaction() as tx:
        for link in links(store):
            tx.delete(tx.get_one(ReportLink, link.id))
        tx.flush()
        tx.delete(tx.get_one(Report, ids[1]))
    with store.read() as tx:
        known.refresh(tx)
        assert known.forget_gone(tx) == 1
    gc.collect()
    held = repr(vars(known.names))
    assert "rahasia2" in held
    assert "rahasia0" not in held
    assert "rahasia1" not in held


def test_a_split_pair_is_not_suggested_again(store: Store) -> None:
    report(store, phone=RECRUITER)
    report(store, phone=RECRUITER)
    known = link_all(store)
    with store.transaction() as tx:
        tx.execute(update(ReportLink).values(status="split"))
        tx.execute(update(Report).values(linked_at=None))
    link_all(store, known)
    assert [link.status for link in links(store)] == ["split"]


def test_a_burst_is_flagged_at_once_and_links_stay_bounded(store: Store) -> None:
    for n in range(50):
        report(store, name="PT Contoh Jujur", at=NOW + n * MINUTE / 60)
    link_all(store)
    flags = [each.flags for each in reports(store).values()]
    assert all({"burst", "may_be_one"} <= set(each) for each in flags)
    per_report: dict[int, int] = {}
    for link in links(store):
        per_report[link.later_id] = per_report.get(link.later_id, 0) + 1
    assert max(per_report.values()) <= report_links.MOST_LINKS + 49  # older ones may name a younger one too
    assert len(links(store)) <= 50 * report_links.MOST_LINKS


def test_a_caller_who_repeats_is_flagged_and_other_flags_stay(store: Store) -> None:
    report(store, phone=RECRUITER, caller=number(1), at=NOW - DAY)
    second = report(store, phone=RECRUITER, caller=number(1), flags=["by_hand"])
    link_all(store)
    assert reports(store)[second].flags == ["by_hand", "same_reporter"]


@pytest.mark.parametrize("name", ["😀" * 60, "Robert'); DROP TABLE reports;--", "{name}{0}", "tidak tahu"])
def test_odd_names_harm_nobody(store: Store, name: str) -> None:
    report(store, name=name)
    report(store, name=name, phone=RECRUITER)
    report(store, name="Bria Seran", phone=RECRUITER)
    link_all(store)
    assert {"phone"} <= {str(reason["kind"]) for link in links(store) for reason in link.reasons}


def test_what_no_key_opens_is_no_name(store: Store) -> None:
    report(store, phone=RECRUITER, recruiter_name_sealed=b"\x00" * 40)
    report(store, phone=RECRUITER)
    link_all(store)
    assert len(links(store)) == 1
