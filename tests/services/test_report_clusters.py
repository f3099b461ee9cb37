"""Clusters: made by people, counted by who tells them, joined and split in the open, never by themselves."""

from __future__ import annotations

import threading
from collections.abc import Callable

import pytest
from sqlalchemy import select, update

from sms_service.errors import Conflict, Invalid, JalurError, NotAllowed
from sms_service.services.reports import clusters as report_clusters
from sms_service.services.reports.cluster_views import look_at
from sms_service.store.engine import Store
from sms_service.store.models import AuditEntry, Report, ReportCluster
from tests.cluster_office import (
    DAY,
    MINUTE,
    NOW,
    RECRUITER,
    THRESHOLD,
    clustered,
    clusters,
    confirm_all,
    known_callers,
    link_all,
    links,
    number,
    officer,
    report,
    reports,
)


def tier(store: Store, cluster: ReportCluster) -> str:
    with store.read() as tx:
        return look_at(tx, tx.get_one(ReportCluster, cluster.id), THRESHOLD).tier


def audited(store: Store) -> list[str]:
    with store.read() as tx:
        return list(tx.scalars(select(AuditEntry.act).order_by(AuditEntry.id)))


def confirm(store: Store, index: int = 0, *, join: bool = False) -> None:
    link, person = links(store)[index], officer(store)
    with store.transaction() as tx:
        report_clusters.confirm_link(tx, link.id, link.version, person, THRESHOLD, NOW, join=join)


def split(store: Store, index: int = 0) -> None:
    link, person = links(store)[index], officer(store)
    with store.transaction() as tx:
        report_clusters.split_link(tx, link.id, link.version, person, THRESHOLD, NOW)


def test_nothing_is_merged_by_itself(store: Store) -> None:
    known_callers(store, 5, phone=RECRUITER)
    link_all(store)
    assert clusters(store) == []
    assert all(each.cluster_id is None for each in reports(store).values())


def test_three_callers_corroborate_two_do_not(store: Store) -> None:
    known_callers(store, 2, phone=RECRUITER)
    cluster = clustered(store, officer(store))
    assert (cluster.independent, tier(store, cluster)) == (2, "repeated")
    known_callers(store, 1, first=3, phone=RECRUITER)
    cluster = clustered(store, officer(store))
    assert (cluster.independent, tier(store, cluster)) == (3, "corroborated")
    assert len(clusters(store)) == 1


def test_the_same_caller_ten_times_stays_below(store: Store) -> None:
    for n in range(10):
        report(store, phone=RECRUITER, caller=number(1), at=NOW + n * DAY)
    cluster = clustered(store, officer(store))
    assert (cluster.independent, tier(store, cluster)) == (1, "repeated")


def test_erasing_the_number_does_not_make_a_caller_many(store: Store) -> None:
    for n in range(10):
        report(store, phone=RECRUITER, caller=number(1), at=NOW + n * DAY)
    report(store, phone=RECRUITER, caller=number(2))
    cluster = clustered(store, officer(store))
    assert cluster.independent == 2
    with store.transaction() as tx:
        mine = Report.reporter_hash == tx.vault.number_hash(number(1))
        tx.execute(update(Report).where(mine).values(reporter_hash=None, updated_at=NOW + 11 * DAY))
        assert report_clusters.recount_changed(tx, THRESHOLD, NOW + 11 * DAY) == 1
    assert clusters(store)[0].independent == 2
    assert tier(store, cluster) == "repeated"


def test_fifty_anonymous_in_a_minute_do_not_corroborate(store: Store) -> None:
    for n in range(50):
        report(store, name="PT Contoh Jujur", at=NOW + n * MINUTE / 60)
    cluster = clustered(store, officer(store))
    assert cluster.independent == 1
    assert tier(store, cluster) == "repeated"
    assert all("burst" in each.flags for each in reports(store).values())


