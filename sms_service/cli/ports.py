"""Is the port ours to take? Asked before the web server starts, because several servers may share one
port without a word (SO_REUSEPORT) and callers would then reach now this one, now that one.
"""

from __future__ import annotations

import socket
import time

from sms_service.errors import Conflict

_PATIENCE_SECONDS = 3.0  # a server that was just stopped needs a moment to let go


def require_free(port: int, patience: float = _PATIENCE_SECONDS) -> None:
    """Return when nobody listens on `port`. Raises Conflict."""
    deadline = time.monotonic() + patience
    while not _is_free(port):
        if time.monotonic() > deadline:
            raise Conflict(f"port {port} is already in use; set PORT to another one")
        time.sleep(0.1)


def _is_free(port: int) -> bool:
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("0.0.0.0", port))  # noqa: S104 - where the server will listen
        except PermissionError as error:
            raise Conflict(f"port {port} may not be used by this user; set PORT to one above 1023") from error
        except OSError:
            return False
        return True
