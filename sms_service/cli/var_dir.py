"""VAR_DIR, where `run` keeps the embedded pair of servers' data and the secrets that it makes up when
none are given. Private to this user; one `run` at a time.
"""

from __future__ import annotations

import base64
import fcntl
import os
import secrets
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from sms_service.errors import Conflict
from sms_service.settings import SECRET_NAMES, Settings

_LOCK = "run.lock"
# Without these what the database holds can neither be read nor found.
_KEYS_OF_THE_DATA = ("DATA_KEY", "SECRET_KEY")


def folder_of(environ: Mapping[str, str]) -> Path:
    """VAR_DIR before there are settings."""
    return Path(environ.get("VAR_DIR") or "var")


def missing_secrets(environ: Mapping[str, str]) -> dict[str, str]:
    """A fresh value for each secret that is neither set, nor in a file, nor kept in VAR_DIR.

    Raises Conflict when the data of an earlier run would become unreadable by it.
    """
    kept = folder_of(environ) / "secrets"
    missing = [
        name
        for name in SECRET_NAMES
        if not environ.get(name) and not environ.get(f"{name}_FILE") and not (kept / name).exists()
    ]
    lost = [name for name in missing if name in _KEYS_OF_THE_DATA]
    database = folder_of(environ) / "jalur.sqlite3"
    if lost and not environ.get("DATABASE_URL") and database.exists() and database.stat().st_size:
        raise Conflict(
            f"{folder_of(environ)} holds a database but not its {' and '.join(lost)}:"
            f" put the file back under {kept}, or start with an empty VAR_DIR"
        )
    return {name: _fresh(name) for name in missing}


def _fresh(name: str) -> str:
    if name == "DATA_KEY":
        return base64.urlsafe_b64encode(secrets.token_bytes(32)).decode()
    return secrets.token_urlsafe(32)


@contextmanager
def held(settings: Settings) -> Iterator[None]:
    """Make VAR_DIR, mode 700, and hold it for this `run`. Raises Conflict when another one does."""
    folder = settings.var_dir
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    if not any(folder.iterdir()) and folder.stat().st_uid == os.getuid():
        folder.chmod(0o700)
    # The lock is the kernel's: it goes with the process, however that ends.
    with (folder / _LOCK).open("a+", encoding="ascii") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            lock.seek(0)
            holder = lock.read().strip() or "?"
            raise Conflict(
                f"already running on {folder} (process {holder});"
                " stop it, or set VAR_DIR and PORT for a second copy"
            ) from error
        lock.truncate(0)
        lock.write(str(os.getpid()))
        lock.flush()
        yield


def keep(settings: Settings, fresh: Mapping[str, str]) -> None:
    """Keep each secret in VAR_DIR/secrets/NAME, mode 600, whole or not at all; what is there stands."""
    folder = settings.var_dir / "secrets"
    folder.mkdir(exist_ok=True, mode=0o700)
    for name, value in fresh.items():
        draft = folder / f".{name}.{os.getpid()}"
        descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with open(descriptor, "w", encoding="ascii") as file:
            file.write(value + "\n")
            file.flush()
            os.fsync(file.fileno())
        try:
            os.link(draft, folder / name)  # unlike a rename, never over an existing one
        except FileExistsError:
            continue
        finally:
            draft.unlink()
    _sync(folder)


def _sync(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
