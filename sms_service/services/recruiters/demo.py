"""A list of 300 companies that nobody can mistake for real ones: every name begins with "PT CONTOH".

Made by a fixed rule rather than kept as a file, so that no name can slip in by hand. Every status, branch
and kind of expiry occurs; phones lie in the range kept for tests. Called by `seed-demo` and the tests.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from datetime import date, datetime, timedelta

from sqlalchemy import update

from sms_service.domain.recruiter_rows import Reading, Row
from sms_service.services.recruiters.list_import import ListFile, find_current_list, import_list
from sms_service.store.engine import Tx
from sms_service.store.models import Recruiter

COMPANIES = 300
_FIRST = (
    "Maju", "Surya", "Karya", "Bintang", "Mutiara", "Harapan", "Cahaya", "Sumber", "Duta", "Bumi",
    "Samudra", "Pelita", "Citra", "Anugerah", "Graha", "Mitra", "Permata", "Rajawali", "Sinar", "Tunas",
)  # fmt: skip
_SECOND = (
    "Jaya", "Abadi", "Sentosa", "Makmur", "Mandiri", "Sejahtera", "Nusantara", "Lestari", "Utama", "Persada",
    "Bersama", "Gemilang", "Perkasa", "Selaras", "Kencana",
)  # fmt: skip
_STATUSES = ("active",) * 7 + ("suspended", "revoked", "expired")
_WARNING = "CONTOH: pernah minta uang muka. Tanya kantor dulu."


def demo_rows(as_of: date) -> Iterator[Row]:
    """The rows of the demo list as of a day."""
    for number in range(1, COMPANIES + 1):
        first, second = _FIRST[number % len(_FIRST)], _SECOND[(number // len(_FIRST)) % len(_SECOND)]
        status = _STATUSES[(number * 7 + number // len(_FIRST)) % len(_STATUSES)]
        yield Row(
            number=number + 1,
            name=f"PT CONTOH {first} {second}".upper(),
            license_number=f"CONTOH-{10_000 + number}",
            status=status,
            valid_until=_valid_until(as_of, status, number),
            address=f"Jl. Contoh No. {number}, Kota Contoh",
            phone=f"+62812000{5_000 + number:05d}" if number % 5 else "",
            branch_in_ntt=number % 3 == 0,
        )


def _valid_until(as_of: date, status: str, number: int) -> date | None:
    if number % 29 == 0:
        return None  # a list may leave it open
    if status == "expired" or number % 41 == 0:  # some are called active although their day has passed
        return as_of - timedelta(days=10 + number)
    return as_of + timedelta(days=30 + number * 5)


def seed(tx: Tx, now: datetime) -> int:
    """Put the demo list in force unless any list is; returns how many companies were put in."""
    if find_current_list(tx) is not None:
        return 0
    rows = list(demo_rows(now.date()))
    sha256 = hashlib.sha256(repr(rows).encode()).hexdigest()
    source = ListFile("demo", sha256, Reading(rows=rows))
    import_list(tx, source, now.date(), "demo", now, is_demo=True)
    warned = [row.license_number for row in rows if row.number % 60 == 2]
    tx.execute(
        update(Recruiter).where(Recruiter.license_number.in_(warned)).values(office_warning=_WARNING),
        execution_options={"synchronize_session": False},
    )
    return len(rows)
