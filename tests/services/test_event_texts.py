"""What people read about events, and the list that they choose from."""

from __future__ import annotations

import pytest

from sms_service.domain.texts import is_gsm7, measure
from sms_service.errors import Invalid
from sms_service.services.events import life as events
from sms_service.services.events.lists import event_list
from sms_service.services.read_models import ReadModels
from sms_service.store.engine import Store
from sms_service.store.models import Event, Revision
from tests.event_office import (
    DAY,
    NOW,
    START,
    TEXTS,
    call_off,
    change,
    make_event,
    register,
)

# --- what people read


@pytest.mark.parametrize("language", TEXTS.menu.languages)
@pytest.mark.parametrize("key", sorted(k for k in TEXTS.menu.common["id"] if k.startswith("sms.event_")))
def test_every_text_is_one_segment_with_the_longest_names_and_never_loses_the_time(
    language: str, key: str
) -> None:
    event = Event(
        title_id="W" * events.LONGEST_TITLE,
        title_en="\u20ac" * events.LONGEST_TITLE,
        venue="M" * events.LONGEST_VENUE,
        starts_at=START + 25 * DAY,
        code="12345678",
    )
    about = key.removeprefix("sms.event_")
    text = TEXTS.unknown_code(language) if about == "not_found" else TEXTS.about(about, event, language, 9999)
    assert is_gsm7(text)
    assert measure(text).segments == 1
    words = TEXTS.menu.common[language][key]
    if "{time}" in words:
        assert ("Rab 30 Des 09.00 WITA" if language == "id" else "Wed 30 Dec 09:00 WITA") in text
    assert text.count("12345678") == words.count("{code}")
    if "{place}" in words:
        assert "MMMMM" in text


def test_a_short_title_leaves_its_room_to_the_venue() -> None:
    event = Event(title_id="Info", title_en="Info", venue="M" * 60, starts_at=START, code="1234")
    assert "M" * 60 in TEXTS.about("registered", event, "id")


def test_braces_and_line_breaks_in_a_title_stay_harmless() -> None:
    event = Event(title_id="{code} {x}\n\r", title_en="", venue="{to}", starts_at=START, code="1234")
    text = TEXTS.about("registered", event, "id")
    assert "{code} {x}" in text
    assert "\r" not in text


def test_a_language_without_words_gets_the_source_language() -> None:
    event = Event(title_id="Info", title_en="Info", venue="M", starts_at=START, code="1234")
    assert TEXTS.about("registered", event, "tet").startswith("Anda terdaftar")
    assert TEXTS.unknown_code("tet") == TEXTS.unknown_code("id")


# --- the list that callers see


def test_every_change_of_events_and_places_refreshes_the_lists(store: Store) -> None:
    model = event_list()
    models = ReadModels(store, [model])
    models.refresh()
    event = make_event(store, capacity=2, district="53.04")
    models.refresh()
    (listed,) = model.value.upcoming(NOW, "53.04")
    assert (listed.code, listed.places_left, listed.title("en")) == (event.code, 2, event.title_en)
    for n in range(3):
        register(store, event, n)
    models.refresh()
    assert model.value.events[0].places_left == 0
    assert model.value.upcoming(NOW, "53.21") == ()
    assert model.value.upcoming(START) == ()
    found = model.value.find(f" {event.code} ")
    assert found is not None
    call_off(store, event)
    models.refresh()
    assert model.value.events == ()


def test_a_refused_change_bumps_nothing(store: Store) -> None:
    event = make_event(store)
    with pytest.raises(Invalid):
        change(store, event, capacity=0)
    with store.read() as tx:
        assert tx.get_one(Revision, "events").number == 1
