"""What a caller reads about a company: values for the screens of `check.*`, and whole texts for CEK by SMS.

The words stand in menus/content/text under `recruiter.` and `sms.check_`. A `Teller` is made for one turn
(cheap), asks nothing but the list in memory, and never says more than the list of its date does. Called by
the menus' actions and, through `answer_text`, by SMS replies.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime

from menus.model import Item, Menu
from menus.words import cut, say
from sms_service.domain.items import month_and_year
from sms_service.domain.texts import septets
from sms_service.errors import NotFound
from sms_service.services import recruiters
from sms_service.services.recruiters import Candidate, CheckAnswer, Directory, LookUp
from sms_service.settings import Settings
from sms_service.store.engine import Tx

LABEL = 34  # septets of a company in a list on the screen
_NAMES_BY_SMS = 3
_NAME_BY_SMS = 50  # septets
_NO_DATE = "-"


@dataclass(frozen=True, slots=True)
class Teller:
    """Tells one caller about companies, in one language, on one day of the office."""

    directory: Directory
    menu: Menu
    settings: Settings
    language: str
    today: date

    def look_up(self, text: str) -> LookUp:
        """Find what was typed. Never raises."""
        return recruiters.look_up(self.directory, text)

    def choices(self, text: str) -> tuple[Item, ...]:
        """The companies that may be meant, best first. Companies of one name are told apart by licence."""
        found = self.look_up(text).found
        return tuple(Item(str(each.id), label) for each, label in zip(found, _labels(found), strict=True))

    def list_values(self) -> Mapping[str, str]:
        """The date of the list in force (`-` while there is none), and whom to ask."""
        return {
            "as_of": self._date(self.directory.as_of),
            "agency": self.settings.agency_name,
            "recruiter_warning": self._say("demo") if self.directory.is_demo else "",
        }

    def answer_values(self, recruiter_id: str) -> Mapping[str, str]:
        """What the list says about a company: the values of screen `check.answer`.

        A company that has left the list since it was chosen is said to have left it.
        """
        answer = self._answer(recruiter_id)
        if answer is None:
            return {**self.list_values(), "recruiter_status": self._say("status.not_listed"), "branch": ""}
        return {
            "recruiter_name": answer.name,
            "recruiter_status": self._say(answer.status.removeprefix("recruiter.")),
            "as_of": self._date(answer.as_of),
            "licence_until": self._date(answer.valid_until),
            "branch": self._say(answer.branch.removeprefix("recruiter.")),
            "recruiter_warning": self._remarks(answer),
            "agency": self.settings.agency_name,
        }

    def text(self, look_up: LookUp) -> str:
        """The answer by SMS to one look-up."""
        agency = self.settings.agency_name
        if look_up.verdict == "no_list":
            return self._sms("no_list", agency=agency)
        as_of = self._date(look_up.as_of)
        demo = f"{self._say('demo')} " if look_up.is_demo else ""
        if look_up.verdict == "none":
            return demo + self._sms("none", as_of=as_of, agency=agency)
        if not look_up.is_sure:
            names = ", ".join(_labels(look_up.found[:_NAMES_BY_SMS], _NAME_BY_SMS))
            return self._sms("which", names=names)
        answer = self._answer(str(look_up.found[0].id))
        if answer is None:  # the list changed between two lines
            return demo + self._sms("none", as_of=as_of, agency=agency)
        values = self.answer_values(str(look_up.found[0].id))
        advice = self._say(answer.advice.removeprefix("recruiter."), agency=agency)
        return self._sms(
            "found",
            name=cut(answer.name, _NAME_BY_SMS),
            as_of=as_of,
            status=values["recruiter_status"],
            until=values["licence_until"],
            branch=values["branch"],
            remarks=f"{values['recruiter_warning']} {advice}".strip(),
        )

    def _answer(self, recruiter_id: str) -> CheckAnswer | None:
        as_of = self.directory.as_of
        if as_of is None or not recruiter_id.isdecimal():
            return None
        try:
            details = self.directory.details(int(recruiter_id))
        except NotFound:
            return None
        return recruiters.check_answer(details, as_of, self.directory.is_demo, self.today)

    def _remarks(self, answer: CheckAnswer) -> str:
        """What must be said beside the list's own columns: demo data, a day that has passed, a warning."""
        remarks = [self._say("demo")] if answer.is_demo else []
        if answer.expiry == "recruiter.expiry.past":
            remarks.append(self._say("expiry.past"))
        if answer.warning:
            remarks.append(self._say("warning", warning=answer.warning))
        return " ".join(remarks)

    def _date(self, day: date | None) -> str:
        return f"{day.day} {month_and_year(day, self.language)}" if day else _NO_DATE

    def _say(self, key: str, **values: str) -> str:
        return say(self.menu, self.language, f"recruiter.{key}", **values)

    def _sms(self, key: str, **values: str) -> str:
        return say(self.menu, self.language, f"sms.check_{key}", **values)


def answer_text(teller: Teller, tx: Tx, asked: str, now: datetime) -> str:
    """Answer CEK by SMS, and count a miss. The caller makes sure that one text is answered once."""
    look_up = teller.look_up(asked)
    if look_up.verdict == "none":
        recruiters.record_miss(tx, asked, teller.today, now)
    return teller.text(look_up)


def _labels(found: Sequence[Candidate], limit: int = LABEL) -> list[str]:
    names = Counter(each.name for each in found)
    labels = []
    for each in found:
        licence = cut(each.license_number, limit // 2) if names[each.name] > 1 else ""
        room = limit - septets(licence) - 1 if licence else limit
        labels.append(f"{cut(each.name, room)} {licence}".strip())
    return labels
