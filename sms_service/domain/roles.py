"""Who may do what. One table, act -> roles; every entry point asks `may` before it looks at anything else.

An approver is an officer whose word counts as the second one, so approvers hold every right of officers.
An admin holds every right. Rights that need a *second person* (approving a broadcast) are refused to the
author by the service that keeps the record, whatever the author's role: a table cannot know who wrote it.
What is not in the table is allowed to nobody.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Literal, get_args

Role = Literal["admin", "approver", "officer", "case_officer", "partner", "viewer"]
ROLES: tuple[str, ...] = get_args(Role)

_OFFICERS = frozenset({"admin", "approver", "officer"})
_CASES = frozenset({"admin", "case_officer"})
_WITH_PARTNERS = _OFFICERS | {"partner"}  # a partner: only what is of the own community
_READERS = frozenset({"admin", "approver", "officer", "case_officer", "viewer"})

ACTS: Mapping[str, frozenset[str]] = MappingProxyType(
    {
        "events": _OFFICERS,
        "events.own": _WITH_PARTNERS,
        "recruiters": _OFFICERS,
        "recruiters.warn": frozenset({"admin", "approver"}),  # callers read it as the office's own word
        "subscribers": _OFFICERS,
        "communities.own": _WITH_PARTNERS,
        "broadcasts": _OFFICERS,
        "broadcasts.own": _WITH_PARTNERS,
        "broadcasts.approve": frozenset({"admin", "approver"}),
        "reports": _CASES,
        "reports.reveal": _CASES,  # a reporter's number, with a reason that is kept
        "reports.clusters": _CASES | {"approver"},  # what is reported of whom, without who reported it
        "reports.confirm": frozenset({"admin", "approver"}),  # the office's own warning about a recruiter
        "statistics": _READERS,
        "staff": frozenset({"admin"}),
        "desk": frozenset(ROLES),  # one's own page, the phone, one's own sessions
        "content": _OFFICERS,
        "system": frozenset({"admin", "approver", "officer"}),
    }
)
_SECOND_FACTOR = frozenset({"admin", "approver", "case_officer"})


def may(role: str, act: str) -> bool:
    """True when people of `role` may do `act`. An act or a role that is not known: False."""
    return role in ACTS.get(act, frozenset())


def needs_second_factor(role: str) -> bool:
    """True for roles that may not sign in by password alone: they approve, see reports, or rule."""
    return role in _SECOND_FACTOR
