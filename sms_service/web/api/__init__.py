"""The API of the office's programs, mounted at /api/v1 by web/app.py. Closed by default: every call is an
Endpoint with the right that it needs; only the description at /openapi.json is open.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from flask import Blueprint, Response, jsonify, request
from werkzeug.exceptions import HTTPException

from sms_service.errors import JalurError
from sms_service.logs import get_logger
from sms_service.runtime import Runtime
from sms_service.web.api import (
    broadcasts,
    communities,
    dispatch,
    event_groups,
    event_news,
    event_people,
    events,
    openapi,
    problems,
    recruiters,
    report_clusters,
    reports,
    statistics,
    subscribers,
)
from sms_service.web.api.endpoints import Endpoint, Parts

log = get_logger(__name__)

ENDPOINTS: tuple[Endpoint, ...] = (
    *broadcasts.ENDPOINTS,
    *communities.ENDPOINTS,
    *event_groups.ENDPOINTS,
    *event_news.ENDPOINTS,
    *event_people.ENDPOINTS,
    *events.ENDPOINTS,
    *recruiters.ENDPOINTS,
    *report_clusters.ENDPOINTS,
    *reports.ENDPOINTS,
    *statistics.ENDPOINTS,
    *subscribers.ENDPOINTS,
)
_METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS")


def blueprint(runtime: Runtime) -> Blueprint:
    """Return the API on the parts of this process."""
    api = Blueprint("api", __name__)
    api.register_error_handler(JalurError, problems.from_error)
    api.register_error_handler(HTTPException, problems.from_http)
    api.register_error_handler(Exception, _unforeseen)
    described = openapi.describe(ENDPOINTS)
    _add(api, "/openapi.json", lambda: jsonify(described) if _is_get() else _not_allowed(["GET"]))
    parts = Parts(runtime)
    by_path: dict[str, dict[str, Endpoint]] = {}
    for endpoint in ENDPOINTS:
        by_path.setdefault(endpoint.path, {})[endpoint.method] = endpoint
    for path, by_method in by_path.items():
        _add(api, path, _view(parts, by_method))
    for path in ("/", "/<path:rest>"):
        _add(api, path, _nothing(runtime))
    return api


def _view(parts: Parts, by_method: dict[str, Endpoint]) -> Callable[..., Response]:
    def view(**ids: str) -> Response:
        endpoint = by_method.get("GET" if request.method == "HEAD" else request.method)
        if endpoint is None:
            dispatch.enter(parts.runtime, request)
            return _not_allowed(sorted(by_method))
        return dispatch.answer(parts, endpoint, request, ids)

    return view


def _nothing(runtime: Runtime) -> Callable[..., Response]:
    def view(rest: str = "") -> Response:
        dispatch.enter(runtime, request)  # a stranger does not even learn what exists
        return problems.problem(404, "there is nothing at this address")

    return view


def _add(api: Blueprint, path: str, view: Callable[..., Any]) -> None:
    rule = path.replace("{", "<").replace("}", ">")
    name = path.strip("/").translate(str.maketrans("/.{}<>:", "_______")) or "root"
    # Every method reaches the view, so that a wrong one is answered as the API answers everything.
    api.add_url_rule(rule, name, view, methods=_METHODS, provide_automatic_options=False)


def _is_get() -> bool:
    return request.method in ("GET", "HEAD")


def _not_allowed(methods: list[str]) -> Response:
    return problems.problem(405, "this address takes other methods", headers={"Allow": ", ".join(methods)})


def _unforeseen(error: Exception) -> Response:
    # The message may hold anything; its class and place are in the log, with numbers masked.
    log.error("unforeseen error in the API", error=type(error).__name__, exc_info=error)
    return problems.problem(500, "something went wrong on our side")
