"""People of the office: passwords and tokens are never kept as such, and nobody passes who may not."""

from __future__ import annotations

import threading
from datetime import UTC, date, datetime, timedelta

import pytest
from sqlalchemy import select, update

from sms_service.errors import Conflict, Invalid, NotAllowed, NotFound
from sms_service.services.staff import accounts as staff
from sms_service.store.engine import Store
from sms_service.store.models import ApiToken, AuditEntry, Staff

NOW = datetime(2026, 11, 21, 2, 0, tzinfo=UTC)
PASSWORD = "padi dan jagung"


def add(store: Store, name: str = "Maria", role: str = "officer") -> str:
    with store.transaction() as tx:
        staff.create_staff(tx, name, role, PASSWORD, NOW)
        return staff.create_token(tx, name, NOW)


def test_a_password_is_kept_as_argon2id_only(store: Store) -> None:
    add(store)
    with store.read() as tx:
        kept = tx.scalars(select(Staff)).one()
    assert kept.password_hash.startswith("$argon2id$")
    assert PASSWORD not in kept.password_hash


@pytest.mark.parametrize(
    ("name", "role", "password", "field"),
    [
        ("", "officer", PASSWORD, "name"),
        (" Maria", "officer", PASSWORD, "name"),
        ("Mar\x00ia", "officer", PASSWORD, "name"),
        ("M" * 65, "officer", PASSWORD, "name"),
        ("Maria", "root", PASSWORD, "role"),
        ("Maria", "officer", "short", "password"),
        ("Maria", "officer", "", "password"),
        ("Maria", "officer", "x" * 10_000, "password"),
    ],
)
def test_what_cannot_be_accepted_is_named_by_field(
    store: Store, name: str, role: str, password: str, field: str
) -> None:
    with pytest.raises(Invalid) as refused, store.transaction() as tx:
        staff.create_staff(tx, name, role, password, NOW)
    assert list(refused.value.errors) == [field]
    assert password == "" or password not in str(refused.value)


def test_a_name_is_given_once_also_when_two_ask_at_once(store: Store) -> None:
    outcomes: list[str] = []
    barrier = threading.Barrier(2)

    def make() -> None:
        barrier.wait()
        try:
            with store.transaction() as tx:
                staff.create_staff(tx, "Maria", "officer", PASSWORD, NOW)
            outcomes.append("made")
        except Conflict:
            outcomes.append("conflict")

    threads = [threading.Thread(target=make) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(outcomes) == ["conflict", "made"]


def test_a_token_is_long_kept_as_a_hash_and_opens_the_door(store: Store) -> None:
    token = add(store)
    assert len(token) >= 43  # 256 bits in base64
    with store.read() as tx:
        assert tx.scalars(select(ApiToken.token_hash)).one() != token
        person = staff.authenticate_token(tx, token, NOW)
    assert (person.name, person.role) == ("Maria", "officer")


def test_two_tokens_of_one_person_are_one_person(store: Store) -> None:
    first = add(store)
    with store.transaction() as tx:
        second = staff.create_token(tx, "Maria", NOW)
    with store.read() as tx:
        ids = {staff.authenticate_token(tx, token, NOW).id for token in (first, second)}
    assert first != second
    assert len(ids) == 1


@pytest.mark.parametrize("wrong", ["", "x", "x" * 1_000_000, "\x00", "\ud800", "ü" * 43])
def test_a_wrong_token_opens_nothing_and_is_not_repeated(store: Store, wrong: str) -> None:
    add(store)
    with pytest.raises(NotAllowed) as refused, store.read() as tx:
        staff.authenticate_token(tx, wrong, NOW)
    assert str(refused.value) == "the token is not valid"


def test_a_revoked_token_and_an_inactive_person_are_refused(store: Store) -> None:
    token = add(store)
    with store.transaction() as tx:
        tx.execute(update(ApiToken).values(revoked_at=NOW))
    with pytest.raises(NotAllowed), store.read() as tx:
        staff.authenticate_token(tx, token, NOW)
    with store.transaction() as tx:
        tx.execute(update(ApiToken).values(revoked_at=None))
        tx.execute(update(Staff).values(is_active=False))
    with pytest.raises(NotAllowed), store.read() as tx:
        staff.authenticate_token(tx, token, NOW)
    with pytest.raises(NotAllowed), store.transaction() as tx:
        staff.create_token(tx, "Maria", NOW)


def test_no_token_for_somebody_unknown(store: Store) -> None:
    with pytest.raises(NotFound), store.transaction() as tx:
        staff.create_token(tx, "Nobody", NOW)


def test_the_use_of_a_token_is_noted_at_most_once_a_minute(store: Store) -> None:
    token = add(store)
    noted = []
    for seconds in (0, 1, 59, 60, 61, 119, 120):
        now = NOW + timedelta(seconds=seconds)
        with store.transaction() as tx:
            person = staff.authenticate_token(tx, token, now)
            if staff.is_use_stale(person, now):
                staff.note_token_use(tx, person, now)
                noted.append(seconds)
    assert noted == [0, 60, 120]


def test_an_audit_entry_never_holds_a_phone_number(store: Store) -> None:
    details = {
        "venue": "Telepon 0812 0000 1234",
        "list": ["+6281200001234", {"deep": "6281200001234"}],
        "as_of": date(2026, 11, 21),
        "at": NOW,
        "count": 3,
        "none": None,
    }
    with store.transaction() as tx:
        staff.record_audit(tx, None, "event.create", ("event", 1), details, NOW)
    with store.read() as tx:
        entry = tx.scalars(select(AuditEntry)).one()
    assert "0000" not in str(entry.details)
    assert entry.details["as_of"] == "2026-11-21"
    assert entry.details["at"] == NOW.isoformat()


def test_an_audit_entry_refuses_what_json_cannot_hold(store: Store) -> None:
    with pytest.raises(TypeError), store.transaction() as tx:
        staff.record_audit(tx, None, "event.create", ("event", 1), {"bytes": b"x"}, NOW)


def test_making_people_and_tokens_is_in_the_audit_trail(store: Store) -> None:
    add(store)
    with store.read() as tx:
        acts = [entry.act for entry in tx.scalars(select(AuditEntry).order_by(AuditEntry.id))]
    assert acts == ["staff.create", "staff.create_token"]
