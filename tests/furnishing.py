"""An office in the middle of its work: a little of everything, visibly fictional, through the services.

What the walk over every page and the tour's pictures stand on.
"""

from __future__ import annotations

import random
import re
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta

from sqlalchemy import select

from menus.loader import load_menu
from sms_service.domain.items import KINDS
from sms_service.domain.recruiter_rows import Reading
from sms_service.services.broadcasts import life as broadcasts
from sms_service.services.broadcasts import sending as broadcast_sending
from sms_service.services.broadcasts.audience import Audience
from sms_service.services.broadcasts.life import BroadcastFields
from sms_service.services.broadcasts.texts import Words
from sms_service.services.events import proposals as event_proposals
from sms_service.services.events import registrant_import, registrations
from sms_service.services.events.life import EventFields
from sms_service.services.events.texts import EventTexts
from sms_service.services.recruiters import (
    demo as recruiters_demo,
)
from sms_service.services.recruiters import (
    directory as recruiters,
)
from sms_service.services.recruiters import (
    list_import as recruiter_import,
)
from sms_service.services.recruiters.list_import import ListFile
from sms_service.services.reports import (
    cases as report_cases,
)
from sms_service.services.reports import (
    clusters as report_clusters,
)
from sms_service.services.reports import (
    notes as report_notes,
)
from sms_service.services.staff.accounts import Person
from sms_service.services.subscribers import communities
from sms_service.services.subscribers import list_import as subscriber_import
from sms_service.settings import Settings
from sms_service.store.engine import Store
from sms_service.store.models import (
    DistrictCount,
    Event,
    EventGroup,
    Recruiter,
    Registration,
    Report,
    ReportLink,
    Staff,
    Surge,
    TurnCount,
    UnknownWord,
)
from sms_service.ussd_sessions import LEFT
from tests import cluster_office
from tests.people_files import csv_file

DISTRICTS = ("53.71", "53.03", "53.02", "53.08", "53.11", "53.18", "53.06", "53.14")
_NAME = re.compile(r"<(?:\w+:)?(\w+)>")
_DAY, _HOUR = timedelta(days=1), timedelta(hours=1)
_HEAD = "no hp,kabupaten,bahasa,sumber persetujuan,tanggal persetujuan,nama,topik"
# About whom, phone, district, hours ago, in danger, story.
_REPORTS = (
    ("PT CONTOH Maju", 900, "53.04", 150, False, "CONTOH: minta uang muka kepada orang tua."),
    (
        "PT Contoh Maju Jaya",
        900,
        "53.04",
        125,
        False,
        "CONTOH: berangkat minggu depan, tanpa kontrak.",
    ),
    ("Pak Contoh dari PT Maju", 900, "53.21", 98, False, "CONTOH: KTP anak diambil."),
    ("PT CONTOH MAJU", 900, "53.04", 20, False, "CONTOH: datang lagi ke rumah, minta uang muka."),
    ("Ibu Contoh", 901, "53.71", 60, False, "CONTOH: menawarkan visa pelancong."),
    ("Ibu Contoh Satu", 901, "53.71", 9, False, "CONTOH: berangkat dengan visa pelancong."),
    ("", 0, "53.03", 3, True, "CONTOH: kami dikunci di rumah penampungan."),
    ("CV Contoh Lain", 0, "53.18", 2, False, "CONTOH: umur di surat diubah."),
    ("PT CONTOH ANUGERAH", 903, "53.08", 1, False, ""),
)
# Kind, text, and what was done with it.
_BROADCASTS: tuple[tuple[str, str, tuple[str, ...]], ...] = (
    (
        "warning",
        "CONTOH: Awas perekrut palsu di {kabupaten}. Jangan bayar dulu, {nama}. Tanya {kantor}.",
        ("submit",),
    ),
    ("info", "CONTOH: Konsultasi dokumen gratis hari Sabtu di Gereja Contoh. Balas DAFTAR ke {layanan}.", ()),
    (
        "warning",
        "CONTOH: Ada yang meminta KTP lewat telepon. Kantor tidak pernah meminta KTP.",
        ("submit", "approve", "pause"),
    ),
    ("info", "CONTOH: Lowongan resmi baru di menu 3. Kabar dari {kantor}.", ("submit", "approve")),
)
_CALLS = {  # screens and how many of a hundred callers see them
    "root": 100, "check.ask": 50, "check.answer": 34, "check.not_found": 10, "report.enter": 20,
    "report.modus": 16, "events.start": 20, "events.all": 15, "jobs.start": 30, "steps.start": 25,
    "help.start": 10,
}  # fmt: skip


@dataclass
class Furnished:
    """Ids to go to."""

    ids: dict[str, int | str] = field(default_factory=dict)
    broadcasts: dict[str, int] = field(default_factory=dict)  # by status


