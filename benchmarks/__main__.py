"""`python -m benchmarks [name ...]`: run all benchmarks, or the named ones."""

from __future__ import annotations

import importlib
import sys

ALL = (
    "recruiters",
    "reports",
    "report_matching",
    "inbound",
    "outbox",
    "outbox_scale",
    "broadcasts",
    "desk",
    "reencryption",
    "turns",
    "footprint",
)


def main(names: list[str]) -> int:
    """Run benchmarks one after the other; 2 for a name that is none."""
    unknown = [name for name in names if name not in ALL]
    if unknown:
        print(f"no such benchmark: {', '.join(unknown)}; there are {', '.join(ALL)}")
        return 2
    for name in names or ALL:
        print(f"== {name}", flush=True)
        importlib.import_module(f"benchmarks.{name}").main()
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
