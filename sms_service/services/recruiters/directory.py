"""Is this recruiter in the official list? Look-ups in memory, what may be said about a company, and the
count of names that nobody finds.

The list is a read model (`new_read_model`), kept by every process that answers callers: a look-up needs no
database. What is said is the list's own statement with its date, never "legal" or "illegal", and never
that an offer is safe. Called by the menus' actions, SMS replies, the API and the terminal.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from types import MappingProxyType
from typing import Literal, cast

from sqlalchemy import Table, func, select
from sqlalchemy.dialects import postgresql, sqlite

from sms_service.domain import company_names
from sms_service.domain.matching import Entry, Field, Index, Verdict
from sms_service.errors import NotFound
from sms_service.metrics import LOOKUPS
from sms_service.services.read_models import ReadModel
from sms_service.services.recruiters.list_import import READ_MODEL, find_current_list
from sms_service.store.engine import Tx
from sms_service.store.models import Recruiter, RecruiterMiss

NOT_LISTED = "not_listed"  # status of a company that left the list and bears a warning of the office
MOST_SPELLINGS = 2_000  # of what was not found: folded together in Python
MOST_CANDIDATES = 9
_FEWEST_LETTERS = 3
_MANY_DIGITS = 6  # so many digits may be somebody's number: never kept as such
_LONGEST_MISS = 80
_MISSES = cast(Table, RecruiterMiss.__table__)


def _count_miss(is_postgres: bool) -> postgresql.Insert | sqlite.Insert:
    insert = (postgresql.insert if is_postgres else sqlite.insert)(_MISSES)
    counted = {"count": _MISSES.c.count + 1, "last_at": insert.excluded.last_at}
    return insert.on_conflict_do_update(index_elements=["day", "normalised"], set_=counted)


_COUNT_MISS = {is_postgres: _count_miss(is_postgres) for is_postgres in (True, False)}


@dataclass(frozen=True, slots=True)
class Details:
    """One company as the list has it. `phone` is its public number, in E.164 form, or empty."""

    id: int
    name: str
    license_number: str
    status: str  # active | suspended | revoked | expired | not_listed
    valid_until: date | None
    address: str
    phone: str
    branch_in_ntt: bool
    warning: str  # the office's own words, or empty


@dataclass(frozen=True)
class Directory:
    """The list in force, ready for look-ups. `as_of` is None while no list was ever imported."""

    as_of: date | None = None
    is_demo: bool = False
    companies: Mapping[int, Details] = field(default_factory=lambda: MappingProxyType({}))
    index: Index = field(default_factory=lambda: Index(()))

    def details(self, recruiter_id: int) -> Details:
        """Return one company. Raises NotFound: the list may have changed since the caller chose it."""
        try:
            return self.companies[recruiter_id]
        except KeyError:
            raise NotFound("this company is not in the list any more") from None


NO_DIRECTORY = Directory()


@dataclass(frozen=True, slots=True)
class Candidate:
    """A company that may be meant. `exact`: the very same name, licence number or phone number was typed."""

    id: int
    name: str
    label: str  # the name; where several companies bear it, with the licence number before it
    license_number: str
    score: float
    field: Field
    exact: bool


@dataclass(frozen=True, slots=True)
class LookUp:
    """The answer to one look-up, best candidate first.

    Only `exact` (one company, exactly as typed) may be answered at once. `likely` and `several` are shown
    by name for the caller to choose. `none` is a miss. `no_list`: nothing was ever imported.
    """

    verdict: Verdict | Literal["no_list"]
    found: tuple[Candidate, ...]
    as_of: date | None
    is_demo: bool

    @property
    def is_sure(self) -> bool:
        """True when one company may be shown without asking which."""
        return self.verdict == "exact"


def new_read_model() -> ReadModel[Directory]:
    """The list in memory, for the ReadModels of a process."""
    return ReadModel(READ_MODEL, load_directory, NO_DIRECTORY)


def load_directory(tx: Tx) -> Directory:
    """Build the directory from the database: all listed companies, and those that left it with a warning."""
    current = find_current_list(tx)
    if current is None:
        return NO_DIRECTORY
    rows = tx.execute(
        select(*Recruiter.__table__.columns)
        .where(Recruiter.is_listed | (Recruiter.office_warning != ""))
        .order_by(Recruiter.name, Recruiter.id)
    )
    companies = {
        row.id: Details(
            id=row.id,
            name=row.name,
            license_number=row.license_number,
            status=row.status if row.is_listed else NOT_LISTED,
            valid_until=row.valid_until,
            address=row.address,
            phone=row.phone,
            branch_in_ntt=row.branch_in_ntt,
            warning=row.office_warning,
        )
        for row in rows
    }
    entries = (Entry(each.id, each.name, each.license_number, each.phone) for each in companies.values())
    return Directory(current.as_of, current.is_demo, MappingProxyType(companies), Index(entries))


def look_up(directory: Directory, text: str, limit: int = MOST_CANDIDATES) -> LookUp:
    """Find companies by name, licence or phone number, badly spelt. Never raises, needs no database."""
    if directory.as_of is None:
        LOOKUPS.labels("no_list").inc()
        return LookUp("no_list", (), None, False)
    result = directory.index.query(text, limit)
    LOOKUPS.labels(result.verdict).inc()
    companies = [directory.companies[match.key] for match in result.matches]
    names = Counter(company.name for company in companies)
    found = (
        Candidate(
            id=company.id,
            name=company.name,
            # Before it: a label is cut at its end, and then nobody could tell them apart.
            label=f"{company.license_number} {company.name}" if names[company.name] > 1 else company.name,
            license_number=company.license_number,
            score=match.score,
            field=match.field,
            exact=match.exact,
        )
        for company, match in zip(companies, result.matches, strict=True)
    )
    return LookUp(result.verdict, tuple(found), directory.as_of, directory.is_demo)


@dataclass(frozen=True, slots=True)
class CheckAnswer:
    """What may be said about one company: values, and keys of the words (common words of the menus)."""

    name: str
    license_number: str
    as_of: date
    is_demo: bool
    status: str  # key of words, at most 40 septets
    valid_until: date | None
    expiry: str  # key of words: valid | past | unknown
    branch: str  # key of words, at most 30 septets
    advice: str  # key of words: what an active licence does not prove, or whom to ask before paying
    warning: str  # the office's own words, or empty


def check_answer(details: Details, as_of: date, is_demo: bool, today: date) -> CheckAnswer:
    """Say what the list of `as_of` states about a company. `today` is the office's date."""
    until = details.valid_until
    expiry = "unknown" if until is None else "past" if until < today else "valid"
    is_sound = details.status == "active" and expiry != "past"
    return CheckAnswer(
        name=details.name,
        license_number=details.license_number,
        as_of=as_of,
        is_demo=is_demo,
        status=f"recruiter.status.{details.status}",
        valid_until=until,
        expiry=f"recruiter.expiry.{expiry}",
        branch="recruiter.branch.yes" if details.branch_in_ntt else "recruiter.branch.no",
        advice="recruiter.advice.no_proof" if is_sound else "recruiter.advice.ask_first",
        warning=details.warning,
    )