def furnish(store: Store, settings: Settings) -> Furnished:
    """Put everything in, once; the demo content stands already."""
    office = _Office(store, settings, datetime.now(UTC))
    office.hire()
    made = Furnished()
    office.recruit(made)
    office.hold_events(made)
    office.subscribe()
    office.take_reports(made)
    office.send(made)
    office.count_calls()
    with store.read() as tx:
        made.ids["staff_id"] = tx.scalars(select(Staff.id).where(Staff.name == "Contoh Petugas")).one()
    return made


@dataclass
class _Office:
    store: Store
    settings: Settings
    now: datetime

    def hire(self) -> None:
        people = {
            "officer": "Contoh Petugas",
            "approver": "Contoh Penyetuju",
            "case_officer": "Contoh Laporan",
        }
        with self.store.transaction() as tx:
            for role, name in people.items():
                tx.add(Staff(name=name, role=role, password_hash="-", is_active=True, created_at=self.now))
            self.parish = communities.create(tx, "Paroki Contoh", None, self.now).id
        self.people = {role: self._person(name, role) for role, name in people.items()}

    def _person(self, name: str, role: str) -> Person:
        with self.store.read() as tx:
            return Person(tx.scalars(select(Staff.id).where(Staff.name == name)).one(), name, role, 0, None)

    def recruit(self, made: Furnished) -> None:
        """The next list, with changes; and what was asked for and not found."""
        today = self.now.date()
        rows = [
            replace(row, status="revoked") if row.number in (5, 6) else row
            for row in recruiters_demo.demo_rows(today)
            if row.number not in (9, 10, 11)
        ]
        rows.append(replace(rows[0], number=400, name="PT CONTOH BARU SEKALI", license_number="CONTOH-20001"))
        with self.store.transaction() as tx:
            listed = ListFile("daftar-contoh.csv", "0" * 64, Reading(rows))
            recruiter_import.import_list(tx, listed, today, "Contoh Petugas", self.now, is_demo=True)
            for name, times in (("pt contoh palsu", 14), ("bapak contoh", 8), ("cv contoh tidak ada", 5)):
                for _ in range(times):
                    recruiters.record_miss(tx, name, today, self.now)
            current = recruiter_import.find_current_list(tx)
            assert current is not None
            made.ids["list_id"] = current.id
            warned = select(Recruiter.id).where(Recruiter.office_warning != "").order_by(Recruiter.id)
            made.ids["recruiter_id"] = tx.scalars(warned).first() or 1

    def hold_events(self, made: Furnished) -> None:
        words = EventTexts.of(self.settings, load_menu())
        with self.store.transaction() as tx:
            grouped = tx.scalars(select(EventGroup.event_id).limit(1)).one()
            event = tx.get_one(Event, grouped)
            lines = [f"{_number(n)},CONTOH Orang {n},Kampus Contoh" for n in range(30)]
            reading = registrant_import.read_registrants(
                csv_file("no hp,nama,universitas", *lines), self.settings.default_country, words
            )
            registrant_import.import_registrants(tx, event.id, reading, None, self.now)
            registrations.register(tx, 2, _number(1), "id", "ussd", self.now, words)
            made.ids["event_id"] = event.id
            first = select(Registration.id).where(Registration.event_id == event.id).limit(1)
            made.ids["registration_id"] = tx.scalars(first).one()
            partner = Staff(
                name="Contoh Mitra", role="partner", password_hash="-", is_active=True,
                created_at=self.now, community_id=self.parish,
            )  # fmt: skip
            tx.add(partner)
            tx.flush()
            proposed = EventFields(
                title_id="CONTOH Usul paroki", title_en="EXAMPLE Parish evening",
                starts_at=self.now + 12 * _DAY, venue="Aula Paroki Contoh", district="53.04",
            )  # fmt: skip
            who = Person(partner.id, partner.name, "partner", 0, None, community_id=self.parish)
            event_proposals.make(tx, proposed, who, self.now, words)

    def subscribe(self) -> None:
        """People of eight districts, some with names that cost."""
        today = self.now.date()
        chance = random.Random(5)
        lines = [
            f"{_number(100 + n)},{chance.choice(DISTRICTS)},{chance.choice(('id', 'id', 'id', 'en'))},"
            f"formulir kertas,{today - 30 * _DAY},{'Nguyễn Contoh' if n % 40 == 0 else 'Contoh'},"
            for n in range(160)
        ]
        with self.store.transaction() as tx:
            reading = subscriber_import.read_subscribers(
                csv_file(_HEAD, *lines), self.settings.default_country, today
            )
            subscriber_import.import_subscribers(tx, reading, None, self.now)

    def take_reports(self, made: Furnished) -> None:
        worker = self.people["case_officer"]
        ids = []
        for n, (name, phone, district, hours, is_urgent, story) in enumerate(_REPORTS):
            at = self.now - hours * _HOUR
            ids.append(
                cluster_office.report(
                    self.store, name=name, phone=_number(phone) if phone else "", district=district, at=at,
                    is_urgent=is_urgent, priority=1 if is_urgent else 3, place="Desa Contoh", story=story,
                    caller=_number(60 + n), texts_allowed=n % 2 == 0,
                    due_at=at + (_HOUR if is_urgent else _DAY),
                )
            )  # fmt: skip
        cluster_office.link_all(self.store, now=self.now)
        pairs = {frozenset(ids[:2]), frozenset(ids[1:3]), frozenset((ids[0], ids[2]))}
        self._confirm(lambda link: frozenset((link.earlier_id, link.later_id)) in pairs, worker)
        with self.store.transaction() as tx:
            begun = {"assignee_id": worker.id, "status": "triaged"}
            report_cases.change(tx, ids[0], begun, worker.id, self.now, None)
            report_notes.add_note(tx, ids[0], "CONTOH: kantor Belu sudah ditelepon.", worker.id, self.now)
            today = self.now.astimezone(self.settings.zone).date()
            surge = {"day": today, "expected": 0.4, "raised_at": self.now - _HOUR}
            tx.add(Surge(kind="miss", subject="pt contoh palsu", count=14, **surge))
            tx.add(Surge(kind="reports", subject=f"report:{ids[3]}", count=4, **surge))
            cluster = tx.scalars(select(Report.cluster_id).where(Report.cluster_id.is_not(None))).first()
            suggested = select(ReportLink.id).where(ReportLink.status == "suggested")
            link = tx.scalars(suggested).first() or tx.scalars(select(ReportLink.id)).first()
            assert cluster is not None
            assert link is not None
        made.ids |= {"report_id": ids[0], "cluster_id": cluster, "link_id": link}
        made.ids["duplicate_id"] = ids[4]

    def _confirm(self, wanted: Callable[[ReportLink], bool], worker: Person) -> None:
        for link in cluster_office.links(self.store, "suggested"):
            if wanted(link):
                with self.store.transaction() as tx:
                    report_clusters.confirm_link(tx, link.id, link.version, worker, 3, self.now, join=True)

    def send(self, made: Furnished) -> None:
        """A draft, one that waits for approval, one paused on its way, one done."""
        author, second = self.people["officer"], self.people["approver"]
        words = Words.of(self.settings, load_menu())
        for kind, text, done in _BROADCASTS:
            with self.store.transaction() as tx:
                who = Audience(districts=("53.71", "53.03"))
                row = broadcasts.create_draft(tx, author, BroadcastFields(kind, text, audience=who), self.now)
                for act in done:
                    if act == "pause":
                        while broadcast_sending.work(tx, words, self.settings, self.now):
                            pass
                    getattr(broadcasts, act)(tx, row.id, second if act == "approve" else author, now=self.now)
                made.broadcasts[("draft", *done)[-1]] = row.id
        made.ids["broadcast_id"] = made.broadcasts["pause"]

    def count_calls(self) -> None:
        """Thirty days of calls: what the figures are drawn from."""
        chance = random.Random(7)
        today = self.now.astimezone(self.settings.zone).date()
        rows: list[object] = []
        for back in range(30):
            calls = 60 + chance.randrange(40) + (30 - back)
            for node, share in _CALLS.items():
                seen = calls * share // 100
                rows.append(_turns(today - back * _DAY, node, seen))
                rows.append(_turns(today - back * _DAY, node, int(seen * 0.7), LEFT))
        for code in DISTRICTS:
            rows.append(
                DistrictCount(day=today, channel="ussd", district=code, count=chance.randrange(3, 90))
            )
        rows += [UnknownWord(day=today, word=word, count=n) for word, n in (("kerja", 12), ("gaji", 9))]
        with self.store.transaction() as tx:
            tx.add_all(rows)


def _turns(day: object, node: str, count: int, outcome: str = "ok") -> TurnCount:
    return TurnCount(day=day, channel="ussd", node=node, outcome=outcome, language="id", count=count)


def _number(n: int) -> str:
    return f"+628120000{4000 + n:04}"


def address_of(path: str, made: Furnished) -> str:
    """The address of a page of the desk's table, with ids of what was put in; unknown ones stay."""
    states = {"/edit": "draft", "/approve": "submit", "/reject": "submit"}
    state = next((state for end, state in states.items() if path.endswith(end)), "pause")
    ids = {**made.ids, "kind": next(iter(KINDS)), "broadcast_id": made.broadcasts[state]}
    return _NAME.sub(lambda name: str(ids.get(name[1], name[0])), path)
