"""Consultation groups over the API: set, shown, filled, and changed by hand (see event_people.py)."""

from __future__ import annotations

from datetime import datetime

from pydantic import Field

from sms_service.services.events import groups as event_groups
from sms_service.services.events import life as events
from sms_service.services.events.groups import GroupFields
from sms_service.store.models import Event, EventGroup
from sms_service.web.api.endpoints import Call, Endpoint
from sms_service.web.api.events import texts_of
from sms_service.web.api.fields import Answered, Body, Time, Words


class GroupBody(Body):
    """One group. An empty topic or destination: any."""

    topic: Words = Field("", max_length=24)
    destination: Words = Field("", max_length=24)
    starts_at: Time
    room: Words = Field("", max_length=event_groups.LONGEST_ROOM)
    capacity: int = Field(ge=1, le=event_groups.LARGEST_GROUP)


class GroupsBody(Body):
    """All groups of the event, numbered from 1 in this order."""

    groups: list[GroupBody] = Field(max_length=event_groups.MOST_GROUPS)


class AllocationBody(Body):
    """With `redo` everybody who was not placed by hand is placed anew; else who has no group."""

    redo: bool = False


class GroupAnswer(Answered):
    """One group and how many are in it."""

    id: int
    number: int
    topic: str
    destination: str
    starts_at: datetime
    room: str
    capacity: int
    members: int


class GroupListAnswer(Answered):
    """An event's groups by number."""

    items: list[GroupAnswer]
    next: str | None


class AllocationAnswer(Answered):
    """How many have a group now, for how many that is news, and who found no room; and the groups."""

    placed: int
    changed: int
    left_over: int
    groups: list[GroupAnswer]


def list_groups(call: Call) -> GroupListAnswer:
    """GET /events/{event_id}/groups"""
    return _all(call, events.get_event(call.tx, call.ids["event_id"]))


def set_groups(call: Call) -> GroupListAnswer:
    """PUT /events/{event_id}/groups"""
    wanted = [GroupFields(**group.model_dump()) for group in call.body.groups]
    event_id = call.ids["event_id"]
    event_groups.set_groups(call.tx, event_id, wanted, call.person.id, call.now, texts_of(call))
    return _all(call, events.get_event(call.tx, event_id))


def allocate(call: Call) -> AllocationAnswer:
    """POST /events/{event_id}/allocate"""
    event_id = call.ids["event_id"]
    today = call.now.astimezone(call.runtime.settings.zone).date()
    done = event_groups.allocate_groups(call.tx, event_id, call.person.id, call.now, today, call.body.redo)
    groups = _all(call, events.get_event(call.tx, event_id)).items
    return AllocationAnswer(placed=done.placed, changed=done.changed, left_over=done.left_over, groups=groups)


def _all(call: Call, event: Event) -> GroupListAnswer:
    members = event_groups.count_members(call.tx, event.id)
    groups = event_groups.list_groups(call.tx, event.id)
    items = [_group(call, group, members.get(group.id, 0)) for group in groups]
    return GroupListAnswer(items=items, next=None)


def _group(call: Call, group: EventGroup, members: int) -> GroupAnswer:
    return GroupAnswer(
        id=group.id,
        number=group.position,
        topic=group.topic,
        destination=group.destination,
        starts_at=group.starts_at.astimezone(call.runtime.settings.zone),
        room=group.room,
        capacity=group.capacity,
        members=members,
    )


_GROUPS = "/events/{event_id}/groups"
ENDPOINTS = (
    Endpoint("GET", _GROUPS, "events", "List an event's groups", list_groups, GroupListAnswer),
    Endpoint(
        "PUT", _GROUPS, "events", "Set an event's groups; people are told of another slot", set_groups,
        GroupListAnswer, body=GroupsBody,
    ),
    Endpoint(
        "POST", "/events/{event_id}/allocate", "events", "Place people in groups by their wishes",
        allocate, AllocationAnswer, body=AllocationBody, is_body_optional=True,
    ),
)  # fmt: skip
