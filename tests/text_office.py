"""A desk that takes texts in and answers them, for tests: what comes in, what goes out."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from itertools import count

from sqlalchemy import func, select

from menus.loader import load_menu
from sms_service.errors import Unavailable
from sms_service.gateways.base import InboundSms
from sms_service.services.dialogues import inbound
from sms_service.services.dialogues.sms_context import Checked, Screen, SmsContext
from sms_service.services.events.lists import EventList, load_event_list
from sms_service.services.texts import inbox
from sms_service.settings import Settings
from sms_service.store.engine import Store, Tx
from sms_service.store.models import InboundMessage, Message

NOW = datetime(2026, 11, 21, 2, 0, tzinfo=UTC)  # a Saturday, 10.00 WITA
SECOND, MINUTE, HOUR, DAY = (timedelta(**{unit: 1}) for unit in ("seconds", "minutes", "hours", "days"))
MENU = load_menu()
HOTLINES = "KP2MI 24 jam: 0000"
_ids = count(1)


def number(n: int = 1) -> str:
    """The n-th test number."""
    return f"+628120000{n:04}"


class PaperWalks:
    """A menu by SMS on paper: opened by number, echoes what it is told, and closes at 0."""

    def __init__(self) -> None:
        self.open: set[str] = set()
        self.steps: list[str] = []

    def open_walk(
        self, number: str, language: str, inbound_id: int, now: datetime, entry: str = "", told: str = ""
    ) -> Screen:
        """The first screen."""
        self.open.add(number)
        return Screen(f"screen {entry or 'root'} {language}{' ' + told if told else ''}", bool(entry))

    def walk(
        self, number: str, text: str, inbound_id: int, now: datetime, *, in_words: bool = False
    ) -> Screen | None:
        """The next screen, if one is open; it never asks for words."""
        if in_words or number not in self.open:
            return None
        self.steps.append(text)
        if text == "0":
            self.open.discard(number)
        return Screen(f"screen {len(self.steps)}")

    def forget(self, number: str) -> None:
        """Close it."""
        self.open.discard(number)


class AwayWalks(PaperWalks):
    """A menu by SMS that cannot be reached."""

    def open_walk(
        self, number: str, language: str, inbound_id: int, now: datetime, entry: str = "", told: str = ""
    ) -> Screen:
        """Nothing."""
        raise Unavailable("away")


def context(store: Store, settings: Settings, walks: PaperWalks | None = None) -> SmsContext:
    """What handling needs: the real words and events, a paper menu, a check that repeats the question."""

    def check(query: str, language: str, now: datetime) -> Checked:
        return Checked(f"checked {query} in {language}", is_miss=False)

    def events() -> EventList:
        with store.read() as tx:
            return load_event_list(tx)

    def look_up(number: str, language: str, typed: str, inbound_id: int, now: datetime) -> str:
        if isinstance(walks, AwayWalks):
            raise Unavailable("away")
        return f"looked up {typed}"

    return SmsContext(
        MENU, settings, walks or PaperWalks(), events, check, lambda language: HOTLINES, look_up
    )


def sms(text: str, n: int = 1, gateway_id: str = "", **given: object) -> InboundSms:
    """A text from the n-th number, with an id of its own unless given."""
    fields = {
        "gateway": "console",
        "gateway_id": gateway_id or f"in-{next(_ids)}",
        "number": number(n),
        "to": "12362",
        "text": text,
        "sent_at": None,
    }
    return InboundSms(**{**fields, **given})  # type: ignore[arg-type]


def receive(store: Store, text: str, n: int = 1, now: datetime = NOW, gateway_id: str = "") -> bool:
    """Store one text, as the webhook does."""
    with store.transaction() as tx:
        return inbox.record(tx, sms(text, n, gateway_id), now)


def work(store: Store, desk: SmsContext, now: datetime = NOW) -> list[str]:
    """Handle all that is due, as the worker does; return what was done with each."""
    with store.transaction() as tx:
        ids = inbox.claim_due(tx, now)
    return [inbound.handle(store, inbound_id, desk, now) for inbound_id in ids]


def talk(store: Store, desk: SmsContext, text: str, n: int = 1, now: datetime = NOW) -> str | None:
    """Send one text and return the answer to it, or None for silence."""
    before = set(_message_ids(store))
    assert receive(store, text, n, now)
    work(store, desk, now)
    new = [body for message_id, body in bodies(store, n) if message_id not in before]
    assert len(new) <= 1
    return new[0] if new else None


def bodies(store: Store, n: int = 1) -> list[tuple[int, str]]:
    """All texts to the n-th number, oldest first, as (id, body)."""
    with store.read() as tx:
        rows = tx.execute(select(Message.id, Message.number_sealed, Message.body_sealed).order_by(Message.id))
        return [
            (row.id, tx.vault.open(row.body_sealed))
            for row in rows
            if tx.vault.text(row.number_sealed) == number(n)
        ]


def count_rows(store: Store) -> int:
    """How many texts are stored."""
    with store.read() as tx:
        return tx.scalar(select(func.count()).select_from(InboundMessage)) or 0


def statuses(store: Store) -> list[str]:
    """The status of each text, oldest first."""
    with store.read() as tx:
        return list(tx.scalars(select(InboundMessage.status).order_by(InboundMessage.id)))


def ask(store: Store, question: Callable[[Tx], object]) -> object:
    """Ask the database one question."""
    with store.read() as tx:
        return question(tx)


def _message_ids(store: Store) -> list[int]:
    with store.read() as tx:
        return list(tx.scalars(select(Message.id)))
