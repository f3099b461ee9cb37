"""The rehearsal's clock: all processes follow it, a live service never does."""

from __future__ import annotations

from datetime import timedelta

import pytest

from sms_service.clock import Clock
from sms_service.errors import Invalid, NotAllowed
from sms_service.services import rehearsals
from sms_service.services.read_models import ReadModels
from sms_service.settings import Settings
from sms_service.store.engine import Store

WEEK = timedelta(days=7)


def test_every_process_follows_a_jump_and_jumps_add_up(store: Store, settings: Settings) -> None:
    clock = Clock()
    models = ReadModels(store, [rehearsals.follow_clock(settings, clock)])
    models.refresh()
    assert clock.shift == timedelta()
    with store.transaction() as tx:
        assert rehearsals.shift_clock(tx, WEEK, settings) == WEEK
    with store.transaction() as tx:
        assert rehearsals.shift_clock(tx, -2 * WEEK, settings) == -WEEK
    models.refresh()
    assert clock.shift == -WEEK


def test_a_live_service_neither_moves_its_clock_nor_follows_a_row(store: Store, settings: Settings) -> None:
    with store.transaction() as tx:
        rehearsals.shift_clock(tx, WEEK, settings)
    live = settings.model_copy(update={"sms_gateway": ("africastalking",)})
    clock = Clock()
    ReadModels(store, [rehearsals.follow_clock(live, clock)]).refresh()
    assert clock.shift == timedelta()
    with pytest.raises(NotAllowed), store.transaction() as tx:
        rehearsals.shift_clock(tx, WEEK, live)


def test_the_clock_stays_within_ten_years(store: Store, settings: Settings) -> None:
    with pytest.raises(Invalid), store.transaction() as tx:
        rehearsals.shift_clock(tx, timedelta(days=4000), settings)
