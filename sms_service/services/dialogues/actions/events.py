"""What the menu asks about events: those ahead, one of them, the caller's own, register and cancel."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from menus.model import Call, Item, Outcome
from sms_service.domain.schedules import local_clock
from sms_service.errors import Unavailable
from sms_service.services.dialogues.actions.context import Context, ContextAction
from sms_service.services.effects import Done
from sms_service.services.events import registrations
from sms_service.services.events import screens as event_screens
from sms_service.services.events.lists import ListedEvent
from sms_service.services.events.registrations import Wishes
from sms_service.services.events.texts import EventTexts, title_of
from sms_service.services.subscribers import person as subscribers
from sms_service.store.engine import Tx
from sms_service.store.models import EventGroup

_ANY = "any"
_QUIZ = ("age", "education", "tongue", "skill", "experience")  # answers of "what fits me?" in this call
_KNOWN_AS = {"already_waiting": "already"}  # the page shows which of the two it is


def upcoming_events(context: Context, call: Call) -> tuple[Item, ...]:
    """Events to come, of the chosen district or of all, soonest first."""
    district = call.values.get("district") if call.values.get("scope") == "district" else None
    listed = context.lists.events.value.upcoming(context.now, district)
    return tuple(
        Item(str(event.id), _label(context, call, event.starts_at, event.title(call.language)))
        for event in listed
    )


def event_details(context: Context, call: Call) -> Mapping[str, str]:
    """One event. What the caller's own place is needs the database; without it the page shows the rest."""
    event = _listed(context, call)
    if event is None:
        return {}
    texts = EventTexts.of(context.runtime.settings, context.menu)
    told = event_screens.details(texts, event, event.title(call.language), event.places_left, call.language)
    return {**told, **_mine(context, call, event)}


def my_events(context: Context, call: Call) -> tuple[Item, ...]:
    """The events that this number is registered or waiting for."""
    own = context.read(lambda tx: registrations.list_for_number(tx, context.number, context.now))
    return tuple(
        Item(
            str(one.event.id), _label(context, call, one.event.starts_at, title_of(one.event, call.language))
        )
        for one in own
    )


def my_district(context: Context, call: Call) -> Outcome:
    """The district of this call, or the one that the caller has set."""
    if call.values.get("district"):
        return Outcome("known")
    person = context.read(lambda tx: subscribers.find_by_number(tx, context.number))
    if person is None or not person.district:
        return Outcome("unknown")
    return Outcome("known", {"district": person.district})


def event_wishes(context: Context, call: Call) -> Outcome:
    """What is to be asked first of who registers: a topic, a destination, or nothing."""
    event = _listed(context, call)
    forgotten = {"wish_topic": "", "wish_destination": ""}
    if event is not None and event.topics:
        return Outcome("topic", forgotten)
    return Outcome("destination" if event is not None and event.destinations else "none", forgotten)


def event_next_wish(context: Context, call: Call) -> Outcome:
    """After the topic: the destination, where there are several."""
    event = _listed(context, call)
    return Outcome("destination" if event is not None and event.destinations else "none")


def event_topics(context: Context, call: Call) -> tuple[Item, ...]:
    """What the event's groups talk about, and "not sure yet"."""
    event = _listed(context, call)
    return _choices(context, call, "topic", event.topics if event else ())


def event_destinations(context: Context, call: Call) -> tuple[Item, ...]:
    """Where the event's groups are about, and "not sure yet"."""
    event = _listed(context, call)
    return _choices(context, call, "country", event.destinations if event else ())


def _choices(context: Context, call: Call, word: str, codes: tuple[str, ...]) -> tuple[Item, ...]:
    known = tuple(Item(code, context.words(call, f"{word}.{code}")) for code in codes)
    return (*known, Item(_ANY, context.words(call, "topic.any")))


def _wishes(context: Context, call: Call) -> Wishes | None:
    """What the caller wishes of this event's groups. Answers of the quiz are kept only where they serve to
    find a group."""
    event = _listed(context, call)
    if event is None or not (event.topics or event.destinations):
        return None
    topic, destination = call.values.get("wish_topic", ""), call.values.get("wish_destination", "")
    answers = {name: call.values[name] for name in _QUIZ if call.values.get(name)}
    return Wishes(
        topic=topic if topic in event.topics else "",
        destination=destination if destination in event.destinations else "",
        answers=answers or None,
    )


def register_event(context: Context, call: Call) -> Outcome:
    """Register the caller, once for this request."""

    def act(tx: Tx) -> Done:
        event, texts = _id(call), EventTexts.of(context.runtime.settings, context.menu)
        wishes = _wishes(context, call)
        done = registrations.register(
            tx, event, context.number, call.language, "ussd", context.now, texts, wishes
        )
        return _KNOWN_AS.get(done.name, done.name), {}

    return context.once(call, "register_event", act)


def cancel_registration(context: Context, call: Call) -> Outcome:
    """Give the caller's place back, once for this request."""

    def act(tx: Tx) -> Done:
        texts = EventTexts.of(context.runtime.settings, context.menu)
        done = registrations.cancel_registration(tx, _id(call), context.number, context.now, texts)
        return "cancelled" if done.name == "unregistered" else "not_registered", {}

    return context.once(call, "cancel_registration", act)


def _id(call: Call) -> int:
    event = call.values.get("event", "")
    return int(event) if event.isdigit() else 0


def _listed(context: Context, call: Call) -> ListedEvent | None:
    wanted = _id(call)
    return next((event for event in context.lists.events.value.events if event.id == wanted), None)


def _label(context: Context, call: Call, starts_at: datetime, title: str) -> str:
    return event_screens.label(starts_at, title, context.runtime.settings.zone, call.language)


def _mine(context: Context, call: Call, event: ListedEvent) -> Mapping[str, str]:
    """The caller's own place, and group."""
    try:
        own = context.read(lambda tx: registrations.list_for_number(tx, context.number, context.now))
    except Unavailable:
        return {"my_status": "", "my_group": ""}
    mine = next((one for one in own if one.event.id == event.id), None)
    if mine is None:
        return {"my_status": context.words(call, "event.not_registered"), "my_group": ""}
    status = context.words(call, f"event.{mine.status}", line=str(mine.line))
    return {"my_status": status, "my_group": _group(context, call, mine.group)}


def _group(context: Context, call: Call, group: EventGroup | None) -> str:
    if group is None:
        return ""
    clock = local_clock(group.starts_at, context.runtime.settings.zone, call.language)
    words = context.words(call, "event.my_group", group=str(group.position), time=clock)
    return ". " + (f"{words}, {group.room}" if group.room else words)


ACTIONS: Mapping[str, ContextAction] = {
    "upcoming_events": upcoming_events,
    "event_details": event_details,
    "my_events": my_events,
    "my_district": my_district,
    "event_wishes": event_wishes,
    "event_next_wish": event_next_wish,
    "event_topics": event_topics,
    "event_destinations": event_destinations,
    "register_event": register_event,
    "cancel_registration": cancel_registration,
}
