"""The menu that ships, walked by chance with the longest values there can be."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from menus import engine
from menus.check import LongestAnswers
from menus.loader import load_menu
from menus.model import Call, Outcome
from sms_service.domain.texts import septets

MENU = load_menu()


class AnyOutcome(LongestAnswers):
    """Every outcome of an action in turn, by the number of steps."""

    def __getitem__(self, name: str) -> object:
        nodes = [node for node in MENU.nodes.values() if node.action == name]
        if not nodes:
            return super().__getitem__(name)
        outcomes = sorted({outcome for node in nodes for outcome in node.outcomes})
        return lambda call: self._outcome(call, outcomes)

    @staticmethod
    def _outcome(call: Call, outcomes: list[str]) -> Outcome:
        return Outcome(outcomes[call.steps % len(outcomes)])


ACTIONS = AnyOutcome(MENU)
typed = st.lists(
    st.one_of(st.sampled_from([*"0123456789", "00", "20", "belu", "PT CONTOH"]), st.text(max_size=100)),
    max_size=40,
)


@settings(max_examples=300, deadline=None)
@given(inputs=typed, language=st.sampled_from(MENU.languages))
def test_step_by_step_equals_replay_and_every_screen_fits(inputs: list[str], language: str) -> None:
    start = engine.begin(MENU, language)
    turn = engine.show(MENU, start, ACTIONS)  # type: ignore[arg-type]
    taken = 0
    for text in inputs:
        turn = engine.advance(MENU, turn.state, text, ACTIONS)  # type: ignore[arg-type]
        taken += 1
        assert 0 < septets(turn.body) <= MENU.screen - 4
        if turn.ended:
            break
    assert engine.replay(MENU, start, inputs[:taken], ACTIONS) == turn  # type: ignore[arg-type]
    assert engine.replay(MENU, start, inputs, ACTIONS) == turn  # type: ignore[arg-type]
