"""The way of one call: who asks, whether they may, what they sent, the work, the answer.

In this order, so that a stranger learns nothing: token (401), rate (429), role (403), then query and body
(413, 415, 422), and only then the record (404, 409). The work of a POST and its kept answer are one
transaction.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import datetime

from flask import Request, Response
from pydantic import BaseModel
from redis.exceptions import RedisError

from sms_service.domain.roles import may
from sms_service.errors import NotAllowed, NotFound, Unavailable
from sms_service.logs import get_logger
from sms_service.runtime import Runtime
from sms_service.services import idempotency
from sms_service.services.idempotency import Answer
from sms_service.services.staff import accounts as staff
from sms_service.services.staff.accounts import Person
from sms_service.web.api import reading
from sms_service.web.api.endpoints import Call, Endpoint, File, Parts
from sms_service.web.api.problems import Refused

log = get_logger(__name__)

CALLS_A_MINUTE = 1200  # per token
_LARGEST_ID = 2**31 - 1


def enter(runtime: Runtime, request: Request) -> tuple[Person, datetime]:
    """Let somebody in who has a token and calls left. Raises Refused (401, 429), Unavailable."""
    now = runtime.clock.now()
    person = _authenticate(runtime, request.headers.get("Authorization", ""), now)
    _limit_rate(runtime, person, now)
    return person, now


def answer(parts: Parts, endpoint: Endpoint, request: Request, raw_ids: Mapping[str, str]) -> Response:
    """Answer one call. Raises ServiceError and Refused; the blueprint turns them into problems."""
    runtime = parts.runtime
    request.max_content_length = endpoint.max_bytes
    person, now = enter(runtime, request)
    if not may(person.role, endpoint.act):
        raise NotAllowed("your role does not permit this")
    ids = {name: _id(value) for name, value in raw_ids.items()}
    query = reading.read_query(request, endpoint)
    body, upload = reading.read_json(request, endpoint), None
    if endpoint.is_upload:
        body, upload = reading.read_upload(request, endpoint)
    if endpoint.method == "GET":
        with runtime.store.transaction() if endpoint.is_audited else runtime.store.read() as tx:
            found = endpoint.handler(Call(parts, tx, person, now, ids, query, body))
        return _file(found) if isinstance(found, File) else _json(_given(endpoint, found))
    key = reading.idempotency_key(request) if endpoint.method == "POST" else None
    prepared = endpoint.prepare(parts, body, upload) if endpoint.prepare else None
    with runtime.store.transaction() as tx:
        call = Call(parts, tx, person, now, ids, query, body, upload, prepared)
        if key is None:
            return _json(_work(endpoint, call))
        hashed = idempotency.key_hash(person.id, request.path, key)
        kept = idempotency.claim(tx, hashed, reading.body_hash(body, upload), now)
        if kept is not None:
            return _json(kept, {"Idempotency-Replayed": "true"})
        given = _work(endpoint, call)
        idempotency.record(tx, hashed, given)
    return _json(given)


def _authenticate(runtime: Runtime, header: str, now: datetime) -> Person:
    scheme, _, token = header.partition(" ")
    try:
        with runtime.store.read() as tx:
            person = staff.authenticate_token(tx, token.strip() if scheme.lower() == "bearer" else "", now)
    except NotAllowed:
        challenge = {"WWW-Authenticate": 'Bearer realm="api"'}
        raise Refused(401, "send a valid token: Authorization: Bearer TOKEN", challenge) from None
    if staff.is_use_stale(person, now):
        try:
            with runtime.store.transaction() as tx:
                staff.note_token_use(tx, person, now)
        except Unavailable:  # a busy or read-only database must not lock people out of reading
            log.warning("use of a token not noted")
    return person


def _limit_rate(runtime: Runtime, person: Person, now: datetime) -> None:
    """Count the call in this minute's window. With Redis away nobody is refused."""
    key = f"rate:api:{person.token_id}:{now:%Y%m%d%H%M}"
    try:
        with runtime.redis.pipeline(transaction=False) as pipe:
            pipe.incr(key)
            pipe.expire(key, 120)
            calls = int(pipe.execute()[0])
    except RedisError as error:
        log.warning("rate not limited", error=type(error).__name__)
        return
    if calls > CALLS_A_MINUTE:
        raise Refused(429, "too many calls in this minute", {"Retry-After": str(60 - now.second)})


def _id(raw: str) -> int:
    if not (raw.isascii() and raw.isdigit() and len(raw) <= 10 and 0 < int(raw) <= _LARGEST_ID):
        raise NotFound("there is no such record")
    return int(raw)


def _work(endpoint: Endpoint, call: Call) -> Answer:
    return _given(endpoint, endpoint.handler(call))


def _given(endpoint: Endpoint, answer: BaseModel) -> Answer:
    return Answer(endpoint.status, answer.model_dump(mode="json", by_alias=True))


def _file(file: File) -> Response:
    response = Response(file.content, content_type=f"{file.media_type}; charset=utf-8")
    response.headers["Cache-Control"] = "no-store"
    response.headers["Content-Disposition"] = f'attachment; filename="{file.name}"'
    return response


def _json(given: Answer, headers: Mapping[str, str] | None = None) -> Response:
    response = Response(json.dumps(given.body, ensure_ascii=False), given.status, mimetype="application/json")
    response.headers["Cache-Control"] = "no-store"
    response.headers.update(dict(headers or {}))
    return response
