"""`import-recruiters FILE --as-of DATE`: read an official list of recruiters, show what it changes, and
take it into force. Exit 0 done (or, with --dry-run, would be done), 1 refused by the data, 2 wrong use.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

from sms_service.cli.open_store import open_store
from sms_service.domain.recruiter_rows import Fault
from sms_service.errors import Invalid
from sms_service.services.list_files import LARGEST_FILE
from sms_service.services.recruiters.comparison import Change, Difference
from sms_service.services.recruiters.list_import import ImportPlan, ListFile, import_list, read_list
from sms_service.services.staff import accounts as staff
from sms_service.settings import Settings
from sms_service.store.engine import Store

DONE, REFUSED, WRONG_USE = 0, 1, 2
_MOST_LINES = 20  # of each kind: a list of thousands is not read on a terminal
_SIGNS: dict[Change, str] = {"added": "+", "changed": "~", "removed": "-"}
_UNSAID = ("phone", "address")  # named when they change, their values are not shown


def add_parser(subparsers: Any) -> None:
    """Describe the command."""
    parser = subparsers.add_parser(
        "import-recruiters", help="read an official list of recruiters (CSV or XLSX)"
    )
    parser.add_argument("file", metavar="FILE", type=Path)
    parser.add_argument(
        "--as-of", required=True, metavar="DATE", type=_date, help="the date that the list states, 2026-12-31"
    )
    parser.add_argument("--dry-run", action="store_true", help="show what would change; change nothing")
    parser.add_argument(
        "--skip-bad-rows", action="store_true", help="leave companies as they are whose row cannot be read"
    )
    parser.add_argument(
        "--force", action="store_true", help="take an older, an empty or a much shorter list all the same"
    )


def run(args: argparse.Namespace, settings: Settings) -> int:
    """Show the preview, then import. Raises Unavailable; whatever the data refuses ends as 1."""
    try:
        with args.file.open("rb") as file:
            data = file.read(LARGEST_FILE + 1)
    except OSError as error:
        print(f"{args.file}: {error.strerror or 'cannot be read'}", file=sys.stderr)
        return WRONG_USE
    if sys.stderr.isatty():
        print(f"reading {args.file.name} ...", file=sys.stderr)
    try:
        source = read_list(data, args.file.name)
        with open_store(settings) as store:
            return _import(store, source, args)
    except Invalid as error:
        print(error, file=sys.stderr)
        return REFUSED


def _import(store: Store, source: ListFile, args: argparse.Namespace) -> int:
    now = datetime.now(UTC)
    with store.transaction() as tx:
        plan = import_list(tx, source, args.as_of, "command line", now, dry_run=True)
        _show(plan)
        if args.dry_run:
            refused = plan.why_refused(args.skip_bad_rows, args.force)
            print(f"would be refused: {'; '.join(refused)}" if refused else "nothing was changed (dry run)")
            return REFUSED if refused else DONE
        plan = import_list(
            tx,
            source,
            args.as_of,
            "command line",
            now,
            skip_bad_rows=args.skip_bad_rows,
            force=args.force,
        )
        if plan.is_written:
            counts: dict[str, object] = {change: plan.count(change) for change in _SIGNS}
            staff.record_audit(
                tx, None, "recruiters.import", ("recruiter_list", str(args.as_of)), counts, now
            )
    print(f"in force: the list of {args.as_of}" if plan.is_written else "the same list is in force already")
    return DONE


def _show(plan: ImportPlan) -> None:
    before = (
        f"the list in force is of {plan.previous_as_of}" if plan.previous_as_of else "no list is in force"
    )
    print(f"{plan.file_name}, list of {plan.as_of}; {before}")
    for change in _SIGNS:
        print(f"{change}: {plan.count(change)}")
    print(f"unchanged: {plan.unchanged}")
    if plan.kept:
        print(f"left as they are, their rows cannot be read: {plan.kept}")
    _show_some([_line(each) for each in plan.differences])
    if plan.other_columns:
        print(f"columns kept aside: {', '.join(plan.other_columns)}")
    _show_faults("note", plan.notes)
    _show_faults("bad", plan.faults)


def _line(difference: Difference) -> str:
    sign = _SIGNS[difference.change]
    line = f"  {sign} {difference.name} ({difference.license_number})"
    if difference.change != "changed" or difference.before is None or difference.after is None:
        return line
    changes = (
        field if field in _UNSAID else f"{field} {difference.before[field]} -> {difference.after[field]}"
        for field in difference.fields
    )
    return f"{line}: {', '.join(changes)}"


def _show_faults(kind: str, faults: Sequence[Fault]) -> None:
    _show_some([f"  {kind}: {fault}" for fault in faults])


def _show_some(lines: Sequence[str]) -> None:
    for line in lines[:_MOST_LINES]:
        print(line)
    if len(lines) > _MOST_LINES:
        print(f"  ... and {len(lines) - _MOST_LINES} more")


def _date(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise argparse.ArgumentTypeError("write the date as 2026-12-31") from None
