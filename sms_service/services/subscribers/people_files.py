"""What imports of people share: bad rows refuse the whole file, and STOP outlives every list."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from sqlalchemy import select

from sms_service.domain.list_rows import Reading
from sms_service.errors import Invalid, said
from sms_service.store.engine import Tx
from sms_service.store.models import OptOut

_AT_ONCE = 1000  # hashes in one question
_MOST_FAULTS = 100  # named in a refusal


def refuse_bad_rows(reading: Reading[Any], skip_bad_rows: bool) -> None:
    """Raises Invalid, with the faults by row and field, while there are bad rows that nobody said to skip."""
    if reading.bad_rows and not skip_bad_rows:
        named = {f"row {fault.row}, {fault.field}": fault.message for fault in reading.faults[:_MOST_FAULTS]}
        one = said("1 row cannot be read; nothing was imported")
        more = said("%(count)s rows cannot be read; nothing was imported", count=reading.bad_rows)
        raise Invalid(one if reading.bad_rows == 1 else more, named)
    if not reading.rows and not reading.bad_rows:
        raise Invalid("the file holds nobody", {"file": "holds nobody"})


def find_stopped(tx: Tx, hashes: Sequence[str]) -> set[str]:
    """Return those of these number hashes that have said STOP."""
    found: set[str] = set()
    for some in slices(hashes):
        found.update(tx.scalars(select(OptOut.number_hash).where(OptOut.number_hash.in_(some))))
    return found


def count_stopped(tx: Tx, hashes: Sequence[str]) -> int:
    """How many of these number hashes have said STOP."""
    return len(find_stopped(tx, hashes))


def slices(hashes: Sequence[str]) -> Iterator[Sequence[str]]:
    """Cut a long list into pieces that one statement may hold."""
    for start in range(0, len(hashes), _AT_ONCE):
        yield hashes[start : start + _AT_ONCE]
