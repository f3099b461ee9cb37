"""Drafts of reports: one a caller, sealed, seven days, begun at once by two ways."""

from __future__ import annotations

import base64
import threading
from datetime import timedelta

from sqlalchemy import select

from sms_service.domain.report_answers import Answers
from sms_service.services.reports import drafts as report_drafts
from sms_service.store.engine import Store
from sms_service.store.models import ReportDraft
from sms_service.store.vault import Vault
from tests.answering import NOW

WHO, OTHER = "a" * 32, "b" * 32
TOLD = Answers(modi=("fee",), recruiter_name="PT CONTOH", story="\U0001f600 {x} '; --")


def save(
    store: Store, answers: Answers, who: str = WHO, shift: timedelta = timedelta(), token: str = ""
) -> str:
    with store.transaction() as tx:
        return report_drafts.save(tx, who, answers, "id", "ussd", NOW + shift, token).token


def find(store: Store, who: str = WHO, shift: timedelta = timedelta()) -> Answers | None:
    with store.read() as tx:
        found = report_drafts.find(tx, who, NOW + shift)
        return found.answers if found else None


def test_a_draft_is_found_as_it_was_saved_by_its_caller_only(store: Store) -> None:
    save(store, TOLD)
    assert find(store) == TOLD
    assert find(store, OTHER) is None


def test_saving_again_keeps_the_token_and_replaces_the_answers(store: Store) -> None:
    token = save(store, TOLD)
    assert save(store, Answers(modi=("visa",)), token="another") == token
    assert find(store) == Answers(modi=("visa",))


def test_a_draft_begun_under_a_token_keeps_it(store: Store) -> None:
    assert save(store, TOLD, token="given") == "given"


def test_what_was_told_is_sealed_in_the_database(store: Store) -> None:
    save(store, TOLD)
    with store.read() as tx:
        sealed = tx.scalar(select(ReportDraft.answers_sealed))
    assert sealed is not None
    assert b"CONTOH" not in sealed


def test_a_draft_lives_seven_days_after_its_last_answer(store: Store) -> None:
    token = save(store, TOLD)
    almost = report_drafts.LIVES - timedelta(seconds=1)
    assert find(store, shift=almost) == TOLD
    assert find(store, shift=report_drafts.LIVES) is None
    assert save(store, TOLD, shift=almost) == token
    assert find(store, shift=2 * almost) == TOLD
    assert save(store, Answers(), shift=3 * report_drafts.LIVES) != token


def test_purge_takes_the_old_ones_and_no_other(store: Store) -> None:
    save(store, TOLD)
    save(store, TOLD, OTHER, timedelta(days=1))
    with store.transaction() as tx:
        assert report_drafts.purge(tx, NOW + report_drafts.LIVES) == 1
        assert report_drafts.purge(tx, NOW + report_drafts.LIVES) == 0
    assert find(store, OTHER, timedelta(days=1)) == TOLD


def test_discarding_twice_is_discarding_once(store: Store) -> None:
    save(store, TOLD)
    with store.transaction() as tx:
        assert report_drafts.discard(tx, WHO)
        assert not report_drafts.discard(tx, WHO)
    assert find(store) is None


def test_a_draft_whose_key_is_gone_is_begun_again_rather_than_in_the_way(store: Store) -> None:
    save(store, TOLD)
    store.vault.__dict__.update(Vault([base64.urlsafe_b64encode(b"x" * 32).decode()], "another").__dict__)
    assert find(store) is None
    save(store, Answers(modi=("visa",)))
    assert find(store) == Answers(modi=("visa",))


def test_two_beginnings_at_once_are_one_draft(store: Store) -> None:
    tokens: list[str] = []
    threads = [threading.Thread(target=lambda: tokens.append(save(store, TOLD))) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(set(tokens)) == 1
    assert len(tokens) == 4
