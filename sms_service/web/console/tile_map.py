"""The 22 districts as tiles, roughly as the islands lie, and charts as plain shapes for a template to draw.

No colour stands alone: each tile bears its name and its number, and what may not be shown is hatched.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from sms_service.domain.districts import DISTRICTS, District

# (column, row): Flores to Alor from west to east; Timor below its east; Sumba, Sabu and Rote in the south.
PLACES: Mapping[str, tuple[int, int]] = {
    "53.15": (0, 0),
    "53.10": (1, 0),
    "53.19": (2, 0),
    "53.09": (3, 0),
    "53.16": (4, 0),
    "53.08": (5, 0),
    "53.07": (6, 0),
    "53.06": (7, 0),
    "53.13": (8, 0),
    "53.05": (9, 0),
    "53.03": (8, 1),
    "53.04": (9, 1),
    "53.01": (7, 2),
    "53.02": (8, 2),
    "53.21": (9, 2),
    "53.18": (0, 2),
    "53.12": (1, 2),
    "53.17": (2, 2),
    "53.11": (3, 2),
    "53.71": (6, 2),
    "53.20": (4, 3),
    "53.14": (6, 3),
}
SIZE, GAP = 100, 6
WIDTH, HEIGHT = 10 * (SIZE + GAP), 4 * (SIZE + GAP)
STEPS = 5


@dataclass(frozen=True, slots=True)
class Tile:
    """One district on the map. `step` is 1 (few) to STEPS (many); 0: hidden."""

    district: District
    x: int
    y: int
    count: int | None
    step: int


@dataclass(frozen=True, slots=True)
class Bar:
    """One bar of a chart, in the units of its drawing. `height` is 0 for what is hidden."""

    label: str
    x: float
    y: float
    width: float
    height: float
    count: int | None


def tiles(counts: Mapping[str, int | None]) -> list[Tile]:
    """The map of a figure, from the north-west on."""
    most = max((counts.get(one.code) or 0 for one in DISTRICTS), default=0)
    found = []
    for one in DISTRICTS:
        column, row = PLACES[one.code]
        count = counts.get(one.code)
        found.append(Tile(one, column * (SIZE + GAP), row * (SIZE + GAP), count, _step(count, most)))
    return sorted(found, key=lambda tile: (tile.y, tile.x))


def _step(count: int | None, most: int) -> int:
    if count is None or most <= 0:
        return 0
    return min(STEPS, 1 + (STEPS * count) // (most + 1))


def bars(rows: Sequence[tuple[str, int | None]], width: float, height: float) -> list[Bar]:
    """Standing bars, one a row, the highest as high as the drawing."""
    most = max((count or 0 for _, count in rows), default=0)
    each = width / max(len(rows), 1)
    found = []
    for number, (label, count) in enumerate(rows):
        tall = height * count / most if count and most else 0.0
        left, wide = number * each + each * 0.1, each * 0.8
        found.append(
            Bar(label, round(left, 2), round(height - tall, 2), round(wide, 2), round(tall, 2), count)
        )
    return found
