"""`schedule`: the scheduler, which finds what is due and what is stuck. The code is in
workers/schedule.py, called by name like the workers.
"""

from __future__ import annotations

import argparse
import importlib
from typing import Any

from sms_service import lifeline, logs
from sms_service.cli import environment
from sms_service.settings import Settings


def add_parser(subparsers: Any) -> None:
    """Describe the command."""
    subparsers.add_parser("schedule", help="run the scheduler")


def run(args: argparse.Namespace, settings: Settings) -> int:
    """Schedule until told to stop."""
    logs.configure(settings.log_level, "scheduler")
    environment.export_metrics_folder(settings)
    lifeline.tie_forks()
    importlib.import_module("workers.schedule").schedule(settings)
    return 0
