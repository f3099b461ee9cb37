"""create_app(runtime): the web process as one WSGI application. Called by web/wsgi.py and by tests.

Order of a request: the USSD lane in front of Flask, request id, blueprint, faults, one line in the journal.
Every blueprint brings its own check of who asks; nothing else is served.
"""

from __future__ import annotations

from flask import Flask
from werkzeug.middleware.proxy_fix import ProxyFix

from sms_service.runtime import Runtime
from sms_service.services.dialogues.answering import build_answering
from sms_service.web import api, console, faults, health, journal, webhooks
from sms_service.web.ussd_lane import UssdLane
from sms_service.web.webhooks import Turns

LARGEST_BODY = 10 * 1024 * 1024  # uploads of the API; webhooks are bounded more tightly by themselves


def create_app(runtime: Runtime, turns: Turns | None = None) -> Flask:
    """Build the application on the parts of this process. Opens no connection.

    `turns` answers callers; whoever gives none gets one whose lists nobody refreshes.
    """
    turns = turns or build_answering(runtime).conversations
    app = Flask(__name__, static_folder=None)
    app.config.update(MAX_CONTENT_LENGTH=LARGEST_BODY, PROPAGATE_EXCEPTIONS=False)
    app.json.sort_keys = False  # type: ignore[attr-defined]
    app.url_map.merge_slashes = False  # a redirect would repeat the webhooks' secret in a header
    app.url_map.redirect_defaults = False
    journal.install(app)
    faults.install(app)
    app.register_blueprint(health.blueprint(runtime))
    app.register_blueprint(webhooks.blueprint(runtime, turns))
    app.register_blueprint(api.blueprint(runtime), url_prefix="/api/v1")
    console.install(app, runtime, turns)
    proxies = runtime.settings.trusted_proxies
    if proxies:
        app.wsgi_app = ProxyFix(app.wsgi_app, x_for=proxies, x_proto=proxies, x_host=proxies)  # type: ignore[method-assign]
    app.wsgi_app = UssdLane(app.wsgi_app, turns, runtime.gateways, runtime.settings.webhook_token)  # type: ignore[method-assign]
    return app
