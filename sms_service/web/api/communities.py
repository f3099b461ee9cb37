"""Partner communities over the API: made and listed. Members come with imported lists."""

from __future__ import annotations

from datetime import datetime
from typing import cast

from pydantic import Field

from sms_service.services.figures import statistics
from sms_service.services.subscribers import communities
from sms_service.store.models import Community
from sms_service.web.api import cursors
from sms_service.web.api.endpoints import Call, Endpoint
from sms_service.web.api.fields import Answered, Body, ListQuery, Words


class NewCommunity(Body):
    """A parish, a volunteer network, a university."""

    name: Words = Field(min_length=1, max_length=communities.LONGEST_NAME)


class CommunityAnswer(Answered):
    """One community; `members` is null where there are too few to show."""

    id: int
    name: str
    members: int | None
    created_at: datetime


class CommunityListAnswer(Answered):
    """Communities by id."""

    items: list[CommunityAnswer]
    next: str | None


def create(call: Call) -> CommunityAnswer:
    """POST /communities"""
    made = communities.create(call.tx, call.body.name, call.person.id, call.now)
    return _answer(call, made, 0)


def list_communities(call: Call) -> CommunityListAnswer:
    """GET /communities"""
    query: ListQuery = call.query
    after = 0 if query.cursor is None else cast(int, cursors.decode("communities", query.cursor, (int,))[0])
    found = communities.list_communities(call.tx, query.limit + 1, after)
    shown = found[: query.limit]
    return CommunityListAnswer(
        items=[_answer(call, one.community, one.members) for one in shown],
        next=cursors.encode("communities", shown[-1].community.id) if len(found) > query.limit else None,
    )


def _answer(call: Call, community: Community, members: int) -> CommunityAnswer:
    return CommunityAnswer(
        id=community.id,
        name=community.name,
        members=statistics.shown(members),
        created_at=community.created_at.astimezone(call.runtime.settings.zone),
    )


ENDPOINTS = (
    Endpoint(
        "POST", "/communities", "subscribers", "Make a partner community", create, CommunityAnswer,
        status=201, body=NewCommunity,
    ),
    Endpoint(
        "GET", "/communities", "subscribers", "List partner communities", list_communities,
        CommunityListAnswer, query=ListQuery,
    ),
)  # fmt: skip
