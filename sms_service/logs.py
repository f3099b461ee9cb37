"""JSON logs, one line an event, with a request id and with every phone number masked.

Called once by each process at its start (`configure`). Whatever is logged, by us or by a library,
passes `mask_numbers`: a phone number in a log can cost its owner dearly.
"""

from __future__ import annotations

import logging
import re
import sys
from collections.abc import MutableMapping
from typing import Any

import structlog

# Anything that reads like a phone number: + or 0 or 62 and at least eight more digits, with separators.
_NUMBER = re.compile(r"(?<![\w.-])(?:\+|%2B|00)?\d(?:[ .\-]?\d){7,16}(?![\w])", re.IGNORECASE)
# An Indonesian mobile number, wherever it stands and however it is broken up: x0812_0000_0000, 0812/0000.
_MOBILE = re.compile(
    r"(?<!\d)(?:62|0)[\s._/()\-\u2010-\u2015]{0,3}8\d(?:[\s._/()\-\u2010-\u2015]{0,3}\d){6,10}(?!\d)"
)
_SAFE_KEYS = frozenset({"timestamp", "request_id", "event_id", "message_id", "job_id", "pid"})


def mask_numbers(text: str) -> str:
    """Replace each run that reads like a phone number by `***` and its last three digits."""
    return _NUMBER.sub(_masked, _MOBILE.sub(_masked, text))


def _masked(match: re.Match[str]) -> str:
    return "***" + re.sub(r"\D", "", match.group())[-3:]


def _mask(value: Any) -> Any:
    if isinstance(value, str):
        return mask_numbers(value)
    if isinstance(value, dict):
        return {k: _mask(v) for k, v in value.items()}
    if isinstance(value, (list, tuple)):
        return [_mask(v) for v in value]
    return value


def _mask_event(_logger: Any, _name: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    for key, value in event.items():
        if key not in _SAFE_KEYS:
            event[key] = _mask(value)
    return event


def configure(level: str, component: str) -> None:
    """Send all logging of this process to standard error as JSON lines. `component` names the process."""
    shared: list[Any] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
    ]
    formatter = structlog.stdlib.ProcessorFormatter(
        foreign_pre_chain=shared,
        processors=[
            structlog.stdlib.ProcessorFormatter.remove_processors_meta,
            structlog.processors.format_exc_info,
            lambda _l, _n, e: {**e, "component": component},
            _mask_event,
            structlog.processors.JSONRenderer(ensure_ascii=False),
        ],
    )
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(formatter)
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(level.upper())
    logging.raiseExceptions = False  # its own report of a failed line would show the unmasked arguments
    for noisy in ("rq.worker", "rq.scheduler", "alembic.runtime.migration"):
        logging.getLogger(noisy).setLevel(logging.WARNING)
    structlog.configure(
        processors=[
            structlog.stdlib.filter_by_level,
            *shared,
            structlog.stdlib.PositionalArgumentsFormatter(),
            structlog.stdlib.ProcessorFormatter.wrap_for_formatter,
        ],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=True,
    )


def get_logger(name: str) -> structlog.stdlib.BoundLogger:
    """Return the structured logger of module `name`."""
    logger: structlog.stdlib.BoundLogger = structlog.stdlib.get_logger(name)
    return logger
