"""Where figures go: one line a figure in results.csv, with the reference of the same run."""

from __future__ import annotations

import csv
from datetime import UTC, datetime
from pathlib import Path

FILE = Path(__file__).parent / "results.csv"
COLUMNS = ("date", "benchmark", "figure", "value", "unit", "reference", "reference_value", "notes")


def record(
    benchmark: str,
    figure: str,
    value: float,
    unit: str,
    reference: str,
    reference_value: float,
    notes: str = "",
) -> None:
    """Append one figure and show it."""
    is_new = not FILE.exists()
    row = (
        *(datetime.now(UTC).strftime("%Y-%m-%dT%H:%MZ"), benchmark, figure, _short(value), unit),
        *(reference, _short(reference_value), notes),
    )
    with FILE.open("a", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        if is_new:
            writer.writerow(COLUMNS)
        writer.writerow(row)
    ratio = f" (ratio {value / reference_value:.2f})" if reference_value else ""
    print(
        f"{figure}: {_short(value)} {unit}; {reference}: {_short(reference_value)}{ratio} {notes}", flush=True
    )


def _short(value: float) -> str:
    return f"{value:.4g}" if abs(value) < 1000 else f"{value:.0f}"
