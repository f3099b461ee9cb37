"""Nothing unconfirmed is presented as fact: numbers, addresses and names that must stay out of everything.

Each stands here as a pattern that does not match itself. They were met while gathering facts and are
wrong, for another purpose, too old, or not confirmed by the office.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
FOLDERS = ("menus", "sms_service", "workers", "docs", "tests", "benchmarks")
SUFFIXES = {".py", ".yaml", ".yml", ".md", ".txt", ".csv", ".json", ".html", ".toml"}
GAP = r"[\s.()-]*"


def _number(*groups: str) -> str:
    return GAP.join(groups)


EVERYWHERE = {
    "a WhatsApp number that a single page prints": _number("811", "8080", "141"),
    "an embassy's line for one flood": _number("60", "17", "500", "7047"),
    "another line for one flood": _number("60", "12", "686", "6079"),
    "a web address that is not the ministry's": r"(?<!\w)siskop2mi\.go\.id",
    "penal articles of an older draft": r"ketentuan-+pidana",
    "a company that was only met in the news (1)": r"cipta\s+rezeki\s+utama",
    "a company that was only met in the news (2)": r"pamor\s+sapta\s+dharma",
    "a company that was only met in the news (3)": r"wira\s+karitas",
    "a company that was only met in the news (4)": r"zisra\s+dwi",
    "a company that was only met in the news (5)": r"bukit\s+mayak",
}
IN_CONTENT = {
    "a number for texts of 2011": r"(?<!\d)72\s?66(?!\d)",
    "a promise that nothing is to be paid": r"zero\s+cost|tanpa\s+biaya|bebas\s+biaya|biaya\s+nol|no\s+cost",
    "the articles of that draft": r"pasal\s+(6[89]|7[0-2])\b|ps\s+(6[89]|7[0-2])\b",
    "a verdict on a company": r"\b(ilegal|illegal|perusahaan legal|legal company)\b",
}


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
