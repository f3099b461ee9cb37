"""What the facts of the menus are: articles, contacts, offices, jobs, each with its source and dates.

Shipped in menus/content/items/*.yaml, edited by the office in the database. A model here refuses an item
that a phone cannot show or that nobody could check. Called by services/content and services/jobs_abroad.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, timedelta
from typing import Annotated, Any, ClassVar, Literal
from urllib.parse import urlsplit

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, field_validator, model_validator

from sms_service.domain.texts import offenders, septets

LANGUAGES = ("id", "en")  # both must be there; more may be
LONGEST_TERM = timedelta(days=184)  # half a year: then somebody looks again
Mark = Literal["official", "two_sources", "one_source", "general", "old", "advice"]
_DOUBTFUL = ("one_source", "general", "old")
Education = Literal["none", "sd", "smp", "sma", "d3", "s1"]
Experience = Literal["none", "some", "two_years"]
HelpKind = Literal["work", "violence", "crime", "abroad"]


def _showable(texts: dict[str, str]) -> dict[str, str]:
    for language in LANGUAGES:
        if not texts.get(language, "").strip():
            raise ValueError(f"has no words in {language}")
    for language, text in texts.items():
        if wrong := offenders(text):
            raise ValueError(f"{language} is not plain GSM 7-bit text: {' '.join(sorted(wrong))}")
    return texts


def _limited(limit: int) -> AfterValidator:
    def check(texts: dict[str, str]) -> dict[str, str]:
        for language, text in texts.items():
            if septets(text) > limit or "\n" in text:
                raise ValueError(f"{language} takes more than one line of {limit} septets")
        return texts

    return AfterValidator(check)


Local = Annotated[dict[str, str], AfterValidator(_showable)]
Title = Annotated[Local, _limited(24)]
SourceName = Annotated[Local, _limited(32)]
Key = Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9-]{1,47}$")]


class ContentItem(BaseModel):
    """One fact, or one piece of advice (`mark: advice`: states no fact, has no source to name)."""

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)
    kind: ClassVar[str] = ""

    key: Key
    title: Title
    body: Local
    source: str = Field(min_length=5)  # an address, a law with its article, or `advice`
    source_name: SourceName | None = None  # how a person would call it; else the address's host
    source_date: str = Field("", pattern=r"^(\d{4}(-\d{2}(-\d{2})?)?)?$")
    checked_on: date | None = None
    valid_until: date
    mark: Mark
    verified: bool = True  # False: shown with a mark until somebody of the office has checked it
    verified_by: str = ""

    @model_validator(mode="after")
    def _honest(self) -> ContentItem:
        if self.mark in _DOUBTFUL and self.verified and not self.verified_by:
            raise ValueError(f"{self.mark}: set verified to false, or say who verified it")
        if self.mark not in ("advice", "general") and not self.checked_on:
            raise ValueError("checked_on is missing: when did somebody last look at the source?")
        if self.checked_on and self.valid_until > self.checked_on + LONGEST_TERM:
            raise ValueError("valid_until is more than half a year after checked_on")
        return self

    def is_valid(self, today: date) -> bool:
        """True until the end of the day valid_until."""
        return today <= self.valid_until

    def source_in(self, language: str) -> str:
        """The source as a person would call it; nothing for advice."""
        if self.mark == "advice":
            return ""
        if self.source_name:
            return local(self.source_name, language)
        return (urlsplit(self.source).hostname or self.source).removeprefix("www.")


class Article(ContentItem):
    """A text to read, in the list of its topic."""

    kind: ClassVar[str] = "articles"
    topic: str = Field(pattern=r"^[a-z_]{2,24}$")


class Contact(ContentItem):
    """A number to call. `danger`: shown at once to somebody in danger, with its `line`."""

    kind: ClassVar[str] = "contacts"
    numbers: tuple[Annotated[str, Field(pattern=r"^\+?[0-9][0-9 -]{1,20}[0-9]$")], ...] = ()
    line: Title | None = None
    kinds: tuple[HelpKind, ...] = ()
    countries: tuple[str, ...] = ()  # `all`: serves every country
    danger: bool = False

    @model_validator(mode="after")
    def _reachable(self) -> Contact:
        if self.danger and not (self.numbers and self.line):
            raise ValueError("danger needs a number and a line")
        if not (self.kinds or self.countries):
            raise ValueError("stands in no list: give kinds or countries")
        return self


class Office(ContentItem):
    """A place to go to. `own`: the office that runs this service; its address is a setting."""

    kind: ClassVar[str] = "offices"
    districts: tuple[Annotated[str, Field(pattern=r"^(all|53\.\d\d)$")], ...] = Field(min_length=1)
    own: bool = False


class Job(ContentItem):
    """A kind of work in a country, and what it asks for. Empty language or skills: not asked."""

    kind: ClassVar[str] = "jobs"
    title: Annotated[Local, _limited(30)]
    field: str = Field(pattern=r"^[a-z]{2,16}$")
    country: str = Field(pattern=r"^[a-z]{2,8}$")
    min_age: int = Field(18, ge=18, le=70)  # no law lets anybody younger go
    max_age: int | None = Field(None, ge=18, le=99)
    education: Education = "none"
    language: tuple[str, ...] = ()
    skills: tuple[str, ...] = ()
    experience: Experience = "none"
    sex: Literal["", "woman", "man"] = ""
    closed: bool = False  # said to take nobody now
    wage: Local | None = None
    wage_verified: bool = True
    call: Local | None = None

    @field_validator("max_age")
    @classmethod
    def _some_age_is_left(cls, value: int | None, info: Any) -> int | None:
        if value is not None and value < info.data.get("min_age", 18):
            raise ValueError("is below min_age")
        return value


KINDS: Mapping[str, type[ContentItem]] = {model.kind: model for model in (Article, Contact, Office, Job)}


def local(texts: Mapping[str, str], language: str) -> str:
    """Return the text in `language`, or in Indonesian where that is missing."""
    return texts.get(language) or texts["id"]
