"""What callers are told of several reports: nothing below the threshold, by any way; above it no detail."""

from __future__ import annotations

from datetime import timedelta
from itertools import count

import pytest
from prometheus_client import generate_latest
from sqlalchemy import select, update

from sms_service.gateways.base import UssdRequest
from sms_service.services.dialogues.answering import build_answering
from sms_service.services.dialogues.lists import build_lists
from sms_service.services.reports import cluster_views, reported
from sms_service.services.reports import clusters as report_clusters
from sms_service.services.reports.reported import Reported
from sms_service.store.models import Recruiter, Report
from tests.answering import Answering
from tests.cluster_office import (
    DAY,
    MINUTE,
    NOW,
    RECRUITER,
    THRESHOLD,
    clustered,
    clusters,
    known_callers,
    number,
    officer,
    report,
)
from tests.text_office import talk

SAID = {"id": "Ada beberapa laporan ke kantor.", "en": "Several reports to the office."}
WARNED = {"id": "Kantor memberi PERINGATAN.", "en": "The office WARNS of this."}
UNLISTED = "Wempi Taebenu"
COMPANY = "PT CONTOH RAHASIA SENTOSA"
_sessions = count()


def by_ussd(answering: Answering, typed: str, language: str = "id") -> str:
    """All that the check says about what is typed, up to the third screen."""
    keys = ["8"] if language == "en" else []
    screens = []
    for more in ((), ("9",), ("9", "9")):
        text = "*".join([*keys, "1", typed, *more])
        request = UssdRequest("console", f"session-{next(_sessions)}", number(77), "*123*62#", text)
        screens.append(answering.conversations.answer(request)[0])
    return "\n".join(screens)


def by_sms(answering: Answering, typed: str) -> str:
    desk = build_answering(answering.runtime)
    desk.lists.models.refresh()
    at = NOW + next(_sessions) * MINUTE  # the same text at the same time is one text
    return talk(answering.store, desk.sms, f"CEK {typed}", now=at) or ""


def model(answering: Answering) -> Reported:
    with answering.store.read() as tx:
        return reported.load(tx, THRESHOLD)


def told(answering: Answering, typed: str) -> str:
    """Everything that a caller reads, by every way and in both languages."""
    answering.lists.models.refresh()
    screens = [by_ussd(answering, typed), by_ussd(answering, typed, "en"), by_sms(answering, typed)]
    return "\n".join(screens)


def says_something(text: str) -> bool:
    return any(words in text for words in (*SAID.values(), *WARNED.values(), "laporan ke kantor"))


@pytest.fixture
def listed(answering: Answering) -> Recruiter:
    """A company of the demo list, sound and of a name of its own."""
    with answering.store.read() as tx:
        rows = list(tx.scalars(select(Recruiter).where(Recruiter.status == "active")))
    names = [row.name for row in rows]
    return next(row for row in rows if names.count(row.name) == 1 and row.phone)


def test_three_callers_about_one_number_are_told_of_by_ussd_and_sms(answering: Answering) -> None:
    known_callers(answering.store, phone=RECRUITER)
    clustered(answering.store, officer(answering.store))
    answering.lists.models.refresh()
    assert SAID["id"] in by_ussd(answering, RECRUITER.replace("+62", "0"))
    assert SAID["en"] in by_ussd(answering, RECRUITER.replace("+62", "0"), "en")
    assert SAID["id"] in by_sms(answering, f"hp {RECRUITER.replace('+62', '0')}")
    assert not says_something(told(answering, number(901)))


@pytest.mark.parametrize("name", [UNLISTED, COMPANY])
def test_a_name_that_is_not_listed_is_told_of(answering: Answering, name: str) -> None:
    known_callers(answering.store, name=name)
    clustered(answering.store, officer(answering.store))
    answering.lists.models.refresh()
    for typed in (name, name.lower(), f"Pak {name}" if name == UNLISTED else name.removeprefix("PT ")):
        assert SAID["id"] in by_ussd(answering, typed), typed
        assert SAID["id"] in by_sms(answering, typed), typed


def test_a_listed_company_is_told_of_beside_what_the_list_states(
    answering: Answering, listed: Recruiter
) -> None:
    known_callers(answering.store, name=listed.name)
    clustered(answering.store, officer(answering.store))
    answering.lists.models.refresh()
    screens = by_ussd(answering, listed.name)
    assert SAID["id"] in screens
    assert "AKTIF" in screens
    assert SAID["id"] in by_sms(answering, listed.name)
    assert SAID["id"] in by_ussd(answering, listed.phone)