@dataclass(frozen=True, slots=True)
class Miss:
    """A name, or the hash of a number, that was asked and not found. `is_number`: nobody can read it."""

    asked: str
    is_number: bool
    count: int
    last_at: datetime
    first_on: date  # the first day of the period on which it was asked


def record_miss(tx: Tx, text: str, today: date, now: datetime) -> None:
    """Count what was asked and not found, by the office's day. Of a number only its keyed hash is kept;
    a text without three letters or a number is not counted."""
    for key in _miss_keys(tx, text):
        tx.execute(_COUNT_MISS[tx.is_postgres], {"day": today, "normalised": key, "count": 1, "last_at": now})


def asked_parts(text: str) -> dict[str, str]:
    """What `record_miss` counts of a text, each by itself, under one key for the ways in which one person may
    write the same again: a name with another number behind it is still that name."""
    return {company_names.fold(part.replace(" ", "")): part for part, _ in _parts(text)}


def list_misses(tx: Tx, since: date, limit: int = 50) -> list[Miss]:
    """What was asked most often and not found since a day, spellings of one name put together: those of the
    MOST_SPELLINGS that were asked most."""
    times = func.sum(RecruiterMiss.count)
    rows = tx.execute(
        select(
            RecruiterMiss.normalised,
            times.label("times"),
            func.max(RecruiterMiss.last_at).label("last_at"),
            func.min(RecruiterMiss.day).label("first_on"),
        )
        .where(RecruiterMiss.day >= since)
        .group_by(RecruiterMiss.normalised)
        .order_by(times.desc(), RecruiterMiss.normalised)
        .limit(MOST_SPELLINGS)
    )
    merged: dict[str, list[tuple[str, int, datetime, date]]] = {}
    for asked, times_asked, last_at, first_on in rows:
        spelling = (asked, int(times_asked), last_at, first_on)
        merged.setdefault(company_names.fold(asked.replace(" ", "")), []).append(spelling)
    most = sorted(merged.values(), key=lambda spellings: -sum(one[1] for one in spellings))[:limit]
    return [_miss(spellings) for spellings in most]


def _miss(spellings: Sequence[tuple[str, int, datetime, date]]) -> Miss:
    """Spellings of one name, put together; the one that most people used comes first, and stays."""
    asked, counts, last, first = zip(*spellings, strict=True)
    return Miss(asked[0], asked[0].startswith("#"), sum(counts), max(last), min(first))


def list_recruiters(tx: Tx, after_id: int = 0, limit: int = 50) -> list[Recruiter]:
    """Companies of the list in force by id, after `after_id`."""
    query = select(Recruiter).where(Recruiter.is_listed, Recruiter.id > after_id)
    return list(tx.scalars(query.order_by(Recruiter.id).limit(limit)))


def _miss_keys(tx: Tx, text: str) -> Iterable[str]:
    """The name in a text, and "#" with the hash of each number in it: nobody's number stays readable."""
    for part, is_number in _parts(text):
        yield f"#{tx.vault.number_hash(part)}" if is_number else part


def _parts(text: str) -> Iterable[tuple[str, bool]]:
    """The numbers in a text, and the name; each with whether it is a number."""
    rest, number = company_names.split_phone(text)
    while number is not None:
        yield number, True
        rest, number = company_names.split_phone(rest)
    digits = "".join(re.findall(r"\d", rest))
    if len(digits) >= _MANY_DIGITS:
        yield digits, True
        rest = re.sub(r"\d", " ", rest)
    name = " ".join(company_names.read_question(rest).words)[:_LONGEST_MISS].strip()
    if sum(character.isalpha() for character in name) >= _FEWEST_LETTERS:
        yield name, False
