"""HAPUS: one person is put everywhere, asks to be forgotten, and is then looked for in every byte we keep."""

from __future__ import annotations

import io
import re
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest
from redis import Redis
from sqlalchemy import inspect, select, text, update

from sms_service.gateways.base import InboundSms, UssdRequest
from sms_service.services.dialogues import inbound
from sms_service.services.dialogues.answering import Answering as Desk
from sms_service.services.dialogues.answering import build_answering
from sms_service.services.events.texts import EventTexts
from sms_service.services.privacy import erasure
from sms_service.services.subscribers import person as subscribers
from sms_service.services.texts import forgetting, inbox
from sms_service.store.engine import Store
from sms_service.store.models import (
    Base,
    Broadcast,
    InboundMessage,
    Message,
    PinFailure,
    Registration,
    Report,
    ReportNote,
    Subscriber,
)
from tests import one_person
from tests.answering import NOW, Answering

NUMBER, OTHER = "+6281200004711", "+6281200000002"
# Where a person may stand by hash. A new table with such a column must be put into tests/one_person.py.
HASHES = {"number_hash", "caller_hash", "reporter_hash"}
NOT_OURS = {("opt_outs", "number_hash"), ("pin_failures", "caller_hash")}


@pytest.fixture
def desk(answering: Answering) -> Desk:
    """The service with real words, lists and Redis; the person is everywhere in it."""
    with answering.store.transaction() as tx:
        one_person.put_everywhere(tx, NUMBER, NOW)
    desk = build_answering(answering.runtime)
    desk.lists.models.refresh()
    return desk


@pytest.fixture
def store(answering: Answering) -> Store:
    return answering.store


def dial(desk: Desk, inputs: str, session: str = "s1", number: str = NUMBER) -> str:
    return desk.conversations.answer(UssdRequest("console", session, number, "*123#", inputs))[0]


def send(store: Store, desk: Desk, words: str, n: int, number: str = NUMBER) -> str | None:
    """One text in, handled; the answer's words."""
    now = NOW + timedelta(minutes=n)
    with store.transaction() as tx:
        inbox.record(tx, InboundSms("console", f"hapus-{n}", number, "12362", words, None), now)
        ids = inbox.claim_due(tx, now)
    for inbound_id in ids:
        inbound.handle(store, inbound_id, desk.sms, now)
    with store.read() as tx:
        reply = tx.scalars(select(Message).where(Message.inbound_id == max(ids))).one_or_none()
        return tx.vault.text(reply.body_sealed) if reply else None


def needles(store: Store) -> dict[str, bytes]:
    """What must not be found: the number in every spelling, its hashes, its sealed forms, and the words."""
    digits = NUMBER[1:]
    spelt = [digits, digits[2:], f"0{digits[2:]}", f"{digits[:2]} {digits[2:5]}", "812-0000-4711"]
    found = {f"spelt {one}": one.encode() for one in spelt}
    hashed = store.vault.number_hash(NUMBER)
    found |= {
        "hash": hashed.encode(),
        "hash of PINs": store.vault.number_hash(f"wrong pins of|{hashed}").encode(),
    }
    found |= {f"word {word}": word.encode() for word in one_person.SECRETS_TOLD}
    with store.read() as tx:
        for table in Base.metadata.sorted_tables:
            for column in table.columns:
                if column.name not in ("number_sealed", "reporter_sealed", "text_sealed", "body_sealed"):
                    continue
                for n, (sealed,) in enumerate(tx.execute(select(column)).all()):
                    if sealed and tx.vault.open(sealed) not in (OTHER,):
                        found[f"sealed {table.name}.{column.name} {n}"] = bytes(sealed)
    return found


def sqlite_bytes(store: Store) -> bytes:
    """The database file and its log, as a thief would read them."""
    assert store.shrink_log()
    path = Path(str(store.engine.url.database))
    return b"".join(file.read_bytes() for file in path.parent.glob(f"{path.name}*"))


def dump(store: Store) -> dict[str, bytes]:
    """Every value of every table, by table: what pg_dump writes, bytes as they are."""
    tables: dict[str, bytes] = {}
    with store.read() as tx:
        for name in inspect(store.engine).get_table_names():
            rows = tx.execute(text(f'SELECT * FROM "{name}"')).all()
            tables[name] = b"\n".join(
                bytes(value) if isinstance(value, bytes | memoryview) else str(value).encode()
                for row in rows
                for value in row
            )
    return tables


def redis_entries(redis: Redis) -> dict[bytes, bytes]:
    """Every key with its whole value."""
    readers: dict[bytes, Callable[[bytes], object]] = {
        b"string": redis.get,
        b"hash": redis.hgetall,
        b"list": lambda key: redis.lrange(key, 0, -1),
        b"set": redis.smembers,
        b"zset": lambda key: redis.zrange(key, 0, -1, withscores=True),
    }
    entries = {}
    for key in redis.scan_iter():
        value = readers[redis.type(key)](key)
        entries[key] = value if isinstance(value, bytes) else repr(value).encode()
    return entries


