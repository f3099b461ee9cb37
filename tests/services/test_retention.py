"""How long data is kept: every table has its rule, all rules are carried out, the document says the same."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import func, select, update

from sms_service.domain.retention import BY_KEY, RULES, as_lines, as_markdown, period
from sms_service.services import effects, idempotency
from sms_service.services.privacy import retention
from sms_service.services.reports import drafts as report_drafts
from sms_service.services.reports import receipts
from sms_service.store.engine import Store
from sms_service.store.models import (
    AuditEntry,
    Base,
    ConsoleText,
    DeliveryReportRow,
    Effect,
    Event,
    IdempotentAnswer,
    InboundMessage,
    Message,
    PinFailure,
    RecruiterMiss,
    Registration,
    Report,
    ReportCluster,
    ReportDraft,
    ReportLink,
    ReportNote,
    Staff,
    StaffSession,
    Subscriber,
    Surge,
    UnknownWord,
    UssdSessionEnd,
)
from tests import one_person

PRIVACY = Path(__file__).parents[2] / "docs" / "privacy.md"
BEGIN, END = "<!-- retention: from sms_service/domain/retention.py -->", "<!-- /retention -->"
NOW = datetime(2026, 11, 21, 2, 0, tzinfo=UTC)
NUMBER = "+6281200000001"
DAY = timedelta(days=1)


def carry_out(store: Store, now: datetime) -> dict[str, int]:
    going = retention.Pass()
    for _ in range(1000):
        if not going.advance(store, now):
            return dict(going.done)
    raise AssertionError("a pass that never ends")


def count(store: Store, model: Any, *where: Any) -> int:
    with store.read() as tx:
        return tx.scalar(select(func.count()).select_from(model).where(*where)) or 0


@pytest.fixture
def filled(store: Store) -> Store:
    """The person everywhere, as of NOW; texts that were under way have been settled."""
    with store.transaction() as tx:
        one_person.put_everywhere(tx, NUMBER, NOW)
        tx.execute(update(Message).values(status="delivered"))
        tx.execute(update(InboundMessage).values(status="handled"))
        tx.execute(update(Report).values(status="closed", closed_at=NOW))
        tx.execute(update(Subscriber).values(warnings_on=False))
        _put_the_rest(tx)
    return store


def _put_the_rest(tx: Any) -> None:
    staff = tx.scalars(select(Staff)).first()
    tx.add_all(
        [
            Effect(key="k", outcome="done", created_at=NOW),
            IdempotentAnswer(key_hash="k", body_hash="b", status=200, created_at=NOW),
            InboundMessage(
                gateway="console",
                gateway_id="told",
                number_hash="h",
                number_sealed=b"n",
                text_sealed=b"",
                content_hash="c",
                status="handled",
                keyword="LAPOR",
                received_at=NOW,
                handled_at=NOW,
            ),
            UssdSessionEnd(
                session_hash="s", gateway="console", status="ok", network_code="", error="", received_at=NOW
            ),
            DeliveryReportRow(gateway="console", gateway_id="1", raw_status="ok", received_at=NOW),
            UnknownWord(day=NOW.date(), word="apa", count=1),
            RecruiterMiss(day=NOW.date(), normalised="x", count=1, last_at=NOW),
            Surge(day=NOW.date(), kind="miss", subject="x", count=9, expected=1.0, raised_at=NOW),
            StaffSession(token_hash="t", staff_id=staff.id, created_at=NOW, last_seen_at=NOW, expires_at=NOW),
            AuditEntry(at=NOW, act="x", subject_type="x", subject_id="1", details={}),
            ReportLink(earlier_id=1, later_id=2, score=0.9, reasons=[], created_at=NOW),
        ]
    )


def test_every_table_has_a_rule_and_every_rule_names_tables() -> None:
    named = {table for rule in RULES for table in rule.tables}
    assert named == set(Base.metadata.tables)


def test_every_rule_with_a_period_is_carried_out_and_no_other() -> None:
    carried_out = {step.rule for step in retention.STEPS}
    assert carried_out == {rule.key for rule in RULES if rule.period is not None}
    for step in retention.STEPS:
        assert step.table.name in BY_KEY[step.rule].tables
        assert (step.purge is None) == (step.due is not None and step.act is not None)


def test_periods_that_are_known_elsewhere_are_the_same() -> None:
    assert period("report_drafts") == report_drafts.LIVES
    assert period("effects") == effects.KEPT
    assert period("idempotent_answers") == idempotency.KEPT
    assert period("pin_failures") == receipts.FORGOTTEN_AFTER
    with pytest.raises(ValueError, match="without a limit"):
        period("opt_outs")


def test_the_document_shows_the_table(request: pytest.FixtureRequest) -> None:
    """`pytest tests/services/test_retention.py --update` writes it anew."""
    text = PRIVACY.read_text(encoding="utf-8")
    head, _, rest = text.partition(BEGIN)
    shown, _, tail = rest.partition(END)
    table = "\n" + "\n".join(as_markdown()) + "\n"
    if request.config.getoption("--update"):
        PRIVACY.write_text(f"{head}{BEGIN}{table}{END}{tail}", encoding="utf-8")
    else:
        assert shown == table
    assert len(list(as_lines())) == len(RULES)


def test_nothing_goes_before_its_time(filled: Store) -> None:
    assert carry_out(filled, NOW + timedelta(hours=1)) == {}


def test_everything_goes_in_its_time_and_a_second_pass_finds_nothing(filled: Store) -> None:
    later = NOW + timedelta(days=2000)
    done = carry_out(filled, later)
    assert set(done) | {"idempotent_answers"} == {rule.key for rule in RULES if rule.period is not None}
    gone = (
        ReportDraft, PinFailure, Effect, IdempotentAnswer, UssdSessionEnd, ConsoleText, DeliveryReportRow,
        UnknownWord, RecruiterMiss, Surge, StaffSession, AuditEntry, ReportNote, ReportLink, Subscriber,
    )  # fmt: skip
    assert {model.__tablename__: count(filled, model) for model in gone if count(filled, model)} == {}
    assert carry_out(filled, later) == {}


def test_who_told_a_report_by_text_is_forgotten_after_two_hours_and_other_texts_stay(
    filled: Store,
) -> None:
    hours = timedelta(hours=2)
    assert carry_out(filled, NOW + hours - timedelta(minutes=1)).get("report_senders", 0) == 0
    assert carry_out(filled, NOW + hours + timedelta(minutes=1))["report_senders"] == 1
    with filled.read() as tx:
        held = tx.execute(select(InboundMessage.gateway_id, InboundMessage.number_sealed)).all()
    assert {row.gateway_id for row in held if not row.number_sealed} == {"told"}
    assert len(held) > 1


def test_figures_stay_when_numbers_and_words_go(filled: Store) -> None:
    carry_out(filled, NOW + timedelta(days=2000))
    with filled.read() as tx:
        for text in tx.scalars(select(Message)):
            assert (text.number_hash, text.number_sealed, text.body_sealed, text.status, text.kind) == (
                "", b"", b"", "delivered", "notice",
            )  # fmt: skip
        for text in tx.scalars(select(InboundMessage)):
            assert (text.number_sealed, text.text_sealed, text.keyword) == (b"", b"", "LAPOR")
        for person in tx.scalars(select(Registration)):
            assert (person.number_sealed, person.name_sealed, person.organisation, person.answers) == (
                b"", None, "", None,
            )  # fmt: skip
            assert person.status == "registered"
        for report in tx.scalars(select(Report)):
            assert (report.story_sealed, report.reporter_hash, report.recruiter_phone_hash) == (None,) * 3
            assert (report.district, report.modi, report.redacted_at) == (
                "53.04", ["advance"], NOW + timedelta(days=2000),
            )  # fmt: skip


@pytest.mark.parametrize("status", ["queued", "sending"])
def test_a_text_that_is_not_settled_is_left_alone(filled: Store, status: str) -> None:
    with filled.transaction() as tx:
        tx.execute(update(Message).where(Message.id == 1).values(status=status))
    carry_out(filled, NOW + 100 * DAY)
    assert count(filled, Message, Message.number_hash != "") == 1


def test_a_reporter_is_forgotten_long_before_what_was_told(filled: Store) -> None:
    carry_out(filled, NOW + 91 * DAY)
    with filled.read() as tx:
        for report in tx.scalars(select(Report)):
            assert (report.reporter_hash, report.reporter_sealed, report.texts_allowed) == (None, None, False)
            assert "Kumbang" in tx.vault.text(report.story_sealed)
            assert report.redacted_at is None


def test_an_open_report_stays_and_so_do_the_closed_ones_of_its_cluster(filled: Store) -> None:
    with filled.transaction() as tx:
        cluster = ReportCluster(created_at=NOW, updated_at=NOW)
        tx.add(cluster)
        tx.flush()
        tx.execute(update(Report).values(cluster_id=cluster.id))
        tx.execute(update(Report).where(Report.id == 1).values(status="verifying", closed_at=None))
    carry_out(filled, NOW + 2000 * DAY)
    assert count(filled, Report, Report.redacted_at.is_(None)) == 2
    assert count(filled, Report, Report.reporter_hash.is_not(None)) == 1
    with filled.transaction() as tx:
        tx.execute(update(Report).values(status="closed", closed_at=NOW))
    carry_out(filled, NOW + 2000 * DAY)
    assert count(filled, Report, Report.redacted_at.is_(None)) == 0


def test_who_agreed_to_texts_stays(filled: Store) -> None:
    with filled.transaction() as tx:
        tx.execute(update(Subscriber).values(news_on=True))
    carry_out(filled, NOW + 2000 * DAY)
    assert count(filled, Subscriber) == 1


def test_an_event_that_lasts_counts_from_its_end(filled: Store) -> None:
    with filled.transaction() as tx:
        tx.execute(update(Event).values(ends_at=NOW + 100 * DAY))
    carry_out(filled, NOW + 150 * DAY)
    assert count(filled, Registration, Registration.number_sealed != b"") == 1
    carry_out(filled, NOW + 191 * DAY)
    assert count(filled, Registration, Registration.number_sealed != b"") == 0


def test_many_rows_go_slice_by_slice_and_two_passes_at_once_do_it_once(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(retention, "SLICE", 10)
    monkeypatch.setattr(retention, "_LOOK_AT", 25)
    with store.transaction() as tx:
        tx.add_all(
            ConsoleText(number_hash="h", body_sealed=b"b", sent_at=NOW - 30 * DAY * (n % 3))
            for n in range(200)
        )
    one, other = retention.Pass(), retention.Pass()
    slices, going = 0, True
    while going:
        going = any([one.advance(store, NOW), other.advance(store, NOW)])
        slices += 1
    assert slices > 13
    assert count(store, ConsoleText) == 67
