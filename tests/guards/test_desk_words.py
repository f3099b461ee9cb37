"""Guards over the desk's words: all in Indonesian, with the same values in them, and compiled."""

from __future__ import annotations

import ast
import re

import pytest
from babel.messages.catalog import Catalog
from babel.messages.mofile import read_mo
from flask import Flask, render_template_string
from flask_babel import Babel, force_locale

from sms_service.domain import broadcast_life
from sms_service.errors import Invalid, said
from sms_service.web.console import audit_words, words
from sms_service.web.console.formats import told

_CODE = re.compile(r"[a-z_]+\.[a-z_]+")
_VALUE = re.compile(r"%\((\w+)\)s|\{(\w+)\}|(%%)")


def test_every_word_of_the_source_has_its_indonesian() -> None:
    assert words.missing(words.read(), words.collect()) == []


def test_nothing_is_left_to_be_looked_over() -> None:
    assert [message.id for message in words.read() if message.id and message.fuzzy] == []


def test_translations_hold_the_same_values_as_their_words() -> None:
    differing = [
        (one, other)
        for one, other in pairs(words.read())
        if set(_VALUE.findall(one)) != set(_VALUE.findall(other))
    ]
    assert differing == []


def test_what_is_compiled_is_what_is_written() -> None:
    with words.COMPILED.open("rb") as file:
        compiled = read_mo(file)
    assert dict(pairs(compiled)) == dict(pairs(words.read()))


@pytest.mark.parametrize(
    ("source", "found"),
    [
        ('Invalid("no", {"name": "is empty"})', ["no", "is empty"]),
        ('Conflict("over" if late else "begun")', ["over", "begun"]),
        ('errors["name"] = "is taken"', ["is taken"]),
        ('said("at most %(most)s", most=3)', ["at most %(most)s"]),
        ('NotFound(f"no {name}")', []),
        ('elsewhere("a word")', []),
    ],
)
def test_refusals_are_collected(source: str, found: list[str]) -> None:
    assert list(words.refusals(ast.parse(source))) == found


def test_a_refusal_with_a_value_in_it_is_told_in_the_readers_language() -> None:
    app = Flask(__name__)
    app.config["BABEL_TRANSLATION_DIRECTORIES"] = str(words.CATALOGUE.parents[2])
    Babel(app)
    app.add_template_filter(told)
    error = Invalid(said("has 1 to %(most)s characters", most=480))
    assert str(error) == "has 1 to 480 characters"
    with app.test_request_context():
        with force_locale("id"):
            assert render_template_string("{{ words|told }}", words=error.words) == "harus 1 sampai 480 huruf"
            assert told(told(error.words)) == "harus 1 sampai 480 huruf"
        with force_locale("en"):
            assert told(error.words) == "has 1 to 480 characters"


def test_every_act_that_is_kept_has_words_at_the_desk() -> None:
    acts, families = set[str](), set[str]()
    for path in (words.PACKAGE).rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and getattr(node.func, "attr", "") == "record_audit":
                for one in ast.walk(node.args[2]):
                    if isinstance(one, ast.JoinedStr):
                        families.add(str(getattr(one.values[0], "value", "")))
                    elif isinstance(one, ast.Constant) and _CODE.fullmatch(str(one.value)):
                        acts.add(str(one.value))
    assert acts - set(audit_words.ACTS) == set()
    assert "report.read" in acts
    assert all(any(act.startswith(family) for act in audit_words.ACTS) for family in families)
    steps = {f"broadcast.{act}" for act in broadcast_life.PEOPLES_ACTS}
    assert steps - set(audit_words.ACTS) == set()


def pairs(catalogue: Catalog) -> list[tuple[str, str]]:
    """Each word with its translation; of plurals, each form with each."""
    found: list[tuple[str, str]] = []
    for message in catalogue:
        if isinstance(message.id, (tuple, list)):
            found += [(one, other) for one in message.id for other in message.string]
        elif message.id:
            found.append((message.id, str(message.string)))
    return found
