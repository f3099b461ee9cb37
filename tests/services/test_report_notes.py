"""A case opened: the reporter is answered without being seen, and nothing leaves that could betray them."""

from __future__ import annotations

import io
import sqlite3
from datetime import datetime, time, timedelta
from pathlib import Path

import pytest
from redis import Redis
from sqlalchemy import select

from menus.loader import load_menu
from sms_service.domain.texts import measure
from sms_service.errors import Conflict, Invalid, NotAllowed
from sms_service.runtime import Runtime
from sms_service.services.events.texts import EventTexts
from sms_service.services.privacy import erasure
from sms_service.services.reports import notes as report_notes
from sms_service.services.reports import receipts
from sms_service.services.reports.notes import Case
from sms_service.services.staff.accounts import Person
from sms_service.services.subscribers import person as subscribers
from sms_service.settings import Settings
from sms_service.store.engine import Store
from sms_service.store.models import AuditEntry, Message, Report
from tests.case_office import DAY, NOW, acts, answers, file, known, number, report_of, texts, worker

MENU = load_menu()
NIGHT = datetime.fromisoformat("2026-11-21T23:30:00+08:00")


def reply(
    store: Store, settings: Settings, report: Report, text: str = "Kami sudah cek.", now: datetime = NOW
) -> None:
    with store.transaction() as tx:
        report_notes.reply(tx, report.id, text, None, now, settings, MENU)


def opened(store: Store, report: Report, by: int | None = None) -> Case:
    with store.transaction() as tx:
        return report_notes.read_case(tx, report.id, by, NOW)


def person(store: Store, role: str) -> Person:
    return Person(worker(store, f"{role} three", role), f"{role} three", role, 0, None)


def test_an_opened_case_shows_what_was_told_and_the_look_is_kept(store: Store, settings: Settings) -> None:
    report = report_of(store, file(store, settings, told=known()))
    officer = worker(store)
    case = opened(store, report, officer)
    assert (case.recruiter_name, case.recruiter_phone) == ("Pak Contoh", number(9000))
    assert (case.place, case.story) == ("Desa Contoh", answers().story)
    assert case.reporter == "+62 *** 001"
    with store.read() as tx:
        kept = tx.scalars(select(AuditEntry)).one()
    assert (kept.act, kept.staff_id, kept.subject_id) == ("report.read", officer, str(report.id))


def test_the_reporters_own_number_is_masked_also_in_their_own_words(store: Store, settings: Settings) -> None:
    spelt = "Saya 0812 0000 0001 atau +6281200000001, dia 0812-0000-9000"
    told = known(story=spelt, recruiter_phone=number(1), place="dekat 081200000001")
    case = opened(store, report_of(store, file(store, settings, told=told)))
    assert case.story == "Saya +62 *** 001 atau +62 *** 001, dia 0812-0000-9000"
    assert case.recruiter_phone == "+62 *** 001"
    assert case.place == "dekat +62 *** 001"


def test_notes_are_kept_sealed_in_order(store: Store, settings: Settings) -> None:
    report = report_of(store, file(store, settings))
    officer = worker(store)
    with store.transaction() as tx:
        report_notes.add_note(tx, report.id, "Sudah ditelepon.\nBelum diangkat. 🚨\x00", officer, NOW)
        report_notes.add_note(tx, report.id, "{0} %s'); --", None, NOW)
        with pytest.raises(Invalid):
            report_notes.add_note(tx, report.id, " \x00\n ", officer, NOW)
    notes = opened(store, report).notes
    assert [(note.text, note.author, note.kind) for note in notes] == [
        ("Sudah ditelepon.\nBelum diangkat. 🚨", "Ibu Contoh", "note"),
        ("{0} %s'); --", "", "note"),
    ]


def test_a_reply_waits_for_code_and_pin_and_a_neutral_text_announces_it(
    store: Store, settings: Settings
) -> None:
    receipt = file(store, settings, told=known())
    report = report_of(store, receipt)
    reply(store, settings, report)
    ((n, kind, body),) = texts(store)
    assert (n, kind) == (1, "notice")
    assert measure(body).segments == 1
    for word in ("lapor", "report", "Contoh", "perekrut", "kasus", "cek", receipt.code, receipt.pin):
        assert word.lower() not in body.lower()
    view = receipts.look_up(store, receipt.code, receipt.pin, store.vault.number_hash(number(5)), NOW)
    assert [(one.text, one.written_at) for one in view.replies] == [("Kami sudah cek.", NOW)]
    assert opened(store, report).notes[0].text_status == "queued"


def test_many_replies_are_one_text_a_day(store: Store, settings: Settings) -> None:
    report = report_of(store, file(store, settings, told=known()))
    for hours in (0, 1, 2):
        reply(store, settings, report, now=NOW + timedelta(hours=hours))
    assert len(texts(store)) == 1
    reply(store, settings, report, now=NOW + DAY)
    assert len(texts(store)) == 2


def test_at_night_the_text_waits_for_the_morning(store: Store, settings: Settings) -> None:
    quiet = settings.model_copy(update={"quiet_hours": (time(20), time(7))})
    report = report_of(store, file(store, settings, told=known()))
    reply(store, quiet, report, now=NIGHT)
    with store.read() as tx:
        text = tx.scalars(select(Message)).one()
    assert text.not_before == datetime.fromisoformat("2026-11-22T07:00:00+08:00")
    assert text.expires_at > text.not_before


