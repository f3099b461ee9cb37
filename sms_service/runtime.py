"""build(settings) -> Runtime: the one place that wires the parts together."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qs, urlsplit

from redis import Redis
from redis.sentinel import Sentinel

from menus.loader import load_menu
from menus.model import Menu
from sms_service.clock import Clock
from sms_service.gateways.africastalking import AfricasTalking
from sms_service.gateways.base import Gateway
from sms_service.gateways.console import Console
from sms_service.gateways.kannel import Kannel
from sms_service.queues import Queues, connection_options
from sms_service.settings import Settings
from sms_service.store.console_inbox import ConsoleInbox
from sms_service.store.engine import Store
from sms_service.store.vault import Vault
from sms_service.ussd_sessions import UssdSessions


@dataclass(frozen=True)
class Runtime:
    """All parts of one process. Built once, after any fork."""

    settings: Settings
    store: Store
    redis: Redis
    queues: Queues
    sessions: UssdSessions
    gateways: dict[str, Gateway]  # every gateway, by name: all can receive
    menu: Menu
    clock: Clock

    @property
    def senders(self) -> list[Gateway]:
        """The gateways that send, in order of failover."""
        return [self.gateways[name] for name in self.settings.sms_gateway]

    def close(self) -> None:
        """Write what waits to be written, and give connections back."""
        self.sessions.close()
        self.store.close()
        self.redis.close()


def connect_redis(url: str) -> Redis:
    """Connect lazily to redis://, rediss://, unix:// or
    sentinel://host:26379,host:26379/master-name?db=0&password=..."""
    if not url.startswith("sentinel://"):
        return Redis.from_url(url, **connection_options())
    parts = urlsplit(url)
    query = {key: values[0] for key, values in parse_qs(parts.query).items()}
    hosts = [
        (host, int(port or 26379))
        for host, _, port in (part.partition(":") for part in parts.netloc.split(","))
    ]
    untyped: Any = Sentinel
    master: Redis = untyped(hosts, **connection_options()).master_for(
        parts.path.strip("/") or "mymaster",
        db=int(query.get("db", 0)),
        password=query.get("password"),
        **connection_options(),
    )
    return master


def build(settings: Settings, is_worker: bool = False) -> Runtime:
    """Wire everything. Opens no connection yet: a part that is away does not keep us from starting.

    `is_worker`: nobody waits at the other end of a line for what this process writes.
    """
    redis = connect_redis(settings.effective_redis_url)
    queues = Queues(redis)
    vault = Vault(settings.data_key, settings.secret_key)
    store = Store(settings.effective_database_url, vault, on_commit=queues.wake, is_polite=is_worker)
    clock = Clock()
    gateways: list[Gateway] = [
        AfricasTalking(settings),
        Kannel(settings),
        Console(ConsoleInbox(store, clock).deliver, settings.default_country),
    ]
    return Runtime(
        settings=settings,
        store=store,
        redis=redis,
        queues=queues,
        sessions=UssdSessions(redis, settings.ussd_session_seconds),
        gateways={gateway.name: gateway for gateway in gateways},
        menu=load_menu(screen=settings.ussd_screen_septets),
        clock=clock,
    )
