"""What one call of the API is made of. Modules list their calls as a table of Endpoints (ENDPOINTS)."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

from pydantic import BaseModel

from sms_service.runtime import Runtime
from sms_service.services.staff import Person
from sms_service.store.engine import Tx
from sms_service.web.api.fields import Query

Method = Literal["GET", "POST", "PATCH"]
JSON_BYTES = 64 * 1024
UPLOAD_BYTES = 10 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class Upload:
    """An uploaded file, read whole (at most UPLOAD_BYTES)."""

    name: str
    content: bytes


@dataclass(frozen=True, slots=True)
class Call:
    """One call that may proceed: who asks, what was sent, and the transaction to work in."""

    runtime: Runtime
    tx: Tx
    person: Person
    now: datetime
    ids: Mapping[str, int]
    query: Any
    body: Any
    upload: Upload | None = None


@dataclass(frozen=True, slots=True)
class Endpoint:
    """One method at one path. `act` is what the caller's role must allow (domain/roles.py).

    `path` names ids in braces: /events/{event_id}. With `is_upload` the body comes as multipart form.
    """

    method: Method
    path: str
    act: str
    summary: str
    handler: Callable[[Call], BaseModel]
    answer: type[BaseModel]
    status: int = 200
    query: type[Query] = Query
    body: type[BaseModel] | None = None
    is_body_optional: bool = False
    is_upload: bool = False

    @property
    def max_bytes(self) -> int:
        """The largest body that is read at all."""
        return UPLOAD_BYTES if self.is_upload else JSON_BYTES
