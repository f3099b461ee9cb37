"""One case opened: its words, notes of staff, replies to the reporter, and the reveal of a number.

Nobody sees a reporter's number by opening a case. A reply waits in the case for the reporter to look its
status up with code and PIN; where neutral texts are allowed, one text a day says that there is news, and
nothing of what it is about, for the recruiter may hold the phone. To see the number is an act of its own,
with a reason, kept for good; at the desk so is seeing the recruiter's. Called by the API and the console, by
roles that `reports` allows.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal, cast

from sqlalchemy import Table, select

from menus.model import Menu
from menus.words import say
from sms_service.domain import phones, quiet_hours, statuses, texts
from sms_service.domain.free_text import clean
from sms_service.domain.roles import may
from sms_service.errors import Conflict, Invalid, NotAllowed, said
from sms_service.services.reports import merges as report_merges
from sms_service.services.reports.cases import SUBJECT, get_report, names_of
from sms_service.services.staff import accounts as staff
from sms_service.services.staff.accounts import Person
from sms_service.services.subscribers import person as subscribers
from sms_service.services.texts import messages
from sms_service.services.texts.messages import NewText
from sms_service.settings import Settings
from sms_service.store.engine import Tx
from sms_service.store.models import Message, Report, ReportNote

LONGEST_NOTE, LONGEST_REPLY = 2000, 480  # characters; a reply is read page by page on a phone
SHORTEST_REASON, LONGEST_REASON = 15, 300  # "untuk menelepon", at least
NEWS = "sms.office_news"
Whose = Literal["reporter", "recruiter"]
REVEALS: Mapping[Whose, str] = {"reporter": "report.reveal", "recruiter": "report.reveal_recruiter"}
_NEWS_HELP_FOR = timedelta(days=3)
_MESSAGES = cast(Table, Message.__table__)
_NUMBER = re.compile(r"\+?\d(?:[ .\-()]?\d){7,16}")


@dataclass(frozen=True, slots=True)
class Note:
    """What staff wrote. `text_status` is that of the neutral text that announced a reply; None: no text."""

    id: int
    kind: str  # note | reply
    text: str
    author: str
    created_at: datetime
    text_status: str | None


@dataclass(frozen=True, slots=True)
class Way:
    """How the reporter learns of a reply. `how`: "text" (a neutral text goes at once), "later" (at `at`, for
    quiet hours), "told" (a text of today says already that there is news), or why no text goes: "anonymous",
    "no_texts" (not allowed), "stopped" (STOP was said). It can always be read with code and PIN."""

    how: str
    at: datetime | None = None

    @property
    def is_text(self) -> bool:
        """Whether a text announces the reply."""
        return self.how in ("text", "later", "told")


@dataclass(frozen=True, slots=True)
class Case:
    """One report, opened. The reporter's number is not in it, also where they wrote it into their story."""

    report: Report
    recruiter_name: str
    recruiter_phone: str  # E.164: whom it is about
    place: str
    story: str
    reporter: str  # masked; empty: anonymous, or erased
    assignee: str
    duplicates: tuple[int, ...]
    notes: tuple[Note, ...]


def read_case(tx: Tx, report_id: int, by: int | None, now: datetime) -> Case:
    """Open a case. The look is in the audit trail, in the same transaction. Raises NotFound."""
    case = show_case(tx, get_report(tx, report_id))
    staff.record_audit(tx, by, "report.read", (SUBJECT, report_id), {}, now)
    return case


def show_case(tx: Tx, report: Report) -> Case:
    """The same for whoever has just changed it, which is in the audit trail already."""
    notes = tx.execute(
        select(ReportNote, _MESSAGES.c.status)
        .outerjoin(_MESSAGES, _MESSAGES.c.id == ReportNote.message_id)
        .where(ReportNote.report_id == report.id)
        .order_by(ReportNote.id)
    ).all()
    names = names_of(tx, [report.assignee_id, *(row.ReportNote.staff_id for row in notes)])
    number = _open(tx, report.reporter_sealed)
    return Case(
        report=report,
        recruiter_name=_open(tx, report.recruiter_name_sealed),
        recruiter_phone=_without(number, _open(tx, report.recruiter_phone_sealed)),
        place=_without(number, _open(tx, report.place_sealed)),
        story=_without(number, _open(tx, report.story_sealed)),
        reporter=phones.mask(number) if number else "",
        assignee=names.get(report.assignee_id or 0, ""),
        duplicates=report_merges.duplicates_of(tx, report.id),
        notes=tuple(_note(tx, row.ReportNote, names, row.status) for row in notes),
    )


def add_note(
    tx: Tx, report_id: int, text: str, by: int | None, now: datetime, seen: int | None = None
) -> ReportNote:
    """Keep a note of staff. Its words are sealed, and not in the audit trail. `seen`: the last note that the
    writer has read (0: none was there). Raises NotFound, Invalid, Conflict when others have written since."""
    report, _ = report_merges.lock(tx, report_id, None)
    _refuse_unseen(tx, report_id, seen)
    words = clean(text, LONGEST_NOTE)
    if not words:
        raise Invalid("the note is empty", {"text": said("has 1 to %(most)s characters", most=LONGEST_NOTE)})
    note = _keep(tx, report, "note", words, by, now)
    staff.record_audit(tx, by, "report.note", (SUBJECT, report.id), {"note": note.id}, now)
    return note


