"""What people type when they tell of a recruiter in a call: odd, long, with stars in it."""

from __future__ import annotations

import pytest

from sms_service.domain.texts import septets
from tests.answering import Answering
from tests.report_office import SHORTEST, Caller, code_in, draft, filed, opened

ODD = [
    "\U0001f600" * 500,
    "'; DROP TABLE reports; -- " * 18,
    "{agency} {0} %s {{x}} " * 20,
    "a\x00b\x1f" * 100,
]


@pytest.fixture
def caller(answering: Answering) -> Caller:
    return Caller(answering.conversations)


@pytest.mark.parametrize("words", ODD, ids=["emoji", "sql", "braces", "nul"])
@pytest.mark.parametrize("steps", [3, 4], ids=["who", "where"])
def test_odd_words_in_a_short_answer_are_kept_or_politely_refused(
    answering: Answering, caller: Caller, steps: int, words: str
) -> None:
    caller.dial(*SHORTEST[:steps])
    for text in (words, words[:500], words[:60], "*".join(words[:9])):
        screen = caller.type(text)
        assert screen.startswith("CON ")
        assert septets(screen) <= 160
        caller.type("0")
    assert draft(answering) is not None


@pytest.mark.parametrize("words", ODD, ids=["emoji", "sql", "braces", "nul"])
def test_a_story_of_odd_words_is_filed_as_it_was_written(
    answering: Answering, caller: Caller, words: str
) -> None:
    told = words[:500]
    caller.dial(*SHORTEST[:-1], "3", told)
    assert code_in(caller.type("1"))
    (report,) = filed(answering)
    kept = opened(answering, report.story_sealed)
    assert kept.replace(" ", "") == "".join(c for c in told if c.isprintable()).replace(" ", "")


def test_a_story_that_is_too_long_is_refused_and_not_cut(answering: Answering, caller: Caller) -> None:
    assert "500 huruf" in caller.dial(*SHORTEST[:-1], "3", "x" * 501)
    kept = draft(answering)
    assert kept is not None
    assert kept.story == ""


def test_a_star_within_a_story_is_part_of_it(answering: Answering, caller: Caller) -> None:
    caller.dial(*SHORTEST[:-1], "3")
    assert "Siap dikirim" in caller.type("bayar 5*6 juta")
    kept = draft(answering)
    assert kept is not None
    assert kept.story == "bayar 5*6 juta"
