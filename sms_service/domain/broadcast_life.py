"""The life of a broadcast: its statuses, and the only acts that move it from one to another.

People write, submit, approve, reject, pause, resume and cancel; the service starts, lets the canary pass,
halts and finishes. Used by services/broadcasts/life.py (people) and broadcasts/sending.py (the service).
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from types import MappingProxyType

from sms_service.domain import statuses
from sms_service.errors import said

DRAFT = "draft"
SUBMITTED = "submitted"  # waits for the word of a second person
REJECTED = "rejected"  # goes back to whoever wrote it, with the reason; an edit makes it a draft again
SCHEDULED = "scheduled"  # approved; starts at its time
STARTING = "starting"  # the audience is being written down, nothing goes out yet
CANARY = "canary"  # a few are written to, the rest waits for how that goes
RUNNING = "running"
PAUSED = "paused"  # by a person
HALTED = "halted"  # by the service, with the reason
DONE = "done"
CANCELLED = "cancelled"

STATUSES: tuple[str, ...] = (
    DRAFT, SUBMITTED, REJECTED, SCHEDULED, STARTING, CANARY, RUNNING, PAUSED, HALTED, DONE, CANCELLED,
)  # fmt: skip
FINAL = frozenset({DONE, CANCELLED})
EDITABLE = (DRAFT, REJECTED)
UNDER_WAY = (STARTING, CANARY, RUNNING)  # what the service works on by itself
STOPPED = (PAUSED, HALTED)  # waits for a person, until its deadline

# Act -> the statuses in which it is legal. Where it leads is the second table; `resume` leads back to where
# the broadcast stood when it was paused or halted.
_LEGAL_IN: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        "edit": EDITABLE,
        "submit": (DRAFT,),
        "approve": (SUBMITTED,),
        "reject": (SUBMITTED,),
        "start": (SCHEDULED,),
        "try": (STARTING,),
        "run": (STARTING, CANARY),
        "pause": (SCHEDULED, *UNDER_WAY),
        "halt": (CANARY, RUNNING),
        "resume": STOPPED,
        "finish": (STARTING, CANARY, RUNNING, *STOPPED),
        "cancel": tuple(status for status in STATUSES if status not in FINAL),
    }
)
_LEADS_TO: Mapping[str, str] = MappingProxyType(
    {
        "edit": DRAFT,
        "submit": SUBMITTED,
        "approve": SCHEDULED,
        "reject": REJECTED,
        "start": STARTING,
        "try": CANARY,
        "run": RUNNING,
        "pause": PAUSED,
        "halt": HALTED,
        "finish": DONE,
        "cancel": CANCELLED,
    }
)
# Whole sentences: they are translated as they stand.
_REFUSALS: Mapping[str, str] = MappingProxyType(
    {
        DRAFT: said("the broadcast is a draft: it has to be submitted and approved first"),
        SUBMITTED: said("the broadcast is submitted: it waits for the word of a second person"),
        REJECTED: said("the broadcast is rejected: it has to be changed first"),
        SCHEDULED: said("the broadcast is scheduled: it is approved and has not begun"),
        STARTING: said("the broadcast is starting: it is under way"),
        CANARY: said("the broadcast is under way: the first few are being tried (canary)"),
        RUNNING: said("the broadcast is running: it is under way"),
        PAUSED: said("the broadcast is paused"),
        HALTED: said("the broadcast is halted"),
        DONE: said("the broadcast is done"),
        CANCELLED: said("the broadcast is cancelled"),
    }
)
ACTS: tuple[str, ...] = tuple(_LEGAL_IN)
PEOPLES_ACTS = ("edit", "submit", "approve", "reject", "pause", "resume", "cancel")
RESUMABLE = (SCHEDULED, *UNDER_WAY)

# Until when a text helps if nobody said so. A whole night and a Sunday morning (20.00 to 10.00) lie within
# each; a warning is still worth reading on the second day.
DEFAULT_LIFE: Mapping[str, timedelta] = MappingProxyType(
    {
        statuses.INFO: timedelta(hours=24),
        statuses.WARNING: timedelta(hours=48),
        statuses.URGENT: timedelta(hours=24),
    }
)
KINDS: tuple[str, ...] = tuple(DEFAULT_LIFE)


def may(act: str, status: str) -> bool:
    """True when `act` is legal in `status`. Unknown words: False."""
    return status in _LEGAL_IN.get(act, ())


def after(act: str, resume_to: str = "") -> str:
    """The status that `act` leads to. Raises KeyError for an act that is not known, or a `resume` to
    nowhere."""
    if act == "resume":
        if resume_to not in RESUMABLE:
            raise KeyError(resume_to)
        return resume_to
    return _LEADS_TO[act]


def refusal(act: str, status: str) -> str:
    """Why `act` is not legal in `status`, in words for whoever asked. Raises KeyError for an unknown act."""
    assert not may(act, status), (act, status)
    return _REFUSALS[status]
