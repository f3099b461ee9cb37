"""Words: filling placeholders, and the shared words that leave as texts. Nothing here knows a screen."""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import lru_cache

from menus.model import Menu, ValueSpec
from sms_service.domain.texts import septets, to_gsm7, truncate

PLACEHOLDER = re.compile(r"\{([a-z][a-z0-9_]*)\}")
_CONTROL = re.compile(r"[\x00-\x09\x0b-\x1f\x7f]+")


def fill(template: str, values: Mapping[str, str], specs: Mapping[str, ValueSpec]) -> str:
    """Put values into a template, each made plain GSM-7 and cut to its declared longest length.

    A missing value is shown as nothing. Braces inside a value stay what they are.
    """
    if "{" not in template:
        return template

    def put(match: re.Match[str]) -> str:
        name = match[1]
        value = to_gsm7(_CONTROL.sub(" ", values.get(name, "")))
        spec = specs.get(name)
        if spec is None or len(value) * 2 <= spec.maximum:  # a septet length is at most twice the characters
            return value
        return truncate(value, spec.maximum)

    return PLACEHOLDER.sub(put, template)


def say(menu: Menu, language: str, key: str, **values: str) -> str:
    """Return the shared words `key` in `language`, filled. Raises KeyError for an unknown key."""
    return fill(menu.common[language][key], values, menu.values)


@lru_cache(maxsize=8192)
def cut(text: str, limit: int) -> str:
    """Return a one-line GSM-7 label of at most `limit` septets."""
    plain = to_gsm7(_CONTROL.sub(" ", text.replace("\n", " "))).strip()
    return plain if septets(plain) <= limit else truncate(plain, limit)