def found_in(haystack: bytes, wanted: dict[str, bytes]) -> set[str]:
    return {name for name, needle in wanted.items() if needle in haystack}


def leave(store: Store) -> None:
    """Everything that waits goes out, and the scheduler's sweep has been there."""
    with store.transaction() as tx:
        tx.execute(update(Message).where(Message.status == "queued").values(status="sent", sent_at=NOW))
        forgetting.empty_marked(tx)


def test_the_person_stands_in_every_column_that_can_hold_one(desk: Desk, store: Store) -> None:
    mine = {store.vault.number_hash(NUMBER)}
    for table in Base.metadata.sorted_tables:
        for name in HASHES & set(table.columns.keys()):
            if (table.name, name) not in NOT_OURS:
                with store.read() as tx:
                    held = set(tx.scalars(select(table.c[name])))
                assert mine & held, f"{table.name}.{name} is not filled by tests/one_person.py"


def test_by_text_nothing_is_left_in_the_database_redis_or_logs(
    desk: Desk, store: Store, redis: Redis, logged: io.StringIO
) -> None:
    dial(desk, "1*PT Kumbang Rahasia")  # a call that dropped while a recruiter was looked up
    send(store, desk, "MENU", 1)
    send(store, desk, "1", 2)
    wanted = needles(store)
    before = found_in(b"".join(dump(store).values()), wanted)
    assert {"hash", "hash of PINs", "word Yohana"} <= before
    assert len([name for name in before if name.startswith("sealed")]) > 10

    asked = send(store, desk, "HAPUS", 3)
    assert asked is not None
    assert "YA" in asked
    with store.read() as tx:
        assert subscribers.find_by_number(tx, NUMBER) is not None  # it only asks
    answer = send(store, desk, "YA", 4)
    assert answer is not None  # it still goes out
    with store.read() as tx:
        waiting = tx.scalars(select(Message).where(Message.status == "queued", Message.forget)).one()
        assert tx.vault.open(waiting.number_sealed) == NUMBER
    wanted["sealed reply"] = bytes(waiting.number_sealed)
    assert {name for name, held in dump(store).items() if found_in(held, wanted)} <= {"messages", "reports"}

    leave(store)
    assert_gone(store, redis, wanted, logged)


def assert_gone(store: Store, redis: Redis, wanted: dict[str, bytes], logged: io.StringIO) -> None:
    left = {name: found_in(held, wanted) for name, held in dump(store).items()}
    assert {name: what for name, what in left.items() if what} == {}
    if not store.engine.dialect.name.startswith("postgres"):
        assert found_in(sqlite_bytes(store), wanted) == set()
    for key, value in redis_entries(redis).items():
        what = found_in(key + value, wanted)
        if not what:
            continue
        # A live call, under a hash that the number does not lead to: it ends by itself within minutes.
        assert key.startswith(b"s:"), key
        assert all(name.startswith("word") for name in what)
        assert 0 < redis.ttl(key) <= 300
    assert found_in(logged.getvalue().encode(), wanted) == set()


def test_by_the_menu_nothing_is_left_either(
    answering: Answering, desk: Desk, store: Store, redis: Redis, logged: io.StringIO
) -> None:
    send(store, desk, "MENU", 1)  # a walk by text is open as well
    wanted = needles(store)
    erase = next(n for n in "123456789" if "apus" in dial(desk, f"7*{n}", f"look-{n}"))
    before = "1*PT Kumbang Rahasia*00*7"  # a recruiter is looked up in this very call
    screens = [dial(desk, before, "s2"), dial(desk, f"{before}*{erase}", "s2")]
    ended = dial(desk, f"{before}*{erase}*1", "s2")
    assert ended.startswith("END "), [*screens, ended]
    with store.transaction() as tx:
        tx.execute(update(Message).where(Message.status == "queued").values(status="sent"))
    answering.runtime.sessions.write()
    assert not any(found_in(key + value, wanted) for key, value in redis_entries(redis).items())
    assert_gone(store, redis, wanted, logged)
    assert dial(desk, f"{before}*{erase}*1", "s2") == ended  # the request again


def test_by_the_menu_in_texts_the_last_answer_goes_out_and_is_emptied(
    desk: Desk, store: Store, redis: Redis, logged: io.StringIO
) -> None:
    wanted = needles(store)
    send(store, desk, "MENU", 1)
    send(store, desk, "7", 2)
    n, screen = 3, ""
    for option in "123456789":
        screen = send(store, desk, option, n) or ""
        if "apus" in screen and "1 Ya" in screen:
            break
        send(store, desk, "0", n + 1)
        n += 2
    ended = send(store, desk, "1", 60)
    assert ended is not None
    assert "dihapus" in ended
    leave(store)
    assert_gone(store, redis, wanted, logged)


