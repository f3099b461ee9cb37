"""How times, dates, numbers, money and refusals read at the desk: WITA with its zone, in the reader's
language."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import date, datetime, tzinfo
from functools import lru_cache
from typing import Any

from babel.dates import format_date, format_datetime
from babel.numbers import format_decimal
from flask_babel import get_locale
from flask_babel import gettext as _

from sms_service.errors import Said


def when(zone: tzinfo) -> Callable[[datetime | None], str]:
    """A filter: a time at the office, with the zone ("Sab, 21 Nov 2026 09.00 WITA"); "-" for none."""

    def shown(at: datetime | None) -> str:
        if at is None:
            return "-"
        local = at.astimezone(zone)
        clock = "HH.mm" if _language() == "id" else "HH:mm"
        return f"{format_datetime(local, f'EEE, d MMM y {clock}', locale=_language())} {local.tzname()}"

    return shown


def day(on: date | None) -> str:
    """A date ("21 Nov 2026"); "-" for none."""
    return format_date(on, "d MMM y", locale=_language()) if on else "-"


def number(value: float | None) -> str:
    """A number with the language's separators ("1.234,5"); "-" for none."""
    return "-" if value is None else _number(value, _language())


@lru_cache(4096)
def _number(value: float, language: str) -> str:
    return str(format_decimal(value, locale=language))


def rupiah(value: float | None) -> str:
    """An amount in rupiah, without sen."""
    return "-" if value is None else f"Rp {number(round(value))}"


def age(seconds: float) -> str:
    """How long something has waited, in its largest fitting unit, as (count, unit) words."""
    minutes = int(seconds // 60)
    unit = {"id": ("menit", "jam", "hari"), "en": ("min", "h", "days")}[_language()]
    if minutes < 60:
        return f"{minutes} {unit[0]}"
    if minutes < 48 * 60:
        return f"{minutes // 60} {unit[1]}"
    return f"{minutes // 1440} {unit[2]}"


def told(words: str) -> str:
    """Words of a service in the reader's language; what was translated already stays."""
    if isinstance(words, Said):
        values = {
            name: told(value) if isinstance(value, Said) else value for name, value in words.values.items()
        }
        return str(_(words.pattern, **values))
    return str(_(words))


def _language() -> str:
    locale = get_locale()
    return "en" if locale is not None and locale.language == "en" else "id"


FILTERS: Mapping[str, Callable[..., Any]] = {
    "day": day,
    "number": number,
    "rupiah": rupiah,
    "age": age,
    "told": told,
}
