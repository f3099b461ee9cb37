"""What a text is answered: one small function for each keyword. Called by inbound.handle, in its transaction.

A handler returns the words of the one answer, or None for silence. What it changes is committed with the
answer or not at all.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import cast

from sqlalchemy import Integer, String, Table, bindparam, func, select
from sqlalchemy.dialects import postgresql, sqlite

from menus.words import cut, say
from sms_service.domain import districts, statuses, topics
from sms_service.domain.event_codes import read_code
from sms_service.domain.keyword_lists import Keyword
from sms_service.domain.keywords import read
from sms_service.domain.schedules import local_time
from sms_service.domain.texts import septets, to_gsm7
from sms_service.services.dialogues.sms_context import Ask, Screen
from sms_service.services.events import registrations
from sms_service.services.events.lists import ListedEvent
from sms_service.services.privacy import erasure
from sms_service.services.recruiters import directory as recruiters
from sms_service.services.reports import drafts as report_drafts
from sms_service.services.reports.index import opened
from sms_service.services.subscribers import person as subscribers
from sms_service.store.models import InboundMessage, UnknownWord

ONE_SEGMENT = 160
WORD_LENGTH = 24
_LANGUAGES = {
    "en": "en", "eng": "en", "english": "en", "inggris": "en",
    "id": "id", "ina": "id", "indo": "id", "indonesia": "id", "indonesian": "id",
}  # fmt: skip
_DIGITS = re.compile(r"[0-9OoIlL][0-9OoIlL .-]{2,14}")
_WORDS = cast(Table, UnknownWord.__table__)
_INBOUND = cast(Table, InboundMessage.__table__)
# Built once: building a statement takes longer than running it.
_CHECKED_TODAY = select(_INBOUND.c.text_sealed).where(
    _INBOUND.c.number_hash == bindparam("number_hash", type_=String),
    _INBOUND.c.id < bindparam("before", type_=Integer),
    _INBOUND.c.received_at >= bindparam("midnight", type_=_INBOUND.c.received_at.type),
    _INBOUND.c.keyword == Keyword.CEK.value,
)


@dataclass(frozen=True, slots=True)
class Answer:
    """The one answer to a text. `kind` is of statuses.KINDS."""

    body: str
    kind: str = statuses.REPLY


def answer(ask: Ask, screen: Screen | None) -> Answer | None:
    """Return the answer to a text, or None for silence. `screen` is what the menu by SMS answered."""
    if screen is not None:
        return Answer(screen.body)
    keyword = ask.received.command.keyword
    if keyword is Keyword.BERHENTI:
        return _stop(ask)
    body = _HANDLERS[keyword](ask)
    return Answer(to_gsm7(body)) if body else None


def _stop(ask: Ask) -> Answer | None:
    """Opt out at once. One confirmation; who says it again is left in peace."""
    received = ask.received
    first = subscribers.opt_out(ask.tx, received.number, "sms", ask.now, said_at=received.received_at)
    return Answer(ask.say("stop_done"), statuses.CONFIRMATION) if first else None


def _menu(ask: Ask) -> str:
    return ask.say("menu_away")


def _number(ask: Ask) -> str:
    return ask.say("report_waits" if _has_draft(ask) else "no_walk")


def _check(ask: Ask) -> str:
    if ask.checked is None:
        return ask.say("check_how")
    if ask.checked.is_miss:
        known = _checked_today(ask)
        for asked, part in recruiters.asked_parts(ask.argument).items():
            if asked not in known:
                recruiters.record_miss(ask.tx, part, ask.today, ask.now)
    return ask.checked.words


def _checked_today(ask: Ask) -> set[str]:
    """What this person has asked for before today, however it was written: many are to be many people."""
    mine = {"number_hash": ask.received.number_hash, "before": ask.received.id, "midnight": ask.midnight}
    sealed = ask.tx.scalars(_CHECKED_TODAY, mine)
    texts = (opened(ask.tx, each) for each in sealed)
    return {asked for text in texts for asked in recruiters.asked_parts(read(text).argument)}


def _report(ask: Ask) -> str:
    """The walk is away: what was told before is kept, and who is in danger must not wait."""
    if _has_draft(ask):
        return ask.say("report_waits")
    return ask.say("report_away", hotlines=ask.context.hotlines(ask.language))


def _status(ask: Ask) -> str:
    """Without code and PIN, or with the look-up away."""
    if not ask.argument:
        return ask.say("status_how")
    return ask.say("report_away", hotlines=ask.context.hotlines(ask.language))


def _has_draft(ask: Ask) -> bool:
    return report_drafts.find(ask.tx, ask.received.number_hash, ask.now) is not None


def _help(ask: Ask) -> str:
    return ask.say("help", hotlines=ask.context.hotlines(ask.language))


def _schedule(ask: Ask) -> str:
    """The next events, of a district if one is named (or known): as many as one text holds."""
    named = districts.find(ask.argument) if ask.argument else ()
    code = named[0].code if named else None
    upcoming = ask.context.events().upcoming(ask.now, code)
    if not upcoming:
        where = named[0].name if named else ""
        return ask.say("schedule_none_in", district=where) if where else ask.say("schedule_none")
    return _listed(ask, upcoming)


def _listed(ask: Ask, events: tuple[ListedEvent, ...]) -> str:
    zone, tail = ask.context.settings.zone, ask.say("schedule_how")
    lines: list[str] = []
    for event in events:
        when = local_time(event.starts_at, zone, ask.language)
        fixed = {"code": event.code, "time": when}
        room = (
            ONE_SEGMENT - septets("\n".join([*lines, ask.say("schedule_line", event="", **fixed), tail])) - 1
        )
        if lines and room < 12:  # no room for a title that says something
            break
        share = room if lines or len(events) == 1 else room // 2
        lines.append(ask.say("schedule_line", event=cut(event.title(ask.language), max(share, 12)), **fixed))
    return "\n".join([*lines, tail])


def _register(ask: Ask) -> str:
    code = _code(ask.argument)
    if code is None:
        return ask.say("join_how")
    texts, number = ask.context.event_texts, ask.received.number
    return _about(ask, registrations.register(ask.tx, code, number, ask.language, "sms", ask.now, texts))


def _cancel(ask: Ask) -> str:
    code = _code(ask.argument)
    if code is None:
        return ask.say("cancel_how")
    texts = ask.context.event_texts
    return _about(ask, registrations.cancel_registration(ask.tx, code, ask.received.number, ask.now, texts))


def _check_in(ask: Ask) -> str:
    code = _code(ask.argument)
    if code is None:
        return ask.say("here_how")
    outcome = registrations.check_in(ask.tx, code, ask.received.number, ask.language, "sms", ask.now)
    return _about(ask, outcome, {"already": "there_already", "walk_in": "checked_in"})


def _about(ask: Ask, outcome: registrations.Outcome, words: Mapping[str, str] | None = None) -> str:
    texts = ask.context.event_texts
    if outcome.event is None:
        return texts.unknown_code(ask.language)
    word = (words or {}).get(outcome.name, outcome.name)
    return texts.about(word, outcome.event, ask.language, outcome.line)


def _code(argument: str) -> str | None:
    """The event code in an argument as people write it; whatever digits there are, if none is a code."""
    if read_code(argument):
        return argument
    found = [match.group() for match in _DIGITS.finditer(argument) if any(c.isdigit() for c in match.group())]
    return next((digits for digits in found if read_code(digits)), found[0] if found else None)


def _subscribe(ask: Ask) -> str:
    """REG [district] [topic]: consent to news and warnings, and a STOP taken back."""
    number = ask.received.number
    subscribers.opt_in(ask.tx, number, "sms", ask.now)
    chosen, place = topics.read(ask.argument)
    if chosen:
        subscribers.set_topics(ask.tx, number, chosen, ask.now)
    if not place:
        return ask.say("reg_topics", topics=_topic_words(ask, chosen)) if chosen else ask.say("reg_done")
    found = districts.find(place)
    if len(found) == 1:
        subscribers.set_district(ask.tx, number, found[0].code, ask.now)
        words = {"district": found[0].name, "topics": _topic_words(ask, chosen)}
        return ask.say("reg_topics_in" if chosen else "reg_done_in", **words)
    if found:
        return ask.say("reg_which", choices=", ".join(f"REG {district.short}" for district in found[:4]))
    return ask.say("reg_where")


def _topic_words(ask: Ask, chosen: Sequence[str]) -> str:
    """At most three by name: the answer stays in one text."""
    words = [say(ask.context.menu, ask.language, f"topic.{topic}") for topic in chosen]
    return ", ".join(words[:3]) + (", .." if len(words) > 3 else "")


def _language(ask: Ask) -> str:
    """BAHASA turns to the other language; BAHASA EN, BAHASA ID choose one."""
    word = ask.argument.split()[0].lower() if ask.argument.split() else ""
    languages = ask.context.menu.languages
    if word and word not in _LANGUAGES:
        return ask.say("language_which")
    here = languages.index(ask.language)
    chosen = _LANGUAGES[word] if word else languages[(here + 1) % len(languages)]
    subscribers.set_language(ask.tx, ask.received.number, chosen, ask.now)
    return ask.say_in(chosen, "language_done")


def _erase(ask: Ask) -> str:
    """HAPUS asks; HAPUS YA, or YA as the next text within the hour, erases."""
    if ask.argument.split()[:1] and ask.argument.split()[0].lower() in ("ya", "yes"):
        return _erase_now(ask)
    return ask.say("erase_ask")


def _yes(ask: Ask) -> str | None:
    return _erase_now(ask) if ask.received.asked_to_erase else _unknown(ask)


def _erase_now(ask: Ask) -> str:
    words = ask.say("erase_done")
    erasure.erase(ask.tx, ask.received.number, ask.now, ask.context.event_texts)
    return words


def _unknown(ask: Ask) -> str | None:
    """Count the word; tell the person once a day which words we know, then be silent. Who was telling a
    report learns how to go on with it."""
    if _has_draft(ask):  # an answer that came too late for its walk: its words are no word to be counted
        return ask.say("report_waits")
    _count(ask)
    told = (
        select(InboundMessage.id)
        .where(
            InboundMessage.number_hash == ask.received.number_hash,
            InboundMessage.keyword.in_([Keyword.UNKNOWN, Keyword.YA]),
            InboundMessage.status == "handled",
            InboundMessage.handled_at >= ask.midnight,
        )
        .limit(1)
    )
    return None if ask.tx.execute(told).first() else ask.say("words")


def _count(ask: Ask) -> None:
    """Count the first word by day: letters only, so that no number is ever kept."""
    found = re.search(r"[^\W\d_]+", ask.received.text)
    if found is None:
        return
    values = {"day": ask.today, "word": found.group().lower()[:WORD_LENGTH], "count": 1}
    insert = postgresql.insert(_WORDS) if ask.tx.is_postgres else sqlite.insert(_WORDS)
    ask.tx.execute(
        insert.values(values).on_conflict_do_update(
            index_elements=["day", "word"], set_={"count": func.coalesce(_WORDS.c.count, 0) + 1}
        )
    )


_HANDLERS: Mapping[Keyword, Callable[[Ask], str | None]] = {
    Keyword.INFO: _menu,
    Keyword.INPUT: _number,
    Keyword.CEK: _check,
    Keyword.LAPOR: _report,
    Keyword.LANJUT: _report,
    Keyword.STATUS: _status,
    Keyword.JADWAL: _schedule,
    Keyword.DAFTAR: _register,
    Keyword.BATAL: _cancel,
    Keyword.HADIR: _check_in,
    Keyword.REG: _subscribe,
    Keyword.BAHASA: _language,
    Keyword.BANTUAN: _help,
    Keyword.HAPUS: _erase,
    Keyword.YA: _yes,
    Keyword.UNKNOWN: _unknown,
}
