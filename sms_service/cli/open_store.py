"""The database for one command: no gateways, no menus, no Redis."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from sms_service.errors import Unavailable
from sms_service.settings import Settings
from sms_service.store.engine import Store
from sms_service.store.vault import Vault


@contextmanager
def open_store(settings: Settings, on_commit: Callable[[list[str]], None] | None = None) -> Iterator[Store]:
    """A store on a database that `migrate` has been at. Raises Unavailable.

    Wakes go to `on_commit`; without it the scheduler's sweep finds the rows a little later.
    """
    vault = Vault(settings.data_key, settings.secret_key)
    store = Store(settings.effective_database_url, vault, on_commit, pool_size=1)
    try:
        try:
            store.check()
        except Unavailable as error:
            raise Unavailable("the database is not available, or `migrate` was never run") from error
        yield store
    finally:
        store.close()
