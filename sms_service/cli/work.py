"""`work --lane fast|bulk`: one worker. The code is in workers/run.py, called by name: workers and the
command line are both entry points and do not import each other.
"""

from __future__ import annotations

import argparse
import importlib
from typing import Any

from sms_service import lifeline, logs
from sms_service.cli import environment
from sms_service.settings import Settings

LANES = ("fast", "bulk")  # as queues.LANES; a guard test compares (queues.py is slow to import)


def add_parser(subparsers: Any) -> None:
    """Describe the command."""
    parser = subparsers.add_parser("work", help="run one worker")
    parser.add_argument(
        "--lane", required=True, choices=LANES, help="fast: replies and receipts; bulk: the rest"
    )


def run(args: argparse.Namespace, settings: Settings) -> int:
    """Work until told to stop."""
    logs.configure(settings.log_level, f"worker-{args.lane}")
    environment.export_metrics_folder(settings)
    lifeline.tie_forks()
    importlib.import_module("workers.run").work(settings, args.lane)
    return 0
