"""The catalogue of the desk's words: English in the source, Indonesian in translations/id.

For developers: `make words` collects new words into the catalogue and compiles it; words that are still
without Indonesian are listed. Refusals of services are collected too: they are shown at the desk.
"""

from __future__ import annotations

import ast
import io
import re
import sys
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

from babel.messages.catalog import Catalog, Message
from babel.messages.extract import extract_from_dir
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po, write_po

from sms_service.domain.retention import RULES

_IDLE = re.compile(
    rb'"(Project-Id|Report-Msgid|POT-Creation|PO-Revision|Last-Translator|Language-Team|Generated-By)'
)
_NO_DAY = datetime(2026, 1, 1, tzinfo=UTC)  # a true one would change the compiled file with every run
HERE = Path(__file__).parent
PACKAGE = HERE.parent.parent
CATALOGUE = HERE / "translations" / "id" / "LC_MESSAGES" / "messages.po"
COMPILED = CATALOGUE.with_suffix(".mo")
_METHODS = [("**.py", "python"), ("**/templates/**.html", "jinja2")]
_OPTIONS = {"**/templates/**.html": {"trimmed": "true", "silent": "false"}}
_KEYWORDS: dict[str, tuple[int, ...] | None] = {
    "_": None,
    "_l": None,
    "gettext": None,
    "ngettext": (1, 2),
    "lazy_gettext": None,
}
# A refusal's words are its first argument, or stand by field in the dictionary that is its second.
_REFUSALS = ("Invalid", "NotFound", "NotAllowed", "Conflict", "Unavailable", "Locked")
_BY_FIELD = "errors"  # a dictionary of this name is filled for a refusal


def collect() -> Catalog:
    """Every word in the source."""
    found = Catalog(project="Jalur Aman", charset="utf-8")
    for folder in ("web/console", "services", "domain"):
        for file, line, message, comments, context in extract_from_dir(
            PACKAGE / folder, _METHODS, _OPTIONS, _KEYWORDS, strip_comment_tags=True
        ):
            del line  # line numbers would make every change of a file a change of the catalogue
            if any(letter.isalpha() for letter in str(message)):
                found.add(message, None, [(f"{folder}/{file}", 0)], auto_comments=comments, context=context)
        for path in sorted((PACKAGE / folder).rglob("*.py")):
            for words in refusals(ast.parse(path.read_text(encoding="utf-8"))):
                found.add(words, None, [(str(path.relative_to(PACKAGE)), 0)])
    for rule in RULES:
        for words in (rule.data, rule.why, rule.after):
            found.add(words, None, [("domain/retention.py", 0)])
    return found


def refusals(tree: ast.AST) -> Iterator[str]:
    """The literal words of refusals, and of what is told by field."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Call):
            name = getattr(node.func, "id", None) or getattr(node.func, "attr", None)
            if name == "said" or name in _REFUSALS:
                yield from _literals(*node.args[: 1 if name == "said" else 2])
        elif isinstance(node, ast.Assign):
            filled = getattr(node.targets[0], "value", None)  # of errors["field"]
            if getattr(filled, "id", None) == _BY_FIELD:
                yield from _literals(node.value)


def _literals(*nodes: ast.AST) -> Iterator[str]:
    for node in nodes:
        if isinstance(node, ast.Dict):
            yield from _literals(*node.values)
        elif isinstance(node, ast.IfExp):
            yield from _literals(node.body, node.orelse)
        elif isinstance(node, ast.Constant) and any(letter.isalpha() for letter in str(node.value)):
            yield str(node.value)


def read() -> Catalog:
    """The catalogue as it is kept."""
    if not CATALOGUE.exists():
        return Catalog(locale="id", charset="utf-8")
    with CATALOGUE.open("rb") as file:
        return read_po(file, locale="id")


def missing(kept: Catalog, found: Catalog) -> list[str]:
    """Words of the source without Indonesian."""
    translated = {message.id for message in kept if message.id and _is_said(message)}
    return sorted(str(message.id) for message in found if message.id and message.id not in translated)


def _is_said(message: Message) -> bool:
    strings = message.string if isinstance(message.string, (tuple, list)) else (message.string,)
    return all(strings) and not message.fuzzy


def update() -> list[str]:
    """Bring the catalogue up to date, compile it, and return the words without Indonesian."""
    found, kept = collect(), read()
    kept.update(found, no_fuzzy_matching=True)
    kept.obsolete.clear()
    kept.header_comment = "# The desk's words in Indonesian, as the office speaks them to each other."
    kept.fuzzy = False
    kept.creation_date = kept.revision_date = _NO_DAY
    CATALOGUE.parent.mkdir(parents=True, exist_ok=True)
    text = io.BytesIO()
    write_po(text, kept, width=100, sort_output=True, no_location=True)
    # The header's dates and addresses would change with every run and say nothing.
    lines = [line for line in text.getvalue().splitlines(True) if not _IDLE.match(line)]
    CATALOGUE.write_bytes(b"".join(lines))
    with COMPILED.open("wb") as file:
        write_mo(file, kept)
    return missing(kept, found)


if __name__ == "__main__":
    without = update()
    sys.stdout.writelines(f"without Indonesian: {words}\n" for words in without)
    sys.exit(1 if without else 0)
