"""`serve`: the web server alone (granian, WSGI), for a Procfile, and the web child of `run`."""

from __future__ import annotations

import argparse
from typing import Any

from sms_service import lifeline, logs
from sms_service.cli import environment, ports
from sms_service.settings import Settings
from sms_service.ussd_sessions import board

APP = "sms_service.web.wsgi:create"  # by name: web and cli do not import each other
STOP_SECONDS = 8
THREADS = 5  # a process; docs/decisions/0009 has the figures
# granian's own lines go the way of all others: to our JSON on standard error.
_LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {},
    "handlers": {},
    "loggers": {"_granian": {"handlers": [], "propagate": True}},
}


def add_parser(subparsers: Any) -> None:
    """Describe the command."""
    subparsers.add_parser("serve", help="run the web server alone")


def run(args: argparse.Namespace, settings: Settings) -> int:
    """Serve until told to stop."""
    logs.configure(settings.log_level, "web")
    ports.require_free(settings.port)
    environment.export_metrics_folder(settings)
    lifeline.tie_forks()
    board.share()

    from granian.constants import Interfaces
    from granian.log import LogLevels
    from granian.server import Server

    Server(
        APP,
        address="0.0.0.0",  # noqa: S104 - callers' gateways come from outside
        port=settings.port,
        interface=Interfaces.WSGI,
        factory=True,
        workers=settings.web_processes,
        blocking_threads=THREADS,
        backlog=2048,
        websockets=False,
        respawn_failed_workers=True,
        respawn_interval=0.1,
        workers_kill_timeout=STOP_SECONDS,
        log_level=LogLevels.warning,
        log_dictconfig=_LOGGING,
    ).serve()
    return 0
