"""Reads what a gateway posts into one value a field, or says what is wrong with it. Never crashes.

The bytes are read as UTF-8, and what is not is replaced: a wrong encoding costs a letter, not the text.
"""

from __future__ import annotations

from collections.abc import Sequence
from urllib.parse import parse_qsl

from flask import Request

from sms_service.gateways.base import Form, Malformed

LARGEST_BODY = 8192
MOST_FIELDS = 64
_FORM = "application/x-www-form-urlencoded"


def read_pairs(request: Request) -> list[tuple[str, str]]:
    """Return the fields posted, or of a GET's query, in order. Raises Malformed: no form, or too many."""
    if request.method == "GET":
        raw = request.query_string
    elif request.mimetype in (_FORM, ""):
        raw = request.get_data(cache=False)
    else:
        raise Malformed("body", "is not application/x-www-form-urlencoded")
    try:
        return parse_qsl(
            raw.decode("utf-8", "replace"),
            keep_blank_values=True,
            errors="replace",
            max_num_fields=MOST_FIELDS,
        )
    except ValueError as error:
        raise Malformed("body", "has too many fields") from error


def to_form(pairs: Sequence[tuple[str, str]]) -> Form:
    """Return the fields by name. Raises Malformed for a doubled one: which of the two would be meant?"""
    form = dict(pairs)
    if len(form) != len(pairs):
        names = [name for name, _ in pairs]
        doubled = next(name for name in names if names.count(name) > 1)
        raise Malformed(_shown(doubled), "given twice")
    return form


def _shown(name: str) -> str:
    """A field's name as it may be repeated in an answer: nobody's number, nobody's script."""
    return name if name.isascii() and name.isidentifier() and len(name) <= 32 else "a field"
