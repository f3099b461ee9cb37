"""What a report holds, what is missing of it, and what words tell for sure."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sms_service.domain.report_answers import (
    DESTINATIONS,
    MODI,
    QUESTIONS,
    Answers,
    from_json,
    likely_districts,
    missing,
    read_phone,
    read_story,
    split_where,
    split_who,
)
from sms_service.domain.report_questions import CONFIRM, add_story, next_question, take

WHOLE = Answers(
    modi=("visa",),
    recruiter_name="CONTOH",
    recruiter_phone="+6281200000001",
    district="53.04",
    destination="my",
    contact="anonymous",
    texts="none",
    skipped=("danger",),
)


def test_everything_is_missing_at_first_and_danger_is_asked_first() -> None:
    assert missing(Answers()) == QUESTIONS
    assert next_question(Answers()) == "danger"


def test_nothing_is_missing_of_a_whole_report() -> None:
    assert missing(WHOLE) == ()
    assert next_question(WHOLE) == CONFIRM


@pytest.mark.parametrize(
    ("field", "question"),
    [
        ("modi", "modus"),
        ("recruiter_name", "who"),
        ("recruiter_phone", "phone"),
        ("district", "where"),
        ("destination", "destination"),
        ("contact", "contact"),
    ],
)
def test_what_is_empty_is_asked_unless_it_was_passed_over(field: str, question: str) -> None:
    lacking = replace(WHOLE, **{field: () if field == "modi" else ""})
    assert missing(lacking) == (question,)
    assert missing(replace(lacking, skipped=("danger", question))) == ()


def test_answers_are_kept_as_text_and_read_again_without_the_pin() -> None:
    assert from_json(replace(WHOLE, pin="2468", is_urgent=True).to_json()) == replace(WHOLE, is_urgent=True)
    assert from_json('{"modi": ["visa"], "of_another_version": 1}') == Answers(modi=("visa",))


@pytest.mark.parametrize(
    ("text", "phone"),
    [
        ("hubungi 0812 0000 0001 ya", "+6281200000001"),
        ("hp 0812-0000-0001", "+6281200000001"),
        ("+62 812 0000 0001", "+6281200000001"),
        ("6281200000001", "+6281200000001"),
        ("006281200000001", "+6281200000001"),
        ("dari 081200000001 dan lagi 081200000001", "+6281200000001"),
        ("081200000001 atau 081200000002", ""),  # which?
        ("minta Rp 0812000000", ""),
        ("bayar 5.000.000 dan 250.000.000", ""),
        ("KTP 5304010101900001", ""),
        ("tanggal 21 11 2026", ""),
        ("umur 17, 3 orang", ""),
        ("", ""),
    ],
)
def test_a_phone_number_is_read_only_where_it_is_one(text: str, phone: str) -> None:
    assert read_phone(text) == phone


@pytest.mark.parametrize(
    ("text", "name", "phone"),
    [
        ("PT CONTOH 081200000001", "PT CONTOH", "+6281200000001"),
        ("081200000001 Pak CONTOH", "Pak CONTOH", "+6281200000001"),
        ("Ibu CONTOH, hp: 0812-0000-0001", "Ibu CONTOH", "+6281200000001"),
        ("081200000001", "", "+6281200000001"),
        ("orang dari Belu", "orang dari Belu", ""),
    ],
)
def test_name_and_number_are_told_apart(text: str, name: str, phone: str) -> None:
    assert split_who(text) == (name, phone)


@pytest.mark.parametrize(
    ("text", "place", "district"),
    [
        ("Fatuketi Belu", "Fatuketi", "53.04"),
        ("fatuketi, kab. belu", "fatuketi", "53.04"),
        ("Atambua", "", "53.04"),
        ("Maumere, Sikka", "Maumere", "53.07"),
        ("desa Oesao, Kab. Kupang", "desa Oesao", "53.01"),
        ("Kota Kupang", "", "53.71"),
        ("TTS", "", "53.02"),
        ("Kupang", "Kupang", ""),  # town or district: asked
        ("Bello", "Bello", ""),  # a village near Kupang, not Belu misspelt
        ("desa entah", "desa entah", ""),
        ("dari Belu ke Malaka", "dari Belu ke Malaka", ""),  # which?
    ],
)
def test_a_district_is_read_only_where_it_is_named(text: str, place: str, district: str) -> None:
    assert split_where(text) == (place, district)


def test_what_may_be_meant_is_offered() -> None:
    assert {found.code for found in likely_districts("Kupang")} == {"53.71", "53.01"}
    assert [found.code for found in likely_districts("Bellu")] == ["53.04"]
    assert likely_districts("desa entah") == ()


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("calo namanya Yohanes dari Betun", {"recruiter_name": "Yohanes", "district": "53.21"}),
        ("PT Contoh Maju minta uang di Ende", {"recruiter_name": "PT Contoh Maju", "district": "53.08"}),
        ("pt. contoh jaya, ke malaysia", {"recruiter_name": "PT contoh jaya", "destination": "my"}),
        ("bernama Maria Goreti, hp 081200000001", {"recruiter_name": "Maria Goreti",
                                                   "recruiter_phone": "+6281200000001"}),
        ("dia bawa sabu dan roti ke kota", {}),
        ("belum tahu, orang soal kerja", {}),
        ("dari Belu lewat Sikka", {}),  # which?
        ("ke Malaysia atau Singapura", {}),
        ("Pak Kades sudah tahu", {}),
    ],
)  # fmt: skip
def test_a_story_tells_only_what_is_sure(text: str, told: dict[str, str]) -> None:
    assert read_story(text) == Answers(story=text, **told)


@given(st.text(max_size=600))
def test_no_text_breaks_the_reading_and_all_of_it_can_be_kept(text: str) -> None:
    for read in (read_story(text), add_story(WHOLE, read_story(text))):
        assert from_json(read.to_json()) == read
        read.to_json().encode()
    split_who(text)
    split_where(text)
    likely_districts(text)


@given(
    st.lists(
        st.tuples(
            st.sampled_from([*QUESTIONS, "district", "story", "nonsense"]),
            st.one_of(
                st.sampled_from(
                    ["", "yes", "no", "anonymous", "call", "texts", "53.04", *MODI, *DESTINATIONS]
                ),
                st.text(max_size=80),
            ),
        ),
        max_size=30,
    )
)
def test_whatever_is_answered_in_whatever_order_stays_a_report(given_answers: list[tuple[str, str]]) -> None:
    answers = Answers()
    for question, typed in given_answers:
        answers, wanted = take(answers, question, typed)
        assert wanted in ("", "urgent", "phone_again", "which", "district")
        assert next_question(answers) in (*QUESTIONS, CONFIRM)
        assert len(set(answers.skipped)) == len(answers.skipped)
        assert from_json(answers.to_json()) == answers
        assert (answers.contact != "anonymous") or answers.texts == "none"


def test_who_knows_neither_name_nor_number_is_asked_for_neither() -> None:
    for typed in ("", "tidak tahu", "I do not know"):
        answers, _ = take(Answers(), "who", typed)
        assert not {"who", "phone"} & set(missing(answers))


@pytest.mark.parametrize("key", DESTINATIONS)
def test_every_destination_is_an_answer(key: str) -> None:
    assert take(Answers(), "destination", key)[0].destination == key


def test_a_name_alone_asks_for_the_number_and_a_number_alone_for_nothing() -> None:
    assert "phone" in missing(take(Answers(), "who", "CONTOH")[0])
    answers, _ = take(Answers(), "who", "081200000001")
    assert not {"who", "phone"} & set(missing(answers))


def test_a_number_that_is_none_is_asked_again_and_the_old_one_stays() -> None:
    assert take(WHOLE, "phone", "12") == (WHOLE, "phone_again")


def test_a_place_of_no_sure_district_is_asked_further() -> None:
    assert take(Answers(), "where", "Oesapa Kupang")[1] == "which"
    answers, wanted = take(Answers(), "where", "desa entah")
    assert wanted == "district"
    assert "where" in missing(answers)
    answers, _ = take(answers, "district", "53.07")
    assert (answers.place, answers.district) == ("desa entah", "53.07")


def test_a_story_fills_only_what_was_not_answered() -> None:
    told = read_story("namanya Markus dari Ende")
    assert add_story(WHOLE, told) == replace(WHOLE, story="namanya Markus dari Ende")
    assert add_story(add_story(WHOLE, told), told).story.count("Markus") == 2
