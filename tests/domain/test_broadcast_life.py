"""Which act is legal where, in full: a table, and everything that is not in it."""

from __future__ import annotations

import pytest

from sms_service.domain import broadcast_life as life

LEGAL = {
    ("edit", "draft"): "draft",
    ("edit", "rejected"): "draft",
    ("submit", "draft"): "submitted",
    ("approve", "submitted"): "scheduled",
    ("reject", "submitted"): "rejected",
    ("start", "scheduled"): "starting",
    ("try", "starting"): "canary",
    ("run", "starting"): "running",
    ("run", "canary"): "running",
    ("pause", "scheduled"): "paused",
    ("pause", "starting"): "paused",
    ("pause", "canary"): "paused",
    ("pause", "running"): "paused",
    ("halt", "canary"): "halted",
    ("halt", "running"): "halted",
    ("finish", "starting"): "done",
    ("finish", "canary"): "done",
    ("finish", "running"): "done",
    ("finish", "paused"): "done",
    ("finish", "halted"): "done",
    **{
        ("cancel", status): "cancelled"
        for status in (
            *("draft", "submitted", "rejected", "scheduled", "starting"),
            *("canary", "running", "paused", "halted"),
        )
    },
}
RESUMED = {("resume", "paused"), ("resume", "halted")}


@pytest.mark.parametrize("status", life.STATUSES)
@pytest.mark.parametrize("act", life.ACTS)
def test_an_act_is_legal_where_the_table_says_so_and_nowhere_else(act: str, status: str) -> None:
    assert life.may(act, status) is ((act, status) in LEGAL or (act, status) in RESUMED)
    if (act, status) in LEGAL:
        assert life.after(act) == LEGAL[act, status]


@pytest.mark.parametrize("status", ["scheduled", "starting", "canary", "running"])
def test_resuming_leads_back_to_where_it_stopped(status: str) -> None:
    assert life.after("resume", status) == status


@pytest.mark.parametrize("status", ["", "done", "draft", "cancelled", "nonsense"])
def test_nothing_is_resumed_into_a_status_that_does_not_send(status: str) -> None:
    with pytest.raises(KeyError):
        life.after("resume", status)


def test_nothing_leaves_a_final_status() -> None:
    assert not [act for act in life.ACTS for status in life.FINAL if life.may(act, status)]


def test_words_that_are_not_known_are_never_legal() -> None:
    assert not life.may("explode", "draft")
    assert not life.may("submit", "nonsense")


def test_every_default_life_outlasts_a_night_and_a_sunday_morning() -> None:
    assert all(span.total_seconds() > 14 * 3600 for span in life.DEFAULT_LIFE.values())
