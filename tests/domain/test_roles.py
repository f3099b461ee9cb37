"""Who may do what: the table says it, and what it does not say is refused."""

from __future__ import annotations

import pytest

from sms_service.domain.roles import ACTS, ROLES, may


@pytest.mark.parametrize("act", sorted(ACTS))
def test_an_admin_may_do_everything(act: str) -> None:
    assert may("admin", act)


OWN = {"desk"} | {act for act in ACTS if act.endswith(".own")}  # one's own things, or one's own community's


@pytest.mark.parametrize("act", sorted(set(ACTS) - OWN - {"statistics"}))
def test_a_viewer_reads_statistics_and_nothing_else(act: str) -> None:
    assert may("viewer", "statistics")
    assert not may("viewer", act)


@pytest.mark.parametrize("act", ["events", "recruiters", "subscribers", "broadcasts", "statistics"])
def test_an_approver_holds_every_right_of_an_officer(act: str) -> None:
    assert may("officer", act)
    assert may("approver", act)


def test_an_officer_does_not_approve_and_sees_no_reports() -> None:
    assert not may("officer", "broadcasts.approve")
    assert not may("officer", "reports")
    assert may("case_officer", "reports")
    assert not may("case_officer", "events")


@pytest.mark.parametrize("act", sorted(set(ACTS) - OWN))
def test_a_partner_has_no_right_of_the_office(act: str) -> None:
    assert not may("partner", act)


def test_unknown_acts_and_roles_are_refused() -> None:
    assert not may("admin", "no such act")
    assert not may("root", "events")
    assert not may("", "events")


def test_the_table_names_known_roles_only() -> None:
    assert frozenset().union(*ACTS.values()) <= frozenset(ROLES)