def test_reports_closed_as_unfounded_stop_counting(store: Store) -> None:
    ids = known_callers(store, 3, phone=RECRUITER)
    cluster = clustered(store, officer(store))
    later = NOW + 9 * DAY
    with store.transaction() as tx:
        closed = {"status": "closed", "outcome": "unfounded", "updated_at": later}
        tx.execute(update(Report).where(Report.id == ids[0]).values(closed))
    with store.transaction() as tx:
        assert report_clusters.recount_changed(tx, THRESHOLD, later) == 1
        assert report_clusters.recount_changed(tx, THRESHOLD, later) == 0
    assert tier(store, cluster) == "repeated"


def test_joining_two_clusters_is_said_explicitly_and_kept(store: Store) -> None:
    known_callers(store, 2, phone=RECRUITER, name="Wempi Bria")
    clustered(store, officer(store))
    known_callers(store, 2, first=3, phone=number(901), name="Nelce Tallo")
    clustered(store, officer(store))
    assert len(clusters(store)) == 2
    report(store, phone=RECRUITER, name="Nelce Tallo", caller=number(9))
    link_all(store)
    to_confirm = [link for link in links(store, "suggested")]
    assert len(to_confirm) == 2
    confirm(store, -2)
    with pytest.raises(Conflict, match="joins the clusters"):
        confirm(store, -1)
    confirm(store, -1, join=True)
    (kept,) = clusters(store)
    (gone,) = clusters(store, "joined")
    assert gone.joined_into_id == kept.id
    assert {each.cluster_id for each in reports(store).values()} == {kept.id}
    assert kept.independent == 5
    assert audited(store).count("report_cluster.join") == 2


def test_a_signed_cluster_stays_when_clusters_join(store: Store) -> None:
    known_callers(store, 2, phone=RECRUITER, name="Wempi Bria")
    clustered(store, officer(store))
    known_callers(store, 2, first=3, phone=number(901), name="Nelce Tallo")
    clustered(store, officer(store))
    newer = clusters(store)[1]
    approver = officer(store, "approver", "Pak Contoh")
    with store.transaction() as tx:
        report_clusters.confirm_by_office(tx, newer.id, approver, "visited", NOW)
    report(store, phone=RECRUITER, name="Nelce Tallo", caller=number(9))
    link_all(store)
    confirm_all(store, officer(store))
    (kept,) = clusters(store)
    assert (kept.id, kept.confirmed_by) == (newer.id, approver.id)


def test_split_takes_the_later_one_out_and_is_remembered(store: Store) -> None:
    ids = known_callers(store, 3, phone=RECRUITER)
    cluster = clustered(store, officer(store))
    index = next(n for n, link in enumerate(links(store)) if link.later_id == ids[2])
    split(store, index)
    assert reports(store)[ids[2]].cluster_id is None
    assert clusters(store)[0].independent == 2
    with store.transaction() as tx:
        tx.execute(update(Report).values(linked_at=None))
    link_all(store)
    with store.read() as tx:
        view = look_at(tx, tx.get_one(ReportCluster, cluster.id), THRESHOLD)
    assert ids[2] not in {report.id for report in view.reports}
    assert all(link.status == "split" for link in links(store) if link.later_id == ids[2])


def test_a_cluster_of_one_is_none(store: Store) -> None:
    known_callers(store, 2, phone=RECRUITER)
    clustered(store, officer(store))
    split(store)
    assert clusters(store) == []
    assert len(clusters(store, "apart")) == 1
    assert all(each.cluster_id is None for each in reports(store).values())


def test_a_split_can_be_taken_back_by_confirming(store: Store) -> None:
    known_callers(store, 2, phone=RECRUITER)
    link_all(store)
    split(store)
    confirm(store)
    assert len(clusters(store)) == 1
    with pytest.raises(Conflict, match="confirmed already"):
        confirm(store)


def test_the_second_of_two_decisions_is_told(store: Store) -> None:
    known_callers(store, 2, phone=RECRUITER)
    link_all(store)
    link, person = links(store)[0], officer(store)
    confirm(store)
    with store.transaction() as tx, pytest.raises(Conflict, match="decided meanwhile"):
        report_clusters.split_link(tx, link.id, link.version, person, THRESHOLD, NOW)
    assert links(store)[0].status == "confirmed"


