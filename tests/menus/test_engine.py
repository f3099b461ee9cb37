"""The engine, one behaviour a test, on a small menu that has one of everything."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from menus import engine
from menus.model import Menu, State, Turn
from sms_service.domain.texts import septets
from tests.menus import small


@pytest.fixture(scope="module")
def menu(tmp_path_factory: pytest.TempPathFactory) -> Menu:
    return small.menu(tmp_path_factory.mktemp("menu"))


def dial(menu: Menu, *inputs: str, **kwargs: object) -> Turn:
    return engine.replay(menu, engine.begin(menu, "id"), inputs, small.actions(**kwargs))  # type: ignore[arg-type]


def test_the_first_screen_is_the_root_with_numbered_options_and_a_way_out(menu: Menu) -> None:
    assert dial(menu).body == "Small\n1 Ask\n2 Fruits\n3 Age\n4 District\n5 Story\n8 Other language\n0 Leave"


def test_free_text_is_kept_and_shown(menu: Menu) -> None:
    assert dial(menu, "1", "Maria").body == "Hello Maria\n1 Again\n2 Act\n0 Back"


@pytest.mark.parametrize("typed", ["x", "y" * 21, "", "   "])
def test_a_text_outside_its_limits_is_asked_again_with_the_reason(menu: Menu, typed: str) -> None:
    turn = dial(menu, "1", typed)
    assert turn.body == "Between 2 and 20 letters.\nYour name?\n0 Back"
    assert turn.outcome == "refused"


@pytest.mark.parametrize("typed", ["15", "70", "020"])
def test_a_number_within_its_limits_is_taken(menu: Menu, typed: str) -> None:
    assert dial(menu, "3", typed).state.values["age"] == str(int(typed))


@pytest.mark.parametrize("typed", ["14", "71", "abc", "1e1", "\u0661\u0665", "-20", "9" * 30])
def test_anything_else_is_not_a_number(menu: Menu, typed: str) -> None:
    assert dial(menu, "3", typed).body == "15 to 70.\nYour age?\n0 Back"


@pytest.mark.parametrize("typed", ["1.", " 1 ", "1)"])
def test_a_choice_forgives_what_thumbs_add(menu: Menu, typed: str) -> None:
    assert dial(menu, typed).state.node == "ask"


@pytest.mark.parametrize("typed", ["7", "x", "", "99", "1 2", "\u0661"])
def test_a_wrong_choice_shows_the_same_screen_with_a_notice(menu: Menu, typed: str) -> None:
    assert dial(menu, typed).body.startswith("No such choice.\nSmall\n1 Ask")


def test_zero_goes_back_screen_by_screen_and_out_at_the_root(menu: Menu) -> None:
    assert dial(menu, "1", "Maria", "0").state.node == "ask"
    assert dial(menu, "1", "Maria", "0", "0").state.node == "root"
    turn = dial(menu, "1", "Maria", "0", "0", "0")
    assert (turn.ended, turn.body) == (True, "Bye.")


def test_double_zero_leads_to_the_root_from_a_prompt_too(menu: Menu) -> None:
    assert dial(menu, "1", "Maria", "2", "00").state.node == "root"
    assert dial(menu, "1", "00").state.node == "root"


def test_a_long_list_is_paged_and_its_numbers_mean_what_is_on_the_screen(menu: Menu) -> None:
    first, second = dial(menu, "2"), dial(menu, "2", "9")
    assert "1 Fruit number 0" in first.body
    assert "9 More" in first.body
    shown = second.body.splitlines()[1].removeprefix("1 ")
    assert shown != "Fruit number 0"
    assert dial(menu, "2", "9", "1").state.values["fruit"] == f"f{shown.rsplit(' ', 1)[1]}"
    assert dial(menu, "2", "9", "0").body == first.body


def test_the_last_page_of_a_list_ends_with_its_own_options(menu: Menu) -> None:
    turn = dial(menu, "2", "9", "9", "9", "9", "9", "9")
    assert "Something else" in turn.body
    assert "9 More" not in turn.body
    number = next(line.split()[0] for line in turn.body.splitlines() if "Something else" in line)
    assert dial(menu, "2", "9", "9", "9", "9", "9", number).state.node == "none"


def test_an_empty_list_leads_to_its_empty_node(menu: Menu) -> None:
    assert dial(menu, "1", "nothing", "0", "0", "2").state.node == "none"


def test_a_sure_hit_of_a_typed_name_goes_on(menu: Menu) -> None:
    assert dial(menu, "4", "BELU").state.node == "placed"


def test_several_hits_are_shown_to_choose_from_and_none_asks_again(menu: Menu) -> None:
    turn = dial(menu, "4", "kupang")
    assert turn.body == "Which one?\n1 Kota Kupang\n2 Kab. Kupang\n0 Back"
    assert dial(menu, "4", "kupang", "2").state.values["district"] == "Kab. Kupang"
    assert dial(menu, "4", "kupang", "alor").state.values["district"] == "Alor"
    assert dial(menu, "4", "nowhere").body.startswith("Not found.\nType your district:")
    assert dial(menu, "4", "kupang", "0").body.startswith("Type your district:")


def test_the_whole_list_of_names_can_be_paged_through(menu: Menu) -> None:
    turn = dial(menu, "4", "9")
    assert turn.body.startswith("1 Belu\n2 Kota Kupang")
    assert dial(menu, "4", "9", "1").state.values["district"] == "Belu"
    assert dial(menu, "4", "9", "0").body.startswith("Type your district:")


def test_a_long_text_is_paged_between_words_and_nothing_is_lost(menu: Menu) -> None:
    screens = [dial(menu, "5", *["9"] * n).body for n in range(8)]
    told = " ".join(
        " ".join(line for line in screen.splitlines() if line.startswith("word")) for screen in screens
    )
    assert set(told.split()) == set(small.STORY.split())
    assert dial(menu, "5", *["9"] * 8).outcome == "refused"  # after the last page there is no more


def test_an_action_decides_where_the_dialogue_goes(menu: Menu) -> None:
    assert dial(menu, "1", "Maria", "2", "1").body == "Done, Maria."
    assert dial(menu, "1", "full", "2", "1").body == "Full.\n0 Back"


def test_after_an_act_back_leads_to_the_root_and_not_to_the_act(menu: Menu) -> None:
    assert dial(menu, "1", "full", "2", "1", "0").state.node == "root"


def test_what_is_away_is_said_and_back_leads_to_where_it_was_asked(menu: Menu) -> None:
    turn = dial(menu, "2", away=True)
    assert turn.body == "Try again later.\n0 Back"
    assert turn.outcome == "unavailable"
    assert dial(menu, "1", "Maria", "2", "1", "0", away=True).state.node == "confirm"


def test_the_language_changes_for_all_that_follows(menu: Menu) -> None:
    assert dial(menu, "8").state.language == "en"
    assert dial(menu, "8", "8").state.language == "id"


def test_going_on_is_offered_only_where_there_is_a_place(menu: Menu) -> None:
    with_place = engine.show(menu, engine.begin(menu, "id", {"place": "1"}), small.actions())
    assert "9 Go on" in with_place.body
    assert dial(menu, "9").outcome == "refused"


def test_after_a_hundred_steps_the_call_ends(menu: Menu) -> None:
    turn = dial(menu, *["x"] * 5000)
    assert (turn.ended, turn.outcome, turn.body) == (True, "limit", "Enough.")


def test_an_act_is_told_its_number_of_inputs_the_same_in_each_replay(menu: Menu) -> None:
    done: list[int] = []
    for _ in range(3):
        dial(menu, "1", "Maria", "2", "1", done=done)
    assert done == [4, 4, 4]


def test_braces_in_what_people_type_stay_braces(menu: Menu) -> None:
    assert "{age}" in dial(menu, "1", "{age}").body


inputs = st.lists(
    st.one_of(
        st.sampled_from(
            ["0", "00", "1", "2", "3", "4", "5", "8", "9", "kupang", "full", "nothing", "20", ""]
        ),
        st.text(max_size=200),
    ),
    max_size=30,
)


@settings(max_examples=200, deadline=None)
@given(inputs=inputs, language=st.sampled_from(["id", "en"]), away=st.booleans())
def test_step_by_step_equals_replay_and_every_screen_fits(
    menu: Menu, inputs: list[str], language: str, away: bool
) -> None:
    actions = small.actions(away=away)
    start = engine.begin(menu, language)
    turn = engine.show(menu, start, actions)
    for n, text in enumerate(inputs, 1):
        turn = engine.advance(menu, turn.state, text, actions)
        assert septets(turn.body) + 4 <= menu.screen
        assert turn.body
        if turn.ended:
            inputs = inputs[:n]
            break
    assert engine.replay(menu, start, inputs, actions) == turn


@settings(max_examples=100, deadline=None)
@given(
    st.builds(
        State,
        node=st.sampled_from(sorted(small.NODES)),
        language=st.sampled_from(["id", "en"]),
        values=st.dictionaries(st.sampled_from(["query", "age", "fruit", "district"]), st.text(max_size=50)),
        trail=st.lists(st.sampled_from(sorted(small.NODES)), max_size=12).map(tuple),
        page=st.integers(0, 9),
        items=st.lists(st.text(max_size=5), max_size=8).map(lambda keys: tuple(k.lstrip("@") for k in keys)),
    ),
    st.text(max_size=20),
)
def test_no_state_that_ever_was_stored_makes_the_engine_raise(menu: Menu, state: State, text: str) -> None:
    actions = {**small.actions(), "fruit": lambda call: {"fruit_name": call.values.get("fruit", "")}}
    turn = engine.advance(menu, state, text, actions)
    assert septets(turn.body) + 4 <= menu.screen