def reply(
    tx: Tx,
    report_id: int,
    text: str,
    by: int | None,
    now: datetime,
    settings: Settings,
    menu: Menu,
    seen: int | None = None,
) -> ReportNote:
    """Answer the reporter, who reads it with code and PIN. Where texts are allowed, and STOP was not said, a
    neutral text announces it: at most one a day, and none in quiet hours. `seen` as in `add_note`.

    Raises NotFound, Invalid for words that a simple phone cannot show, and Conflict.
    """
    report, _ = report_merges.lock(tx, report_id, None)  # an erasure waits, and then finds the text
    _refuse_unseen(tx, report_id, seen)
    words = clean(text, LONGEST_REPLY + 1)
    strange = [sign for sign, plain in texts.offenders(words).items() if "?" in plain]
    if not 0 < len(words) <= LONGEST_REPLY:
        raise Invalid(
            "the reply cannot be sent", {"text": said("has 1 to %(most)s characters", most=LONGEST_REPLY)}
        )
    if strange:
        codes = ", ".join(f"U+{ord(sign):04X}" for sign in strange[:5])
        fault = said("holds signs that simple phones lack: %(signs)s", signs=codes)
        raise Invalid("the reply cannot be sent", {"text": fault})
    note = _keep(tx, report, "reply", words, by, now)
    note.message_id = _announce(tx, report, now, settings, menu)
    tx.flush()
    details = {"note": note.id, "text": note.message_id is not None}
    staff.record_audit(tx, by, "report.reply", (SUBJECT, report.id), details, now)
    return note


def reveal(tx: Tx, report_id: int, whose: Whose, reason: str, person: Person, now: datetime) -> str:
    """Return a number (E.164) to `person`, whose name and reason are kept with the act: the reporter's, or
    the recruiter's as it was told, unless it is the reporter's own.

    For a page that is shown once: no answer of the API holds a full number. Raises NotAllowed for other
    roles, NotFound, Invalid for a reason too short to be one, Conflict when no number is kept.
    """
    if not may(person.role, "reports.reveal"):
        raise NotAllowed("your role does not permit this")
    report = get_report(tx, report_id)
    words = clean(reason, LONGEST_REASON)
    if len(words) < SHORTEST_REASON:
        fault = said("has %(least)s to %(most)s characters", least=SHORTEST_REASON, most=LONGEST_REASON)
        raise Invalid("say why", {"reason": fault})
    number = _open(tx, report.reporter_sealed)
    if whose == "recruiter":
        told = _open(tx, report.recruiter_phone_sealed)
        number = told if told == _without(number, told) else ""
    if not number:
        raise Conflict("no number is kept with this report")
    staff.record_audit(tx, person.id, REVEALS[whose], (SUBJECT, report.id), {"reason": words}, now)
    return number


def show_note(tx: Tx, note: ReportNote) -> Note:
    """One note, opened, for whoever has just written it."""
    status = tx.scalar(select(_MESSAGES.c.status).where(_MESSAGES.c.id == note.message_id))
    return _note(tx, note, names_of(tx, [note.staff_id]), status)


def way_of_reply(tx: Tx, report: Report, now: datetime, settings: Settings) -> Way:
    """How the reporter would learn of a reply that is sent now: said to the officer before it is."""
    number = _open(tx, report.reporter_sealed)
    if not number:
        return Way("anonymous")
    if not report.texts_allowed:
        return Way("no_texts")
    if subscribers.is_opted_out(tx, number):
        return Way("stopped")
    key = _news_key(report, now, settings)
    if tx.scalar(select(_MESSAGES.c.id).where(_MESSAGES.c.idempotency_key == key)) is not None:
        return Way("told")
    release = quiet_hours.release_at(now, settings.zone, settings.quiet_hours, settings.quiet_sunday)
    return Way("later", release) if release else Way("text")


def _announce(tx: Tx, report: Report, now: datetime, settings: Settings, menu: Menu) -> int | None:
    way = way_of_reply(tx, report, now, settings)
    if not way.is_text:
        return None
    language = report.language if report.language in menu.languages else menu.languages[0]
    text = NewText(
        number=_open(tx, report.reporter_sealed),
        body=say(menu, language, NEWS, service_code=settings.service_code),
        kind=statuses.NOTICE,
        lane="fast",
        key=_news_key(report, now, settings),
        expires_at=(way.at or now) + _NEWS_HELP_FOR,
        not_before=way.at,
        report_id=report.id,
    )
    return messages.enqueue(tx, text, now)


def _news_key(report: Report, now: datetime, settings: Settings) -> str:
    return f"report-news:{report.id}:{now.astimezone(settings.zone).date()}"


def _refuse_unseen(tx: Tx, report_id: int, seen: int | None) -> None:
    """Nobody answers past a colleague's words, and a form that is sent twice counts once."""
    newer = select(ReportNote.id).where(ReportNote.report_id == report_id, ReportNote.id > (seen or 0))
    if seen is not None and tx.scalar(newer.limit(1)) is not None:
        raise Conflict("somebody has written on this report meanwhile: read that first")


def _keep(tx: Tx, report: Report, kind: str, words: str, by: int | None, now: datetime) -> ReportNote:
    note = ReportNote(
        report_id=report.id, staff_id=by, kind=kind, text_sealed=tx.vault.seal(words), created_at=now
    )
    tx.add(note)
    tx.flush()
    return note


def _note(tx: Tx, note: ReportNote, names: dict[int, str], text_status: str | None) -> Note:
    author = names.get(note.staff_id or 0, "")
    return Note(note.id, note.kind, _open(tx, note.text_sealed), author, note.created_at, text_status)


def _open(tx: Tx, sealed: bytes | None) -> str:
    return tx.vault.open(sealed) if sealed else ""


def _without(number: str, words: str) -> str:
    """`words` with every spelling of the reporter's own number masked."""
    if not number:
        return words
    tail = number[-8:]

    def mask(match: re.Match[str]) -> str:
        return phones.mask(number) if re.sub(r"\D", "", match.group()).endswith(tail) else match.group()

    return _NUMBER.sub(mask, words)
