"""The web process on real servers."""

from __future__ import annotations

from dataclasses import dataclass, field

import pytest
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from sms_service.gateways.base import UssdRequest
from sms_service.runtime import Runtime
from sms_service.web.app import create_app
from tests.conftest import WEBHOOK_TOKEN


@dataclass
class PaperTurns:
    """Answers each caller with what it was given, and keeps it."""

    taken: list[UssdRequest] = field(default_factory=list)

    def answer(self, request: UssdRequest) -> tuple[str, str]:
        self.taken.append(request)
        return f"CON got {request.text}", "root"

    def sorry(self) -> str:
        return "END sorry"


@dataclass
class Web:
    """The application, what it is made of, and its client."""

    runtime: Runtime
    client: FlaskClient
    turns: PaperTurns

    def post(self, kind: str, form: object, gateway: str = "africastalking", **given: object) -> TestResponse:
        """Post a form (or raw bytes) to a webhook with the right token."""
        given.setdefault("content_type", "application/x-www-form-urlencoded")
        path = f"/webhooks/{gateway}/{given.pop('token', WEBHOOK_TOKEN)}/{kind}"
        return self.client.post(path, data=form, **given)  # type: ignore[arg-type]


@pytest.fixture
def web(runtime: Runtime) -> Web:
    """The application over them, with paper turns."""
    turns = PaperTurns()
    return Web(runtime, create_app(runtime, turns).test_client(), turns)
