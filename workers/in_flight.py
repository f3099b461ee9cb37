"""Gateway calls under way, each in a thread of its own, and the thread that writes down what comes back.

An answer is recorded when it comes, together with others that come about then, whether or not the job that
made the call is still running: one call that hangs holds up neither the lane nor the other answers. Used by
workers/sender.py, which decides what is called; nothing here does.
"""

from __future__ import annotations

import threading
import time
from collections import Counter, deque
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import timedelta
from itertools import groupby

from sms_service.circuits import Circuits
from sms_service.errors import (
    GatewayError,
    Misconfigured,
    OutcomeUnknown,
    RecipientOptedOut,
    Rejected,
    Unavailable,
)
from sms_service.gateways.base import Gateway, OutboundSms
from sms_service.logs import get_logger
from sms_service.metrics import GATEWAY_SECONDS, MT, MT_SEGMENTS
from sms_service.runtime import Runtime
from sms_service.services.sending import hand_over as sending
from sms_service.services.sending.batches import Batch
from sms_service.services.sending.results import Result, record_results

log = get_logger(__name__)

CALLS_AT_ONCE = 48
_FIRST_CALLS = 8  # at once, until they come back: a gateway that is away shall not cost dozens of texts a try
_TOGETHER_SECONDS = 0.015
_RECORD_PAUSES = (0.1, 0.2, 0.5, 1.0, 2.0)  # the last one again until two leases have passed


@dataclass(frozen=True, slots=True)
class Call:
    """A batch on its way to a gateway; `rank` is the gateway's place in the order of failover."""

    batch: Batch
    gateway: Gateway
    rank: int
    is_last: bool