def test_nothing_is_said_of_details(answering: Answering) -> None:
    known_callers(answering.store, name=UNLISTED, phone=RECRUITER, place="Kabuna", story="uang sirih pinang")
    clustered(answering.store, officer(answering.store))
    text = told(answering, UNLISTED)
    assert says_something(text)
    assert not [detail for detail in ("Kabuna", "sirih", "Belu", RECRUITER[-7:]) if detail in text]


def test_below_the_threshold_nothing_is_said_by_any_way(answering: Answering, listed: Recruiter) -> None:
    store, person = answering.store, officer(answering.store)
    known_callers(store, THRESHOLD - 1, name=UNLISTED, phone=RECRUITER)
    known_callers(store, THRESHOLD - 1, first=5, name=listed.name)
    clustered(store, person)
    assert len(clusters(store)) == 2
    for typed in (UNLISTED, RECRUITER, listed.name, listed.phone):
        assert not says_something(told(answering, typed))
    found = model(answering)
    assert (dict(found.names), dict(found.phones)) == ({}, {})
    figures = generate_latest().decode()
    assert "Taebenu" not in figures
    assert "report_cluster" not in figures


def test_suggested_links_alone_say_nothing(answering: Answering) -> None:
    """Staff have not looked: whatever the service suggests is no cluster."""
    known_callers(answering.store, 10, name=UNLISTED, phone=RECRUITER)
    assert not says_something(told(answering, UNLISTED))
    assert not says_something(told(answering, RECRUITER))


def test_one_caller_ten_times_and_fifty_anonymous_say_nothing(answering: Answering) -> None:
    store, person = answering.store, officer(answering.store)
    for n in range(10):
        report(store, phone=RECRUITER, caller=number(1), at=NOW + n * DAY)
    for n in range(50):
        report(store, name="PT Contoh Jujur", at=NOW + n * MINUTE / 60)
    clustered(store, person)
    assert not says_something(told(answering, RECRUITER))
    assert not says_something(told(answering, "PT Contoh Jujur"))


def test_a_competitor_who_names_an_honest_company_in_a_true_cluster_shows_nothing_of_it(
    answering: Answering, listed: Recruiter
) -> None:
    store = answering.store
    known_callers(store, 4, phone=RECRUITER, name=UNLISTED)
    report(store, caller=number(50), phone=RECRUITER, name=listed.name)
    report(store, phone=RECRUITER, name=listed.name, at=NOW + 20 * DAY)
    cluster = clustered(store, officer(store))
    assert cluster.independent >= 5
    assert says_something(told(answering, RECRUITER))
    assert not says_something(told(answering, listed.name))
    assert not says_something(told(answering, listed.phone))


def test_a_name_that_many_bear_is_never_told_of(answering: Answering) -> None:
    known_callers(answering.store, 5, name="Ibu Maria", phone=RECRUITER)
    clustered(answering.store, officer(answering.store))
    assert not says_something(told(answering, "Maria"))
    assert not says_something(told(answering, "Ibu Maria"))
    assert says_something(told(answering, RECRUITER))


def test_another_legal_form_and_a_similar_name_are_others(answering: Answering) -> None:
    known_callers(answering.store, name="CV Contoh Lintas Batas")
    clustered(answering.store, officer(answering.store))
    assert says_something(told(answering, "CV Contoh Lintas Batas"))
    assert says_something(told(answering, "contoh lintas batas"))
    assert not says_something(told(answering, "PT Contoh Lintas Batas"))
    assert not says_something(told(answering, "CV Contoh Lintas Batam"))


@pytest.mark.parametrize("typed", ["Wempi Taebenu", "wempy taebenoe", "Pak Wempy Taebenu"])
def test_a_name_that_is_heard_is_found_however_it_is_written(answering: Answering, typed: str) -> None:
    for n, name in enumerate(("Wempi Taebenu", "Wempy Taebenu", "Wempi Taebenoe")):
        report(answering.store, caller=number(n), phone=RECRUITER, name=name)
    clustered(answering.store, officer(answering.store))
    assert says_something(told(answering, typed))
    assert not says_something(told(answering, "Wempa Taebenu"))


def test_a_listed_company_never_answers_for_one_that_is_spoken_alike(
    answering: Answering, listed: Recruiter
) -> None:
    """Neither by its name, nor by a slip of it, nor by the other's name while the list holds one like it."""
    other = listed.name.lower().replace("y", "i")
    assert other != listed.name.lower()
    known_callers(answering.store, name=other)
    clustered(answering.store, officer(answering.store))
    for typed in (listed.name, listed.name[:-1], other.replace("i", "ii")):
        assert not says_something(told(answering, typed)), typed
    assert says_something(told(answering, other))


