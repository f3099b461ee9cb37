"""`import-recruiters` shows what a list changes before it is in force, and refuses by row and field."""

from __future__ import annotations

import argparse
from pathlib import Path

import pytest
from sqlalchemy import func, select

from sms_service.cli import import_recruiters
from sms_service.services.recruiters.directory import load_directory
from sms_service.settings import Settings
from sms_service.store.engine import Store
from sms_service.store.models import AuditEntry, RecruiterList

LIST = """nama;nomor izin;status;berlaku sampai;alamat;telepon;cabang ntt;direktur
PT CONTOH SATU;C-001;aktif;31/12/2027;Jl. Contoh 1;081200000001;ya;Contoh
PT CONTOH DUA;C-002;dicabut;;;;tidak;Contoh
"""


@pytest.fixture
def bring(settings: Settings, tmp_path: Path):
    """Run the command on a text or bytes."""

    def run(content: str | bytes, *options: str, as_of: str = "2026-11-01") -> int:
        file = tmp_path / "daftar.csv"
        file.write_bytes(content.encode() if isinstance(content, str) else content)
        return run_words(settings, str(file), "--as-of", as_of, *options)

    return run


def run_words(settings: Settings, *words: str) -> int:
    parser = argparse.ArgumentParser()
    import_recruiters.add_parser(parser.add_subparsers())
    return import_recruiters.run(parser.parse_args(["import-recruiters", *words]), settings)


def count(store: Store, model: type) -> int:
    with store.read() as tx:
        return tx.execute(select(func.count()).select_from(model)).scalar_one()


def test_a_list_is_shown_and_taken_into_force(bring, store: Store, capsys) -> None:
    assert bring(LIST) == 0
    shown = capsys.readouterr().out
    assert "added: 2" in shown
    assert "+ PT CONTOH SATU (C-001)" in shown
    assert "columns kept aside: direktur" in shown
    assert "in force: the list of 2026-11-01" in shown
    with store.read() as tx:
        assert {company.status for company in load_directory(tx).companies.values()} == {"active", "revoked"}
    assert count(store, AuditEntry) == 1


def test_a_dry_run_shows_the_same_and_changes_nothing(bring, store: Store, capsys) -> None:
    assert bring(LIST, "--dry-run") == 0
    shown = capsys.readouterr().out
    assert "added: 2" in shown
    assert "nothing was changed" in shown
    assert count(store, RecruiterList) == 0


def test_a_change_is_shown_by_field_without_any_phone_number(bring, capsys) -> None:
    bring(LIST)
    capsys.readouterr()
    assert bring(LIST.replace("aktif", "dicabut").replace("0001", "0009"), as_of="2026-11-08") == 0
    shown = capsys.readouterr().out
    assert "~ PT CONTOH SATU (C-001): status active -> revoked, phone" in shown
    assert "8120000" not in shown


def test_the_same_file_again_is_done_and_says_so(bring, store: Store, capsys) -> None:
    bring(LIST)
    assert bring(LIST) == 0
    assert "in force already" in capsys.readouterr().out
    assert count(store, RecruiterList) == 1
    assert count(store, AuditEntry) == 1


def test_a_bad_row_is_refused_by_number_and_field(bring, store: Store, capsys) -> None:
    bad = LIST.replace("dicabut", "aneh").replace("081200000001", "081200000001x")
    assert bring(bad) == 1
    printed = capsys.readouterr()
    assert "bad: row 3, status: is none of active (aktif), suspended (dibekukan)" in printed.out
    assert "bad: row 2, phone: is not a phone number" in printed.out
    assert printed.err.startswith("nothing was imported: 2 rows cannot be read")
    assert printed.err.count("\n") == 1
    assert "8120000" not in printed.out + printed.err
    assert count(store, RecruiterList) == 0
    assert bring(bad, "--dry-run") == 1


def test_bad_rows_can_be_skipped(bring, store: Store) -> None:
    assert bring(LIST.replace("dicabut", "aneh"), "--skip-bad-rows") == 0
    with store.read() as tx:
        assert len(load_directory(tx).companies) == 1


def test_an_older_list_is_refused_unless_forced(bring, capsys) -> None:
    bring(LIST, as_of="2026-11-08")
    assert bring(LIST) == 1
    assert "newer than 2026-11-01" in capsys.readouterr().err
    assert bring(LIST, "--force") == 0


@pytest.mark.parametrize("content", [b"", b"\x00\x01", b"PK\x03\x04", b"a,b\n1,2\n"], ids=repr)
def test_what_is_no_list_is_refused_in_one_line(bring, content: bytes, capsys) -> None:
    assert bring(content) == 1
    assert capsys.readouterr().err.count("\n") == 1


def test_wrong_use_is_status_2(settings: Settings, tmp_path: Path, capsys) -> None:
    assert run_words(settings, str(tmp_path / "nothing.csv"), "--as-of", "2026-11-01") == 2
    assert run_words(settings, str(tmp_path), "--as-of", "2026-11-01") == 2
    for words in (["x.csv"], ["x.csv", "--as-of", "1 Nov 2026"], ["--as-of", "2026-11-01"]):
        with pytest.raises(SystemExit) as ending:
            run_words(settings, *words)
        assert ending.value.code == 2


def test_a_long_list_is_not_poured_over_the_terminal(bring, capsys) -> None:
    rows = "".join(f"PT CONTOH NOMOR {n};N-{n};aktif;;;;ya;\n" for n in range(500))
    assert bring(LIST + rows) == 0
    shown = capsys.readouterr().out
    assert shown.count("\n") < 40
    assert "... and 482 more" in shown
