"""New keys: everything is sealed anew while others write, half done, twice at once, and nothing is lost."""

from __future__ import annotations

import base64
import threading
from collections.abc import Iterator
from datetime import timedelta

import pytest
from sqlalchemy import LargeBinary, select, update

from sms_service.services.privacy import data_keys, reencryption
from sms_service.services.subscribers import person as subscribers
from sms_service.services.texts import messages
from sms_service.services.texts.messages import NewText
from sms_service.store.engine import Store
from sms_service.store.models import Base, KnownDataKey, Message, Subscriber
from sms_service.store.sealed import count_by_key, sealed_tables
from sms_service.store.vault import Vault
from tests.conftest import SECRETS
from tests.text_office import NOW, number, receive

OLD = SECRETS["DATA_KEY"]
NEW = base64.urlsafe_b64encode(b"n" * 32).decode()
PEOPLE = 250  # more than two slices on SQLite


def vault_of(*keys: str) -> Vault:
    return Vault(keys, SECRETS["SECRET_KEY"])


@pytest.fixture
def rotated(store: Store, database_url: str) -> Iterator[Store]:
    """The same database under a new first key, with rows that the old one has sealed."""
    fill(store)
    rotated = Store(database_url, vault_of(NEW, OLD))
    yield rotated
    rotated.close()


def fill(store: Store) -> None:
    with store.transaction() as tx:
        texts = [text(n) for n in range(PEOPLE)]
        messages.enqueue_many(tx, texts, NOW)
        for n in range(5):
            subscribers.get_or_create(tx, number(n), NOW)
    receive(store, "LAPOR seseorang menahan paspor", 7)


def text(n: int) -> NewText:
    return NewText(number(n), "Acara besok", "reminder", "bulk", f"k{n}", NOW + timedelta(hours=1))


def opened(store: Store) -> list[tuple[str, str]]:
    with store.read() as tx:
        rows = tx.execute(select(Message.number_sealed, Message.body_sealed).order_by(Message.id))
        return [(tx.vault.open(row.number_sealed), tx.vault.open(row.body_sealed)) for row in rows]


def test_every_column_that_holds_bytes_is_sealed_and_is_sealed_anew() -> None:
    holding_bytes = {
        f"{table.name}.{column.name}"
        for table in Base.metadata.tables.values()
        for column in table.columns
        if isinstance(column.type, LargeBinary)
    }
    walked = {f"{one.table.name}.{column.name}" for one in sealed_tables() for column in one.columns}
    assert holding_bytes == walked
    assert all(isinstance(column.type, LargeBinary) for one in sealed_tables() for column in one.columns)


def test_all_rows_are_under_the_first_key_afterwards_and_say_what_they_said(rotated: Store) -> None:
    before = opened(rotated)
    told: list[tuple[int, int]] = []
    result = reencryption.reencrypt(rotated, NOW, lambda done, total: told.append((done, total)))
    assert result.is_complete
    assert result.resealed == PEOPLE + 5 + 1
    assert opened(rotated) == before
    with rotated.read() as tx:
        assert list(count_by_key(tx)) == [rotated.vault.current_key_id]
    assert told[0] == (0, result.resealed)
    assert told[-1] == (result.resealed, result.resealed)
    assert [done for done, _ in told] == sorted(done for done, _ in told)


def test_the_old_key_can_be_taken_away_afterwards(rotated: Store, database_url: str) -> None:
    result = reencryption.reencrypt(rotated, NOW)
    assert list(result.by_old_key.values()) == [0]
    alone = Store(database_url, vault_of(NEW))
    assert {said for _, said in opened(alone)} == {"Acara besok"}
    with alone.read() as tx:
        assert data_keys.missing(tx) == ()
    alone.close()


def test_equal_bodies_that_were_sealed_once_stay_one_value(rotated: Store) -> None:
    reencryption.reencrypt(rotated, NOW)
    with rotated.read() as tx:
        bodies = {bytes(sealed) for sealed in tx.scalars(select(Message.body_sealed))}
    assert len(bodies) <= PEOPLE // reencryption.SQLITE_SLICE + 1


def test_a_second_run_finds_nothing_to_do(rotated: Store) -> None:
    reencryption.reencrypt(rotated, NOW)
    again = reencryption.reencrypt(rotated, NOW)
    assert (again.resealed, again.is_complete) == (0, True)


class PowerCut(Exception):
    """Ends a run where it stands."""


def test_a_run_that_is_broken_off_goes_on_where_it_stood(rotated: Store) -> None:
    before = opened(rotated)

    def cut(done: int, total: int) -> None:
        if done > 100:
            raise PowerCut

    with pytest.raises(PowerCut):
        reencryption.reencrypt(rotated, NOW, cut)
    assert opened(rotated) == before  # both keys open their share
    result = reencryption.reencrypt(rotated, NOW)
    assert 0 < result.resealed < PEOPLE
    assert result.is_complete
    assert opened(rotated) == before


