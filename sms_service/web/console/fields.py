"""Reading what was typed into a form: text, numbers, dates and times at the office, choices.

Each reader notes what is wrong and what to do in `errors`; `check` raises Invalid once for all of it.
Rules of the service stay in the services: here is only whether something can be read at all.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime, time, tzinfo

from flask_babel import gettext as _
from werkzeug.datastructures import MultiDict

from sms_service.errors import Invalid


class Typed:
    """One form that was sent."""

    def __init__(self, form: MultiDict[str, str], zone: tzinfo) -> None:
        self._form = form
        self._zone = zone
        self.errors: dict[str, str] = {}

    def text(self, name: str, *, required: bool = False, longest: int = 2000) -> str:
        """A text without space at its ends."""
        given = self._form.get(name, "").replace("\r\n", "\n").replace("\x00", "").strip()
        if required and not given:
            self.errors[name] = _("fill this in")
        elif len(given) > longest:
            self.errors[name] = _("at most %(count)s characters", count=longest)
        return given

    def number(self, name: str, *, required: bool = False, smallest: int = 0) -> int | None:
        """A whole number."""
        given = self.text(name, required=required, longest=12)
        if not given or name in self.errors:
            return None
        digits = given.replace(".", "").replace(" ", "")
        if not (digits.isascii() and digits.isdigit()) or int(digits) < smallest:
            self.errors[name] = _("a whole number, %(count)s or more", count=smallest)
            return None
        return int(digits)

    def day(self, name: str, *, required: bool = False) -> date | None:
        """A date, as the browser's own field writes it."""
        given = self.text(name, required=required, longest=10)
        if not given or name in self.errors:
            return None
        try:
            return date.fromisoformat(given)
        except ValueError:
            self.errors[name] = _("a date as 2026-12-31")
            return None

    def moment(self, name: str, *, required: bool = False) -> datetime | None:
        """Date and time of day at the office, from the fields `name`_day and `name`_time."""
        on = self.day(f"{name}_day", required=required)
        at = self.text(f"{name}_time", required=required, longest=8)
        if on is None:
            if at and f"{name}_day" not in self.errors:
                self.errors[f"{name}_day"] = _("fill in the day too")
            return None
        try:
            return datetime.combine(on, time.fromisoformat(at.replace(".", ":")), self._zone)
        except ValueError:
            self.errors[f"{name}_time"] = _("a time of day as 09:00")
            return None

    def choice(self, name: str, among: Sequence[str], *, required: bool = False) -> str:
        """One of the words offered; empty for none."""
        given = self.text(name, required=required)
        if given and given not in among:
            self.errors[name] = _("choose one of those offered")
            return ""
        return given

    def choices(self, name: str, among: Sequence[str]) -> tuple[str, ...]:
        """Those of the words offered that were ticked."""
        given = tuple(dict.fromkeys(self._form.getlist(name)))
        if any(one not in among for one in given):
            self.errors[name] = _("choose among those offered")
        return tuple(one for one in given if one in among)

    def ticked(self, name: str) -> bool:
        """Whether a box was ticked."""
        return bool(self._form.get(name))

    def check(self) -> None:
        """Raises Invalid when something could not be read."""
        if self.errors:
            raise Invalid("some fields need a look", self.errors)
