"""The inbox of the terminal and browser phones: what the console gateway delivers, it stores here."""

from __future__ import annotations

from sqlalchemy import String, cast, exists, literal, select

from sms_service.clock import Clock
from sms_service.store.engine import Store, Tx
from sms_service.store.models import ConsoleText, DeliveryReportRow


class ConsoleInbox:
    """Texts by number. A call is committed when it returns; calls made at once share their commit."""

    def __init__(self, store: Store, clock: Clock) -> None:
        self._store = store
        self._clock = clock

    def deliver(self, number: str, body: str) -> str:
        """Store one text and return its id. Raises Unavailable."""
        sent_at = self._clock.now()

        def write(tx: Tx) -> str:
            text = ConsoleText(
                number_hash=tx.vault.number_hash(number), body_sealed=tx.vault.seal(body), sent_at=sent_at
            )
            tx.add(text)
            tx.flush()
            return f"console-{text.id}"

        return self._store.together(write)

    def list_texts(self, number: str, after_id: int = 0) -> list[tuple[int, str]]:
        """Texts of `number` newer than `after_id`, oldest first, as (id, body)."""
        with self._store.read() as tx:
            rows = tx.execute(
                select(ConsoleText.id, ConsoleText.body_sealed)
                .where(ConsoleText.number_hash == tx.vault.number_hash(number), ConsoleText.id > after_id)
                .order_by(ConsoleText.id)
            )
            return [(row.id, tx.vault.open(row.body_sealed)) for row in rows]

    def list_undelivered(self, number: str) -> list[tuple[int, str]]:
        """Texts of `number` that no delivery report was posted for, oldest first, as (id, body)."""
        reported = exists().where(
            DeliveryReportRow.gateway == "console",
            DeliveryReportRow.gateway_id == literal("console-") + cast(ConsoleText.id, String),
        )
        with self._store.read() as tx:
            rows = tx.execute(
                select(ConsoleText.id, ConsoleText.body_sealed)
                .where(ConsoleText.number_hash == tx.vault.number_hash(number), ~reported)
                .order_by(ConsoleText.id)
            )
            return [(row.id, tx.vault.open(row.body_sealed)) for row in rows]
