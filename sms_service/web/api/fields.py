"""The kinds of field that bodies, queries and answers are made of: strict, bounded, printable."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime
from typing import Annotated, Any

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, WithJsonSchema

from sms_service.domain import districts

# RFC 3339: a full date and time, and an offset. Without one it would be somebody's local time, unsaid.
_RFC3339 = re.compile(r"\d{4}-\d{2}-\d{2}[Tt ]\d{2}:\d{2}:\d{2}(\.\d{1,9})?([Zz]|[+-]\d{2}:\d{2})", re.ASCII)
_YEARS = range(2000, 2101)


class Body(BaseModel):
    """What is sent: unknown fields are refused, and nothing is converted behind the sender's back."""

    model_config = ConfigDict(extra="forbid", strict=True, hide_input_in_errors=True)


class Query(BaseModel):
    """What stands behind the question mark; all values come as text, so numbers are read from it."""

    model_config = ConfigDict(extra="forbid", hide_input_in_errors=True)


class ListQuery(Query):
    """The query of every list."""

    limit: int = Field(50, ge=1, le=100)
    cursor: str | None = Field(None, max_length=500)


class Answered(BaseModel):
    """What is answered."""

    model_config = ConfigDict(extra="forbid")


def _time(value: Any) -> datetime:
    if not isinstance(value, str) or not _RFC3339.fullmatch(value):
        raise ValueError("write it as RFC 3339 with seconds and offset: 2026-12-05T09:00:00+08:00")
    try:
        at = datetime.fromisoformat(re.sub(r"\.\d+", "", value.upper()))
    except ValueError:
        raise ValueError("is not a date and time that exists") from None
    if at.year not in _YEARS:
        raise ValueError("is not a year that makes sense here")
    return at.astimezone(UTC)


def _day(value: Any) -> date:
    try:
        day = date.fromisoformat(value) if isinstance(value, str) and len(value) == 10 else None
    except ValueError:
        day = None
    if day is None or not 2000 <= day.year <= 2100:
        raise ValueError("write it as 2026-12-05")
    return day


def _plain(value: Any) -> Any:
    """Trim, and take the odd spaces of word processors for spaces, before lengths are looked at."""
    return value.replace("\u00a0", " ").replace("\u202f", " ").strip() if isinstance(value, str) else value


def _words(value: str) -> str:
    if not value.isprintable():
        raise ValueError("holds control characters or signs that cannot be kept")
    return value


def _district(value: str) -> str:
    found = districts.find(value) if value.strip() else ()
    if len(found) == 1:
        return found[0].code
    if found:
        return _ask(found)
    raise ValueError("is not a district of NTT: give its Kemendagri code (53.04) or its name")


def _ask(found: tuple[districts.District, ...]) -> str:
    meant = ", ".join(f"{district.code} {district.name}" for district in found[:4])
    raise ValueError(f"may mean several districts ({meant}): give the code")


Time = Annotated[datetime, BeforeValidator(_time), WithJsonSchema({"type": "string", "format": "date-time"})]
Day = Annotated[date, BeforeValidator(_day), WithJsonSchema({"type": "string", "format": "date"})]
Words = Annotated[str, BeforeValidator(_plain), AfterValidator(_words)]
DistrictCode = Annotated[
    str,
    Field(max_length=60, description="Kemendagri code (53.04) or name of a district", examples=["53.04"]),
    AfterValidator(_district),
]
