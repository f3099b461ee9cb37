"""Real servers for the tests: one Redis and one PostgreSQL for the whole run, a database for each test.

Every test that takes `store` runs on SQLite and on PostgreSQL.
"""

from __future__ import annotations

import base64
import io
import logging
import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
import structlog
from redis import Redis
from sqlalchemy import text

from sms_service import embedded_redis, logs
from sms_service.cli import demo
from sms_service.runtime import Runtime, build
from sms_service.services.dialogues.answering import build_answering
from sms_service.settings import Settings, load
from sms_service.store import migrate
from sms_service.store.engine import Store, make_engine
from sms_service.store.models import Base
from sms_service.store.vault import Vault
from tests import postgres_server
from tests.answering import NOW, Answering, FixedClock

WEBHOOK_TOKEN = "test-webhook-token-0001"
SECRETS = {
    "SECRET_KEY": "a secret of the tests only",
    "DATA_KEY": base64.urlsafe_b64encode(b"t" * 32).decode(),
    "WEBHOOK_TOKEN": WEBHOOK_TOKEN,
}


@pytest.fixture(scope="session")
def scratch() -> Iterator[Path]:
    """A folder with a short path: unix sockets live in it."""
    path = Path(tempfile.mkdtemp(prefix="ja-"))
    path.chmod(0o755)
    yield path
    shutil.rmtree(path, ignore_errors=True)


@pytest.fixture(scope="session")
def redis_socket(scratch: Path) -> Iterator[Path]:
    """The socket of a Redis server that lives as long as the run."""
    socket, data = scratch / "redis.sock", scratch / "redis"
    embedded_redis.prepare(socket, data)
    with subprocess.Popen(embedded_redis.command(socket, data), stdout=subprocess.DEVNULL) as server:
        embedded_redis.wait_until_ready(socket)
        yield socket
        server.terminate()


@pytest.fixture(scope="session")
def postgres_url(scratch: Path) -> Iterator[str]:
    """The address of a PostgreSQL database that holds our tables."""
    try:
        given, stop = postgres_server.start(scratch)
    except postgres_server.NoPostgres as reason:
        pytest.skip(f"PostgreSQL cannot be had here ({reason})")
    url = given.replace("postgresql://", "postgresql+psycopg://", 1)
    engine = make_engine(url)
    migrate.upgrade(engine)
    engine.dispose()
    yield url
    stop()


@pytest.fixture(scope="session")
def sqlite_template(scratch: Path) -> Path:
    """A migrated SQLite file to copy for each test."""
    path = scratch / "template.sqlite3"
    engine = make_engine(f"sqlite:///{path}")
    migrate.upgrade(engine)
    with engine.connect() as connection:
        connection.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)")
    engine.dispose()
    return path


@pytest.fixture
def redis(redis_socket: Path) -> Iterator[Redis]:
    """An empty Redis."""
    client = Redis(unix_socket_path=str(redis_socket))
    client.flushall()
    yield client
    client.close()


@pytest.fixture
def vault() -> Vault:
    """The vault under the tests' keys."""
    return Vault([SECRETS["DATA_KEY"]], SECRETS["SECRET_KEY"])


@pytest.fixture
def sqlite_url(tmp_path: Path, sqlite_template: Path) -> str:
    """The address of a fresh SQLite database with our tables."""
    path = tmp_path / "jalur.sqlite3"
    shutil.copy(sqlite_template, path)
    return f"sqlite:///{path}"


# The tables that a test has written to: emptying all of them takes longer than most tests.
_TABLES = [table.name for table in Base.metadata.sorted_tables]
_USED = " UNION ".join(
    [
        *(f"SELECT '{name}' WHERE EXISTS (SELECT FROM {name})" for name in _TABLES),
        "SELECT replace(sequencename, '_id_seq', '') FROM pg_sequences WHERE last_value IS NOT NULL",
    ]
)


@pytest.fixture(params=["sqlite", "postgres"])
def database_url(request: pytest.FixtureRequest) -> str:
    """The address of an empty database with our tables; each test runs on both kinds."""
    if request.param == "sqlite":
        url: str = request.getfixturevalue("sqlite_url")
        return url
    url = request.getfixturevalue("postgres_url")
    engine = make_engine(url)
    with engine.begin() as connection:
        used = connection.execute(text(_USED)).scalars().all()
        if used:
            connection.execute(text(f"TRUNCATE {', '.join(used)} RESTART IDENTITY CASCADE"))
    engine.dispose()
    return url


@pytest.fixture
def store(database_url: str, vault: Vault) -> Iterator[Store]:
    """A store on an empty database; wakes go nowhere."""
    store = Store(database_url, vault)
    yield store
    store.close()


@pytest.fixture
def settings(database_url: str, redis_socket: Path, redis: Redis, tmp_path: Path) -> Settings:
    """Settings of a rehearsal on the tests' servers."""
    return load(
        {
            **SECRETS,
            "VAR_DIR": str(tmp_path),
            "DATABASE_URL": database_url,
            "REDIS_URL": f"unix://{redis_socket}",
            "QUIET_HOURS": "",
            "QUIET_SUNDAY": "",
        }
    )


@pytest.fixture
def runtime(settings: Settings) -> Iterator[Runtime]:
    """All parts, wired on the tests' servers."""
    runtime = build(settings)
    yield runtime
    runtime.close()


@pytest.fixture
def answering(runtime: Runtime) -> Answering:
    """The service as callers meet it, with the demo's lists, at a fixed time."""
    clock = FixedClock()
    runtime = replace(runtime, clock=clock)
    with runtime.store.transaction() as tx:
        demo.seed(tx, runtime.settings, NOW)
    built = build_answering(runtime)
    built.lists.models.refresh()
    return Answering(runtime, built.lists, built.conversations)


DAY = timedelta(days=1)


def pytest_addoption(parser: pytest.Parser) -> None:
    """--update rewrites the golden dialogues."""
    parser.addoption("--update", action="store_true", help="write what is seen into the golden dialogues")


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Say loudly what was not tested."""
    skipped = terminalreporter.stats.get("skipped", [])
    if not skipped:
        return
    reasons = sorted({str(report.longrepr[2]) for report in skipped if isinstance(report.longrepr, tuple)})
    terminalreporter.section(f"NOT TESTED: {len(skipped)} tests were skipped", sep="!", red=True)
    for reason in reasons:
        terminalreporter.write_line(reason)


@pytest.hookimpl(trylast=True)
def pytest_sessionfinish(session: pytest.Session) -> None:
    """With REQUIRE_ALL set (.ci/run) a skipped test is a failed run."""
    reporter = session.config.pluginmanager.get_plugin("terminalreporter")
    if os.environ.get("REQUIRE_ALL") and reporter and reporter.stats.get("skipped"):
        session.exitstatus = pytest.ExitCode.TESTS_FAILED


@pytest.fixture
def logged() -> Iterator[io.StringIO]:
    """What this process logs at its most talkative, as it would stand in the log."""
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    logs.configure("DEBUG", "test")
    lines = io.StringIO()
    handler = logging.StreamHandler(lines)
    handler.setFormatter(root.handlers[0].formatter)
    root.handlers[:] = [handler]
    yield lines
    root.handlers[:] = handlers
    root.setLevel(level)
    structlog.reset_defaults()
