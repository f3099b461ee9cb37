"""Lists of people as somebody sends them, for tests."""

from __future__ import annotations

import io
from collections.abc import Sequence
from typing import Any

from openpyxl import Workbook


def csv_file(*lines: str) -> bytes:
    """Lines of a CSV file."""
    return "\r\n".join(lines).encode()


def xlsx_file(*rows: Sequence[Any]) -> bytes:
    """Rows of an XLSX file, with cells as a spreadsheet holds them."""
    workbook = Workbook()
    sheet = workbook.active
    assert sheet is not None
    for row in rows:
        sheet.append(list(row))
    content = io.BytesIO()
    workbook.save(content)
    return content.getvalue()
