"""What the phone draws: the frame, two columns, the counter; nothing that a terminal would obey."""

from __future__ import annotations

import pytest

from sms_service.cli.phone import split_keys
from sms_service.cli.phone_screen import WIDTH, draw_call, draw_text, print_call, print_text


def test_short_options_stand_in_two_columns_and_a_long_one_alone() -> None:
    answer = (
        "CON Jalur Aman\n1 Cek PT\n2 Lapor\n3 Kerja resmi\n4 Sebuah pilihan yang panjang sekali\n0 Keluar"
    )
    assert draw_call(answer, 160) == [
        ".----------------------------------------------.",
        "| Jalur Aman                                   |",
        "| 1 Cek PT              2 Lapor                |",
        "| 3 Kerja resmi                                |",
        "| 4 Sebuah pilihan yang panjang sekali         |",
        "| 0 Keluar                                     |",
        "'----------------------------- 91/160 septets -'",
    ]


def test_the_counter_counts_the_prefix_and_two_for_an_extension_sign() -> None:
    assert "6/160 septets" in draw_call("CON €", 160)[-1]
    assert "call ended, 7/160 septets" in draw_call("END abc", 160)[-1]


@pytest.mark.parametrize("answer", ["CON " + "a" * 157, "CON 多"])
def test_what_does_not_fit_the_network_is_said(answer: str) -> None:
    assert "TOO LONG" in draw_call(answer, 160)[-1]


@pytest.mark.parametrize(
    "body", ["", "\n\n", "kata " * 200, "x" * 500, "\x1b[2J\x07\r\nsatu\tdua", "1 a\n2 b\n\n3 c"]
)
def test_every_line_is_as_wide_as_the_frame_and_printable(body: str) -> None:
    for lines in (draw_call(f"CON {body}", 160), draw_text(body, "123\x1b[0m")):
        assert {len(line) for line in lines} == {WIDTH + 4}
        assert all(line.isprintable() for line in lines)


def test_a_text_says_its_sender_and_its_segments() -> None:
    lines = draw_text("a" * 161, "12362")
    assert lines[0].startswith(".- SMS from 12362 -")
    assert "161 GSM-7, 2 segments" in lines[-1]


@pytest.mark.parametrize(
    ("keys", "parts"),
    [
        ("", []),
        ("1", ["1"]),
        ("1,PT CONTOH,0", ["1", "PT CONTOH", "0"]),
        ("1,,2", ["1", "", "2"]),
        (r"a\,b,c", ["a,b", "c"]),
    ],
)
def test_keys_are_parted_by_commas(keys: str, parts: list[str]) -> None:
    assert split_keys(keys) == parts


def test_a_script_gets_the_lines_unbroken() -> None:
    long = "kata " * 32
    assert print_call(f"CON {long}\n1 a\n2 b", 160) == ["--- 172/160 septets TOO LONG", long, "1 a", "2 b"]
    assert print_text("satu\n\x1bdua", "12362") == ["--- SMS from 12362, 9 UCS-2, 1 segment", "satu", "?dua"]
