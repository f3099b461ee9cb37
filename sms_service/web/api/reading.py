"""Reads what was sent, strictly: every fault is named by field, at once, and no value is repeated."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from typing import Any

from flask import Request
from pydantic import BaseModel, ValidationError
from werkzeug.datastructures import MultiDict

from sms_service.errors import Invalid
from sms_service.web.api.endpoints import Endpoint, Upload
from sms_service.web.api.problems import Refused

_LONGEST_KEY = 255


def read_query(request: Request, endpoint: Endpoint) -> BaseModel:
    """Return the query. Raises Invalid."""
    return _validated(endpoint.query, _single(request.args), "the query cannot be accepted")


def read_json(request: Request, endpoint: Endpoint) -> BaseModel | None:
    """Return the JSON body of an endpoint that takes one. Raises Refused (415), Invalid."""
    if endpoint.body is None or endpoint.is_upload:
        return None
    raw = request.get_data(cache=True)
    if not raw and endpoint.is_body_optional:
        return endpoint.body()
    if request.mimetype != "application/json":
        raise Refused(415, "send the body as application/json")
    try:
        parsed = json.loads(raw.decode("utf-8"), object_pairs_hook=_object, parse_constant=_no_constant)
    except (ValueError, RecursionError):
        raise Invalid("the body is not JSON", {"body": "is one JSON object, in UTF-8"}) from None
    if not isinstance(parsed, dict):
        raise Invalid("the body is not a JSON object", {"body": "is one JSON object, in UTF-8"})
    return _validated(endpoint.body, parsed, "the body cannot be accepted")


def read_upload(request: Request, endpoint: Endpoint) -> tuple[BaseModel | None, Upload | None]:
    """Return the form fields and the file of an upload. Raises Refused (413, 415), Invalid."""
    if not endpoint.is_upload or endpoint.body is None:
        return None, None
    if request.mimetype != "multipart/form-data":
        raise Refused(415, "send the body as multipart/form-data")
    files = request.files.getlist("file")
    if len(files) != 1 or len(request.files) != 1 or not files[0].filename:
        raise Invalid("the upload cannot be accepted", {"file": "is one file, in the field `file`"})
    fields = _validated(endpoint.body, _single(request.form), "the form cannot be accepted")
    return fields, Upload(files[0].filename, files[0].read())


def body_hash(body: BaseModel | None, upload: Upload | None) -> str:
    """Return a hash of what was sent: the same for the same content, however it was spaced."""
    digest = hashlib.sha256(b"" if body is None else body.model_dump_json(exclude_unset=True).encode())
    if upload is not None:
        digest.update(b"\0" + upload.name.encode() + b"\0" + hashlib.sha256(upload.content).digest())
    return digest.hexdigest()


def idempotency_key(request: Request) -> str | None:
    """Return the Idempotency-Key, if one was given. Raises Invalid."""
    key = request.headers.get("Idempotency-Key")
    if key is None:
        return None
    if not (0 < len(key) <= _LONGEST_KEY and key.isascii() and key.isprintable()):
        fault = {"Idempotency-Key": f"has 1 to {_LONGEST_KEY} printable ASCII characters"}
        raise Invalid("the Idempotency-Key cannot be accepted", fault)
    return key


def _single(given: MultiDict[str, str]) -> dict[str, str]:
    doubled = {name: "is given more than once" for name, values in given.lists() if len(values) > 1}
    if doubled:
        raise Invalid("a field is given more than once", doubled)
    return given.to_dict()


def _validated(model: type[BaseModel], given: Mapping[str, Any], message: str) -> BaseModel:
    try:
        return model.model_validate(given)
    except ValidationError as error:
        errors: dict[str, str] = {}
        for fault in error.errors(include_input=False, include_url=False, include_context=False):
            name = ".".join(str(part) for part in fault["loc"]) or "body"
            errors.setdefault(name[:100], fault["msg"].removeprefix("Value error, "))
        raise Invalid(message, errors) from None


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    if len({name for name, _ in pairs}) != len(pairs):
        raise ValueError("a name is given twice")
    return dict(pairs)


def _no_constant(name: str) -> float:
    raise ValueError(f"{name} is not JSON")
