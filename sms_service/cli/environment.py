"""What `run` reads before there are settings, and what the commands pass on to the processes that they
start or become. Beside settings.py the only module that touches the environment.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path

from sms_service.settings import Settings

METRICS = "PROMETHEUS_MULTIPROC_DIR"


def current() -> Mapping[str, str]:
    """The environment as it is, for settings.load with secrets yet to be made."""
    return dict(os.environ)


def export_metrics_folder(settings: Settings, *, empty: bool = False) -> None:
    """Name the folder through which the processes share their counters, before any of them imports
    prometheus_client. A folder that the operator has named stands. `empty` it at the start of `run`."""
    folder = Path(os.environ.get(METRICS) or settings.var_dir.resolve() / "metrics")
    os.environ[METRICS] = str(folder)  # empty would mean: files wherever we stand
    if empty and folder.is_dir():
        for left in folder.glob("*.db"):
            left.unlink(missing_ok=True)
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
