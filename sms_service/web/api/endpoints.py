"""What one call of the API is made of. Modules list their calls as a table of Endpoints (ENDPOINTS)."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

from pydantic import BaseModel

from sms_service.runtime import Runtime
from sms_service.services.read_models import ReadModels
from sms_service.services.recruiters import directory as recruiters
from sms_service.services.recruiters.directory import Directory
from sms_service.services.staff.accounts import Person
from sms_service.store.engine import Tx
from sms_service.web.api.fields import Query

Method = Literal["GET", "POST", "PUT", "PATCH"]
JSON_BYTES = 64 * 1024
UPLOAD_BYTES = 10 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class Upload:
    """An uploaded file, read whole (at most UPLOAD_BYTES)."""

    name: str
    content: bytes


class File(BaseModel):
    """An answer that is a file and no JSON. For GET only."""

    name: str
    media_type: str
    content: str


class Parts:
    """What the calls of one process share: its runtime, and the list of recruiters in memory."""

    def __init__(self, runtime: Runtime) -> None:
        self.runtime = runtime
        self._directory = recruiters.new_read_model()
        self._models = ReadModels(runtime.store, [self._directory])

    def directory(self) -> Directory:
        """Return the list in force, read anew when it has changed. Raises Unavailable."""
        self._models.refresh()
        return self._directory.value


@dataclass(frozen=True, slots=True)
class Call:
    """One call that may proceed: who asks, what was sent, and the transaction to work in.

    `prepared` is what the endpoint's `prepare` made of body and upload before the transaction began.
    """

    parts: Parts
    tx: Tx
    person: Person
    now: datetime
    ids: Mapping[str, int]
    query: Any
    body: Any
    upload: Upload | None = None
    prepared: Any = None

    @property
    def runtime(self) -> Runtime:
        """The parts of this process."""
        return self.parts.runtime


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
    is_audited: bool = False  # of a GET: the look is kept, so it takes a transaction that writes
    media_type: str = "application/json"  # of an answer that is a File
    prepare: Callable[[Parts, Any, Any], Any] | None = None  # slow reading that needs no transaction

    @property
    def max_bytes(self) -> int:
        """The largest body that is read at all."""
        return UPLOAD_BYTES if self.is_upload else JSON_BYTES
