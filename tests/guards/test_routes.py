"""Closed by default: whatever a stranger may reach is in the list below, and nothing else answers them."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest
from flask import Flask

from sms_service.runtime import build
from sms_service.settings import Settings
from sms_service.web.app import create_app

PUBLIC = {"/healthz", "/readyz", "/metrics", "/api/v1/openapi.json", "/console/sign-in"}
DRAWINGS = "/console/static/<path:filename>"  # styles, scripts, icons: nothing of anybody
SECRET_ADDRESS = re.compile(r"/webhooks/.*<.*token.*>")
REFUSED = {401, 403, 404}


@pytest.fixture
def app(settings: Settings) -> Iterator[Flask]:
    runtime = build(settings)
    yield create_app(runtime)
    runtime.close()


def routes(app: Flask) -> list[tuple[str, str]]:
    return sorted(
        (rule.rule, method)
        for rule in app.url_map.iter_rules()
        for method in (rule.methods or set()) - {"OPTIONS", "HEAD"}
    )


def filled(rule: str) -> str:
    return re.sub(r"<[^>]+>", "1", rule)


def test_every_route_is_public_by_name_or_refuses_a_stranger(app: Flask) -> None:
    stranger = app.test_client()
    answered = {
        f"{method} {rule}": status
        for rule, method in routes(app)
        if rule not in PUBLIC
        and (status := stranger.open(filled(rule), method=method).status_code) not in REFUSED
        and not rule.startswith("/console/")
    }
    assert answered == {}


def test_every_page_of_the_desk_sends_a_stranger_to_the_sign_in_and_takes_no_form(app: Flask) -> None:
    pages = [(rule, method) for rule, method in routes(app) if rule.startswith("/console/")]
    assert pages
    for rule, method in pages:
        if rule in PUBLIC or rule == DRAWINGS:
            continue
        answer = app.test_client().open(filled(rule), method=method)
        if method == "POST":
            assert answer.status_code == 400, rule  # a form that is not from our page
        else:
            assert answer.status_code == 302, rule
            assert answer.location.startswith("/console/sign-in"), rule


def test_every_route_of_the_api_asks_who_it_is_before_anything_else(app: Flask) -> None:
    stranger = app.test_client()
    asked = [
        (rule, method) for rule, method in routes(app) if rule.startswith("/api/") and rule not in PUBLIC
    ]
    assert asked
    for rule, method in asked:
        for headers in ({}, {"Authorization": "Bearer wrong"}, {"Authorization": "Basic YTpi"}):
            answer = stranger.open(filled(rule), method=method, headers=headers, data="{broken")
            assert answer.status_code == 401, (rule, method, headers)
            assert answer.content_type == "application/problem+json"


def test_a_webhook_without_its_token_does_not_exist(app: Flask) -> None:
    stranger = app.test_client()
    hooks = [(rule, method) for rule, method in routes(app) if rule.startswith("/webhooks/")]
    assert hooks
    for rule, method in hooks:
        assert SECRET_ADDRESS.match(rule)
        for gateway in ("africastalking", "kannel", "console", "none"):
            for kind in ("ussd", "ussd-events", "sms", "delivery", "opt-out", "subscription"):
                for token in ("wrong", "x" * 128, "%00", "a" * 23):
                    answer = stranger.open(f"/webhooks/{gateway}/{token}/{kind}", method=method, data={})
                    assert answer.status_code == 404
                    assert token not in answer.text