class InFlight:
    """`start` calls; `passed_on` holds what a gateway did not take and the next one may be asked for."""

    def __init__(self, runtime: Runtime, circuits: Callable[[], Circuits]) -> None:
        self._runtime = runtime
        self._circuits = circuits
        self._lease = timedelta(seconds=runtime.settings.send_lease_seconds)
        self._pool = ThreadPoolExecutor(CALLS_AT_ONCE, thread_name_prefix="call")
        self._changed = threading.Condition()
        self._flying: dict[int, Call] = {}
        self._answers: deque[tuple[Call, Result]] = deque()
        self._recording = 0
        self._window = _FIRST_CALLS
        self._busy: Counter[str] = Counter()
        self._passed_on: deque[Call] = deque()
        self._is_heard = False  # whether a job runs that would take up what is passed on
        self._closing = False
        self._recorder = threading.Thread(target=self._record_all, name="recorder", daemon=True)
        self._recorder.start()

    @property
    def room(self) -> int:
        """How many more calls may start now: more with each that succeeds, few again after one that failed,
        and no more than can be written down."""
        with self._changed:
            flying, open_ = len(self._flying), len(self._answers) + self._recording
            return min(self._window - flying, 2 * CALLS_AT_ONCE - flying - open_)

    @property
    def worth_a_commit(self) -> int:
        """So many calls had better begin together, while more than that wait."""
        return self._window // 4

    @property
    def flying(self) -> int:
        """How many calls have not come back."""
        return len(self._flying)

    def is_busy(self, number_hashes: Iterable[str]) -> bool:
        """True when one of these numbers is in a call that has not come back."""
        return any(number_hash in self._busy for number_hash in number_hashes)

    def start(self, call: Call) -> None:
        """Call the gateway now. The texts have been handed over."""
        with self._changed:
            self._flying[id(call)] = call
            self._busy.update(text.number_hash for text in call.batch.texts)
        self._pool.submit(self._make, call)

    def hear(self) -> None:
        """A job runs: it takes up what a gateway did not take."""
        with self._changed:
            self._is_heard = True

    def take_passed_on(self, leave: bool = False) -> list[Call]:
        """What the next gateway may have; `leave` when the job ends with that."""
        with self._changed:
            calls = list(self._passed_on)
            self._passed_on.clear()
            self._is_heard = not leave
        return calls

    def wait(self, seconds: float) -> bool:
        """Wait for a change, at most so long; return whether all calls are back and written down."""
        with self._changed:
            if self._is_idle():
                return True
            self._changed.wait(max(0.0, seconds))
            return self._is_idle()

    def close(self, seconds: float) -> None:
        """Let the calls under way come back, within `seconds`, and end the threads."""
        deadline = time.monotonic() + seconds
        while not self.wait(deadline - time.monotonic()) and time.monotonic() < deadline:
            continue
        with self._changed:
            self._closing = True
            self._changed.notify_all()
        self._recorder.join(1)
        self._pool.shutdown(wait=False, cancel_futures=True)

    def _is_idle(self) -> bool:
        return not (self._flying or self._answers or self._recording)

    def _make(self, call: Call) -> None:
        result = self._ask(call.gateway, call.batch)
        is_good = _fault(result) is None
        with self._changed:
            self._window = min(self._window + 1, CALLS_AT_ONCE) if is_good else _FIRST_CALLS
            del self._flying[id(call)]
            for text in call.batch.texts:
                self._busy[text.number_hash] -= 1
                if not self._busy[text.number_hash]:
                    del self._busy[text.number_hash]
            self._answers.append((call, result))
            self._changed.notify_all()

    def _ask(self, gateway: Gateway, batch: Batch) -> Result:
        """One call. Never raises: a fault of ours leaves the texts unknown."""
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
            self._circuits().succeeded(gateway.name)
        else:
            self._circuits().failed(gateway.name, fault)
        return result

    def _record_all(self) -> None:
        while answers := self._next_answers():
            try:
                self._settle(answers)
            except Exception as error:
                log.error("answers not recorded", error=type(error).__name__, exc_info=True)
            with self._changed:
                self._recording = 0
                self._changed.notify_all()

    def _next_answers(self) -> list[tuple[Call, Result]]:
        """Wait for an answer, and a moment for those that come about then. Empty: it is over."""
        with self._changed:
            while not self._answers:
                if self._closing:
                    return []
                self._changed.wait()
            until = time.monotonic() + _TOGETHER_SECONDS
            while self._flying and len(self._answers) < CALLS_AT_ONCE and time.monotonic() < until:
                self._changed.wait(until - time.monotonic())
            answers = list(self._answers)
            self._answers.clear()
            self._recording = len(answers)
        return answers

    def _settle(self, answers: list[tuple[Call, Result]]) -> None:
        untaken = [call for call, result in answers if not call.is_last and _was_not_taken(result)]
        back: list[Call] = []
        with self._changed:
            (self._passed_on if self._is_heard else back).extend(untaken)
        if back:
            self._try(lambda: self._give_back(back), [call.batch for call in back])
        settled = [(call, result) for call, result in answers if call not in untaken]
        settled.sort(key=lambda pair: pair[0].gateway.name)
        for gateway, some in groupby(settled, key=lambda pair: pair[0].gateway.name):
            self._record(gateway, [(call.batch, result) for call, result in some])

    def _give_back(self, calls: list[Call]) -> None:
        with self._runtime.store.transaction() as tx:
            for call in calls:
                sending.give_back(tx, [call.batch])

    def _record(self, gateway: str, answered: list[tuple[Batch, Result]]) -> None:
        counts: Counter[tuple[str, str]] = Counter()

        def record() -> None:
            with self._runtime.store.transaction() as tx:
                counts.update(record_results(tx, answered, gateway, self._runtime.clock.now()))

        self._try(record, [batch for batch, _ in answered])
        for (lane, status), texts in counts.items():
            MT.labels(gateway, lane, status).inc(texts)
        for batch, result in answered:
            MT_SEGMENTS.labels(gateway, batch.lane).inc(_accepted_segments(batch, result))

    def _try(self, write: Callable[[], None], batches: list[Batch]) -> None:
        """Write, trying again while the database is away: the texts are out already."""
        give_up_at = time.monotonic() + 2 * self._lease.total_seconds()
        pauses = iter(_RECORD_PAUSES)
        while True:
            try:
                return write()
            except Unavailable:
                if time.monotonic() > give_up_at:
                    texts = sum(len(batch.texts) for batch in batches)
                    log.error("answers not recorded: their texts become unknown", texts=texts)
                    return None
                time.sleep(next(pauses, _RECORD_PAUSES[-1]))


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
