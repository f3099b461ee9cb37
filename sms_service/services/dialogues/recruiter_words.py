"""What is said about a recruiter, in the caller's language: the same words on a screen and in a text.

The list's own statement with its date, never "legal" or "illegal"; who answers whether an offer is safe is
the office. Called by the menus' actions and by the SMS keyword CEK.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date

from menus.model import Menu
from menus.words import cut, say
from sms_service.domain.schedules import local_day
from sms_service.services.recruiters.directory import Details, Directory, check_answer, look_up
from sms_service.services.reports.reported import NOTHING_REPORTED, Reported, Standing
from sms_service.settings import Settings

_NAMED_BY_SMS = 4  # candidates in one text
_LONGEST_NAME_BY_SMS = 34


@dataclass(frozen=True, slots=True)
class RecruiterWords:
    """Speaks of one directory, in one language, on one day."""

    directory: Directory
    menu: Menu
    settings: Settings
    language: str
    today: date
    reported: Reported = NOTHING_REPORTED

    def about_typed(self, typed: str) -> Mapping[str, str]:
        """The same as about_list, and whether there are several reports of the very name or number typed, or,
        where the list holds nothing like it, of the same name written otherwise."""
        standing = self.reported.about(typed)
        if standing is None and (namesake := self.reported.about_spoken(typed)):
            standing = None if self.directory.index.query(typed, 1).matches else namesake
        return {**self.about_list(), "recruiter_reports": self._told_of(standing)}

    def about_list(self) -> Mapping[str, str]:
        """Values that say which list this is: its date, and whether it is only a demonstration."""
        as_of = self.directory.as_of
        return {
            "agency": self.settings.agency_name,
            "as_of": local_day(as_of, self.language) if as_of else "-",
            "demo_list": self._say("recruiter.demo") if self.directory.is_demo else "",
        }

    def about(self, details: Details, typed: str = "") -> Mapping[str, str]:
        """Values that say what the list states about one company, and whether there are several reports of
        it, or of the number in what was typed."""
        assert self.directory.as_of is not None  # a company comes from a list
        answer = check_answer(details, self.directory.as_of, self.directory.is_demo, self.today)
        until = local_day(answer.valid_until, self.language) if answer.valid_until else ""
        warning = self._say("recruiter.warning", text=answer.warning) if answer.warning else ""
        return {
            **self.about_list(),
            "recruiter_name": answer.name,
            "recruiter_status": self._say(answer.status),
            "licence": self._say(answer.expiry, until=until),
            "branch": self._say(answer.branch),
            "recruiter_warning": warning,
            "recruiter_reports": self._told_of(
                self.reported.about_company(details.name, details.phone, typed)
            ),
            "recruiter_advice": self._say(answer.advice, agency=self.settings.agency_name),
        }

    def text_about(self, typed: str) -> tuple[str, bool]:
        """The whole answer to CEK as a text, and whether this was a miss."""
        found = look_up(self.directory, typed, _NAMED_BY_SMS)
        if found.is_sure:
            values = self.about(self.directory.details(found.found[0].id), typed)
            return self._say("sms.check_answer", **values), False
        if found.found:
            names = "\n".join(cut(candidate.label, _LONGEST_NAME_BY_SMS) for candidate in found.found)
            return self._say("sms.check_several", names=names, **self.about_typed(typed)), False
        if found.verdict == "no_list":
            return self._say("sms.check_no_list", **self.about_typed(typed)), False
        return self._say("sms.check_none", **self.about_typed(typed)), True

    def _told_of(self, standing: Standing | None) -> str:
        """Below the threshold, and for whoever nothing is told of: nothing."""
        if standing is None:
            return ""
        return self._say("recruiter.office_warns" if standing == "warning" else "recruiter.reports")

    def _say(self, key: str, **values: str) -> str:
        return say(self.menu, self.language, key, **values)
