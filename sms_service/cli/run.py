"""`run`: everything on one machine, in the foreground, with nothing configured. What `make run` calls.

Prepares VAR_DIR and secrets, starts a Redis where none is set, brings the database up to date, puts the
demo content in at the first start, then keeps web, workers and scheduler running until told to stop.
"""

from __future__ import annotations

import argparse
import logging
import os
import signal
import sys
import time
from contextlib import suppress
from pathlib import Path
from typing import Any

from sms_service import embedded_redis, lifeline, logs
from sms_service.cli import environment, ports, var_dir
from sms_service.cli.addresses import addresses
from sms_service.cli.local_http import answers_ok
from sms_service.cli.supervisor import Program, Stopped, Supervisor
from sms_service.errors import Conflict, Unavailable
from sms_service.settings import Settings, load, redis_socket_path

WITHOUT_SETTINGS = True  # it makes the missing ones
_PATIENCE_SECONDS = 60.0


def add_parser(subparsers: Any) -> None:
    """Describe the command."""
    parser = subparsers.add_parser("run", help="run everything here")
    parser.add_argument(
        "--with-parent",
        action="store_true",
        help="end when the process that started this one does (make would otherwise leave it behind)",
    )


def run(args: argparse.Namespace, _settings: None) -> int:
    """Run until Ctrl-C or SIGTERM. Raises SettingsError, Conflict, Unavailable."""
    if args.with_parent:
        lifeline.die_with_parent(os.getppid(), signal.SIGTERM)
    begun = time.monotonic()
    environ = environment.current()
    fresh = var_dir.missing_secrets(environ)
    settings = load({**environ, **fresh})  # every fault is known before anything is made
    with var_dir.held(settings):
        ports.require_free(settings.port)
        if fresh:
            _say(f"first start: making secrets in {settings.var_dir / 'secrets'}")
            var_dir.keep(settings, fresh)
        settings = load(environ)
        logs.configure(settings.log_level, "run")
        environment.export_metrics_folder(settings, empty=True)
        return _supervise(settings, begun)


def _supervise(settings: Settings, begun: float) -> int:
    notice = _Notice(settings, begun)
    try:
        with Supervisor(_say) as supervisor:
            stopped = _start_and_watch(settings, supervisor, notice)
            _say("stopping" if stopped else "giving up")
    finally:
        notice.show_sign_ins()  # they cannot be read again: said even if it was never ready
        _remove_socket(settings)
    return 0 if stopped else 1


def _start_and_watch(settings: Settings, supervisor: Supervisor, notice: _Notice) -> bool:
    """Returns when told to stop, or False when a child cannot be started at all."""
    try:
        if not settings.redis_url:
            _start_redis(settings, supervisor)
        notice.sign_ins = _prepare_database(settings)
        _say("starting web, workers and scheduler")
        for program in programs():
            supervisor.start(program)
        return supervisor.watch(notice.is_ready, notice.show)
    except Stopped:
        return True


def programs() -> list[Program]:
    """The children beside Redis: the same commands as in the Procfile."""
    ours = [sys.executable, "-m", "sms_service"]
    return [
        Program("web", [*ours, "serve"]),
        Program("worker-fast", [*ours, "work", "--lane", "fast"]),
        Program("worker-bulk", [*ours, "work", "--lane", "bulk"]),
        Program("scheduler", [*ours, "schedule"]),
    ]


def _start_redis(settings: Settings, supervisor: Supervisor) -> None:
    socket, data = redis_socket_path(settings.var_dir), settings.var_dir.resolve() / "redis"
    embedded_redis.prepare(socket, data)
    _require_own(socket.parent)
    _say("starting Redis (embedded, on a unix socket)")
    supervisor.start(
        Program("redis", embedded_redis.command(socket, data), last=True, orphan_signal=signal.SIGTERM)
    )
    try:
        embedded_redis.wait_until_ready(socket)
    except TimeoutError as error:
        raise Unavailable("the embedded Redis does not answer; its own lines above say why") from error


def _remove_socket(settings: Settings) -> None:
    socket = redis_socket_path(settings.var_dir)
    with suppress(OSError):  # Redis has removed it itself, or there never was one
        socket.unlink()
    if socket.parent != settings.var_dir.resolve():
        with suppress(OSError):
            socket.parent.rmdir()


def _require_own(folder: Path) -> None:
    """Some VAR_DIRs have their socket under the shared temporary folder: nobody else may own that place."""
    if folder.stat().st_uid != os.getuid() or folder.stat().st_mode & 0o022:
        raise Conflict(f"{folder} is not ours alone; choose a shorter VAR_DIR without spaces or signs")


def _prepare_database(settings: Settings) -> list[str]:
    """Migrate, put demo content in once; returns the lines of the first sign-ins, if these are they."""
    logging.getLogger("alembic").setLevel(logging.WARNING)  # it talks while it is imported
    from sms_service.cli import first_start, migrate

    _say("bringing the database up to date")
    migrate.upgrade(settings)
    return first_start.prepare(settings, _say)


class _Notice:
    """What is printed once the service answers, or when it takes long to."""

    def __init__(self, settings: Settings, begun: float) -> None:
        self.sign_ins: list[str] = []
        self._settings = settings
        self._begun = begun
        self._complained = False

    def is_ready(self) -> bool:
        """True once /readyz says so."""
        if answers_ok(self._settings.port, "/readyz"):
            return True
        if not self._complained and time.monotonic() - self._begun > _PATIENCE_SECONDS:
            self._complained = True
            _say(f"not ready yet; http://127.0.0.1:{self._settings.port}/readyz says what is missing")
        return False

    def show(self) -> None:
        """Print the addresses and, the first time, the sign-ins."""
        _say(f"ready in {time.monotonic() - self._begun:.1f} s; Ctrl-C stops it")
        print("\n".join(addresses(self._settings)), flush=True)
        self.show_sign_ins()

    def show_sign_ins(self) -> None:
        """Print the first sign-ins, if any, once."""
        lines, self.sign_ins = self.sign_ins, []
        if lines:
            print("\n".join(lines), flush=True)


def _say(line: str) -> None:
    print(f"jalur-aman: {line}", flush=True)
