"""Writes the next database revision from the difference between the models and the migrations so far,
and names it in the HEAD file. For developers: `make migration NAME=add_something`. Read it before use:
Alembic sees tables, columns and indexes, not what has to happen to the rows.
"""

from __future__ import annotations

import re
import sys
import tempfile
from pathlib import Path

from alembic import command

from sms_service.errors import Invalid
from sms_service.store import migrate
from sms_service.store.engine import make_engine


def write_revision(name: str) -> Path:
    """Write revision NNNN_name.py and return its path. Raises Invalid for a name that is not snake_case."""
    if not re.fullmatch(r"[a-z][a-z0-9_]{2,40}", name):
        raise Invalid("give the revision a name in snake_case: make migration NAME=add_something")
    revision = f"{int(migrate.head()) + 1:04d}"
    with tempfile.TemporaryDirectory(prefix="revision-") as folder:
        engine = make_engine(f"sqlite:///{folder}/scratch.sqlite3")
        migrate.upgrade(engine)
        alembic = migrate.config()
        with engine.connect() as connection:
            alembic.attributes["connection"] = connection
            command.revision(alembic, name.replace("_", " "), autogenerate=True, rev_id=revision)
        engine.dispose()
    (migrate.MIGRATIONS / "HEAD").write_text(revision + "\n", encoding="utf-8")
    return next((migrate.MIGRATIONS / "versions").glob(f"{revision}_*.py"))


if __name__ == "__main__":
    try:
        sys.stdout.write(f"{write_revision(sys.argv[1] if len(sys.argv) > 1 else '')}\n")
    except Invalid as error:
        sys.exit(str(error))
