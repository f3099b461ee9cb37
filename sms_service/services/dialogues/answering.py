"""What a process needs to answer people, by USSD and by text, built on its Runtime. Called by the web
process (turns) and by the fast worker (texts)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sms_service.runtime import Runtime
from sms_service.services.content.pages import Reader
from sms_service.services.dialogues.actions import Context
from sms_service.services.dialogues.actions.report_status import status_text
from sms_service.services.dialogues.conversations import Conversations
from sms_service.services.dialogues.lists import Lists, build_lists
from sms_service.services.dialogues.recruiter_words import RecruiterWords
from sms_service.services.dialogues.sms_context import Checked, SmsContext


@dataclass(frozen=True)
class Answering:
    """Lists in memory, dialogues, and what texts need. Call `lists.models.start()` once it shall be fresh."""

    lists: Lists
    conversations: Conversations
    sms: SmsContext


def build_answering(runtime: Runtime) -> Answering:
    """Build it. Opens no connection yet."""
    lists = build_lists(runtime)
    conversations = Conversations(runtime, lists)
    menu, settings = runtime.menu, runtime.settings

    def check(typed: str, language: str, now: datetime) -> Checked:
        today = now.astimezone(settings.zone).date()
        words = RecruiterWords(lists.recruiters.value, menu, settings, language, today, lists.reported.value)
        return Checked(*words.text_about(typed))

    def hotlines(language: str) -> str:
        today = runtime.clock.now().astimezone(settings.zone).date()
        return Reader(lists.content.value, menu, settings, language, today).danger_lines({})["danger_lines"]

    def look_up(number: str, language: str, typed: str, inbound_id: int, now: datetime) -> str:
        caller = runtime.store.vault.number_hash(number)
        context = Context(runtime, lists, number, caller, f"sms|{inbound_id}", now)
        return status_text(context, language, typed)

    sms = SmsContext(
        menu=menu,
        settings=settings,
        walks=conversations,
        events=lambda: lists.events.value,
        check=check,
        hotlines=hotlines,
        look_up=look_up,
    )
    return Answering(lists, conversations, sms)
