"""Nothing unconfirmed is presented as fact: numbers, addresses and names that must stay out of everything.

The patterns are those that the desk refuses too: sms_service/domain/unconfirmed.py.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from sms_service.domain.unconfirmed import EVERYWHERE, IN_CONTENT

ROOT = Path(__file__).parents[2]
FOLDERS = ("menus", "sms_service", "workers", "docs", "tests", "benchmarks")
SUFFIXES = {".py", ".yaml", ".yml", ".md", ".txt", ".csv", ".json", ".html", ".toml"}


def _texts(*folders: str) -> Iterator[tuple[str, str]]:
    files = [file for folder in folders for file in (ROOT / folder).rglob("*")]
    for file in [*files, *ROOT.glob("*.md")]:
        if file.suffix in SUFFIXES and file.is_file():
            yield str(file.relative_to(ROOT)), file.read_text(encoding="utf-8", errors="replace")


@pytest.mark.parametrize("what", EVERYWHERE)
def test_it_stands_nowhere_in_the_repository(what: str) -> None:
    pattern = re.compile(EVERYWHERE[what], re.IGNORECASE)
    assert [name for name, text in _texts(*FOLDERS) if pattern.search(text)] == []


@pytest.mark.parametrize("what", IN_CONTENT)
def test_it_stands_nowhere_in_what_callers_read(what: str) -> None:
    pattern = re.compile(IN_CONTENT[what], re.IGNORECASE)
    assert [name for name, text in _texts("menus/content") if pattern.search(text)] == []


@pytest.mark.parametrize(
    ("what", "text"),
    [
        ("a WhatsApp number that a single page prints", "0811-8080" + "-141"),
        ("a WhatsApp number that a single page prints", "+62 811 8080" + " 141"),
        ("an embassy's line for one flood", "+60 17-500" + " 7047"),
        ("a web address that is not the ministry's", "https://siskop2mi" + ".go.id/x"),
        ("a company that was only met in the news (5)", "PT Bukit" + " Mayak Asri"),
    ],
)
def test_the_patterns_find_what_they_are_meant_to_find(what: str, text: str) -> None:
    assert re.search(EVERYWHERE[what], text, re.IGNORECASE)


def test_the_ministrys_own_address_is_not_taken_for_the_wrong_one() -> None:
    assert not re.search(
        EVERYWHERE["a web address that is not the ministry's"], "https://siskop2mi.bp2mi.go.id/profil"
    )
