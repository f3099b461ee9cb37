"""Every page of the desk as an address with real ids, from the desk's own table: a page that is added
there without a way to open it here fails.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

from playwright.sync_api import expect

from sms_service.web.console import PAGES
from tests.e2e.desk.conftest import Visitor
from tests.furnishing import Furnished, address_of
from tests.people_files import csv_file

_NAME = re.compile(r"<(?:\w+:)?(\w+)>")
_PARTS = ("/live", ".csv", ".ics")  # pieces of pages, and files
_LISTS = {
    "/recruiters/import/<key>": csv_file(
        "nama perusahaan,nomor izin,status,berlaku sampai,telepon,cabang ntt",
        *(f"PT CONTOH BARU {n},CONTOH-3000{n},aktif,31-12-2029,,tidak" for n in range(4)),
        "PT CONTOH RUSAK,CONTOH-30009,mungkin,kapan-kapan,,ya",
    ),
    "/subscribers/import/<key>": csv_file(
        "no hp,kabupaten,bahasa,sumber persetujuan,tanggal persetujuan",
        "081200009901,53.04,id,formulir kertas,2026-01-10",
        "0812,53.04,id,formulir kertas,2026-01-10",
    ),
    "/events/<int:event_id>/import/<key>": csv_file("no hp,nama", "081200009902,CONTOH Orang", "0812,CONTOH"),
}


@dataclass(frozen=True)
class Address:
    """One page: `name` for its picture, `path` below /console."""

    name: str
    path: str


def every_page(visitor: Visitor, made: Furnished) -> list[Address]:
    """Each page that can be looked at. Lists are sent first, for the pages that show what they would do."""
    found = []
    for page in PAGES:
        if page.show is None or page.path.endswith(_PARTS):
            continue
        path = address_of(page.path, made)
        if page.path in _LISTS:
            path = _sent(visitor, path, _LISTS[page.path])
        elif page.path.startswith("/content/<"):
            path = _first_link(visitor, "/content", "/content/(?!new)")
        assert "<" not in path, f"no id is known for {page.path}"
        found.append(Address(_name(page.path), path))
    return found


def _sent(visitor: Visitor, path: str, content: bytes) -> str:
    """Send a list; the address of the look at it."""
    send = path.rpartition("/")[0]
    visitor.go(f"/console{send}")
    if visitor.page.locator("[name=as_of_day]").count():
        visitor.page.fill("[name=as_of_day]", "2026-01-10")
    file = {"name": "daftar-contoh.csv", "mimeType": "text/csv", "buffer": content}
    visitor.page.set_input_files("[name=file]", file)  # type: ignore[arg-type]
    visitor.page.click("main form button[type=submit]")
    expect(visitor.page).to_have_url(re.compile(rf"{send}/."))
    return visitor.page.url.partition("/console")[2]


def _first_link(visitor: Visitor, path: str, wanted: str) -> str:
    visitor.go(f"/console{path}")
    found = re.search(f'href="/console({wanted}[^"?#]+)"', visitor.page.content())
    assert found, f"no link on {path}"
    return found[1]


def _name(path: str) -> str:
    """What its picture is called."""
    plain = _NAME.sub("one", path).replace("<key>", "check").strip("/")
    return Path(plain.replace("/", "-") or "today").name
