"""Guards over the source: sizes, where the environment is read, what is pinned, what may not be here."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).parents[2]
PACKAGES = ("menus", "sms_service", "workers")
LONGEST_MODULE = 400
LONGEST_TEST_MODULE = 600
LONGEST_FUNCTION = 50
READS_THE_ENVIRONMENT = {"sms_service/settings.py", "sms_service/cli/environment.py"}
NOT_OURS = {"node_modules", "var", "__pycache__"}


def files(*suffixes: str, under: tuple[str, ...] = ("",)) -> list[Path]:
    """All files of the project, found without git: a copy without history is guarded too."""
    found = []
    for folder in under:
        for path in sorted((ROOT / folder).rglob("*")):
            parts = path.relative_to(ROOT).parts
            hidden = any(part.startswith(".") and part != ".ci" for part in parts)
            if path.is_file() and path.suffix in suffixes and not hidden and not NOT_OURS & set(parts):
                found.append(path)
    assert found
    return found


def modules(*folders: str) -> list[Path]:
    return [path for path in files(".py", under=folders) if "versions" not in path.parts]


def name(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


@pytest.mark.parametrize("path", modules(*PACKAGES, "tests"), ids=name)
def test_no_module_is_longer_than_a_person_reads(path: Path) -> None:
    lines = path.read_text(encoding="utf-8").splitlines()
    longest = LONGEST_TEST_MODULE if name(path).startswith("tests/") else LONGEST_MODULE
    assert len(lines) <= longest


@pytest.mark.parametrize("path", modules(*PACKAGES), ids=name)
def test_no_function_is_longer_than_a_screen(path: Path) -> None:
    tree = ast.parse(path.read_text(encoding="utf-8"))
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            length = (node.end_lineno or node.lineno) - node.lineno + 1
            assert length <= LONGEST_FUNCTION, f"{node.name}: {length} lines"


@pytest.mark.parametrize("path", modules(*PACKAGES), ids=name)
def test_a_module_opens_with_what_it_is_for(path: Path) -> None:
    assert ast.get_docstring(ast.parse(path.read_text(encoding="utf-8")))


def environment_reads(path: Path) -> Iterator[int]:
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Attribute) and node.attr in ("environ", "environb", "getenv", "putenv"):
            yield node.lineno
        if isinstance(node, ast.ImportFrom) and node.module == "os":
            yield from (node.lineno for alias in node.names if alias.name in ("environ", "getenv", "putenv"))


def test_the_environment_is_read_in_one_place_only() -> None:
    reading = {name(path) for path in modules(*PACKAGES) if any(environment_reads(path))}
    assert reading == READS_THE_ENVIRONMENT


@pytest.mark.parametrize("requirements", ["requirements.txt", "requirements-dev.txt"])
def test_every_requirement_is_pinned(requirements: str) -> None:
    for line in (ROOT / requirements).read_text(encoding="utf-8").splitlines():
        wanted = line.partition("#")[0].strip()
        if wanted and not wanted.startswith("-r "):
            assert re.match(r"[A-Za-z0-9._-]+(\[[a-z,]+\])?==[0-9][\w.]*( *;.*)?$", wanted), wanted


# An Indonesian mobile number: 08..., 628..., +62 8..., with or without separators.
_MOBILE = re.compile(r"(?<![\w.,*#])(?:\+?62[ .-]?|0)8\d{1,2}(?:[ .-]?\d){6,9}(?![\w])", re.ASCII)
_MADE_UP = "0000"  # +62 812 0000 xxxx, and what tests make of it


def official_numbers() -> set[str]:
    """Numbers that offices have published: the content lists each with its source, as digits here."""
    contacts = yaml.safe_load((ROOT / "menus/content/items/contacts.yaml").read_text(encoding="utf-8"))
    items = contacts if isinstance(contacts, list) else contacts["items"]
    return {_national(number) for item in items if item["source"] for number in item["numbers"]}


def _national(number: str) -> str:
    digits = re.sub(r"\D", "", number)
    return "0" + digits[2:] if digits.startswith("62") else digits


def test_no_persons_number_is_in_the_repository() -> None:
    official = official_numbers()
    found = []
    for path in files(".py", ".yaml", ".md", ".txt", ".toml", ".csv", ".html", ".js", ".mako", ""):
        for line_number, line in enumerate(
            path.read_text(encoding="utf-8", errors="replace").splitlines(), 1
        ):
            for match in _MOBILE.finditer(line):
                number = _national(match.group())
                if _MADE_UP not in number and number not in official:
                    found.append(f"{name(path)}:{line_number}")
    assert found == []
