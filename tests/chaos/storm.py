"""One storm: a seeded run of the real processes under faults, and the questions that are asked after it.

The seed draws what happens and when, how the gateway treats each call, who says STOP, and which numbers it
refuses. What the operating system makes of that (which text is in which call when a worker dies) is never
twice the same; what must hold afterwards always is.
"""

from __future__ import annotations

import base64
import random
import socket
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

from redis import Redis
from redis.exceptions import RedisError
from sqlalchemy import select

from sms_service.errors import Conflict, Unavailable
from sms_service.services.broadcasts import life as broadcasts
from sms_service.services.staff import accounts as staff
from sms_service.services.staff.accounts import Person
from sms_service.services.subscribers import person as subscribers
from sms_service.services.texts import messages
from sms_service.services.texts.messages import NewText
from sms_service.store.engine import Store
from sms_service.store.models import Broadcast
from sms_service.store.vault import Vault
from tests.chaos.audit import Audit, Evidence
from tests.chaos.places import Database, RedisServer
from tests.chaos.programs import Jumping, Programs
from tests.doubles.gateway_server import (
    ACCEPT,
    ERROR_500,
    GARBAGE,
    HANG,
    INVALID_SENDER,
    RESET_AFTER_ACCEPTING,
    RESET_BEFORE_ACCEPTING,
    THROTTLED,
    Behaviour,
    GatewayServer,
    Reports,
    chaos,
)

ZONE = ZoneInfo("Asia/Makassar")
LEASE_SECONDS = 2.0
STORM_SECONDS = 2.0
CALM_SECONDS = 60.0
BROADCAST, REMINDERS, HASTY, REPLIES = 60, 20, 10, 10
BAD_DAY = {
    Behaviour(latency=0.03): 70.0,
    Behaviour(latency=0.2): 6,
    ERROR_500: 6,
    THROTTLED: 3,
    RESET_AFTER_ACCEPTING: 5,
    RESET_BEFORE_ACCEPTING: 4,
    GARBAGE: 2,
    HANG: 2,
    INVALID_SENDER: 0.5,
}
SECRETS = {
    "SECRET_KEY": "a secret of the storms",
    "DATA_KEY": base64.urlsafe_b64encode(b"s" * 32).decode(),
    "WEBHOOK_TOKEN": "storm-token-0001",
}


@dataclass
class Outcome:
    """What a storm was and what it left; `faults` is empty when every promise held."""

    seed: int
    database: str
    seconds: float
    acts: list[str]
    counts: dict[str, int]
    accepted: int
    faults: list[str] = field(default_factory=list)


def storm(seed: int, folder: Path, database: Database) -> Outcome:
    """Run one storm in `folder`, which holds nothing else."""
    started = time.monotonic()
    redis = RedisServer(folder)
    redis.start()
    try:
        with GatewayServer(seed=seed) as gateway:
            weather = _Weather(seed, folder, database, redis, gateway)
            try:
                weather.rage()
                weather.calm_down()
                counts, faults = weather.judge()
            finally:
                weather.end()
            return Outcome(
                seed=seed,
                database=database.kind,
                seconds=time.monotonic() - started,
                acts=weather.acts,
                counts=counts,
                accepted=len(gateway.accepted),
                faults=faults,
            )
    finally:
        redis.kill()


