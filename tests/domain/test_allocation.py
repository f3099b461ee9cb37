"""Groups are filled fairly, always the same way, and never beyond their size."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from sms_service.domain.allocation import Group, Wish, allocate, distance

JAPAN = Group(1, 1, "jobs", "jp", 2)
MALAYSIA = Group(2, 2, "jobs", "my", 2)
PAPERS = Group(3, 3, "documents", "", 2)
ANY = Group(4, 4, "", "", 2)


def test_a_first_choice_is_given_while_there_is_room() -> None:
    people = [Wish(1, "jobs", "jp"), Wish(2, "jobs", "my"), Wish(3, "documents", "jp")]
    assert allocate([JAPAN, MALAYSIA, PAPERS], people) == {1: 1, 2: 2, 3: 3}


def test_who_registered_first_chooses_first() -> None:
    people = [Wish(n, "jobs", "jp") for n in (5, 3, 9)]
    assert allocate([JAPAN, ANY], people) == {5: 1, 3: 1, 9: 4}


def test_no_second_choice_takes_a_place_from_a_first_one() -> None:
    """The first two wish for a full or missing group; Japan stays for the one who wants it."""
    people = [Wish(1, "jobs", "tw"), Wish(2, "jobs", "tw"), Wish(3, "jobs", "jp"), Wish(4, "jobs", "jp")]
    assert allocate([JAPAN, MALAYSIA], people) == {1: 2, 2: 2, 3: 1, 4: 1}


def test_who_wishes_nothing_goes_where_the_load_is_lightest() -> None:
    big = Group(9, 5, "jobs", "kr", 4)
    placed = allocate([JAPAN, big], [Wish(n) for n in range(6)])
    assert sorted(placed.values()) == [1, 1, 9, 9, 9, 9]
    assert placed[0] == 1  # equal load: the smaller number
    assert placed[1] == 9


def test_the_answers_of_the_quiz_stand_for_a_wish_that_was_not_made() -> None:
    assert allocate([JAPAN, MALAYSIA], [Wish(1, fits=("my", "jp"))]) == {1: 2}
    assert allocate([JAPAN, MALAYSIA], [Wish(1, destination="jp", fits=("my",))]) == {1: 1}


def test_of_groups_that_are_all_wrong_the_one_that_fits_best_is_taken() -> None:
    korea = Group(7, 7, "jobs", "kr", 1)
    assert allocate([JAPAN, korea], [Wish(1, "jobs", "tw", fits=("de", "hk", "kr"))]) == {1: 7}


def test_who_stays_stays_even_where_others_would_fit_better() -> None:
    people = [Wish(1, "jobs", "jp"), Wish(2, "jobs", "jp"), Wish(3, "documents", stays_in=1)]
    assert allocate([JAPAN, ANY], people) == {3: 1, 1: 1, 2: 4}


def test_a_group_that_is_gone_keeps_nobody() -> None:
    assert allocate([JAPAN], [Wish(1, stays_in=99)]) == {1: 1}


def test_whom_no_group_has_room_for_is_left_out() -> None:
    assert allocate([JAPAN], [Wish(n) for n in range(3)]) == {0: 1, 1: 1}
    assert allocate([], [Wish(1)]) == {}


codes = st.sampled_from(["", "a", "b", "c"])
groups = st.lists(st.tuples(codes, codes, st.integers(1, 3)), max_size=5).map(
    lambda found: [Group(n, n, *fields) for n, fields in enumerate(found, start=1)]
)
people = st.lists(
    st.tuples(codes, codes, st.lists(st.sampled_from("abc"), unique=True, max_size=3).map(tuple)), max_size=12
).map(lambda found: [Wish(n, *fields) for n, fields in enumerate(found)])


@given(groups, people)
def test_whatever_is_wished_nobody_is_lost_doubled_or_envious(
    groups: list[Group], people: list[Wish]
) -> None:
    placed = allocate(groups, people)
    assert placed == allocate(groups, people)
    taken = {group.id: list(placed.values()).count(group.id) for group in groups}
    assert all(taken[group.id] <= group.capacity for group in groups)
    assert len(placed) == min(len(people), sum(group.capacity for group in groups))
    by_id = {group.id: group for group in groups}
    for person in people:
        for other in people:
            if person.id in placed and other.id in placed and person.id < other.id:
                mine, theirs = by_id[placed[person.id]], by_id[placed[other.id]]
                # Nobody would rather have the place of somebody later, to whom it means no more.
                envies = distance(theirs, person) < distance(mine, person)
                assert not (envies and distance(theirs, other) >= distance(theirs, person))
