"""Texts to people on duty: once for a cause, to everybody, without content, also at night."""

from __future__ import annotations

from datetime import timedelta

import pytest

from sms_service.domain import quiet_hours, statuses
from sms_service.domain.texts import is_gsm7, measure
from sms_service.services.texts import duty
from sms_service.settings import Settings
from sms_service.store.engine import Store
from sms_service.store.models import Message
from tests.case_office import NOW, number, texts


@pytest.fixture
def on_duty(settings: Settings) -> Settings:
    return settings.model_copy(update={"duty_numbers": (number(7000), number(7001))})


@pytest.mark.parametrize("kind", duty.WORDS)
@pytest.mark.parametrize("language", ["id", "en"])
def test_every_alert_is_one_plain_segment_in_both_languages(kind: str, language: str) -> None:
    body = duty.WORDS[kind][language]
    assert is_gsm7(body)
    assert measure(body).segments == 1


def test_one_cause_is_told_once_and_another_one_again(store: Store, on_duty: Settings) -> None:
    for _ in range(3):
        with store.transaction() as tx:
            assert duty.alert(tx, on_duty, "surge", NOW, "2026-11-21:x") == 2
    assert len(texts(store)) == 2
    with store.transaction() as tx:
        duty.alert(tx, on_duty, "surge", NOW + timedelta(days=1), "2026-11-22:x")
        duty.alert(tx, on_duty, "lane_stopped", NOW, "2026-11-21:x")
    assert len(texts(store)) == 6


def test_an_alert_goes_on_the_fast_lane_before_others_and_is_not_held_at_night(
    store: Store, on_duty: Settings
) -> None:
    with store.transaction() as tx:
        duty.alert(tx, on_duty, "urgent_report", NOW, "1")
        row = tx.get(Message, 1)
        assert row is not None
        assert (row.lane, row.kind, row.priority, row.not_before) == ("fast", "alert", 0, NOW)
    assert statuses.ALERT not in quiet_hours.HELD_KINDS


def test_with_nobody_on_duty_nothing_is_sent_and_nothing_fails(store: Store, settings: Settings) -> None:
    with store.transaction() as tx:
        assert duty.alert(tx, settings, "surge", NOW, "1") == 0
    assert texts(store) == []


def test_an_unknown_kind_is_a_mistake_of_ours(store: Store, on_duty: Settings) -> None:
    with store.transaction() as tx, pytest.raises(KeyError):
        duty.alert(tx, on_duty, "nonsense", NOW, "1")
