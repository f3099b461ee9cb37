"""Sending a list to the desk: upload, a look at what it would do, and only then taking it in.

The file waits sealed in Redis meanwhile (services/uploads.py). Used by the pages of events,
subscribers and recruiters; the template import_check.html shows what each of them found.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from flask import flash
from flask_babel import gettext as _

from sms_service.domain.recruiter_rows import Fault
from sms_service.errors import Invalid
from sms_service.services import uploads
from sms_service.services.uploads import Upload
from sms_service.web.console.formats import told as told_words
from sms_service.web.console.pages import Moved, Visit

MOST_SHOWN = 200  # rows with faults on a page: who has more mends the file first


def take(visit: Visit, said: Mapping[str, str] | None = None) -> Upload:
    """The file of a form. Raises Invalid when there is none."""
    file = visit.files.get("file")
    content = file.read() if file is not None else b""
    if file is None or not content:
        raise Invalid("some fields need a look", {"file": _("choose a file that is not empty")})
    return Upload((file.filename or "list")[-120:], content, said or {})


def keep(visit: Visit, purpose: str, upload: Upload) -> str:
    """Keep a file that was read without fault in its form; returns its key."""
    runtime = visit.runtime
    return uploads.keep(runtime.redis, runtime.store.vault, visit.person.id, purpose, upload)


def find(visit: Visit, purpose: str) -> Upload | None:
    """The file that the address names; None when it is gone."""
    runtime, key = visit.runtime, str(visit.ids["key"])
    return uploads.find(runtime.redis, runtime.store.vault, visit.person.id, purpose, key)


def drop(visit: Visit, purpose: str) -> None:
    """The file was taken in."""
    uploads.drop(visit.runtime.redis, visit.person.id, purpose, str(visit.ids["key"]))


def gone(to: str) -> Moved:
    """Where to go when the file is no longer kept."""
    flash(_("The file is not kept any more. Please send it again."), "error")
    return Moved(to)


def told(faults: Sequence[Fault], notes: Sequence[Fault], other_columns: Sequence[str]) -> dict[str, Any]:
    """What the page says of the rows."""
    return {
        "bad_rows": len({fault.row for fault in faults}),
        "faults": [(one.row, one.field, told_words(one.message)) for one in faults[:MOST_SHOWN]],
        "more_faults": max(len(faults) - MOST_SHOWN, 0),
        "notes": [(one.row, one.field, told_words(one.message)) for one in notes[:MOST_SHOWN]],
        "other_columns": other_columns,
    }
