"""Who goes into which consultation group: fair, explainable, and the same every time.

The rule, in the order in which it decides:

1. Whoever was placed by hand, or is to keep a place, stays there.
2. Places are given in rounds, from what fits best to what fits least. Nobody gets a second choice while
   somebody whose first choice it is still waits for that group.
3. Within a round, who registered first chooses first.
4. Of groups that fit a person equally well, the one with the lightest load (taken places for its size)
   is taken, then the one with the smaller number.
5. Nobody is left out while any group has room.

What fits: a wish for a topic and a destination counts most. Who wishes no destination and has answered
"what fits me?" is taken to wish the destinations that fit, best first. Pure: called by
services/events/groups.py.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

# How far a group is from a wish. Open: the group takes any topic, or any destination.
_MATCH, _OPEN, _OTHER = 0, 1, 2


@dataclass(frozen=True, slots=True)
class Group:
    """One group. An empty topic or destination: any. `taken`: places that others have, who are not asked."""

    id: int
    number: int
    topic: str
    destination: str
    capacity: int
    taken: int = 0


@dataclass(frozen=True, slots=True)
class Wish:
    """One person, in the order of registration. `fits`: destinations by "what fits me?", best first.

    `stays_in`: the group that the person keeps whatever else happens; None: to be placed.
    """

    id: int
    topic: str = ""
    destination: str = ""
    fits: tuple[str, ...] = ()
    stays_in: int | None = None


def allocate(groups: Sequence[Group], people: Sequence[Wish]) -> dict[int, int]:
    """Return the group of each person who gets one, by their ids. Who is missing found all groups full."""
    placed: dict[int, int] = {}
    taken = {group.id: group.taken for group in groups}
    for person in people:
        if person.stays_in in taken:
            _put(person, person.stays_in, placed, taken)
    waiting = [person for person in people if person.id not in placed]
    for level in range(2 * _OTHER + 1):
        still = []
        for person in waiting:
            chosen = _choose(groups, person, level, taken)
            if chosen is None:
                still.append(person)
            else:
                _put(person, chosen, placed, taken)
        waiting = still
    return placed


def distance(group: Group, person: Wish) -> int:
    """How far a group is from what a person wishes: 0 is the first choice, 4 the last."""
    return _topic_distance(group, person) + _destination_distance(group, person)


def _put(person: Wish, group_id: int | None, placed: dict[int, int], taken: dict[int, int]) -> None:
    assert group_id is not None
    placed[person.id] = group_id
    taken[group_id] += 1


def _choose(groups: Sequence[Group], person: Wish, level: int, taken: Mapping[int, int]) -> int | None:
    fitting = [
        group for group in groups if taken[group.id] < group.capacity and distance(group, person) == level
    ]
    best = min(
        fitting,
        key=lambda group: (_rank(group, person), taken[group.id] / group.capacity, group.number),
        default=None,
    )
    return None if best is None else best.id


def _topic_distance(group: Group, person: Wish) -> int:
    if not person.topic or group.topic == person.topic:
        return _MATCH
    return _OTHER if group.topic else _OPEN


def _destination_distance(group: Group, person: Wish) -> int:
    wished = (person.destination,) if person.destination else person.fits
    if not wished or group.destination == wished[0]:
        return _MATCH
    if not group.destination or group.destination in wished[1:2]:
        return _OPEN
    return _OTHER


def _rank(group: Group, person: Wish) -> int:
    """Among equals: the destination that the answers say fits better."""
    return person.fits.index(group.destination) if group.destination in person.fits else len(person.fits)
