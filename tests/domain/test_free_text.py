"""People's own words come back as they were, without what cannot be shown."""

from __future__ import annotations

import pytest

from sms_service.domain.free_text import clean


@pytest.mark.parametrize(
    "text",
    [
        "Robert'); DROP TABLE reports;--",
        "{recruiter_name} {{ 7*7 }} ${x} %s %(a)s {0.__class__}",
        "<script>alert(1)</script> &amp;",
        "🚨👩‍👩‍👧‍👦🇮🇩" * 10,
        "مرحبا שלום 你好",
        "satu\ndua",
    ],
)
def test_whatever_can_be_shown_is_kept_as_it_is(text: str) -> None:
    assert clean(text, 2000) == text


def test_what_cannot_be_shown_is_taken_out() -> None:
    assert clean("a\x00b\x1bc\x7fd\ud800e\u202ef\u2066g\tx\r\ny\rz", 100) == "abcdefg x\ny\nz"


def test_a_long_text_is_cut_and_its_ends_are_trimmed() -> None:
    assert clean("  " + "😀" * 600 + "  ", 500) == "😀" * 500
    assert clean("\x00 \n ", 10) == ""
