"""The command line: `python -m sms_service COMMAND`. Each command is a module beside this file, with
`add_parser(subparsers)` and `run(args, settings) -> int`; it is imported only when it is asked for.

An entry point: errors end here, as one line on standard error. Exit 0 done, 1 refused by the data,
2 wrong use. A module that says `WITHOUT_SETTINGS = True` runs before, or without, usable settings.
"""

from __future__ import annotations

import argparse
import importlib
import logging
import os
import sys
from collections.abc import Sequence
from types import ModuleType
from typing import NoReturn

from sms_service.errors import Invalid, JalurError, SettingsError

DONE, REFUSED, WRONG_USE, INTERRUPTED = 0, 1, 2, 130

# command -> module and one line of help
COMMANDS: dict[str, tuple[str, str]] = {
    "run": ("run", "run everything here: web, workers, scheduler and, where none is set, Redis"),
    "serve": ("serve", "run the web server alone"),
    "work": ("work", "run one worker: --lane fast or --lane bulk"),
    "schedule": ("schedule", "run the scheduler alone"),
    "migrate": ("migrate", "bring the database's tables up to date"),
    "seed-demo": ("seed_demo", "put the fictional demo content into the database"),
    "create-staff": ("create_staff", "add a person; the password is one line of standard input"),
    "create-token": ("create_token", "make an API token for a person"),
    "phone": ("phone", "a feature phone in the terminal, against the running service"),
    "check-menus": ("check_menus", "prove that every screen fits, every link lives, every word exists"),
    "import-recruiters": ("import_recruiters", "read an official list of recruiters (CSV or XLSX)"),
    "re-encrypt": ("re_encrypt", "seal everything anew under the first key of DATA_KEY"),
    "settings": ("show_settings", "list every setting, secrets hidden"),
}


class _Parser(argparse.ArgumentParser):
    """Complains about wrong use without repeating a number that was pasted in the wrong place."""

    def error(self, message: str) -> NoReturn:
        """End with status 2."""
        super().error(_without_numbers(message))


def main(argv: Sequence[str]) -> int:
    """Run one command and return its exit status."""
    os.umask(0o077)  # whatever we write is for this user only
    logging.getLogger().addHandler(logging.NullHandler())  # nothing is logged before logs.configure
    try:
        return _run(argv)
    except SettingsError as error:
        for fault in error.faults:
            _complain(fault)
        return WRONG_USE
    except Invalid as error:
        unsaid = [f"{field}: {why}" for field, why in error.errors.items() if why not in str(error)]
        _complain("; ".join([str(error), *unsaid]))
        return REFUSED
    except JalurError as error:
        _complain(str(error))
        return REFUSED
    except SystemExit as ending:  # argparse has said why
        return ending.code if isinstance(ending.code, int) else WRONG_USE
    except KeyboardInterrupt:
        return INTERRUPTED
    except BrokenPipeError:  # whoever read our output has seen enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return DONE
    except OSError as error:
        _complain(f"{error.filename or 'system'}: {error.strerror or type(error).__name__}")
        return REFUSED
    except Exception as error:  # the last resort of an entry point: one line, no number
        logging.getLogger(__name__).error("command failed", exc_info=True)  # shown where logs are
        _complain(f"unexpected {type(error).__name__}: the log, or LOG_LEVEL=DEBUG, shows where")
        return REFUSED


def _run(argv: Sequence[str]) -> int:
    asked = next((word for word in argv if not word.startswith("-")), "")
    parser, module = _parser(asked)
    args = parser.parse_args(argv)
    if module is None:
        parser.print_help(sys.stderr)
        return WRONG_USE
    if getattr(module, "WITHOUT_SETTINGS", False):
        result: int = module.run(args, None)
        return result
    from sms_service import logs, settings

    loaded = settings.load()
    # A command's answer is its one line; the log stays for those who ask for it.
    logs.configure("DEBUG" if loaded.log_level == "DEBUG" else "CRITICAL", asked)
    status: int = module.run(args, loaded)
    return status


def _parser(asked: str) -> tuple[argparse.ArgumentParser, ModuleType | None]:
    """The parser, complete for the command `asked` only: `--help` need not import them all."""
    parser = _Parser(
        prog="python -m sms_service",
        description="Jalur Aman",
        allow_abbrev=False,
    )
    subparsers = parser.add_subparsers(metavar="COMMAND", title="commands")
    module = None
    for command, (module_name, line) in COMMANDS.items():
        if command == asked:
            module = importlib.import_module(f"sms_service.cli.{module_name}")
            module.add_parser(subparsers)
        else:
            subparsers.add_parser(command, help=line)
    return parser, module


def _complain(line: str) -> None:
    print(f"jalur-aman: {_without_numbers(line)}", file=sys.stderr)


def _without_numbers(line: str) -> str:
    from sms_service.logs import mask_numbers  # only here: --help need not wait for it

    return mask_numbers(line)
