"""Drains one lane of the outbox: claim, hand over, call the gateway with no transaction open.

Texts that differ are called side by side, some dozens of calls at once; what a gateway certainly did not
take goes to the next gateway at once, where there is one. Used by the jobs in workers/messages.py; what
becomes of a call that has started: in_flight.py.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from contextlib import suppress
from datetime import datetime, timedelta

from sms_service.budgets import Budget
from sms_service.circuits import Circuits
from sms_service.domain.quiet_hours import release_at
from sms_service.errors import Unavailable
from sms_service.gateways.base import MAX_BATCH, Gateway
from sms_service.logs import get_logger
from sms_service.runtime import Runtime
from sms_service.services.sending import hand_over as sending
from sms_service.services.sending.batches import Batch, split
from workers.in_flight import Call, InFlight
from workers.stopping import Stopping

log = get_logger(__name__)

CLAIM_AT_ONCE = {"fast": 50, "bulk": 400}
CALL_SECONDS = 20.0  # no gateway's call takes longer
STOP_SECONDS = CALL_SECONDS + 2  # what a worker takes to end at the most (see cli/supervisor.py)
_LINGER_SECONDS = 0.5  # a job that is over waits so long for its calls, and leaves them then
_LOOK_EVERY_SECONDS = 0.2


class Sender:
    """One for a worker process. `stopping` is set when the process shall end: what is not called yet is
    then given back."""

    def __init__(self, runtime: Runtime, stopping: Stopping) -> None:
        self.runtime = runtime
        self.stopping = stopping
        self.lease = timedelta(seconds=runtime.settings.send_lease_seconds)
        self.budget = Budget(runtime.redis, runtime.settings.sms_segments_per_second)
        self.circuits = Circuits(runtime.redis)
        self.in_flight = InFlight(runtime, lambda: self.circuits)

    def drain(self, lane: str, seconds: float, is_turn_over: Callable[[], bool] = lambda: False) -> bool:
        """Send what is due in `lane` for about `seconds`, or until `is_turn_over`; return whether more may be
        waiting.

        Raises Unavailable when the database is away; what was claimed then comes back by its lease.
        """
        run = _Run(self, lane, time.monotonic() + seconds, is_turn_over)
        self.in_flight.hear()
        try:
            return run.go()
        finally:
            run.end()

    def settle(self, seconds: float) -> bool:
        """Wait until every call is back and written down, at most so long; return whether they are."""
        deadline = time.monotonic() + seconds
        while not self.in_flight.wait(deadline - time.monotonic()):
            if time.monotonic() > deadline:
                return False
        return True

    def close(self) -> None:
        """Let calls under way come back, and end the threads."""
        self.in_flight.close(STOP_SECONDS)

    def now(self) -> datetime:
        """The service's time."""
        return self.runtime.clock.now()

    def release(self) -> datetime | None:
        """When the quiet hours of this moment end; None outside them."""
        settings = self.runtime.settings
        return release_at(self.now(), settings.zone, settings.quiet_hours, settings.quiet_sunday)


