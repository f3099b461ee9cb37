"""Partner communities: a parish, a volunteer network, a university. Members come with imported lists.

Membership is no consent: it says whom a partner may reach among those who have agreed. Called by the API and
the desk, the import of subscribers, and the choice of a broadcast's audience.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import cast

from sqlalchemy import Table, func, select
from sqlalchemy.exc import IntegrityError

from sms_service.errors import Conflict, Invalid, NotFound, said
from sms_service.services.staff import accounts as staff
from sms_service.store.claim import insert_new
from sms_service.store.engine import Tx
from sms_service.store.models import Community, CommunityMember

LONGEST_NAME = 64
_MEMBERS = cast(Table, CommunityMember.__table__)


@dataclass(frozen=True, slots=True)
class Listed:
    """A community and how many people belong to it."""

    community: Community
    members: int


def create(tx: Tx, name: str, by: int | None, now: datetime) -> Community:
    """Make a community. Raises Invalid, and Conflict when there is one of that name, however written."""
    plain = " ".join(name.split())
    if not 0 < len(plain) <= LONGEST_NAME or not plain.isprintable():
        raise Invalid(
            "the community cannot be kept like this",
            {"name": said("has 1 to %(most)s letters", most=LONGEST_NAME)},
        )
    if plain.casefold() in find_ids(tx):
        raise Conflict("there is a community of that name")
    community = Community(name=plain, created_at=now)
    try:
        with tx.begin_nested():
            tx.add(community)
    except IntegrityError as error:  # made by somebody else in this moment
        raise Conflict("there is a community of that name") from error
    staff.record_audit(tx, by, "community.create", ("community", community.id), {"name": plain}, now)
    return community


def get(tx: Tx, community_id: int) -> Community:
    """Raises NotFound."""
    community = tx.get(Community, community_id)
    if community is None:
        raise NotFound("there is no such community")
    return community


def list_communities(tx: Tx, limit: int, after: int = 0, only: int | None = None) -> list[Listed]:
    """Return at most `limit` communities by id, those after the id `after`; or the one of id `only`."""
    wanted = select(Community).where(Community.id > after).order_by(Community.id).limit(limit)
    found = tx.scalars(wanted if only is None else wanted.where(Community.id == only)).all()
    rows = tx.execute(
        select(_MEMBERS.c.community_id, func.count())
        .where(_MEMBERS.c.community_id.in_([community.id for community in found]))
        .group_by(_MEMBERS.c.community_id)
    )
    counts: dict[int, int] = {community_id: count for community_id, count in rows}
    return [Listed(community, counts.get(community.id, 0)) for community in found]


def find_ids(tx: Tx) -> dict[str, int]:
    """Return the id of each community by its name in lower case."""
    rows = tx.execute(select(Community.name, Community.id))
    return {row.name.casefold(): row.id for row in rows}


def add_members(tx: Tx, members: Sequence[tuple[int, int]], now: datetime) -> None:
    """Add members as (community id, subscriber id); those who belong already stay."""
    if members:
        rows = [
            {"community_id": community, "subscriber_id": subscriber, "added_at": now}
            for community, subscriber in sorted(members)
        ]
        tx.execute(insert_new(tx, _MEMBERS), rows)
