"""Which work abroad fits a person, and what is still missing. A few plain rules, no hidden score.

Every job stays on the list: a person sees what to learn, never a closed door without a reason. Jobs with
less missing come first; what can be learnt weighs less than what cannot be changed (see `_WEIGHT`).
A job that is said to take nobody comes after all that may.
Called by services/jobs_abroad.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

from sms_service.domain.items import Job

EDUCATION = ("none", "sd", "smp", "sma", "d3", "s1")
EXPERIENCE = ("none", "some", "two_years")
What = Literal["too_old", "too_young", "education", "language", "skill", "experience"]

# How far away a missing thing is, in plain steps: a course, some years, a school, never.
_WEIGHT: dict[What, int] = {
    "language": 1,
    "skill": 1,
    "experience": 2,
    "too_young": 2,
    "education": 3,
    "too_old": 20,
}


@dataclass(frozen=True, slots=True)
class Person:
    """The answers of the quiz. `language` and `skill` are the best one, `none` for none."""

    age: int
    education: str = "none"
    language: str = "none"
    skill: str = "none"
    experience: str = "none"


@dataclass(frozen=True, slots=True)
class Gap:
    """Something that is missing: what, and what the job asks for (codes; several: one is enough)."""

    what: What
    needed: tuple[str, ...]
    steps: int = 1  # education: how many schools away


@dataclass(frozen=True, slots=True)
class Fit:
    """How one job fits: what is missing, what is met, and conditions that the quiz does not ask about."""

    job: Job
    missing: tuple[Gap, ...]
    met: tuple[str, ...]
    conditions: tuple[str, ...] = ()

    @property
    def distance(self) -> int:
        """0: nothing is missing. Grows with each gap; see `_WEIGHT`."""
        return sum(_WEIGHT[gap.what] * gap.steps for gap in self.missing)


def fit(person: Person, job: Job) -> Fit:
    """Compare one person with one job."""
    gaps = [*_age(person, job), *_school(person, job), *_learnt(person, job)]
    missing = {gap.what for gap in gaps}
    met = []
    if not missing & {"too_old", "too_young"}:
        met.append("age")
    if job.education != "none" and "education" not in missing:
        met.append("education")
    if job.language and "language" not in missing:
        met.append("language")
    if job.skills and "skill" not in missing:
        met.append("skill")
    if job.experience != "none" and "experience" not in missing:
        met.append("experience")
    return Fit(job, tuple(gaps), tuple(met), tuple(filter(None, (job.sex, "closed" if job.closed else ""))))


def rank(person: Person, jobs: Iterable[Job]) -> tuple[Fit, ...]:
    """Return every job with its fit: nearest first, closed ones last, equals in the order given."""
    return tuple(sorted((fit(person, job) for job in jobs), key=lambda one: (one.job.closed, one.distance)))


def _age(person: Person, job: Job) -> list[Gap]:
    if person.age < job.min_age:
        return [Gap("too_young", (str(job.min_age),))]
    if job.max_age is not None and person.age > job.max_age:
        return [Gap("too_old", (str(job.max_age),))]
    return []


def _school(person: Person, job: Job) -> list[Gap]:
    steps = EDUCATION.index(job.education) - _level(EDUCATION, person.education)
    return [Gap("education", (job.education,), steps)] if steps > 0 else []


def _learnt(person: Person, job: Job) -> list[Gap]:
    gaps = []
    if job.language and person.language not in job.language:
        gaps.append(Gap("language", job.language))
    has_skill = not job.skills or person.skill in job.skills
    if not has_skill:
        gaps.append(Gap("skill", job.skills))
    # Years in another trade do not count for this one.
    level = _level(EXPERIENCE, person.experience) if has_skill else 0
    if level < EXPERIENCE.index(job.experience):
        gaps.append(Gap("experience", (job.experience,)))
    return gaps


def _level(scale: tuple[str, ...], answer: str) -> int:
    """An answer that the scale does not know (an old place in a call) counts as none."""
    return scale.index(answer) if answer in scale else 0
