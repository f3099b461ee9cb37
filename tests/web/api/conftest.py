"""The API on real servers, and people of every role with their tokens."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from sms_service.domain.roles import ROLES
from sms_service.runtime import Runtime, build
from sms_service.services.staff import accounts as staff
from sms_service.settings import Settings
from sms_service.store.models import Staff
from sms_service.web.app import create_app
from tests.event_office import NOW

EVENT: dict[str, Any] = {
    "title": {"id": "Konsultasi kerja", "en": "Consultation"},
    "starts_at": "2026-12-05T09:00:00+08:00",
    "venue": "Aula kantor camat",
    "district": "53.04",
}


@dataclass
class Office:
    """The API as people of the office reach it."""

    runtime: Runtime
    app: Flask
    tokens: dict[str, str]

    @property
    def client(self) -> FlaskClient:
        return self.app.test_client()

    def call(
        self, method: str, path: str, role: str | None = "officer", key: str | None = None, **given: Any
    ) -> TestResponse:
        """Call as somebody of `role`; None: without a token."""
        headers = dict(given.pop("headers", {}))
        if role is not None:
            headers["Authorization"] = f"Bearer {self.tokens[role]}"
        if key is not None:
            headers["Idempotency-Key"] = key
        return self.client.open(f"/api/v1{path}", method=method, headers=headers, **given)

    def make_event(self, **changes: Any) -> dict[str, Any]:
        """Make an event that starts in two weeks, unless said otherwise."""
        start = (self.runtime.clock.now() + timedelta(days=14)).replace(microsecond=0)
        answer = self.call("POST", "/events", json={**EVENT, "starts_at": start.isoformat(), **changes})
        assert answer.status_code == 201, answer.json
        assert isinstance(answer.json, dict)
        return answer.json


@pytest.fixture
def office(settings: Settings) -> Iterator[Office]:
    runtime = build(settings)
    runtime.clock.shift = NOW - datetime.now(UTC)  # the dates below are always ahead
    app = create_app(runtime)
    now = runtime.clock.now()
    tokens = {}
    with runtime.store.transaction() as tx:
        for role in ROLES:
            # Not by create_staff: six Argon2 hashes a test would take longer than the tests.
            tx.add(Staff(name=f"{role} one", role=role, password_hash="-", is_active=True, created_at=now))
            tx.flush()
            tokens[role] = staff.create_token(tx, f"{role} one", now)
    yield Office(runtime, app, tokens)
    runtime.close()