def test_two_runs_at_once_do_the_work_once(rotated: Store) -> None:
    before, results, gate = opened(rotated), [], threading.Barrier(2)

    def run() -> None:
        gate.wait()
        results.append(reencryption.reencrypt(rotated, NOW))

    threads = [threading.Thread(target=run) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert all(result.is_complete for result in results)
    assert sum(result.resealed for result in results) == PEOPLE + 5 + 1
    assert opened(rotated) == before


def test_a_row_that_is_changed_meanwhile_is_not_overwritten(
    rotated: Store, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A process that still seals with the old key writes between our reading and our writing."""
    read = reencryption._read
    changed: list[int] = []

    def read_then_change(*given: object) -> object:
        rows = read(*given)
        if rows and given[1].table.name == "subscribers" and not changed:
            changed.append(1)
            with store.transaction() as tx:
                other = tx.vault.seal(number(4444))
                tx.execute(update(Subscriber).where(Subscriber.id == rows[0][0]).values(number_sealed=other))
        return rows

    monkeypatch.setattr(reencryption, "_read", read_then_change)
    result = reencryption.reencrypt(rotated, NOW)
    assert changed
    assert result.is_complete  # the next pass has taken it
    with rotated.read() as tx:
        first = tx.scalars(select(Subscriber).order_by(Subscriber.id)).first()
        assert first is not None
        assert tx.vault.open(first.number_sealed) == number(4444)


def test_texts_are_written_and_withheld_while_it_runs(rotated: Store) -> None:
    done = threading.Event()
    failures: list[Exception] = []

    def write() -> None:
        n = 5000
        while not done.is_set():
            n += 1
            try:
                with rotated.transaction() as tx:
                    messages.enqueue(tx, text(n), NOW)
                    subscribers.opt_out(tx, number(n % PEOPLE), "sms", NOW)
            except Exception as error:  # noqa: BLE001
                failures.append(error)
                return

    writer = threading.Thread(target=write)
    writer.start()
    result = reencryption.reencrypt(rotated, NOW)
    done.set()
    writer.join()
    assert failures == []
    assert result.is_complete


def test_erased_and_missing_values_are_left_alone(rotated: Store) -> None:
    with rotated.transaction() as tx:
        tx.execute(update(Message).where(Message.id == 1).values(number_sealed=b"", body_sealed=b""))
    assert reencryption.reencrypt(rotated, NOW).is_complete
    with rotated.read() as tx:
        assert tx.execute(select(Message.number_sealed).where(Message.id == 1)).scalar_one() == b""


def test_a_damaged_value_is_told_and_holds_up_nothing(rotated: Store) -> None:
    with rotated.transaction() as tx:
        row = tx.get(Subscriber, 1)
        assert row is not None
        row.number_sealed = bytes(row.number_sealed[:-1]) + bytes([row.number_sealed[-1] ^ 1])
    result = reencryption.reencrypt(rotated, NOW)
    assert (result.unreadable, result.is_complete) == (1, True)


def test_values_of_a_key_that_is_gone_are_told_by_its_id(rotated: Store, database_url: str) -> None:
    alone = Store(database_url, vault_of(NEW))
    result = reencryption.reencrypt(alone, NOW)
    assert not result.is_complete
    assert list(result.by_lost_key) == [vault_of(OLD).current_key_id.hex()]
    with alone.read() as tx:
        assert data_keys.missing(tx) == (vault_of(OLD).current_key_id.hex(),)
    alone.close()


def test_keys_in_use_are_noted_and_the_first_time_all_rows_are_looked_at(rotated: Store) -> None:
    for _ in range(2):
        data_keys.note(rotated, NOW)
    with rotated.read() as tx:
        assert data_keys.list_known(tx) == rotated.vault.key_ids
        assert tx.scalars(select(KnownDataKey.key_id)).all() is not None
    reencryption.reencrypt(rotated, NOW)
    with rotated.read() as tx:
        assert data_keys.list_known(tx) == {rotated.vault.current_key_id}


def test_a_database_that_is_busy_for_a_moment_is_waited_for(
    rotated: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    from sms_service.errors import Unavailable

    write, failed = reencryption._write, []

    def fail_once(*given: object) -> int:
        if not failed:
            failed.append(1)
            raise Unavailable("busy")
        return write(*given)

    monkeypatch.setattr(reencryption, "_write", fail_once)
    monkeypatch.setattr(reencryption, "_WAIT_SECONDS", 0.01)
    assert reencryption.reencrypt(rotated, NOW).is_complete
