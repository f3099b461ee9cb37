"""Rows of a list of people who have agreed to get texts, with the evidence of it. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from sms_service.domain import people_cells as cells
from sms_service.domain.list_rows import Layout, Line
from sms_service.domain.recruiter_cells import read_text

NUMBER_HEADINGS = (
    "no hp|nomor hp|hp|handphone|nomor handphone|phone|phone number|telepon|telp|no telp|no telepon"
    "|nomor telepon|wa|no wa|nomor wa|whatsapp|mobile|msisdn"
)
_HEADINGS = {
    "number": NUMBER_HEADINGS,
    "district": "kabupaten|kabupaten kota|kab kota|daerah|domisili",
    "language": "bahasa",
    "topics": "topik|topic|minat",
    "consent_source": "sumber persetujuan|sumber izin|bukti persetujuan|consent",
    "consent_on": "tanggal persetujuan|tgl persetujuan|tanggal setuju|consent date|date of consent",
    "name": "nama|nama lengkap|full name",
    "community": "komunitas|kelompok|paroki",
}


@dataclass(frozen=True, slots=True)
class SubscriberRow:
    """One person. `row` is the row in the file, `number` E.164; no topics: all."""

    row: int
    number: str
    district: str
    language: str
    topics: tuple[str, ...]
    consent_source: str
    consent_on: date
    name: str
    community: str


def layout(country: str, today: date) -> Layout[SubscriberRow]:
    """The columns, for numbers of `country` and consent given until `today`."""

    def read(line: Line) -> SubscriberRow:
        return SubscriberRow(
            row=line.number,
            number=line.take("number", lambda cell: cells.read_number(cell, country), ""),
            district=line.take("district", cells.read_district, ""),
            language=line.take("language", cells.read_language, ""),
            topics=line.take("topics", cells.read_topics, ()),
            consent_source=line.take("consent_source", cells.read_consent_source, ""),
            consent_on=line.take("consent_on", lambda cell: cells.read_consent_on(cell, today), today),
            name=line.take("name", cells.read_name, ""),
            community=line.take("community", lambda cell: read_text(cell, 64), ""),
        )

    return Layout(_HEADINGS, ("number", "consent_source", "consent_on"), read)