@pytest.mark.parametrize("typed", ["Maria", "Ibu Marya", "Maryia"])
def test_a_name_that_is_spoken_as_many_are_is_never_told_of(answering: Answering, typed: str) -> None:
    names = ["Ibu Marya", "Marya", "Maria", "Marya", "Ibu Maria"]
    for n, name in enumerate(names):
        report(answering.store, caller=number(n), phone=RECRUITER, name=name)
    clustered(answering.store, officer(answering.store))
    assert not says_something(told(answering, typed))


def test_staff_see_a_name_that_callers_are_told_of_by_its_sound(answering: Answering) -> None:
    store = answering.store
    for n, name in enumerate(("Wempi Taebenu", "Wempy Taebenu", "Wempi Taebenoe")):
        report(store, caller=number(n), phone=RECRUITER, name=name)
    cluster = clustered(store, officer(store))
    with store.read() as tx:
        view = cluster_views.look_at(tx, cluster, THRESHOLD)
        assert cluster_views.as_written(tx, view.shown, view.reports) == ["Wempi Taebenu"]


def test_what_is_closed_as_unfounded_dismissed_or_emptied_is_no_longer_said(answering: Answering) -> None:
    store, person = answering.store, officer(answering.store)
    ids = known_callers(store, phone=RECRUITER, name=UNLISTED)
    cluster = clustered(store, person)
    assert says_something(told(answering, RECRUITER))
    later = NOW + 30 * DAY
    with store.transaction() as tx:
        values = {"status": "closed", "outcome": "prank", "updated_at": later}
        tx.execute(update(Report).where(Report.id == ids[0]).values(values))
    with store.transaction() as tx:
        report_clusters.recount_changed(tx, THRESHOLD, later)
    assert not says_something(told(answering, RECRUITER))
    with store.transaction() as tx:
        tx.execute(update(Report).values(status="new", outcome=None, updated_at=later + DAY))
    with store.transaction() as tx:
        report_clusters.recount_changed(tx, THRESHOLD, later + DAY)
    assert says_something(told(answering, RECRUITER))
    with store.transaction() as tx:
        report_clusters.dismiss(tx, cluster.id, person, "nothing in it", later + 2 * DAY)
    assert not says_something(told(answering, RECRUITER))


def test_an_emptied_report_tells_nothing_any_more(answering: Answering) -> None:
    store = answering.store
    known_callers(store, phone=RECRUITER, name=UNLISTED)
    clustered(store, officer(store))
    later = NOW + 400 * DAY
    with store.transaction() as tx:
        emptied = {"recruiter_name_sealed": None, "recruiter_phone_hash": None, "reporter_hash": None}
        tx.execute(update(Report).values(redacted_at=later, **emptied))
    with store.transaction() as tx:
        assert report_clusters.recount_changed(tx, THRESHOLD, later + timedelta(seconds=1)) == 1
    assert not says_something(told(answering, UNLISTED))
    assert clusters(store)[0].independent == 1


def test_the_offices_own_warning_is_said_with_other_words(answering: Answering) -> None:
    store = answering.store
    known_callers(store, 2, phone=RECRUITER, name=UNLISTED)
    cluster = clustered(store, officer(store))
    approver = officer(store, "approver", "Pak Contoh")
    assert not says_something(told(answering, UNLISTED))
    with store.transaction() as tx:
        report_clusters.confirm_by_office(tx, cluster.id, approver, "visited", NOW)
    text = told(answering, UNLISTED)
    assert WARNED["id"] in text
    assert WARNED["en"] in text
    assert SAID["id"] not in text


def test_another_process_learns_of_it_without_a_restart(answering: Answering) -> None:
    store = answering.store
    elsewhere = build_lists(answering.runtime)
    elsewhere.models.refresh()
    known_callers(store, phone=RECRUITER)
    clustered(store, officer(store))
    assert "reported" in elsewhere.models.refresh()
    assert elsewhere.reported.value.about(RECRUITER) == "reports"
    assert elsewhere.models.refresh() == ()


def test_a_reply_that_was_said_before_is_not_said_from_memory(answering: Answering) -> None:
    """The same screen, of the same caller's way, before and after the threshold is crossed."""
    typed = RECRUITER.replace("+62", "0")
    assert not says_something(by_ussd(answering, typed))
    known_callers(answering.store, phone=RECRUITER)
    clustered(answering.store, officer(answering.store))
    answering.lists.models.refresh()
    request = UssdRequest("console", "another-session", number(78), "*123*62#", f"1*{typed}")
    assert SAID["id"] in answering.conversations.answer(request)[0]


def test_neither_names_nor_numbers_are_readable_in_the_memory_of_a_process(answering: Answering) -> None:
    known_callers(answering.store, phone=RECRUITER, name=UNLISTED)
    clustered(answering.store, officer(answering.store))
    held = repr((dict(model(answering).names), dict(model(answering).phones))).casefold()
    assert "reports" in held
    assert "wempi" not in held
    assert RECRUITER[-6:] not in held
