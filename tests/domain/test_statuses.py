"""The table of moves is the whole truth about the life of a text."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sms_service.domain import statuses
from sms_service.domain.statuses import FINAL, KINDS, MOVES, STATUSES, may_move, sources

LEGAL = {
    ("queued", "sending"), ("queued", "expired"), ("queued", "opted_out"),
    ("sending", "queued"), ("sending", "sent"), ("sending", "failed"), ("sending", "unknown"),
    ("sending", "opted_out"), ("sent", "delivered"), ("sent", "failed"),
    ("unknown", "sent"), ("unknown", "delivered"), ("unknown", "failed"),
}  # fmt: skip


def test_exactly_the_listed_moves_are_legal() -> None:
    legal = {(a, b) for a in STATUSES for b in STATUSES if may_move(a, b)}
    assert legal == LEGAL


def test_the_final_statuses_are_never_left() -> None:
    assert {"delivered", "failed", "expired", "opted_out"} == FINAL
    assert all(not MOVES[status] for status in FINAL)


def test_an_unknown_text_never_goes_back_to_the_queue() -> None:
    assert not may_move(statuses.UNKNOWN, statuses.QUEUED)
    assert sources(statuses.QUEUED) == ("sending",)


@pytest.mark.parametrize("status", STATUSES)
def test_no_text_moves_to_where_it_stands(status: str) -> None:
    assert not may_move(status, status)


@given(st.text())
def test_a_word_that_is_no_status_goes_nowhere(word: str) -> None:
    if word not in STATUSES:
        assert not any(may_move(word, status) or may_move(status, word) for status in STATUSES)


def test_every_kind_has_one_name_of_at_most_16_letters() -> None:
    assert len(set(KINDS)) == len(KINDS)
    assert max(map(len, (*KINDS, *STATUSES))) <= 16