@pytest.mark.parametrize("told", [answers(), known(texts="none"), known(texts="")])
def test_who_did_not_allow_texts_gets_none(store: Store, settings: Settings, told: object) -> None:
    report = report_of(store, file(store, settings, told=told))  # type: ignore[arg-type]
    reply(store, settings, report)
    assert texts(store) == []
    assert opened(store, report).notes[0].text_status is None


def test_who_said_stop_gets_none_not_even_what_waits(store: Store, settings: Settings) -> None:
    report = report_of(store, file(store, settings, told=known()))
    reply(store, settings, report)
    with store.transaction() as tx:
        subscribers.opt_out(tx, number(1), "sms", NOW)
    reply(store, settings, report, now=NOW + DAY)
    with store.read() as tx:
        assert [row.status for row in tx.scalars(select(Message))] == ["opted_out"]


def test_who_erases_everything_while_a_reply_waits_gets_none_and_none_later(
    store: Store, settings: Settings
) -> None:
    report = report_of(store, file(store, settings, told=known()))
    reply(store, settings, report)
    with store.transaction() as tx:
        erasure.erase(tx, number(1), NOW, EventTexts.of(settings, MENU))
    reply(store, settings, report, now=NOW + DAY)
    with store.read() as tx:
        rows = list(tx.scalars(select(Message)))
        assert [row.status for row in rows if row.status == "queued"] == []
        assert all(row.number_hash != tx.vault.number_hash(number(1)) for row in rows)
    assert opened(store, report).reporter == ""


@pytest.mark.parametrize("text", ["", "  ", "x" * 481, "kabar 🚨", "a\u4e2d"])
def test_a_reply_that_a_simple_phone_cannot_show_is_refused(
    store: Store, settings: Settings, text: str
) -> None:
    report = report_of(store, file(store, settings, told=known()))
    with pytest.raises(Invalid):
        reply(store, settings, report, text)
    assert texts(store) == []


def test_a_number_is_revealed_with_role_and_reason_and_the_act_is_kept(
    store: Store, settings: Settings
) -> None:
    report = report_of(store, file(store, settings, told=known()))
    hidden = report_of(store, file(store, settings, "token-2"))
    officer = person(store, "case_officer")
    reason = "Menelepon atas permintaan pelapor"
    with store.transaction() as tx:
        assert report_notes.reveal(tx, report.id, "reporter", reason, officer, NOW) == number(1)
        with pytest.raises(Conflict):
            report_notes.reveal(tx, hidden.id, "reporter", reason, officer, NOW)
        with pytest.raises(Invalid):
            report_notes.reveal(tx, report.id, "reporter", "perlu          ", officer, NOW)
    for role in ("officer", "approver", "partner", "viewer"):
        stranger = person(store, role)
        with store.transaction() as tx, pytest.raises(NotAllowed):
            report_notes.reveal(tx, report.id, "reporter", reason, stranger, NOW)
    assert acts(store) == ["report.reveal"]
    with store.read() as tx:
        kept = tx.scalars(select(AuditEntry)).one()
        assert (kept.staff_id, kept.details) == (officer.id, {"reason": reason})


def test_the_recruiters_number_is_an_act_of_its_own_and_never_the_reporters(
    store: Store, settings: Settings
) -> None:
    report = report_of(store, file(store, settings, told=known()))
    own = report_of(store, file(store, settings, "token-2", told=known(recruiter_phone=number(1))))
    officer, stranger = person(store, "case_officer"), person(store, "officer")
    reason = "Untuk diserahkan kepada polisi"
    with store.transaction() as tx:
        assert report_notes.reveal(tx, report.id, "recruiter", reason, officer, NOW) == number(9000)
        with pytest.raises(Conflict):
            report_notes.reveal(tx, own.id, "recruiter", reason, officer, NOW)
    with store.transaction() as tx, pytest.raises(NotAllowed):
        report_notes.reveal(tx, report.id, "recruiter", reason, stranger, NOW)
    assert acts(store) == ["report.reveal_recruiter"]


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_neither_number_nor_name_nor_words_stand_in_file_queue_log_or_trail(
    runtime: Runtime, redis: Redis, tmp_path: Path, logged: io.StringIO
) -> None:
    settings = runtime.settings.model_copy(update={"duty_numbers": (number(7000),)})
    told = known(
        is_urgent=True, story="Rahasia besar sekali", recruiter_name="Nama Rahasia", place="Dusun Sunyi"
    )
    receipt = file(runtime.store, settings, told=told, redis=redis)
    report = report_of(runtime.store, receipt)
    with runtime.store.transaction() as tx:
        report_notes.add_note(tx, report.id, "Catatan tertutup", None, NOW)
    reply(runtime.store, settings, report, "Balasan tertutup")
    opened(runtime.store, report)
    words = ("Rahasia besar", "Nama Rahasia", "Dusun Sunyi", "Catatan tertutup", "Balasan tertutup")
    numbers = (number(1)[3:], number(9000)[3:], number(7000)[3:])
    with sqlite3.connect(tmp_path / "jalur.sqlite3") as connection:
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    queued = b" ".join(part for key in redis.keys("*") for part in (key, redis.dump(key) or b""))
    kept = (tmp_path / "jalur.sqlite3").read_bytes()
    assert b"report.note" in kept  # the look finds what is there
    assert queued
    for secret in (*words, *numbers, f'"{receipt.pin}"'):
        assert secret.encode() not in kept
        assert secret.encode() not in queued
        assert secret not in logged.getvalue()
