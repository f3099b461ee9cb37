"""What the web server loads in each of its processes: `sms_service.web.wsgi:create` (see cli/serve.py)."""

from __future__ import annotations

import gc
import multiprocessing
import os
from multiprocessing.util import Finalize

from flask import Flask

from sms_service import lifeline, logs
from sms_service.errors import Unavailable
from sms_service.runtime import build
from sms_service.services.dialogues.answering import build_answering
from sms_service.settings import load
from sms_service.web.app import create_app

log = logs.get_logger(__name__)

_COLLECT_AFTER = 20_000  # new objects; hardly anything here goes round in circles


def create() -> Flask:
    """The application, on the settings of the environment. Raises SettingsError."""
    if multiprocessing.parent_process() is not None:
        lifeline.die_with_parent(os.getppid())  # a spawned server process is not tied by the fork
    settings = load()
    logs.configure(settings.log_level, "web")
    runtime = build(settings)
    # The server's processes are multiprocessing's: atexit is not called at their end, this is.
    Finalize(None, runtime.sessions.close, exitpriority=0)
    answering = build_answering(runtime)
    try:
        answering.lists.models.refresh()
    except Unavailable:
        log.warning("the database is away: lists are read once it is back")
    answering.lists.models.start()
    app = create_app(runtime, answering.conversations)
    gc.collect()
    gc.freeze()  # what is here now stays: the collector need not walk through it again and again
    gc.set_threshold(_COLLECT_AFTER, 20, 20)
    return app
