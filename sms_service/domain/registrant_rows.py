"""Rows of a list of people who are to come to an event: a hundred students of thirteen universities. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from sms_service.domain import people_cells as cells
from sms_service.domain.list_rows import Layout, Line
from sms_service.domain.recruiter_cells import Cell, read_text
from sms_service.domain.subscriber_rows import NUMBER_HEADINGS
from sms_service.errors import Invalid, said

_HEADINGS = {
    "number": NUMBER_HEADINGS,
    "name": "nama|nama lengkap|nama peserta|full name|peserta",
    "organisation": "organization|universitas|university|kampus|perguruan tinggi|asal|asal kampus|instansi"
    "|lembaga|sekolah|institution",
    "topic": "topik|topik konsultasi|minat",
    "destination": "negara tujuan|tujuan|negara|country|destination country",
    "language": "bahasa",
}


@dataclass(frozen=True, slots=True)
class RegistrantRow:
    """One person. `row` is the row in the file, `number` E.164; an empty topic or destination: any."""

    row: int
    number: str
    name: str
    organisation: str
    topic: str
    destination: str
    language: str


def layout(country: str, destinations: Mapping[str, str]) -> Layout[RegistrantRow]:
    """The columns, for numbers of `country`; `destinations`: the code of each word for a destination, in
    lower case."""

    def read_destination(cell: Cell) -> str:
        text = read_text(cell, 60).casefold()
        if text and text not in destinations:
            known = ", ".join(sorted(set(destinations.values())))
            raise Invalid(said("is none of %(known)s", known=known))
        return destinations.get(text, "")

    def read(line: Line) -> RegistrantRow:
        return RegistrantRow(
            row=line.number,
            number=line.take("number", lambda cell: cells.read_number(cell, country), ""),
            name=line.take("name", cells.read_name, ""),
            organisation=line.take("organisation", lambda cell: read_text(cell, 80), ""),
            topic=line.take("topic", cells.read_topic, ""),
            destination=line.take("destination", read_destination, ""),
            language=line.take("language", cells.read_language, ""),
        )

    return Layout(_HEADINGS, ("number",), read)
