"""Drains one lane of the outbox: claim, call the gateway with no transaction open, record.

Texts that differ are called side by side, a handful of calls at once; what a gateway certainly did not
take goes to the next gateway at once, where there is one. Used by the jobs in workers/messages.py.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from datetime import datetime, timedelta
from itertools import islice

from sms_service.budgets import Budget
from sms_service.circuits import Circuits
from sms_service.domain.quiet_hours import release_at
from sms_service.errors import (
    GatewayError,
    Misconfigured,
    OutcomeUnknown,
    RecipientOptedOut,
    Rejected,
    Unavailable,
)
from sms_service.gateways.base import MAX_BATCH, Gateway, OutboundSms
from sms_service.logs import get_logger
from sms_service.metrics import GATEWAY_SECONDS, MT, MT_SEGMENTS
from sms_service.runtime import Runtime
from sms_service.services import sending
from sms_service.services.batches import Batch, split
from sms_service.services.results import Result, record_results
from workers.stopping import Stopping

log = get_logger(__name__)

CLAIM_AT_ONCE = {"fast": 50, "bulk": 400}
CALLS_AT_ONCE = 16
_TOGETHER_SECONDS = 0.02
_RECORD_PAUSES = (0.1, 0.2, 0.5, 1.0, 2.0)  # the last one again until two leases have passed


class Sender:
    """One for a worker process. `stopping` is set when the process shall end: what is not called yet is
    then given back."""

    def __init__(self, runtime: Runtime, stopping: Stopping) -> None:
        self._runtime = runtime
        self._stopping = stopping
        self._lease = timedelta(seconds=runtime.settings.send_lease_seconds)
        self._pool = ThreadPoolExecutor(CALLS_AT_ONCE, thread_name_prefix="call")
        self.budget = Budget(runtime.redis, runtime.settings.sms_segments_per_second)
        self.circuits = Circuits(runtime.redis)

    def drain(self, lane: str, seconds: float) -> bool:
        """Send what is due in `lane` for about `seconds`; return whether more may be waiting.

        Raises Unavailable when the database is away; what was claimed then comes back by its lease.
        """
        deadline = time.monotonic() + seconds
        while not self._stopping.is_set():
            if time.monotonic() >= deadline:
                return True
            if not self._round(lane, deadline):
                return False
        return True

    def close(self) -> None:
        """End the threads."""
        self._pool.shutdown(cancel_futures=True)

    def _round(self, lane: str, deadline: float) -> bool:
        """Claim once and send what was claimed; False when there was nothing, or no gateway to send by."""
        gateways = [one for one in self._runtime.senders if self.circuits.allowance(one.name)]
        if not gateways:
            return False
        numbers = min(self.circuits.allowance(gateways[0].name), MAX_BATCH)
        limit = CLAIM_AT_ONCE[lane] if numbers == MAX_BATCH else numbers
        if self.budget.rate is not None:
            limit = min(limit, max(1, int(self.budget.rate)))
        with self._runtime.store.transaction() as tx:
            batches = sending.claim_batch(tx, lane, self._now(), max(1, limit), self._lease, self._release())
        claimed_at = time.monotonic()
        # Beyond half the lease nothing new is called: its answer could come too late to be recorded.
        latest = min(claimed_at + self._lease.total_seconds() / 2, max(deadline, claimed_at + 1))
        calls = [part for batch in batches for part in split(batch, numbers, self.budget.call_size)]
        for wave in _waves(calls, 1 if self.budget.rate is not None else CALLS_AT_ONCE):
            self._send(wave, gateways, latest)
        return bool(batches)

    def _send(self, wave: list[Batch], gateways: list[Gateway], latest: float) -> None:
        """Try the gateways in order, until each call was taken, refused for good, or has nowhere to go."""
        for gateway in gateways:
            if not wave:
                return
            ready = [batch for batch in wave if self._may_call(gateway, batch, latest)]
            waiting = [batch for batch in wave if batch not in ready]
            is_last = gateway is gateways[-1]
            wave = self._call(gateway, ready, is_last) + waiting
        if wave:
            with self._runtime.store.transaction() as tx:
                sending.give_back(tx, wave)

    def _may_call(self, gateway: Gateway, batch: Batch, latest: float) -> bool:
        """Wait for the budget, if it comes in time and nothing speaks against the call."""
        while not self._stopping.is_set() and time.monotonic() < latest:
            pause = self.budget.take(gateway.name, batch.lane, batch.segments)
            if pause == 0:
                return self.circuits.enter(gateway.name)
            self._stopping.wait(min(pause, max(0.0, latest - time.monotonic()) + 0.001))
        return False

    def _call(self, gateway: Gateway, batches: list[Batch], is_last: bool) -> list[Batch]:
        """Call `gateway` for each batch, side by side; return those that another gateway may try."""
        if not batches:
            return []
        with self._runtime.store.transaction() as tx:
            now, release = self._now(), self._release()
            going = sending.hand_over(tx, batches, gateway.name, now, self._lease, release)
        calls = {self._pool.submit(self._ask, gateway, one): one for one in going}
        elsewhere: list[Batch] = []
        pending: set[Future[Result]] = set(calls)
        while pending:
            done, pending = wait(pending, return_when=FIRST_COMPLETED)
            # Those that come about now are recorded together; a slow one does not hold up the others.
            also, pending = wait(pending, timeout=_TOGETHER_SECONDS)
            done |= also
            answered = [(calls[future], future.result()) for future in done]
            passed_on = [] if is_last else [batch for batch, result in answered if _was_not_taken(result)]
            self._record(gateway.name, [pair for pair in answered if pair[0] not in passed_on])
            elsewhere += passed_on
        return elsewhere

    def _ask(self, gateway: Gateway, batch: Batch) -> Result:
        """One call, in a thread of its own. Never raises: a fault of ours leaves the texts unknown."""
        sms = OutboundSms(
            numbers=[text.number for text in batch.texts],
            body=batch.body,
            reference=f"{batch.texts[0].id}-{batch.claim[:13]}",
            link_id=batch.link_id,
        )
        result: Result
        try:
            with GATEWAY_SECONDS.labels(gateway.name).time():
                result = gateway.send(sms)
        except GatewayError as error:
            result = error
        except Exception as error:  # noqa: BLE001 - the list must not be burnt by a fault of ours
            log.error("gateway call broke", gateway=gateway.name, error=type(error).__name__)
            result = OutcomeUnknown(f"our side of the call broke ({type(error).__name__})")
        fault = _fault(result)
        if fault is None:
            self.circuits.succeeded(gateway.name)
        else:
            self.circuits.failed(gateway.name, fault)
        return result

    def _record(self, gateway: str, answered: list[tuple[Batch, Result]]) -> None:
        """Write the answers down, trying again while the database is away: the texts are out already."""
        if not answered:
            return
        give_up_at = time.monotonic() + 2 * self._lease.total_seconds()
        pauses = iter(_RECORD_PAUSES)
        while True:
            try:
                with self._runtime.store.transaction() as tx:
                    counts = record_results(tx, answered, gateway, self._now())
                break
            except Unavailable:
                if time.monotonic() > give_up_at:
                    lost = sum(len(batch.texts) for batch, _ in answered)
                    log.error("answers not recorded: their texts become unknown", gateway=gateway, texts=lost)
                    return
                time.sleep(next(pauses, _RECORD_PAUSES[-1]))
        for (lane, status), texts in counts.items():
            MT.labels(gateway, lane, status).inc(texts)
        for batch, result in answered:
            MT_SEGMENTS.labels(gateway, batch.lane).inc(_accepted_segments(batch, result))

    def _now(self) -> datetime:
        return self._runtime.clock.now()

    def _release(self) -> datetime | None:
        settings = self._runtime.settings
        return release_at(self._now(), settings.zone, settings.quiet_hours, settings.quiet_sunday)


def _waves(calls: list[Batch], size: int) -> Iterator[list[Batch]]:
    """Calls that may be made side by side: of one turn, so that nobody gets two texts in the wrong order."""
    for turn in sorted({batch.turn for batch in calls}):
        same = iter([batch for batch in calls if batch.turn == turn])
        while wave := list(islice(same, size)):
            yield wave


def _accepted_segments(batch: Batch, result: Result) -> int:
    if isinstance(result, GatewayError):
        return 0
    return batch.texts[0].segments * sum(receipt.error is None for receipt in result)


def _fault(result: Result) -> GatewayError | None:
    """What the result says about the gateway as a whole; None: it works, whatever it thinks of a number."""
    if isinstance(result, GatewayError):
        return None if isinstance(result, (Rejected, RecipientOptedOut)) else result
    errors = [receipt.error for receipt in result]
    for error in errors:
        if isinstance(error, Misconfigured):
            return error
    ours = [error for error in errors if error and (error.retryable or isinstance(error, OutcomeUnknown))]
    return ours[0] if ours and len(ours) == len(errors) else None


def _was_not_taken(result: Result) -> bool:
    """True when no number of the call can have it, and another gateway may."""
    return isinstance(result, GatewayError) and (result.retryable or isinstance(result, Misconfigured))
