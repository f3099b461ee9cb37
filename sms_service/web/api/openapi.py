"""The description of the API, generated from the endpoints and their models: it cannot fall behind them."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from typing import Any

from pydantic import BaseModel
from pydantic.json_schema import GenerateJsonSchema, models_json_schema

from sms_service.domain.roles import ACTS
from sms_service.web.api.endpoints import Endpoint, File

_REFERENCE = "#/components/schemas/{model}"
_PROBLEM = {
    "type": "object",
    "description": "A refusal (RFC 9457); `errors` says per field what to do.",
    "required": ["type", "title", "status", "detail", "errors"],
    "properties": {
        "type": {"type": "string"},
        "title": {"type": "string"},
        "status": {"type": "integer"},
        "detail": {"type": "string"},
        "errors": {"type": "object", "additionalProperties": {"type": "string"}},
    },
}
_REFUSALS = {
    "401": "No valid token",
    "403": "The role does not permit it",
    "404": "No such record",
    "409": "The record has moved on, or the Idempotency-Key was used with another body",
    "413": "The body is too large",
    "415": "The body is of another type",
    "422": "Something sent cannot be accepted",
    "429": "Too many calls in this minute",
    "503": "A part of the service is away",
}


def describe(endpoints: Sequence[Endpoint]) -> dict[str, Any]:
    """Return the OpenAPI 3.1 document of these endpoints."""
    bodies = {endpoint.body for endpoint in endpoints if endpoint.body is not None}
    answers = {endpoint.answer for endpoint in endpoints}
    named, schemas = models_json_schema(
        [
            *((model, "validation") for model in _sorted(bodies)),
            *((model, "serialization") for model in _sorted(answers)),
        ],
        ref_template=_REFERENCE,
        schema_generator=GenerateJsonSchema,
    )
    paths: dict[str, Any] = {}
    for endpoint in endpoints:
        body = None if endpoint.body is None else named[(endpoint.body, "validation")]
        answer = named[(endpoint.answer, "serialization")]
        paths.setdefault(endpoint.path, {})[endpoint.method.lower()] = _operation(endpoint, body, answer)
    return {
        "openapi": "3.1.0",
        "info": {"title": "Jalur Aman", "version": "1", "description": "For the office's own programs."},
        "servers": [{"url": "/api/v1"}],
        "security": [{"token": []}],
        "paths": paths,
        "components": {
            "securitySchemes": {"token": {"type": "http", "scheme": "bearer"}},
            "schemas": {**schemas.get("$defs", {}), "Problem": _PROBLEM},
        },
    }


def _sorted(models: Iterable[type[BaseModel]]) -> list[type[BaseModel]]:
    return sorted(models, key=lambda model: model.__name__)


def _operation(endpoint: Endpoint, body: Any, answer: Any) -> dict[str, Any]:
    operation: dict[str, Any] = {
        "operationId": re.sub(r"\W+", "_", f"{endpoint.method.lower()}{endpoint.path}").strip("_"),
        "summary": endpoint.summary,
        "description": "Roles: " + ", ".join(sorted(ACTS[endpoint.act])) + ".",
        "parameters": _parameters(endpoint),
        "responses": {
            str(endpoint.status): _done(endpoint, answer),
            **{
                code: _content(text, "application/problem+json", {"$ref": _REFERENCE.format(model="Problem")})
                for code, text in _REFUSALS.items()
            },
        },
    }
    if body is not None:
        media = "multipart/form-data" if endpoint.is_upload else "application/json"
        schema = _with_file(body) if endpoint.is_upload else body
        required = not endpoint.is_body_optional
        operation["requestBody"] = {"required": required, "content": {media: {"schema": schema}}}
    return operation


def _with_file(body: Any) -> dict[str, Any]:
    file = {"type": "string", "contentMediaType": "application/octet-stream"}
    return {"allOf": [body, {"type": "object", "required": ["file"], "properties": {"file": file}}]}


def _done(endpoint: Endpoint, answer: Any) -> dict[str, Any]:
    if issubclass(endpoint.answer, File):
        return _content("Done", endpoint.media_type, {"type": "string"})
    return _content("Done", "application/json", answer)


def _content(text: str, media: str, schema: Any) -> dict[str, Any]:
    return {"description": text, "content": {media: {"schema": schema}}}


def _parameters(endpoint: Endpoint) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = [
        {"name": name, "in": "path", "required": True, "schema": {"type": "integer", "minimum": 1}}
        for name in re.findall(r"\{(\w+)\}", endpoint.path)
    ]
    query = endpoint.query.model_json_schema(ref_template=_REFERENCE)
    for name, schema in query.get("properties", {}).items():
        is_required = name in query.get("required", ())
        found.append({"name": name, "in": "query", "required": is_required, "schema": schema})
    if endpoint.method == "POST":
        key = {"type": "string", "minLength": 1, "maxLength": 255}
        found.append({"name": "Idempotency-Key", "in": "header", "required": False, "schema": key})
    return found
