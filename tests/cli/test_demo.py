"""The demo content: put in once, visibly fictional; the first person is added once."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

from sqlalchemy import delete, select

from sms_service.cli import demo, first_start
from sms_service.services.staff import accounts as staff
from sms_service.settings import Settings
from sms_service.store.engine import Store
from sms_service.store.models import Event, Recruiter, Reminder, Staff
from tests.cli.test_commands import command
from tests.conftest import SECRETS

NOW = datetime(2026, 11, 21, 12, tzinfo=UTC)


def test_all_of_it_is_visibly_fictional(store: Store, settings: Settings) -> None:
    with store.transaction() as tx:
        assert not demo.is_seeded(tx)
        demo.seed(tx, settings, NOW)
    with store.read() as tx:
        assert demo.is_seeded(tx)
        events, companies = tx.scalars(select(Event)).all(), tx.scalars(select(Recruiter)).all()
        assert len(events) == 4
        assert len(companies) == 300
        assert all("CONTOH" in event.title_id and "EXAMPLE" in event.title_en for event in events)
        assert all("CONTOH" in company.name for company in companies)


def test_what_was_deleted_does_not_come_back_and_sign_ins_are_made_once(
    store: Store, settings: Settings
) -> None:
    said: list[str] = []
    lines = first_start.prepare(settings, said.append)
    with store.transaction() as tx:
        tx.execute(delete(Reminder))
        tx.execute(delete(Event).where(Event.capacity.is_(None)))
    assert first_start.prepare(settings, said.append) == []
    with store.read() as tx:
        assert len(tx.scalars(select(Event)).all()) == 3
        assert [person.role for person in tx.scalars(select(Staff))] == ["admin"]
        token = next(line.split()[-1] for line in lines if "token" in line)
        assert staff.authenticate_token(tx, token, NOW).name == "admin"
    assert sum("demo content:" in line for line in said) == 1


def test_who_has_staff_already_gets_no_admin_of_ours(store: Store, settings: Settings) -> None:
    with store.transaction() as tx:
        staff.create_staff(tx, "Maria", "admin", "a long password", NOW)
    assert first_start.prepare(settings, lambda _line: None) == []


def test_seeding_twice_says_so(sqlite_url: str, tmp_path: Path) -> None:
    environ = {**SECRETS, "VAR_DIR": str(tmp_path), "DATABASE_URL": sqlite_url}
    first, second = command("seed-demo", **environ), command("seed-demo", **environ)
    assert (first.returncode, second.returncode) == (0, 0)
    assert "fictional" in first.stdout
    assert "nothing changed" in second.stdout