def test_a_stop_stays_and_so_does_a_lock_and_nothing_else(
    desk: Desk, store: Store, redis: Redis, logged: io.StringIO
) -> None:
    wanted = needles(store)
    with store.transaction() as tx:
        subscribers.opt_out(tx, NUMBER, "sms", NOW)
        tx.execute(update(PinFailure).values(failures=50, locked_until=NOW + timedelta(hours=1)))
        erasure.erase(tx, NUMBER, NOW, EventTexts.of(desk.sms.settings, desk.sms.menu))
    left = {name: found_in(held, wanted) for name, held in dump(store).items()}
    assert {name: what for name, what in left.items() if what} == {
        "opt_outs": {"hash"},
        "pin_failures": {"hash of PINs"},
    }


def erase(desk: Desk, store: Store) -> erasure.Erased:
    with store.transaction() as tx:
        return erasure.erase(tx, NUMBER, NOW, EventTexts.of(desk.sms.settings, desk.sms.menu))


def test_what_was_told_stays_for_the_case_without_its_reporter_and_their_number(
    desk: Desk, store: Store
) -> None:
    erased = erase(desk, store)
    assert (erased.reports, erased.open_reports) == (2, 1)
    with store.read() as tx:
        for report in tx.scalars(select(Report)):
            story = tx.vault.text(report.story_sealed)
            assert "Kumbang janji gaji besar" in story
            assert not re.search(r"812.?0000.?4711", story)
            assert (report.reporter_hash, report.reporter_sealed, report.texts_allowed) == (None, None, False)
        for note in tx.scalars(select(ReportNote)):
            assert "4711" not in tx.vault.open(note.text_sealed).replace("711", "", 1)


def test_texts_under_way_end_lawfully_and_none_goes_out_that_need_not(desk: Desk, store: Store) -> None:
    erase(desk, store)
    with store.read() as tx:
        ended = dict(tx.execute(select(Message.id, Message.status).order_by(Message.id)).all())
    assert list(ended.values())[:4] == ["sent", "expired", "failed", "sending"]
    with store.read() as tx:
        unread = tx.scalars(
            select(InboundMessage.status).where(InboundMessage.gateway_id == "before-2")
        ).one()
    assert unread == "ignored"


def test_a_text_that_comes_back_from_the_gateway_after_the_erasure_is_not_sent_to_nobody(
    desk: Desk, store: Store
) -> None:
    from sms_service.services.sending import hand_over as sending

    erase(desk, store)
    with store.transaction() as tx:
        tx.execute(
            update(Message)
            .where(Message.status == "sending")
            .values(status="queued", claim=None, gateway=None, not_before=NOW)
        )
        assert sending.claim_batch(tx, "bulk", NOW, 10, timedelta(seconds=60)) == []
        assert tx.scalars(select(Message.status).where(Message.status == "failed")).all()


def test_an_unread_text_of_somebody_forgotten_is_never_answered(desk: Desk, store: Store) -> None:
    with store.transaction() as tx:
        inbox.record(tx, InboundSms("console", "late", NUMBER, "12362", "INFO", None), NOW)
        ids = inbox.claim_due(tx, NOW)
    erase(desk, store)
    assert [inbound.handle(store, one, desk.sms, NOW) for one in ids] == ["done before"] * len(ids)


def test_twice_is_once_and_others_are_left_alone(desk: Desk, store: Store) -> None:
    with store.transaction() as tx:
        subscribers.get_or_create(tx, OTHER, NOW)
    erase(desk, store)
    again = erase(desk, store)
    assert again == erasure.Erased(0, 0, 0, 0, 0)
    with store.read() as tx:
        assert subscribers.find_by_number(tx, OTHER) is not None


def test_broadcasts_forget_who_was_named_for_an_id_may_be_given_again(desk: Desk, store: Store) -> None:
    erase(desk, store)
    with store.read() as tx:
        assert tx.scalars(select(Broadcast)).one().audience["subscribers"] == [9999]
        assert tx.scalars(select(Subscriber).where(Subscriber.number_hash != "")).all() == []
        assert [one.status for one in tx.scalars(select(Registration))] == ["cancelled"]


def test_what_others_told_about_a_number_is_not_erased_by_its_owner(desk: Desk, store: Store) -> None:
    with store.transaction() as tx:
        tx.execute(
            update(Report)
            .where(Report.id == 1)
            .values(
                reporter_hash=tx.vault.number_hash(OTHER),
                recruiter_phone_hash=tx.vault.number_hash(NUMBER),
                recruiter_phone_sealed=tx.vault.seal(NUMBER),
            )
        )
    erase(desk, store)
    with store.read() as tx:
        report = tx.get(Report, 1)
        assert report is not None
        assert report.recruiter_phone_hash == tx.vault.number_hash(NUMBER)
        assert tx.vault.text(report.recruiter_phone_sealed) == NUMBER
