"""Broadcasts as people handle them: every act in every status, by everybody, twice and at once."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import select

from sms_service.domain import broadcast_life as life
from sms_service.errors import Conflict, Invalid, NotAllowed, NotFound
from sms_service.services.broadcasts import life as broadcasts
from sms_service.services.broadcasts.audience import Audience
from sms_service.services.staff import accounts as staff
from sms_service.services.staff.accounts import Person
from sms_service.store.engine import Store
from sms_service.store.models import AuditEntry, Broadcast, Community, Staff
from tests.broadcast_office import (
    DAY,
    HOUR,
    NOW,
    TEXT,
    act,
    approved,
    audit,
    counts,
    draft,
    fields,
    number,
    person,
    row,
    started,
    subscribers,
    work,
)

ACTS: dict[str, dict[str, Any]] = {
    "submit": {},
    "approve": {},
    "reject": {"reason": "terlalu panjang"},
    "pause": {},
    "resume": {},
    "cancel": {"reason": "batal"},
    "edit": {"changes": {"text_id": "Lain"}},
}


def in_status(store: Store, status: str, resume_to: str = "") -> int:
    """A broadcast that stands where the test wants it."""
    broadcast_id = draft(store)
    with store.transaction() as tx:
        one = broadcasts.get_broadcast(tx, broadcast_id)
        one.status, one.resume_to = status, resume_to or ("running" if status in ("paused", "halted") else "")
        one.started_at = NOW
    return broadcast_id


def test_a_broadcast_is_written_approved_by_another_and_scheduled(store: Store) -> None:
    broadcast_id = draft(store, send_at=NOW + HOUR)
    assert row(store, broadcast_id).status == "draft"
    act(store, "submit", broadcast_id)
    assert row(store, broadcast_id).status == "submitted"
    act(store, "approve", broadcast_id, by="second")
    one = row(store, broadcast_id)
    assert (one.status, one.approver_id) == ("scheduled", person(store, "second").id)
    author, second = person(store, "author").id, person(store, "second").id
    assert audit(store, broadcast_id) == [("create", author), ("submit", author), ("approve", second)]


@pytest.mark.parametrize("status", life.STATUSES)
def test_every_act_of_a_person_is_done_or_refused_as_the_table_says(store: Store, status: str) -> None:
    for name, given in ACTS.items():
        broadcast_id = in_status(store, status)
        before = row(store, broadcast_id)
        by = "second" if name in ("approve", "reject") else "author"
        if life.may(name, status):
            act(store, name, broadcast_id, by=by, **given)
            after = row(store, broadcast_id)
            assert after.status == life.after(name, "running")
            assert after.version > before.version
            assert audit(store, broadcast_id)[-1] == (name, person(store, by).id)
        else:
            with pytest.raises(Conflict):
                act(store, name, broadcast_id, by=by, **given)
            assert (row(store, broadcast_id).status, row(store, broadcast_id).version) == (
                status,
                before.version,
            )


@pytest.mark.parametrize("name", [*ACTS, "get_broadcast"])
def test_what_does_not_exist_is_not_found(store: Store, name: str) -> None:
    second = person(store, "second", "approver")
    given = {} if name == "get_broadcast" else {"person": second, "now": NOW, **ACTS[name]}
    with pytest.raises(NotFound), store.transaction() as tx:
        getattr(broadcasts, name)(tx, 404, **given)


@pytest.mark.parametrize("role", ["admin", "approver"])
def test_the_author_never_approves_whatever_the_role(store: Store, role: str) -> None:
    author = person(store, "author", role)
    with store.transaction() as tx:
        broadcast_id = broadcasts.create_draft(tx, author, fields(), NOW).id
        broadcasts.submit(tx, broadcast_id, author, NOW)
    with pytest.raises(NotAllowed), store.transaction() as tx:
        broadcasts.approve(tx, broadcast_id, author, NOW)
    assert row(store, broadcast_id).status == "submitted"


def test_nor_through_another_token(store: Store) -> None:
    with store.transaction() as tx:
        tx.add(Staff(name="head", role="approver", password_hash="-", is_active=True, created_at=NOW))
        tx.flush()
        tokens = [staff.create_token(tx, "head", NOW) for _ in range(2)]
        first, second = (staff.authenticate_token(tx, token, NOW) for token in tokens)
        assert first.token_id != second.token_id
        broadcast_id = broadcasts.create_draft(tx, first, fields(), NOW).id
        broadcasts.submit(tx, broadcast_id, first, NOW)
    with pytest.raises(NotAllowed), store.transaction() as tx:
        broadcasts.approve(tx, broadcast_id, second, NOW)


def test_nor_does_somebody_who_edited_it(store: Store) -> None:
    broadcast_id = draft(store)
    act(store, "edit", broadcast_id, by="second", changes={"text_id": "Kirim uang ke saya"})
    act(store, "submit", broadcast_id)
    with pytest.raises(NotAllowed):
        act(store, "approve", broadcast_id, by="second")
    with pytest.raises(NotAllowed):
        act(store, "approve", broadcast_id, by="author")
    third = person(store, "third", "approver")
    with store.transaction() as tx:
        broadcasts.approve(tx, broadcast_id, third, NOW)


@pytest.mark.parametrize("role", ["officer", "case_officer", "partner", "viewer"])
def test_people_without_the_right_neither_approve_nor_reject(store: Store, role: str) -> None:
    broadcast_id = draft(store)
    act(store, "submit", broadcast_id)
    stranger = person(store, "stranger", role)
    for name in ("approve", "reject"):
        with pytest.raises(NotAllowed), store.transaction() as tx:
            getattr(broadcasts, name)(tx, broadcast_id, stranger, now=NOW, **ACTS[name])


def test_whoever_submitted_but_did_not_write_may_approve(store: Store) -> None:
    broadcast_id = draft(store)
    act(store, "submit", broadcast_id, by="second")
    act(store, "approve", broadcast_id, by="second")


def at_once(store: Store, acts: list[Callable[[], None]]) -> list[str]:
    barrier, results = threading.Barrier(len(acts)), []

    def run(one: Callable[[], None]) -> None:
        barrier.wait()
        try:
            one()
        except Exception as error:  # noqa: BLE001 - its kind is what is asked about
            results.append(type(error).__name__)
        else:
            results.append("done")

    threads = [threading.Thread(target=run, args=(one,)) for one in acts]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return sorted(results)


def test_two_who_approve_at_once_are_one_approval(store: Store) -> None:
    broadcast_id = draft(store)
    act(store, "submit", broadcast_id)
    people = [person(store, name, "approver") for name in ("second", "third", "fourth")]

    def approve(one: Person) -> Callable[[], None]:
        def run() -> None:
            with store.transaction() as tx:
                broadcasts.approve(tx, broadcast_id, one, NOW)

        return run

    assert at_once(store, [approve(one) for one in people]) == ["Conflict", "Conflict", "done"]
    assert [name for name, _ in audit(store, broadcast_id)].count("approve") == 1


def test_approving_and_rejecting_at_once_is_one_of_both(store: Store) -> None:
    broadcast_id = draft(store)
    act(store, "submit", broadcast_id)
    person(store, "second", "approver")
    results = at_once(
        store,
        [
            lambda: act(store, "approve", broadcast_id, by="second"),
            lambda: act(store, "reject", broadcast_id, by="second", reason="tidak"),
        ],
    )
    assert results == ["Conflict", "done"]


def test_a_rejected_one_carries_its_reason_and_comes_back_after_an_edit(store: Store) -> None:
    broadcast_id = draft(store)
    act(store, "submit", broadcast_id)
    act(store, "reject", broadcast_id, by="second", reason="nama kampung salah")
    assert row(store, broadcast_id).reason == "nama kampung salah"
    with pytest.raises(Conflict):
        act(store, "submit", broadcast_id)
    act(store, "edit", broadcast_id, changes={"text_id": "Benar"})
    act(store, "submit", broadcast_id)
    assert (row(store, broadcast_id).status, row(store, broadcast_id).reason) == ("submitted", "")


def test_of_two_who_edit_the_second_is_told(store: Store) -> None:
    broadcast_id = draft(store)
    act(store, "edit", broadcast_id, changes={"text_id": "Satu"}, version=1)
    with pytest.raises(Conflict, match="changed meanwhile"):
        act(store, "edit", broadcast_id, changes={"text_id": "Dua"}, version=1)
    assert row(store, broadcast_id).text_id == "Satu"


def test_only_an_urgent_one_passes_the_quiet_hours_and_that_is_kept_apart(store: Store) -> None:
    second = person(store, "second", "approver").id
    for kind in ("info", "warning"):
        broadcast_id = draft(store, kind=kind)
        act(store, "submit", broadcast_id)
        with pytest.raises(Invalid) as refused:
            act(store, "approve", broadcast_id, by="second", override_quiet_hours=True)
        assert "override_quiet_hours" in refused.value.errors
        assert row(store, broadcast_id).status == "submitted"
    plain, passing = approved(store, kind="urgent"), approved(store, kind="urgent", override=True)
    assert row(store, plain).override_by is None
    assert row(store, passing).override_by == second
    assert audit(store, passing)[-2:] == [("approve", second), ("override_quiet_hours", second)]


@pytest.mark.parametrize(
    ("given", "field"),
    [
        ({"kind": "advert"}, "kind"),
        ({"text_id": ""}, "text.id"),
        ({"text_id": "  \n "}, "text.id"),
        ({"text_id": "x" * 1001}, "text.id"),
        ({"text_id": "Halo {umur}"}, "text.id"),
        ({"text_id": "a\x00b"}, "text.id"),
        ({"text_id": "\u202eabc"}, "text.id"),
        ({"text_id": "\u00e4\u4f60" * 250}, "text.id"),  # more than six segments of UCS-2
        ({"text_en": "Hello {"}, "text.en"),
        ({"send_at": NOW - HOUR}, "send_at"),
        ({"send_at": NOW + 400 * DAY}, "send_at"),
        ({"expires_at": NOW}, "expires_at"),
        ({"expires_at": NOW + HOUR, "send_at": NOW + HOUR}, "expires_at"),
        ({"expires_at": NOW + 800 * DAY}, "expires_at"),
        ({"audience": Audience(districts=("99.99",))}, "audience.districts"),
        ({"audience": Audience(languages=("tet",))}, "audience.languages"),
        ({"audience": Audience(topics=("gossip",))}, "audience.topics"),
        ({"audience": Audience(event=404)}, "audience.event"),
        ({"audience": Audience(communities=(404,))}, "audience.communities"),
        ({"audience": Audience(subscribers=())}, "audience.numbers"),
    ],
)
def test_what_makes_no_sense_is_refused_by_field(store: Store, given: dict[str, Any], field: str) -> None:
    with pytest.raises(Invalid) as refused:
        draft(store, **given)
    assert list(refused.value.errors) == [field]


def test_every_fault_is_named_at_once(store: Store) -> None:
    with pytest.raises(Invalid) as refused:
        draft(store, kind="x", text_id="{x}", audience=Audience(topics=("x",)), expires_at=NOW)
    assert set(refused.value.errors) == {"kind", "text.id", "audience.topics", "expires_at"}


def test_a_number_that_nobody_has_verified_is_not_broadcast(store: Store) -> None:
    with pytest.raises(Invalid, match="cannot be accepted") as refused:
        draft(store, text_id="Lapor ke 1500-630 sekarang")
    assert refused.value.errors["text.id"].startswith("character 10: this number is not verified")
    draft(store, text_id="Telepon 0800-1000 (gratis), atau polisi: telp 110")  # verified; short


def test_a_draft_whose_time_has_passed_is_not_submitted(store: Store) -> None:
    broadcast_id = draft(store, send_at=NOW + HOUR, expires_at=NOW + 2 * HOUR)
    with pytest.raises(Invalid):
        act(store, "submit", broadcast_id, NOW + 3 * HOUR)


def test_nor_approved(store: Store) -> None:
    broadcast_id = draft(store, expires_at=NOW + HOUR)
    act(store, "submit", broadcast_id)
    with pytest.raises(Conflict, match="deadline"):
        act(store, "approve", broadcast_id, NOW + 2 * HOUR, by="second")


def test_nor_resumed(store: Store) -> None:
    subscribers(store, range(3))
    broadcast_id = started(store, expires_at=NOW + HOUR)
    act(store, "pause", broadcast_id)
    with pytest.raises(Conflict, match="deadline"):
        act(store, "resume", broadcast_id, NOW + 2 * HOUR)
    act(store, "cancel", broadcast_id, NOW + 2 * HOUR, reason="terlambat")


@pytest.mark.parametrize("status", ["scheduled", "starting", "canary", "running"])
def test_what_is_paused_goes_on_where_it_stopped(store: Store, status: str) -> None:
    broadcast_id = in_status(store, status)
    act(store, "pause", broadcast_id)
    assert row(store, broadcast_id).status == "paused"
    act(store, "resume", broadcast_id)
    assert (row(store, broadcast_id).status, row(store, broadcast_id).resume_to) == (status, "")


def test_cancelling_ends_what_waits_and_says_why(store: Store) -> None:
    subscribers(store, range(5))
    broadcast_id = started(store)
    act(store, "cancel", broadcast_id, reason="salah kabupaten")
    assert counts(store, broadcast_id) == {"expired": 5}
    one = row(store, broadcast_id)
    assert (one.status, one.reason, one.finished_at) == ("cancelled", "salah kabupaten", NOW)


def test_a_long_one_is_called_back_in_slices(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sms_service.services.broadcasts.rows.SLICE", 2)
    subscribers(store, range(5))
    broadcast_id = started(store)
    act(store, "cancel", broadcast_id, reason="")
    assert counts(store, broadcast_id) == {"expired": 2, "queued": 3}
    assert work(store) == 2
    assert counts(store, broadcast_id) == {"expired": 5}


def test_the_audit_trail_holds_no_number(store: Store) -> None:
    ids = subscribers(store, range(2))
    broadcast_id = draft(store, text_id=f"Dari {number(1)}", audience=Audience(subscribers=tuple(ids)))
    with store.read() as tx:
        kept = str(list(tx.scalars(select(AuditEntry.details))))
    assert number(1) not in kept
    assert "'subscribers': 2" in kept
    assert broadcast_id


def test_lists_are_newest_first_by_status_and_page(store: Store) -> None:
    ids = [draft(store) for _ in range(4)]
    act(store, "submit", ids[1])
    with store.read() as tx:
        assert [one.id for one in broadcasts.list_broadcasts(tx, 2)] == [ids[3], ids[2]]
        assert [one.id for one in broadcasts.list_broadcasts(tx, 5, before_id=ids[2])] == [ids[1], ids[0]]
        assert [one.id for one in broadcasts.list_broadcasts(tx, 5, status="submitted")] == [ids[1]]


def test_a_warning_drafted_from_a_cluster_names_it(store: Store) -> None:
    writer = person(store, "author")
    with store.transaction() as tx:
        one = broadcasts.create_draft(tx, writer, fields(), NOW, cluster_id=None)
        assert (one.cluster_id, one.text_id, one.author_id) == (None, TEXT, writer.id)
        assert isinstance(one, Broadcast)


def test_a_partner_writes_to_the_own_community_only(store: Store) -> None:
    partner = replace(person(store, "partner", "partner"), community_id=None)
    with store.transaction() as tx:
        parish = Community(name="Paroki", created_at=NOW)
        tx.add(parish)
        tx.flush()
        partner = replace(partner, community_id=parish.id)
        own = broadcasts.create_draft(tx, partner, fields(audience=Audience(communities=(parish.id,))), NOW)
        assert own.community_id == parish.id
        with pytest.raises(NotAllowed):
            broadcasts.create_draft(tx, partner, fields(), NOW)
        with pytest.raises(NotAllowed):
            broadcasts.edit(tx, own.id, partner, {"audience": Audience()}, NOW)


def test_a_senders_clock_may_lie_a_little_behind(store: Store) -> None:
    draft(store, send_at=NOW - timedelta(minutes=2))
