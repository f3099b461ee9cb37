"""What a new official list changes: its rows beside the companies that are stored. Reads nothing, writes
nothing. Called by list_import.py.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Literal, TypeVar

from sms_service.domain.company_names import read_name
from sms_service.domain.recruiter_rows import Reading, Row, licence_identity
from sms_service.store.models import Recruiter

T = TypeVar("T")
Change = Literal["added", "changed", "removed"]


@dataclass(frozen=True, slots=True)
class Difference:
    """What the new list changes on one company. `before` and `after` hold the list's columns as text."""

    change: Change
    before: dict[str, str] | None
    after: dict[str, str] | None

    @property
    def name(self) -> str:
        """The company's name, as the newer of the two lists has it."""
        return (self.after or self.before or {}).get("name", "")

    @property
    def license_number(self) -> str:
        """The licence number, as the newer of the two lists has it."""
        return (self.after or self.before or {}).get("license_number", "")

    @property
    def fields(self) -> tuple[str, ...]:
        """The columns that differ, for a changed company."""
        before, after = self.before or {}, self.after or {}
        return tuple(column for column in after if before.get(column) != after[column])


@dataclass
class Comparison:
    """The rows of a file beside the rows of the database."""

    differences: list[Difference] = field(default_factory=list)
    new: list[Row] = field(default_factory=list)
    updated: list[tuple[Recruiter, Row]] = field(default_factory=list)
    gone: list[Recruiter] = field(default_factory=list)
    unchanged: int = 0
    kept: int = 0  # left as they are: their row could not be read

    @property
    def listed(self) -> int:
        """How many companies the list in force holds."""
        changed = sum(difference.change == "changed" for difference in self.differences)
        return self.unchanged + self.kept + changed + len(self.gone)


def compare(reading: Reading, stored: list[Recruiter], is_other_list: bool = False) -> Comparison:
    """Put rows and stored companies side by side. `is_other_list`: no stored company is any of these
    (a real list over the demo's): all of them go, warnings included."""
    comparison = Comparison()
    same = {} if is_other_list else _pair(reading.rows, stored)
    for row in reading.rows:
        _put_beside(comparison, row, same.get(row.number))
    paired = {recruiter.id for recruiter in same.values()}
    for recruiter in stored:
        if not recruiter.is_listed or recruiter.id in paired:
            continue
        if not is_other_list and reading.is_doubtful(recruiter.name, recruiter.license_number):
            comparison.kept += 1
        else:
            comparison.gone.append(recruiter)
            comparison.differences.append(Difference("removed", _values(recruiter), None))
    return comparison


def _put_beside(comparison: Comparison, row: Row, recruiter: Recruiter | None) -> None:
    after = row.values()
    if recruiter is None:
        comparison.new.append(row)
        comparison.differences.append(Difference("added", None, after))
        return
    before = _values(recruiter)
    if recruiter.is_listed and before == after:
        comparison.unchanged += 1
        return
    comparison.updated.append((recruiter, row))
    if recruiter.is_listed:
        comparison.differences.append(Difference("changed", before, after))
    else:
        comparison.differences.append(Difference("added", None, after))


def _pair(rows: list[Row], stored: list[Recruiter]) -> dict[int, Recruiter]:
    """The stored company of each row, by row number: the same licence number, else the same whole name
    where that is unmistakable on both sides."""
    by_licence = {licence_identity(recruiter.license_number): recruiter for recruiter in stored}
    same = {
        row.number: by_licence[identity]
        for row in rows
        if (identity := licence_identity(row.license_number)) in by_licence
    }
    taken = {recruiter.id for recruiter in same.values()}
    left = _by_unique_name((recruiter.name, recruiter) for recruiter in stored if recruiter.id not in taken)
    for name, row in _by_unique_name((row.name, row) for row in rows if row.number not in same).items():
        if name in left:
            same[row.number] = left[name]
    return same


def _by_unique_name(pairs: Iterable[tuple[str, T]]) -> dict[str, T]:
    found: dict[str, list[T]] = {}
    for name, each in pairs:
        read = read_name(name)
        found.setdefault(f"{read.form} {read.compact}", []).append(each)
    return {name: each[0] for name, each in found.items() if len(each) == 1}


def _values(recruiter: Recruiter) -> dict[str, str]:
    return Row(
        number=0,
        name=recruiter.name,
        license_number=recruiter.license_number,
        status=recruiter.status,
        valid_until=recruiter.valid_until,
        address=recruiter.address,
        phone=recruiter.phone,
        branch_in_ntt=recruiter.branch_in_ntt,
    ).values()
