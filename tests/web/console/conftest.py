"""The desk for tests: people of every role, signed in by the way that people sign in."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache

import pyotp
import pytest
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from sms_service.domain.roles import ROLES
from sms_service.runtime import Runtime
from sms_service.services.staff import accounts as staff
from sms_service.services.staff import sign_in
from sms_service.services.staff.accounts import Person
from sms_service.store.models import Staff
from sms_service.web.app import create_app

PASSWORD = "kata sandi contoh"


@cache
def password_hash() -> str:
    return staff.hash_password(PASSWORD)


def csrf(page: str) -> str:
    found = re.search(r'name="csrf_token" value="([^"]+)"', page)
    assert found, "no form on this page"
    return found[1]


@dataclass
class Desk:
    """The application, with one person of each role, named as the role."""

    runtime: Runtime

    def __post_init__(self) -> None:
        self.app = create_app(self.runtime)
        self.people: dict[str, Person] = {}
        for role in ROLES:
            self.add(role, role)

    def add(self, name: str, role: str) -> Person:
        with self.runtime.store.transaction() as tx:
            row = Staff(
                name=name,
                role=role,
                password_hash=password_hash(),
                created_at=datetime.now(UTC),
                language="en",
            )
            tx.add(row)
            tx.flush()
            self.people[name] = Person(row.id, name, role, 0, None)
        return self.people[name]

    def browser(self, name: str | None = None) -> Browser:
        """A browser, signed in as somebody with a full session, or a stranger's."""
        client = self.app.test_client()
        if name is not None:
            with self.runtime.store.transaction() as tx:
                token = sign_in.open_session(
                    tx, self.people[name].id, "test", datetime.now(UTC), is_complete=True
                )
            with client.session_transaction("/console/") as cookie:
                cookie["desk"] = token
        return Browser(client)


@dataclass
class Browser:
    """What a person does with a browser."""

    client: FlaskClient

    def get(self, path: str) -> TestResponse:
        return self.client.get(f"/console{path}")

    def post(self, path: str, *, page: str | None = None, **form: object) -> TestResponse:
        """Send a form, with the token of `page` (the same address, unless named)."""
        token = csrf(self.get(page or path).text)
        return self.client.post(f"/console{path}", data={"csrf_token": token, **form})


def code_for(secret: str, step: int = 0) -> str:
    now = datetime.now(UTC).timestamp()
    return pyotp.TOTP(secret).at(int(now) + 30 * step)


@pytest.fixture
def desk(runtime: Runtime) -> Desk:
    """The desk on both databases."""
    return Desk(runtime)
