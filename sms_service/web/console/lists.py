"""Long lists, a page at a time: the newest first, and on by what stands last."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar
from urllib.parse import urlencode

from werkzeug.datastructures import MultiDict

T = TypeVar("T")
PAGE = 50


@dataclass(frozen=True, slots=True)
class Listing(Generic[T]):
    """What one page of a list shows; `before` and `after` are addresses, empty where there is nothing."""

    items: Sequence[T]
    before: str
    after: str


def listing(
    found: Sequence[T], query: MultiDict[str, str], cursor: Callable[[T], int | str], size: int = PAGE
) -> Listing[T]:
    """Of `found` (asked for with one more than `size`) the page to show. Filters stay in the addresses."""
    filters = [(key, value) for key, value in query.items(multi=True) if key != "after" and value]
    shown = found[:size]
    after = ""
    if len(found) > size:
        after = "?" + urlencode([*filters, ("after", str(cursor(shown[-1])))])
    before = f"?{urlencode(filters)}" if query.get("after") else ""
    return Listing(shown, before, after)


def after_id(query: MultiDict[str, str]) -> int | None:
    """The id that the page goes on from."""
    given = query.get("after", "")
    return int(given) if given.isascii() and given.isdigit() and len(given) < 19 else None
