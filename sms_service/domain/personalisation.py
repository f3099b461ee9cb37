"""Placeholders in the text of a broadcast: `{nama}`, `{kabupaten}`, and nothing that could surprise.

A text is parsed once; a word in braces that is not in the table is refused when the text is written, with
its place. Values are put in as they are, once: braces in somebody's name are two characters, never a
placeholder. A brace itself is written twice. Used by services/broadcast_texts; pure.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

from sms_service.errors import Invalid, said

NAME, DISTRICT, AGENCY, SHORT_CODE = "name", "district", "agency", "short_code"
# What may stand in braces, in either language's text.
PLACEHOLDERS: Mapping[str, str] = MappingProxyType(
    {
        "nama": NAME,
        "name": NAME,
        "kabupaten": DISTRICT,
        "district": DISTRICT,
        "kantor": AGENCY,
        "office": AGENCY,
        "layanan": SHORT_CODE,
        "service": SHORT_CODE,
    }
)
LONGEST_NAME = 30  # characters of a name that are put into a text


@dataclass(frozen=True, slots=True)
class Template:
    """A parsed text: literal pieces and fields by turns, `pieces[0] fields[0] pieces[1] ...`."""

    pieces: tuple[str, ...]
    fields: tuple[str, ...]

    def uses(self, field: str) -> bool:
        """True when `field` (NAME, DISTRICT, ...) stands in the text."""
        return field in self.fields

    def fill(self, values: Mapping[str, str]) -> str:
        """Return the text with `values` by field put in. Raises KeyError when one is missing."""
        filled = [self.pieces[0]]
        for field, piece in zip(self.fields, self.pieces[1:], strict=True):
            filled += (values[field], piece)
        return "".join(filled)

    def put(self, field: str, value: str) -> Template:
        """The same text with `value` put in for one field; the other fields stay."""
        pieces, fields = [self.pieces[0]], []
        for name, piece in zip(self.fields, self.pieces[1:], strict=True):
            if name == field:
                pieces[-1] += value + piece
            else:
                fields.append(name)
                pieces.append(piece)
        return Template(tuple(pieces), tuple(fields))


def parse(text: str) -> Template:
    """Return the template of `text`. Raises Invalid: an unknown placeholder, a brace without its other
    half; the message names the place, counted from 1."""
    pieces, fields, at = [""], [], 0
    while at < len(text):
        character = text[at]
        if text[at : at + 2] in ("{{", "}}"):
            pieces[-1] += character
            at += 2
        elif character == "{":
            field, at = _field(text, at)
            fields.append(field)
            pieces.append("")
        elif character == "}":
            raise Invalid(
                said(
                    "character %(at)s: a closing brace without an opening one (write }} for a brace)",
                    at=at + 1,
                )
            )
        else:
            pieces[-1] += character
            at += 1
    return Template(tuple(pieces), tuple(fields))


def _field(text: str, at: int) -> tuple[str, int]:
    """The field of the placeholder that opens at `at`, and where the text goes on."""
    end = text.find("}", at)
    if end < 0:
        raise Invalid(
            said("character %(at)s: a brace is opened and not closed (write {{ for a brace)", at=at + 1)
        )
    field = PLACEHOLDERS.get(text[at + 1 : end].strip().lower())
    if field is None:
        known = ", ".join(f"{{{word}}}" for word in PLACEHOLDERS)
        raise Invalid(
            said(
                "character %(at)s: this placeholder is not known; there are %(known)s", at=at + 1, known=known
            )
        )
    return field, end + 1


def tidy_name(name: str) -> str:
    """A name as it is put into a text: one line, single spaces, at most LONGEST_NAME characters (cut
    between words where possible). Empty when nothing readable is left."""
    if not name.isprintable():
        name = "".join(c if c.isprintable() else " " for c in name)
    plain = " ".join(name.split())
    if len(plain) <= LONGEST_NAME:
        return plain
    return plain[: LONGEST_NAME + 1].rsplit(" ", 1)[0][:LONGEST_NAME].rstrip()
