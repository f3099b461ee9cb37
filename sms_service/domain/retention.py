"""How long which data is kept, what is then done with it, and why: the one table.

docs/privacy.md shows it, the command `settings` prints it, services/privacy/retention.py does it, every hour.
The law names no periods (UU PDP 27/2022: no longer than the purpose needs): these are the office's own, each
with its reason. `after` says from when the time counts.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from typing import Literal

from sms_service.errors import Said, said

Deed = Literal["deleted", "emptied", "kept"]
_DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Rule:
    """What is kept in some tables. `period` is None for what stays until somebody acts."""

    key: str
    tables: tuple[str, ...]
    data: str
    period: timedelta | None
    after: str
    deed: Deed
    why: str

    @property
    def how_long(self) -> Said:
        """The period in words, with what it counts from."""
        after = said(self.after)
        if self.period is None:
            return after
        return said("%(period)s %(after)s", period=_in_words(self.period), after=after)


def _rule(
    key: str, tables: str, data: str, period: timedelta | None, after: str, deed: Deed, why: str
) -> Rule:
    return Rule(key, tuple(tables.split()), data, period, after, deed, why)


RULES: tuple[Rule, ...] = (
    _rule(
        "report_drafts", "report_drafts", "reports that are being told: answers, caller as a keyed hash",
        7 * _DAY, "after the last answer", "deleted",
        "a dropped call can be gone on with; it is the only trace of an anonymous reporter's number",
    ),
    _rule(
        "reporters", "reports", "who sent a closed report: number, its hash, leave to text",
        90 * _DAY, "after closing", "emptied", "questions of the office, and of the reporter, come late",
    ),
    _rule(
        "reports", "reports report_notes report_links",
        "what a closed report says: recruiter, place, story, notes, links to others",
        365 * _DAY, "after closing, and not while another report of its cluster is open", "emptied",
        "patterns show over months; district, kind of offer, dates, outcome and the receipt stay as figures",
    ),
    _rule(
        "pin_failures", "pin_failures", "wrong PINs, by keyed hash of caller and of code",
        _DAY, "after the last one", "deleted", "slows down guessing",
    ),
    _rule(
        "texts_out", "messages", "texts out: number, its hash, words, links to registration and subscriber",
        30 * _DAY, "after they were written, once settled", "emptied",
        "complaints about a text, and settling with the gateway; time, kind, length and fate stay as figures",
    ),
    _rule(
        "texts_in", "inbound_messages", "texts in: number, its hash, words",
        30 * _DAY, "after they came, once handled", "emptied",
        "repeated texts are recognised, complaints looked into; time and keyword stay as figures",
    ),
    _rule(
        "report_senders", "inbound_messages",
        "who sent a text of a report, or asked by text where it stands: number, its hash",
        timedelta(hours=2), "after it came, once handled", "emptied",
        "a flood is known within the hour; an anonymous report is not to be found by the minute of its texts",
    ),
    _rule(
        "console_texts", "console_texts", "texts to the rehearsal phones",
        7 * _DAY, "after delivery", "deleted", "a rehearsal lasts days",
    ),
    _rule(
        "delivery_reports", "delivery_reports", "delivery reports: the gateway's id of a text, no number",
        30 * _DAY, "after they came", "deleted", "as long as the texts that they are about",
    ),
    _rule(
        "registrations", "registrations",
        "registrations for events: number, its hash, name, organisation, wishes, quiz answers",
        90 * _DAY, "after the event", "emptied",
        "attendance lists and follow-up; that somebody came stays as a figure",
    ),
    _rule(
        "quiet_subscribers", "subscribers subscriber_topics community_members",
        "people known by number who want no texts: language, district, wishes",
        730 * _DAY, "after their last change", "deleted", "settings of somebody who does not call any more",
    ),
    _rule(
        "subscribers", "subscribers subscriber_topics community_members",
        "people who agreed to texts: number, language, district, wishes, evidence of consent",
        None, "until they erase it, or turn texts off (then as above)", "kept", "their consent",
    ),
    _rule(
        "opt_outs", "opt_outs", "STOP: a keyed hash of the number, and when",
        None, "until the person takes it back (REG); it outlives an erasure", "kept",
        "without it the next import would text somebody who said no",
    ),
    _rule(
        "effects", "effects", "what a step of a dialogue did, sealed, by a hash of the session",
        2 * _DAY, "after it", "deleted", "a repeated request gets the same answer, and does nothing twice",
    ),
    _rule(
        "idempotent_answers", "idempotent_answers", "answers to API calls with an Idempotency-Key, sealed",
        _DAY, "after the call", "deleted", "a repeated call gets the same answer",
    ),
    _rule(
        "ussd_session_ends", "ussd_session_ends", "gateways' notices that a session ended, by keyed hash",
        30 * _DAY, "after they came", "deleted", "finding out why calls drop",
    ),
    _rule(
        "unknown_words", "unknown_words", "first words of texts that were not understood, counted by day",
        180 * _DAY, "after the day", "deleted", "finding words to teach the service; no number is in it",
    ),
    _rule(
        "recruiter_misses", "recruiter_misses surges",
        "names that were asked and not found, counted by day (numbers as keyed hash); surges of them",
        365 * _DAY, "after the day", "deleted", "more than usual can only be told from the usual",
    ),
    _rule(
        "staff_sessions", "staff_sessions", "signed-in browsers of staff, by hash of the cookie",
        30 * _DAY, "after they ended", "deleted", "finding out about a stolen session",
    ),
    _rule(
        "audit_entries", "audit_entries", "who of the staff did or looked at what; no caller's number",
        1826 * _DAY, "after the act", "deleted", "looks at a reporter's number must be answerable for years",
    ),
    _rule(
        "staff", "staff recovery_codes api_tokens communities", "people of the office and of partners",
        None, "until the office removes them", "kept", "they sign what they did",
    ),
    _rule(
        "office", "broadcasts report_clusters events event_groups event_notices reminders content_items"
        " recruiters recruiter_lists recruiter_changes",
        "the office's own words and decisions: events, broadcasts, warnings, clusters, the official list",
        None, "not limited", "kept", "the office's record; no caller's number is in it",
    ),
    _rule(
        "figures", "turn_counts district_counts revisions heartbeats clock_shifts known_data_keys",
        "counts by day, and the service's own state", None, "not limited", "kept", "nobody is in it",
    ),
)  # fmt: skip
BY_KEY: dict[str, Rule] = {rule.key: rule for rule in RULES}


def period(key: str) -> timedelta:
    """The period of a rule. Raises KeyError for none, ValueError for one without a limit."""
    found = BY_KEY[key].period
    if found is None:
        raise ValueError(f"{key} is kept without a limit")
    return found


def as_lines() -> Iterator[str]:
    """The table as NAME=value lines, for the command `settings`."""
    for rule in RULES:
        yield f"RETENTION_{rule.key.upper()}={rule.deed}: {rule.how_long}"


def as_markdown() -> Iterator[str]:
    """The table as docs/privacy.md shows it."""
    yield "| data | how long | then | why |"
    yield "|---|---|---|---|"
    for rule in RULES:
        then = "" if rule.deed == "kept" else rule.deed
        yield f"| {rule.data} | {rule.how_long} | {then} | {rule.why} |"


def _in_words(period: timedelta) -> Said:
    days = period.days
    if days >= 730 and days % 365 < 2:
        return said("%(count)s years", count=days // 365)
    if days < 3:
        return said("%(count)s hours", count=period // timedelta(hours=1))
    return said("%(count)s days", count=days)
