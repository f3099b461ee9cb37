"""What fits a person: every job stays on the list, and every gap is named."""

from __future__ import annotations

from datetime import date
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from sms_service.domain.fit import EDUCATION, EXPERIENCE, Person, fit, rank
from sms_service.domain.items import Job

LANGUAGES = ("none", "basic_english", "german_b1", "jlpt_n4", "korean")
SKILLS = ("none", "household", "care", "nursing", "farm", "factory", "spa")
WORDS = {"id": "kata", "en": "words"}


def job(**given: Any) -> Job:
    """A job that asks for nothing, but for what is given."""
    base = {
        "key": "some-job",
        "title": WORDS,
        "body": WORDS,
        "source": "https://example.org",
        "checked_on": date(2026, 11, 21),
        "valid_until": date(2027, 2, 28),
        "mark": "official",
        "field": "care",
        "country": "de",
    }
    return Job.model_validate({**base, **given})


NURSE = {"min_age": 18, "max_age": 38, "education": "d3", "language": ("german_b1",), "skills": ("nursing",)}

people = st.builds(
    Person,
    age=st.integers(15, 70),
    education=st.sampled_from(EDUCATION),
    language=st.sampled_from(LANGUAGES),
    skill=st.sampled_from(SKILLS),
    experience=st.sampled_from(EXPERIENCE),
)
jobs = st.builds(
    lambda low, span, education, language, skills, experience, closed: job(
        min_age=low,
        max_age=None if span is None else low + span,
        education=education,
        language=language,
        skills=skills,
        experience=experience,
        closed=closed,
    ),
    st.integers(18, 40),
    st.none() | st.integers(0, 40),
    st.sampled_from(EDUCATION),
    st.lists(st.sampled_from(LANGUAGES[1:]), max_size=2, unique=True).map(tuple),
    st.lists(st.sampled_from(SKILLS[1:]), max_size=2, unique=True).map(tuple),
    st.sampled_from(EXPERIENCE),
    st.booleans(),
)


def missing(person: Person, wanted: Job) -> list[str]:
    return [gap.what for gap in fit(person, wanted).missing]


def test_a_nurse_with_everything_misses_nothing() -> None:
    person = Person(30, "d3", "german_b1", "nursing", "none")
    assert missing(person, job(**NURSE)) == []
    assert fit(person, job(**NURSE)).met == ("age", "education", "language", "skill")


def test_each_missing_thing_is_named_with_what_is_needed() -> None:
    found = fit(Person(45, "sma"), job(**NURSE, experience="two_years"))
    assert [(gap.what, gap.needed) for gap in found.missing] == [
        ("too_old", ("38",)),
        ("education", ("d3",)),
        ("language", ("german_b1",)),
        ("skill", ("nursing",)),
        ("experience", ("two_years",)),
    ]


def test_the_ages_of_the_limits_themselves_are_fine() -> None:
    wanted = job(min_age=23, max_age=40)
    assert [missing(Person(age), wanted) for age in (22, 23, 40, 41)] == [["too_young"], [], [], ["too_old"]]


def test_more_schooling_than_asked_is_no_gap() -> None:
    assert missing(Person(25, "s1"), job(education="smp")) == []


def test_one_of_several_skills_is_enough() -> None:
    assert missing(Person(25, skill="care"), job(skills=("nursing", "care"))) == []


def test_years_in_another_trade_do_not_count() -> None:
    person = Person(25, skill="farm", experience="two_years")
    assert missing(person, job(skills=("nursing",), experience="two_years")) == ["skill", "experience"]


def test_an_answer_that_no_scale_knows_counts_as_none() -> None:
    assert missing(Person(25, education="", experience="ages"), job(education="sd", experience="some")) == [
        "education",
        "experience",
    ]


def test_what_can_be_learnt_ranks_before_what_cannot_be_changed() -> None:
    learn = job(key="learn", language=("korean",))
    old = job(key="old", max_age=30)
    ready = job(key="ready")
    ranked = rank(Person(35), [old, learn, ready])
    assert [one.job.key for one in ranked] == ["ready", "learn", "old"]


def test_equals_keep_the_order_of_the_file() -> None:
    ranked = rank(Person(25), [job(key="first"), job(key="second"), job(key="third")])
    assert [one.job.key for one in ranked] == ["first", "second", "third"]


def test_a_job_that_is_said_to_be_closed_comes_last_and_says_so() -> None:
    ranked = rank(
        Person(25), [job(key="shut", closed=True), job(key="far", language=("korean",), education="s1")]
    )
    assert [one.job.key for one in ranked] == ["far", "shut"]
    assert ranked[1].conditions == ("closed",)


def test_a_condition_that_is_not_asked_is_told_not_counted() -> None:
    found = fit(Person(25), job(sex="woman"))
    assert (found.conditions, found.missing) == (("woman",), ())


@given(people, st.lists(jobs, max_size=12))
def test_no_job_disappears_and_none_comes_twice(person: Person, offered: list[Job]) -> None:
    ranked = rank(person, offered)
    assert sorted(id(one.job) for one in ranked) == sorted(id(one) for one in offered)


@given(people, st.lists(jobs, max_size=12))
def test_the_nearest_come_first_and_the_same_answers_give_the_same_list(
    person: Person, offered: list[Job]
) -> None:
    ranked = rank(person, offered)
    order = [(one.job.closed, one.distance) for one in ranked]
    assert order == sorted(order)
    assert ranked == rank(person, offered)


@given(people, jobs)
def test_nothing_is_both_met_and_missing(person: Person, wanted: Job) -> None:
    found = fit(person, wanted)
    gaps = {gap.what for gap in found.missing}
    assert not gaps & set(found.met)
    assert ("age" in found.met) is not bool(gaps & {"too_old", "too_young"})
    assert len(gaps) == len(found.missing)


@given(people, jobs)
def test_filling_every_gap_leaves_none(person: Person, wanted: Job) -> None:
    able = Person(
        age=wanted.min_age,
        education=wanted.education,
        language=wanted.language[0] if wanted.language else person.language,
        skill=wanted.skills[0] if wanted.skills else person.skill,
        experience=wanted.experience,
    )
    assert fit(able, wanted).missing == ()


@given(people, jobs, st.integers(0, 5))
def test_more_school_never_takes_a_person_further_away(person: Person, wanted: Job, extra: int) -> None:
    level = min(EDUCATION.index(person.education) + extra, len(EDUCATION) - 1)
    more = Person(person.age, EDUCATION[level], person.language, person.skill, person.experience)
    assert fit(more, wanted).distance <= fit(person, wanted).distance