class _Run:
    """One call of Sender.drain, and the texts that it has claimed and not called yet."""

    def __init__(self, sender: Sender, lane: str, deadline: float, is_turn_over: Callable[[], bool]) -> None:
        self._sender = sender
        self._store = sender.runtime.store
        self._gateways = sender.runtime.senders
        self._flight = sender.in_flight
        self._lane = lane
        self._deadline = deadline
        self._latest = deadline
        self._is_turn_over = is_turn_over
        self._waiting: list[tuple[int, Batch]] = []  # with the first gateway that may be asked, by rank
        self._is_exhausted = False

    def go(self) -> bool:
        """Claim and call until nothing is left, no gateway may be called, or time is up."""
        while not self._is_over():
            self._take_passed_on()
            if not self._is_exhausted and len(self._waiting) < self._flight.room:
                self._claim()
            if not self._waiting and self._is_exhausted:
                return self._linger()
            if not self._call_next():
                self._flight.wait(_LOOK_EVERY_SECONDS)
        return True

    def _is_over(self) -> bool:
        late = time.monotonic() >= self._deadline
        return late or self._sender.stopping.is_set() or self._is_turn_over()

    def end(self) -> None:
        """Give back what was claimed and not called."""
        untaken = [(call.rank, call.batch) for call in self._flight.take_passed_on(leave=True)]
        with suppress(Unavailable):  # it comes back by its lease
            self._give_back(self._waiting + untaken)
        self._waiting = []

    def _take_passed_on(self) -> None:
        self._waiting[:0] = [(call.rank + 1, call.batch) for call in self._flight.take_passed_on()]

    def _linger(self) -> bool:
        """Nothing is due: wait a moment for the calls under way; a slow one does not keep the worker."""
        until = min(self._deadline, time.monotonic() + _LINGER_SECONDS)
        while time.monotonic() < until and not self._sender.stopping.is_set():
            is_idle = self._flight.wait(until - time.monotonic())
            self._take_passed_on()
            if self._waiting:
                return self.go()
            if is_idle:
                break
        return False

    def _claim(self) -> None:
        """Take more texts, as many as the first open gateway may have."""
        found = self._open_gateway(0)
        if found is None:
            self._is_exhausted = True
            return
        numbers, rate = found[1], self._sender.budget.rate
        if numbers < MAX_BATCH and self._flight.flying:
            return  # it comes back slowly: one call at a time
        limit = CLAIM_AT_ONCE[self._lane] if numbers == MAX_BATCH else numbers
        limit = limit if rate is None else min(limit, max(1, int(rate)))
        sender = self._sender
        with self._store.transaction() as tx:
            batches = sending.claim_batch(tx, self._lane, sender.now(), limit, sender.lease, sender.release())
        self._is_exhausted = not batches
        if not self._waiting:
            # Beyond half the lease nothing new is called: its answer could come too late to be recorded.
            now = time.monotonic()
            self._latest = min(now + sender.lease.total_seconds() / 2, max(self._deadline, now + 1))
        size = sender.budget.call_size
        self._waiting += [(0, part) for batch in batches for part in split(batch, MAX_BATCH, size)]

    def _open_gateway(self, rank: int) -> tuple[int, int] | None:
        """The first gateway from `rank` on that may be called now, and with how many numbers."""
        for place, gateway in enumerate(self._gateways[rank:], rank):
            if numbers := min(self._sender.circuits.allowance(gateway.name), MAX_BATCH):
                return place, numbers
        return None

    def _call_next(self) -> bool:
        """Make the next calls, side by side; False when none can be made before another one is back."""
        wave = self._next_wave()
        if not wave:
            return False
        found = self._open_gateway(wave[0][0])
        if found is None or time.monotonic() > self._latest:
            self._give_back(wave + self._waiting)
            self._waiting = []
            self._is_exhausted = found is None  # else what was given back is claimed anew
            return True
        rank, numbers = found
        if numbers < MAX_BATCH:
            if self._flight.flying:
                self._waiting[:0] = wave
                return False
            first, *rest = split(wave[0][1], numbers)
            self._waiting[:0] = [(wave[0][0], part) for part in rest] + wave[1:]
            wave = [(wave[0][0], first)]
        batches = [batch for _, batch in wave]
        if self._may_call(self._gateways[rank], batches):
            self._call(rank, batches)
        else:
            self._give_back(wave)
            self._is_exhausted = False
        return True

    def _next_wave(self) -> list[tuple[int, Batch]]:
        """Take from what waits the calls that can be made side by side: of one claim, for one gateway, as
        much as the budget gives in a quarter of a second, and nobody's second text before the first."""
        room = self._flight.room
        if room < min(len(self._waiting), self._flight.worth_a_commit):
            return []
        wave = _Wave(room, self._sender.budget.call_size)
        left: list[tuple[int, Batch]] = []
        barred: set[str] = set()
        for place, (rank, batch) in enumerate(self._waiting):
            if wave.is_full:
                left += self._waiting[place:]
                break
            people = {text.number_hash for text in batch.texts}
            is_free = people.isdisjoint(barred) and not self._flight.is_busy(people)
            if not is_free or not wave.add(rank, batch):
                left.append((rank, batch))
            barred |= people
        self._waiting = left
        return wave.calls

    def _may_call(self, gateway: Gateway, batches: list[Batch]) -> bool:
        """Wait for the budget, if it comes in time and nothing speaks against the call."""
        segments = sum(batch.segments for batch in batches)
        while not self._sender.stopping.is_set() and time.monotonic() < self._latest:
            pause = self._sender.budget.take(gateway.name, self._lane, segments)
            if pause == 0:
                return self._sender.circuits.enter(gateway.name)
            self._sender.stopping.wait(min(pause, max(0.0, self._latest - time.monotonic()) + 0.001))
        return False

    def _call(self, rank: int, batches: list[Batch]) -> None:
        sender, gateway = self._sender, self._gateways[rank]
        with self._store.transaction() as tx:
            now, release = sender.now(), sender.release()
            going = sending.hand_over(tx, batches, gateway.name, now, sender.lease, release)
        for batch in going:
            self._flight.start(Call(batch, gateway, rank, gateway is self._gateways[-1]))

    def _give_back(self, wave: list[tuple[int, Batch]]) -> None:
        if not wave:
            return
        with self._store.transaction() as tx:
            for claim in {batch.claim for _, batch in wave}:
                sending.give_back(tx, [batch for _, batch in wave if batch.claim == claim])


class _Wave:
    """Calls that may be made side by side."""

    def __init__(self, room: int, segments: int | None) -> None:
        self.calls: list[tuple[int, Batch]] = []
        self._room = room
        self._segments = segments

    @property
    def is_full(self) -> bool:
        return len(self.calls) >= self._room or (self._segments is not None and self._segments <= 0)

    def add(self, rank: int, batch: Batch) -> bool:
        """False when it does not fit. The first one always does: a call may cost more than the budget has."""
        if self.calls:
            first_rank, first = self.calls[0]
            if (rank, batch.claim) != (first_rank, first.claim):
                return False
            if self._segments is not None and batch.segments > self._segments:
                return False
        self.calls.append((rank, batch))
        if self._segments is not None:
            self._segments -= batch.segments
        return True