def together(*acts: Callable[[], object]) -> list[BaseException | None]:
    """Run acts at once; return what each raised."""
    barrier = threading.Barrier(len(acts))
    raised: list[BaseException | None] = [None] * len(acts)

    def run(place: int) -> None:
        barrier.wait()
        try:
            acts[place]()
        except JalurError as error:
            raised[place] = error

    threads = [threading.Thread(target=run, args=(place,)) for place in range(len(acts))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return raised


def test_of_two_officers_at_once_one_is_told(store: Store) -> None:
    known_callers(store, 2, phone=RECRUITER)
    link_all(store)
    link = links(store)[0]
    people = officer(store), officer(store, name="Pak Lain")

    def act(which: Callable[..., object], person: object) -> Callable[[], object]:
        def decide() -> None:
            with store.transaction() as tx:
                which(tx, link.id, link.version, person, THRESHOLD, NOW)

        return decide

    raised = together(
        act(report_clusters.confirm_link, people[0]), act(report_clusters.split_link, people[1])
    )
    assert sorted(type(error).__name__ for error in raised) == ["Conflict", "NoneType"]
    assert links(store)[0].version == 2


def test_links_of_one_cluster_confirmed_at_once_lose_nothing(store: Store) -> None:
    ids = known_callers(store, 6, phone=RECRUITER)
    link_all(store)
    person = officer(store)
    stars = [link for link in links(store) if link.earlier_id == ids[0]]

    def confirm_one(link_id: int, version: int) -> Callable[[], object]:
        def decide() -> None:
            with store.transaction() as tx:
                report_clusters.confirm_link(tx, link_id, version, person, THRESHOLD, NOW, join=True)

        return decide

    open_links = {link.id: link.version for link in stars}
    for _ in range(20):
        items = list(open_links.items())
        raised = together(*(confirm_one(*item) for item in items))
        assert all(error is None or isinstance(error, Conflict) for error in raised), raised
        open_links = {item[0]: item[1] for item, error in zip(items, raised, strict=True) if error}
        if not open_links:
            break
    assert not open_links
    (cluster,) = clusters(store)
    assert {each.cluster_id for each in reports(store).values()} == {cluster.id}
    assert cluster.independent == 6


def test_the_offices_warning_is_signed_by_another_right(store: Store) -> None:
    known_callers(store, 2, phone=RECRUITER)
    cluster = clustered(store, officer(store))
    approver, worker = officer(store, "approver", "Pak Contoh"), officer(store)
    with store.transaction() as tx, pytest.raises(NotAllowed):
        report_clusters.confirm_by_office(tx, cluster.id, worker, "because", NOW)
    with store.transaction() as tx, pytest.raises(Invalid):
        report_clusters.confirm_by_office(tx, cluster.id, approver, "  ", NOW)
    with store.transaction() as tx:
        report_clusters.confirm_by_office(tx, cluster.id, approver, "visited the house", NOW)
    assert tier(store, cluster) == "confirmed"
    with store.transaction() as tx, pytest.raises(Conflict, match="already"):
        report_clusters.confirm_by_office(tx, cluster.id, approver, "again", NOW)
    with store.transaction() as tx, pytest.raises(NotAllowed):
        report_clusters.dismiss(tx, cluster.id, worker, "no", NOW)
    with store.transaction() as tx:
        report_clusters.dismiss(tx, cluster.id, approver, "it was somebody else", NOW)
    assert clusters(store) == []
    assert {"report_cluster.confirm", "report_cluster.dismiss"} <= set(audited(store))


def test_a_dismissed_cluster_is_revived_only_explicitly(store: Store) -> None:
    known_callers(store, 2, phone=RECRUITER)
    worker = officer(store)
    cluster = clustered(store, worker)
    with store.transaction() as tx:
        report_clusters.dismiss(tx, cluster.id, worker, "a misunderstanding", NOW)
    known_callers(store, 1, first=3, phone=RECRUITER)
    link_all(store)
    with pytest.raises(Conflict, match="dismissed"):
        confirm(store, -1)
    confirm(store, -1, join=True)
    assert [each.id for each in clusters(store)] == [cluster.id]