class _Weather:
    """The state of one storm."""

    def __init__(
        self, seed: int, folder: Path, database: Database, redis: RedisServer, gateway: GatewayServer
    ) -> None:
        self._draw = random.Random(seed)
        self._seed = seed
        self._database = database
        self._redis_server = redis
        self._gateway = gateway
        self.acts: list[str] = []
        self._is_busy = False
        self.jumping = Jumping(folder / "shift")
        self._evidence = Evidence()
        port = _free_port()
        evening = self.jumping.now().astimezone(ZONE) + timedelta(hours=5)
        url = database.fresh(folder)
        environment = {
            **SECRETS,
            "VAR_DIR": str(folder),
            "DATABASE_URL": url,
            "REDIS_URL": f"unix://{redis.socket}",
            "PUBLIC_BASE_URL": f"http://127.0.0.1:{port}",
            "QUIET_HOURS": f"{evening:%H:%M}-{evening + timedelta(hours=4):%H:%M}",
            "QUIET_SUNDAY": "",
            "SMS_GATEWAY": "africastalking",
            "AFRICASTALKING_USERNAME": "storm",
            "AFRICASTALKING_API_KEY": "storm",
            "AFRICASTALKING_BASE_URL": gateway.base_url,
            "SMS_SEGMENTS_PER_SECOND": "120",
            "SEND_LEASE_SECONDS": str(LEASE_SECONDS),
            "CANARY_SECONDS": "0.3",
            "CANARY_MINIMUM": "10",
            "HALT_FAILURE_PERCENT": "100",
            "HALT_STOP_PERCENT": "100",
            "PATH": "/usr/bin:/bin",
        }
        self._store = Store(url, Vault([SECRETS["DATA_KEY"]], SECRETS["SECRET_KEY"]))
        self._redis = Redis(unix_socket_path=str(redis.socket), socket_timeout=1)
        self._programs = Programs(environment, folder / "shift", port)
        path = f"/webhooks/africastalking/{SECRETS['WEBHOOK_TOKEN']}/delivery"
        self._reports_to = f"http://127.0.0.1:{port}{path}"

    def rage(self) -> None:
        """Two seconds in which things go wrong."""
        self._gateway.default = chaos(self._seed, BAD_DAY)
        when = self._draw.choice(["before", "after"])
        self._gateway.reports = Reports(
            self._reports_to,
            when=when,  # type: ignore[arg-type]
            statuses=self._draw.choice([("Success",), ("Sent", "Success"), ("Buffered", "Success", "Weird")]),
            times=self._draw.choice([1, 2]),
            shuffled=self._draw.random() < 0.5,
        )
        self._evidence.refused = 4
        for n in self._draw.sample(range(BROADCAST), 4):
            refusal = self._draw.choice([(403, "InvalidPhoneNumber"), (406, "UserInBlacklist")])
            self._gateway.refusals[_number(n)] = refusal
        self._fill()
        names = ["web", "fast", "bulk", "bulk-2", "scheduler"]
        names += ["scheduler-2"] if self._draw.random() < 0.5 else []
        for name in names:
            self._programs.start(name)
        acts: list[tuple[float, Callable[[], None]]] = [
            (self._draw.uniform(0.1, STORM_SECONDS), act) for act in self._drawn_acts()
        ]
        acts += [(self._draw.uniform(0, STORM_SECONDS), self._reply) for _ in range(REPLIES)]
        began = time.monotonic()
        for at, act in sorted(acts, key=lambda one: one[0]):
            time.sleep(max(0.0, began + at - time.monotonic()))
            with suppress(Unavailable, RedisError, Conflict):
                act()
        time.sleep(max(0.0, began + STORM_SECONDS - time.monotonic()))

    def _drawn_acts(self) -> list[Callable[[], None]]:
        possible = [
            self._kill_worker,
            self._kill_worker,
            self._kill_scheduler,
            self._flush_redis,
            self._kill_redis,
            self._jump,
            self._pause_and_resume,
            self._stops,
            self._night,
            self._outage,
        ]
        if self._database.restart is not None:
            possible.append(self._restart_database)
        return self._draw.sample(possible, self._draw.randint(4, 7))

    def _fill(self) -> None:
        now = self.jumping.now()
        self._evidence.started_at = time.time()
        with self._store.transaction() as tx:
            row = staff.create_staff(tx, "storm", "approver", "a password for storms", now)
            self._person = Person(row.id, "storm", "approver", 0, None)
            for n in range(BROADCAST):
                subscribers.opt_in(tx, _number(n), "sms", now)
        with self._store.transaction() as tx:
            again = self._draw.random() < 0.2
            self._evidence.resends = again
            broadcast = Broadcast(
                kind="warning",
                text_id=Audit.BROADCAST_BODY,
                audience={},
                status="scheduled",
                resend_unknown=again,
                author_id=self._person.id,
                expires_at=now + timedelta(hours=48),
                created_at=now,
                updated_at=now,
            )
            tx.add(broadcast)
            tx.flush()
            self._broadcast_id = broadcast.id
            texts = [
                self._text(n, "Ingat acara besok", "reminder", "bulk", now + timedelta(hours=48), now)
                for n in range(REMINDERS)
            ]
            texts += [
                self._text(n, Audit.HASTY_BODY, "notice", "bulk", now + timedelta(seconds=1), now)
                for n in range(HASTY)
            ]
            messages.enqueue_many(tx, texts, now)
        self._evidence.expected = BROADCAST + REMINDERS + HASTY

    def _text(self, n: int, body: str, kind: str, lane: str, until: datetime, now: datetime) -> NewText:
        return NewText(_number(n), body, kind, lane, f"{kind}:{body}:{n}", until)

    def _reply(self) -> None:
        now, n = self.jumping.now(), self._evidence.replies
        text = self._text(n % BROADCAST, f"Jawaban {n}", "reply", "fast", now + timedelta(hours=48), now)
        with self._store.transaction() as tx:
            messages.enqueue(tx, text, now)
        self._evidence.replies += 1

    def _say(self, what: str) -> None:
        self.acts.append(what)

    def _kill_worker(self) -> None:
        name = self._draw.choice(["fast", "bulk", "bulk-2"])
        self._say(f"kill {name}")
        self._programs.kill(name)
        if self._draw.random() < 0.7:
            self._programs.start(name)

    def _kill_scheduler(self) -> None:
        self._say("kill scheduler")
        self._programs.kill("scheduler")

    def _flush_redis(self) -> None:
        self._say("flushall")
        self._redis.flushall()

    def _kill_redis(self) -> None:
        self._say("kill redis")
        self._redis_server.kill()
        time.sleep(self._draw.uniform(0.05, 0.4))
        self._redis_server.start()

    def _restart_database(self) -> None:
        self._say("restart database")
        assert self._database.restart is not None
        self._database.restart()

    def _jump(self) -> None:
        by = self._draw.choice([-90.0, -5.0, 5.0, 90.0])
        self._say(f"clock {by:+.0f} s")
        self._evidence.put_back += max(0.0, -by)
        self.jumping.jump(by)

    def _pause_and_resume(self) -> None:
        self._say("pause")
        with self._store.transaction() as tx:
            broadcasts.pause(tx, self._broadcast_id, self._person, self.jumping.now())
        time.sleep(self._draw.uniform(0.1, 0.5))
        with self._store.transaction() as tx:
            broadcasts.resume(tx, self._broadcast_id, self._person, self.jumping.now())

    def _stops(self) -> None:
        said = self._draw.sample(range(BROADCAST), 8)
        self._say("8 stops")
        for n in said:
            with self._store.transaction() as tx:
                subscribers.opt_out(tx, _number(n), "sms", self.jumping.now())
            self._evidence.stopped[_number(n)] = time.time()

    def _night(self) -> None:
        """Six hours on: the quiet hours have begun. A moment later they are over."""
        self._say("night")
        self.jumping.jump(6 * 3600)
        begun = time.time()
        time.sleep(self._draw.uniform(0.3, 2.5))
        self._evidence.nights.append((begun, time.time()))
        self.jumping.jump(4 * 3600)

    def _outage(self) -> None:
        kind = self._draw.choice([ERROR_500, HANG, RESET_BEFORE_ACCEPTING, INVALID_SENDER])
        self._say(f"outage {kind.ending} {kind.status}")
        usual = self._gateway.default
        self._gateway.default = kind
        time.sleep(self._draw.uniform(0.2, 0.5))
        self._gateway.default = usual

    def calm_down(self) -> None:
        """Everything works again, and time passes quickly, until nothing is left to be sent."""
        self._gateway.default = ACCEPT
        deadline = time.monotonic() + CALM_SECONDS
        while time.monotonic() < deadline:
            for name in ("web", "fast", "bulk", "bulk-2", "scheduler"):
                self._programs.start(name)
            with suppress(RedisError):
                for key in self._redis.scan_iter("circuit:*:probe"):
                    self._redis.delete(key)  # else a gateway that refused our account is tried once a minute
            with suppress(Unavailable, Conflict):
                if self._is_settled():
                    return
            time.sleep(0.25)
            if not self._is_busy:  # else leases would run out faster than a busy machine can send
                self.jumping.jump(60)

    def _is_settled(self) -> bool:
        with self._store.transaction() as tx:
            status = tx.scalar(select(Broadcast.status).where(Broadcast.id == self._broadcast_id))
            if status in ("paused", "halted"):
                broadcasts.resume(tx, self._broadcast_id, self._person, self.jumping.now())
                return False
            counts = messages.count_by_status(tx)
        self._is_busy = counts["sending"] > 0
        return status == "done" and not counts["queued"] and not counts["sending"]

    def judge(self) -> tuple[dict[str, int], list[str]]:
        """Count, and ask whether every promise was kept."""
        with suppress(Exception):
            self._gateway.drain_reports(5)
        with self._store.read() as tx:
            broadcast = tx.get(Broadcast, self._broadcast_id)
            audit = Audit(tx, self._gateway.accepted, self._evidence)
            assert broadcast
            faults = audit.faults(broadcast)
            return {status: count for status, count in messages.count_by_status(tx).items() if count}, faults

    def end(self) -> None:
        """Leave nothing behind."""
        self._programs.end()
        self._redis.close()
        self._store.close()


def _number(n: int) -> str:
    return f"+628120000{n:04d}"


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
