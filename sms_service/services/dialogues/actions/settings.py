"""The caller's own settings, what is stored about them, and its erasure."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from menus.model import Call, Item, Outcome
from sms_service.domain import districts, topics
from sms_service.errors import Unavailable
from sms_service.services.dialogues.actions.context import Context, ContextAction
from sms_service.services.effects import Done
from sms_service.services.events.texts import EventTexts
from sms_service.services.privacy import erasure
from sms_service.services.subscribers import person as subscribers
from sms_service.store.engine import Tx


def switch_language(context: Context, call: Call) -> Outcome:
    """The other language, for this call at once; remembered for whom we know."""
    languages = context.menu.languages
    wanted = languages[(languages.index(call.language) + 1) % len(languages)]

    def act(tx: Tx) -> Done:
        if subscribers.find_by_number(tx, context.number) is not None:
            subscribers.set_language(tx, context.number, wanted, context.now)
        return "done", {}

    try:
        done = context.once(call, "switch_language", act)
    except Unavailable:  # reading goes on without the database
        done = Outcome("done")
    return Outcome(done.name, language=wanted)


def set_language(context: Context, call: Call) -> Outcome:
    """The wanted language, remembered."""
    wanted = call.values.get("wanted", call.language)

    def act(tx: Tx) -> Done:
        subscribers.set_language(tx, context.number, wanted, context.now)
        return "done", {}

    done = context.once(call, "set_language", act)
    return Outcome(done.name, language=wanted)


def set_district(context: Context, call: Call) -> Outcome:
    """Remember the chosen district."""

    def act(tx: Tx) -> Done:
        subscribers.set_district(tx, context.number, call.values.get("district"), context.now)
        return "done", {}

    return context.once(call, "set_district", act)


def _switch(name: str, change: Callable[[Tx, Context], None], *, refused_after_stop: bool) -> ContextAction:
    def action(context: Context, call: Call) -> Outcome:
        def act(tx: Tx) -> Done:
            if refused_after_stop and subscribers.is_opted_out(tx, context.number):
                return "stopped", {}
            change(tx, context)
            return "done", {}

        return context.once(call, name, act)

    return action


def _warnings(on: bool) -> Callable[[Tx, Context], None]:
    return lambda tx, context: subscribers.set_warnings(tx, context.number, on, "ussd", context.now)


def _news(on: bool) -> Callable[[Tx, Context], None]:
    return lambda tx, context: subscribers.set_news(tx, context.number, on, "ussd", context.now)


def _reminders(on: bool) -> Callable[[Tx, Context], None]:
    return lambda tx, context: subscribers.set_reminders(tx, context.number, on, context.now)


_KINDS = {"warnings": _warnings(True), "news": _news(True), "reminders": _reminders(True)}


def start_again(context: Context, call: Call) -> Outcome:
    """The person has said STOP once, and now that they want texts again: of the kind that they came for."""

    def act(tx: Tx) -> Done:
        subscribers.take_stop_back(tx, context.number)
        _KINDS.get(call.values.get("wish", ""), _warnings(True))(tx, context)
        return "done", {}

    return context.once(call, "start_again", act)


def my_topics(context: Context, call: Call) -> tuple[Item, ...]:
    """The topics of news, each with whether it was chosen."""
    chosen = context.read(lambda tx: subscribers.describe(tx, context.number)).topics
    return tuple(
        Item(
            topic,
            context.words(
                call,
                "topic.chosen" if topic in chosen else "topic.not_chosen",
                topic=context.words(call, f"topic.{topic}"),
            ),
        )
        for topic in topics.TOPICS
    )


def turn_topic(context: Context, call: Call) -> Outcome:
    """Choose a topic, or choose it no more."""

    def act(tx: Tx) -> Done:
        chosen = set(subscribers.describe(tx, context.number).topics) ^ {call.values.get("topic", "")}
        kept = [topic for topic in topics.TOPICS if topic in chosen]
        subscribers.set_topics(tx, context.number, kept, context.now)
        return "done", {}

    return context.once(call, "turn_topic", act)


def _topic_words(context: Context, call: Call, chosen: tuple[str, ...]) -> str:
    words = [context.words(call, f"topic.{topic}") for topic in chosen]
    return ", ".join(words) or context.words(call, "topic.all")


def my_settings(context: Context, call: Call) -> Mapping[str, str]:
    """What the caller has set."""
    stored = context.read(lambda tx: subscribers.describe(tx, context.number))
    return {
        "district_name": _district_name(context, call, stored.district),
        "warnings_state": context.words(call, "state.on" if stored.warnings_on else "state.off"),
        "news_state": context.words(call, "state.on" if stored.news_on else "state.off"),
        "topics": _topic_words(context, call, stored.topics),
        "reminders_state": context.words(call, "state.on" if stored.reminders_on else "state.off"),
    }


def stored_about_me(context: Context, call: Call) -> Mapping[str, str]:
    """What the database holds about this number, in words."""
    stored = context.read(lambda tx: subscribers.describe(tx, context.number))
    lines = []
    if stored.known:
        warnings, news = ("state.on" if on else "state.off" for on in (stored.warnings_on, stored.news_on))
        lines.append(
            context.words(
                call,
                "stored.settings",
                district_name=_district_name(context, call, stored.district),
                warnings_state=context.words(call, warnings),
                news_state=context.words(call, news),
                topics=_topic_words(context, call, stored.topics),
            )
        )
    if stored.registrations:
        lines.append(context.words(call, "stored.registrations", count=str(stored.registrations)))
    if stored.texts_received:
        lines.append(context.words(call, "stored.texts", count=str(stored.texts_received)))
    if stored.texts_sent:
        lines.append(context.words(call, "stored.sent", count=str(stored.texts_sent)))
    if stored.is_named:
        lines.append(context.words(call, "stored.name"))
    if stored.communities:
        lines.append(context.words(call, "stored.communities", count=str(stored.communities)))
    if stored.opted_out:
        lines.append(context.words(call, "stored.stop"))
    return {"stored": "\n".join(lines) or context.words(call, "stored.nothing")}


def erase_me(context: Context, call: Call) -> Outcome:
    """Forget the caller, a menu by SMS, the place that a dropped call would have gone on from, and what was
    typed in this very call."""

    def act(tx: Tx) -> Done:
        erasure.erase(tx, context.number, context.now, EventTexts.of(context.runtime.settings, context.menu))
        return "done", {}

    done = context.once(call, "erase_me", act)
    context.forget_dialogues()
    return Outcome(done.name, dict.fromkeys(call.values, ""))


def find_districts(context: Context, call: Call) -> tuple[Item, ...]:
    """Likely districts for what was typed; all of them for nothing typed."""
    found = districts.find(call.input) if call.input else districts.DISTRICTS
    return tuple(Item(district.code, district.name) for district in found)


def _district_name(context: Context, call: Call, code: str) -> str:
    return districts.by_code(code).name if code else context.words(call, "state.unset")


ACTIONS: Mapping[str, ContextAction] = {
    "switch_language": switch_language,
    "set_language": set_language,
    "set_district": set_district,
    "set_warnings_on": _switch("set_warnings_on", _warnings(True), refused_after_stop=True),
    "set_warnings_off": _switch("set_warnings_off", _warnings(False), refused_after_stop=False),
    "set_news_on": _switch("set_news_on", _news(True), refused_after_stop=True),
    "set_news_off": _switch("set_news_off", _news(False), refused_after_stop=False),
    "start_again": start_again,
    "my_topics": my_topics,
    "turn_topic": turn_topic,
    "set_reminders_on": _switch("set_reminders_on", _reminders(True), refused_after_stop=True),
    "set_reminders_off": _switch("set_reminders_off", _reminders(False), refused_after_stop=False),
    "my_settings": my_settings,
    "stored_about_me": stored_about_me,
    "erase_me": erase_me,
    "districts": find_districts,
}
