"""Preview: its figures are those of the texts that are written afterwards, to the last segment."""

from __future__ import annotations

from typing import Any

import pytest
from sqlalchemy import select, update

from sms_service.domain import texts
from sms_service.services.broadcasts import preview as broadcast_preview
from sms_service.services.broadcasts.audience import SUBSCRIBERS, Audience, LeftOut
from sms_service.services.broadcasts.preview import Preview
from sms_service.services.broadcasts.texts import Composer, measured
from sms_service.settings import Settings
from sms_service.store.engine import Store
from sms_service.store.models import Message
from tests.broadcast_office import NOW, WORDS, fields, settings_with, started, stop, subscribers

PRICED = settings_with(sms_segment_price=350)


def preview(store: Store, settings: Settings = PRICED, **given: Any) -> Preview:
    with store.read() as tx:
        return broadcast_preview.preview(tx, fields(**given), WORDS, settings, NOW)


def mixed_people(store: Store) -> None:
    subscribers(store, range(5), name="Maria")
    subscribers(store, range(5, 8), name="José Ximenes", district="53.21")
    subscribers(store, range(8, 10), name="Nguyễn")
    subscribers(store, range(10, 13), name="Yohanes Dominggus Fransiskus T")
    subscribers(store, range(13, 20), language="en", name="[Ana]")
    subscribers(store, range(20, 24), language="en", district=None)


LONG = "Halo {nama} di {kabupaten}, " + "jangan bayar siapa pun sebelum tanya kantor. " * 3
TEXTS = [
    {"text_id": "Halo"},
    {"text_id": LONG, "text_en": "Hello {name} in {district}: do not pay. " * 4},
    {"text_id": "{nama}" * 20, "text_en": ""},
    {"text_id": LONG[:145] + "{nama}"},
    {"text_id": "Awas \u201cagen\u201d palsu, {nama}", "text_en": "Beware, {name} [x]"},
    {"text_id": "{{{nama}}} " * 9, "text_en": "\n".join(["{name}"] * 12)},
]


@pytest.mark.parametrize("given", TEXTS)
def test_the_figures_are_those_of_the_texts_that_are_written(store: Store, given: dict[str, str]) -> None:
    mixed_people(store)
    seen = preview(store, **given)
    broadcast_id = started(store, **given)
    with store.read() as tx:
        rows = tx.execute(
            select(Message.segments, Message.body_sealed).where(Message.broadcast_id == broadcast_id)
        ).all()
        bodies = [tx.vault.open(row.body_sealed) for row in rows]
    sizes = [texts.measure(body) for body in bodies]
    assert [row.segments for row in rows] == [size.segments for size in sizes]
    assert seen.recipients == len(rows) == 24
    assert seen.segments_total == sum(size.segments for size in sizes)
    assert seen.segments_max == max(size.segments for size in sizes)
    assert seen.unicode_recipients == sum(size.encoding == "UCS-2" for size in sizes)
    assert seen.cost == 350 * seen.segments_total
    assert sum(share.segments for share in seen.operators.values()) == seen.segments_total
    assert {one.body.text for one in seen.sample} <= set(bodies)


@pytest.mark.parametrize("before", range(140, 170))
@pytest.mark.parametrize("name", ["Ana", "Ana{", "José", "Nguyễn", "\u4f60\U0001f600", "A" * 30])
def test_lengths_that_are_added_up_are_those_that_are_counted(before: int, name: str) -> None:
    for tail in ("", "{{", "\u20ac" * 3, "x" * 150):
        body = Composer("y" * before + "{nama}" + tail, "", WORDS).compose("id", None, name)
        assert body == measured(body.text)


def test_who_tips_the_text_is_named_by_masked_number_and_character(store: Store) -> None:
    subscribers(store, range(1), name="Maria")
    subscribers(store, range(1, 2), name="Nguyễn \u2019Ana")
    subscribers(store, range(2, 3), name="Yohanes Dominggus Fransiskus T")
    subscribers(store, range(3, 4))
    seen = preview(store, text_id="x" * 145 + " {nama}")
    assert seen.tippers_total == 2
    by_character, by_length = seen.tippers
    assert by_character.number == "+62 *** 001"
    assert by_character.characters == {"ễ": "e", "\u2019": "'"}
    assert (by_character.gsm7, by_character.segments, by_character.instead_of) == (False, 3, 1)
    assert by_length.number == "+62 *** 002"
    assert (by_length.characters, by_length.gsm7, by_length.segments) == ({}, True, 2)


def test_characters_of_the_text_itself_come_with_a_replacement(store: Store) -> None:
    seen = preview(store, text_id="Awas \u201cagen\u201d", text_en="fine")
    assert seen.characters == {"id": {"\u201c": '"', "\u201d": '"'}}


def test_who_is_left_out_is_counted_by_reason(store: Store) -> None:
    subscribers(store, range(5))
    subscribers(store, range(5, 7), warnings_on=False)
    stop(store, 0)
    seen = preview(store)
    assert (seen.recipients, seen.left_out) == (4, LeftOut(no_consent=2, opted_out=1))


def test_nobody_costs_nothing(store: Store) -> None:
    seen = preview(store, audience=Audience(districts=("53.05",)))
    assert (seen.recipients, seen.segments_total, seen.segments_max, seen.cost, seen.sample) == (
        0,
        0,
        0,
        0,
        [],
    )


def test_samples_show_each_language_and_the_longest_first(store: Store) -> None:
    mixed_people(store)
    seen = preview(store, text_id=LONG, text_en="Hi {name}")
    assert {one.language for one in seen.sample} == {"id", "en"}
    lengths = [one.body.segments for one in seen.sample]
    assert lengths == sorted(lengths, reverse=True)
    assert all(one.number.startswith("+62 *** ") for one in seen.sample)


def test_operators_are_guessed_by_prefix(store: Store) -> None:
    subscribers(store, range(3))
    seen = preview(store, text_id="Halo")
    assert {name: (one.recipients, one.cost) for name, one in seen.operators.items()} == {
        "Telkomsel": (3, 1050.0)
    }


def test_numbers_that_the_office_does_not_vouch_for_are_pointed_out(store: Store) -> None:
    seen = preview(
        store,
        settings_with(short_code="12362"),
        text_id="Lapor 0800-1000 atau 0812 0000 4321, telp 110, SMS 12362. Jam 09.00, 5 Des 2026, Rp 500.000",
    )
    assert [(one.position, one.why) for one in seen.cautions] == [(22, "unknown"), (43, "unverified")]


def test_a_name_that_no_key_opens_is_a_word_of_address(store: Store) -> None:
    subscribers(store, range(1), name="Maria")
    with store.transaction() as tx:
        tx.execute(update(SUBSCRIBERS).values(name_sealed=b"not sealed by us", number_sealed=b"nor this"))
    seen = preview(store, text_id="Halo {nama}")
    assert seen.sample[0].body.text == "Halo Saudara"
    assert list(seen.operators) == ["other"]
