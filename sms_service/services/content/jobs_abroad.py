"""Work abroad by the official way, as the menus show it: by field, by country, and what fits a person.

Takes a Reader (pages.py) and the values gathered in the dialogue; jobs past their date are never
shown. Which job fits is decided by domain/fit.py; here it gets its words.
"""

from __future__ import annotations

from collections.abc import Mapping

from menus.model import Item
from sms_service.domain.fit import Fit, Gap, Person, fit, rank
from sms_service.domain.items import Job, local
from sms_service.services.content.pages import Reader

_Values = Mapping[str, str]
_OF_AGE = 18  # UU 18/2017 art. 5
_CONDITION = {"woman": "job.woman", "man": "job.man", "closed": "fit.closed"}


def job_fields(reader: Reader, values: _Values) -> tuple[Item, ...]:
    """The fields that have jobs, in file order."""
    codes = dict.fromkeys(job.field for job in reader.library.jobs(reader.today))
    return tuple(Item(code, reader.field(code)) for code in codes)


def job_countries(reader: Reader, values: _Values) -> tuple[Item, ...]:
    """The countries that have jobs, in file order."""
    codes = dict.fromkeys(job.country for job in reader.library.jobs(reader.today))
    return tuple(Item(code, reader.country(code)) for code in codes)


def jobs_in_field(reader: Reader, values: _Values) -> tuple[Item, ...]:
    """The jobs of `field`."""
    return _listed(reader, [job for job in _jobs(reader) if job.field == values.get("field")])


def jobs_in_country(reader: Reader, values: _Values) -> tuple[Item, ...]:
    """The jobs in `country`."""
    return _listed(reader, [job for job in _jobs(reader) if job.country == values.get("country")])


def job_details(reader: Reader, values: _Values) -> _Values:
    """Everything known of `job`: what it asks, wage where sourced, the last call, the source."""
    job = reader.library.find_job(values.get("job", ""), reader.today)
    if job is None:
        return {"job_text": reader.say("job.gone", agency=reader.settings.agency_name)}
    lines = [reader.marks(job) + " ".join(_needs(reader, job)), reader.text(job.body)]
    if job.wage:
        mark = "" if job.wage_verified else f"{reader.say('content.unverified')} "
        lines.append(reader.say("job.wage", wage=mark + reader.text(job.wage)))
    call = f"{reader.text(job.call)} " if job.call else ""
    lines.append(call + reader.say("job.ask_open", agency=reader.settings.agency_name))
    return {
        "job_title": local(job.title, reader.language),
        "job_text": "\n".join(lines) + reader.footer(job),
    }


def fit_jobs(reader: Reader, values: _Values) -> str:
    """`young` under 18, else `found`; `none` when no job is valid."""
    if not reader.library.jobs(reader.today):
        return "none"
    return "young" if person(values).age < _OF_AGE else "found"


def fitting_jobs(reader: Reader, values: _Values) -> tuple[Item, ...]:
    """Every job, best fit first; the label says how much is missing."""
    ranked = rank(person(values), reader.library.jobs(reader.today))
    return tuple(
        Item(one.job.key, f"{local(one.job.title, reader.language)}: {_short(reader, one)}") for one in ranked
    )


def job_fit(reader: Reader, values: _Values) -> _Values:
    """What is met, what is missing, and what the quiz did not ask, for `job`."""
    job = reader.library.find_job(values.get("job", ""), reader.today)
    if job is None:
        return {"job_fit_text": reader.say("job.gone", agency=reader.settings.agency_name)}
    result = fit(person(values), job)
    lines = []
    if result.missing:
        lines.append(reader.say("fit.missing", list=", ".join(_gap(reader, gap) for gap in result.missing)))
    else:
        lines.append(reader.say("fit.nothing_missing"))
    if result.met:
        lines.append(reader.say("fit.met", list=", ".join(reader.say(f"fit.{what}") for what in result.met)))
    lines += [reader.say(_CONDITION[condition]) for condition in result.conditions]
    lines.append(reader.say("fit.ask", agency=reader.settings.agency_name))
    text = reader.marks(job) + "\n".join(lines)
    return {"job_title": local(job.title, reader.language), "job_fit_text": text}


def person(values: _Values) -> Person:
    """The answers of the quiz. A missing age counts as of age: the list is then about the rest."""
    age = values.get("age", "")
    return Person(
        age=int(age) if age.isdecimal() else _OF_AGE,
        education=values.get("education", "none"),
        language=values.get("tongue", "none"),
        skill=values.get("skill", "none"),
        experience=values.get("experience", "none"),
    )


def _jobs(reader: Reader) -> tuple[Job, ...]:
    return reader.library.jobs(reader.today)


def _listed(reader: Reader, jobs: list[Job]) -> tuple[Item, ...]:
    return tuple(Item(job.key, local(job.title, reader.language)) for job in jobs)


def _needs(reader: Reader, job: Job) -> list[str]:
    """Short sentences: age, school, language, experience, sex."""
    low, high = str(job.min_age), str(job.max_age or "")
    needs = [reader.say("job.age_range", low=low, high=high) if high else reader.say("job.age_from", low=low)]
    if job.education != "none":
        needs.append(reader.say("job.education", level=reader.say(f"education.{job.education}")))
    if job.language:
        needs.append(reader.say("job.language", list=_either(reader, "tongue", job.language)))
    if job.skills:
        needs.append(reader.say("job.skill", list=_either(reader, "skill", job.skills)))
    if job.experience != "none":
        needs.append(reader.say("job.experience", level=reader.say(f"experience.{job.experience}")))
    if job.sex:
        needs.append(reader.say(f"job.{job.sex}"))
    return needs


def _short(reader: Reader, one: Fit) -> str:
    if one.job.closed:
        return reader.say("fit.label_closed")
    if any(gap.what == "too_old" for gap in one.missing):
        return reader.say("fit.label_too_old")
    if one.missing:
        return reader.say("fit.label_missing", count=str(len(one.missing)))
    return reader.say("fit.label_fits")


def _gap(reader: Reader, gap: Gap) -> str:
    if gap.what in ("too_old", "too_young"):
        return reader.say(f"fit.{gap.what}", age=gap.needed[0])
    group = {"language": "tongue"}.get(gap.what, gap.what)
    return reader.say(f"fit.need_{gap.what}", list=_either(reader, group, gap.needed))


def _either(reader: Reader, group: str, codes: tuple[str, ...]) -> str:
    """The words of several codes, one of which is enough."""
    return f" {reader.say('content.or')} ".join(reader.say(f"{group}.{code}") for code in codes)
