"""Golden calls: what is typed and what is seen, screen by screen, through the real service.

Each file in dialogues/ is one call on a fresh database with the demo's lists, on 21 November 2026,
09.00 WITA. `pytest tests/menus/test_dialogues.py --update` writes what is seen into the files; read
the difference before you commit it.

    about: what the call shows
    language: id                 # what the caller has chosen before (optional)
    district: "53.04"            # the same (optional)
    steps:
      - dial:                    # a new call
        see: ...
      - type: "1"
        see: ...
      - text: LAPOR ...          # a text to the short code; what is seen is the answer
      - drop:                    # the line drops; the next dial is a new session

`{code}` and `{pin}` in what is typed are those of the last receipt that was seen.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import yaml

from menus.loader import read_yaml
from sms_service.domain.texts import septets
from sms_service.gateways.base import UssdRequest
from sms_service.services.dialogues.answering import build_answering
from sms_service.services.dialogues.sms_context import SmsContext
from sms_service.services.subscribers import person as subscribers
from tests.answering import NOW, Answering
from tests.text_office import talk

FOLDER = Path(__file__).parent / "dialogues"
NUMBER = "+6281200000077"
# Drawn by lot: the demo's event codes, codes and PINs of receipts.
_CODE = re.compile(r"\b(Kode|Code|PIN) \d{4}(?: \d{4})?\b")
_RECEIPT = re.compile(r"(?:Kode|Code) (\d{4} \d{4}), PIN (\d{4})?")


class _Block(yaml.SafeDumper):
    """Writes screens as block texts, so that they can be read aloud."""


def _text(dumper: yaml.SafeDumper, text: str) -> yaml.Node:
    return dumper.represent_scalar("tag:yaml.org,2002:str", text, style="|" if "\n" in text else None)


_Block.add_representer(str, _text)


def _play(answering: Answering, call: dict[str, Any]) -> Iterator[tuple[dict[str, Any], str | None]]:
    """Each step with what was seen."""
    session, typed, drawn = 0, [], {"code": "", "pin": ""}
    desk = _desk(answering)
    for step in call["steps"]:
        if "drop" in step:
            answering.clock.shift += timedelta(seconds=30)
            yield step, None
            continue
        if "text" in step:
            answering.clock.shift += timedelta(seconds=30)
            words = _with_drawn(step["text"], drawn)
            screen = talk(answering.store, desk, words, n=77, now=answering.clock.now()) or ""
        else:
            if "dial" in step:
                session, typed = session + 1, [step["dial"]] if step["dial"] else []
            else:
                typed.append(_with_drawn(str(step["type"]), drawn))
            request = UssdRequest("console", f"session-{session}", NUMBER, "*123*62#", "*".join(typed))
            screen = answering.conversations.answer(request)[0]
        if receipt := _RECEIPT.search(screen):
            drawn = {"code": receipt[1], "pin": receipt[2] or ""}
        yield step, _CODE.sub(r"\1 ####", screen)


def _desk(answering: Answering) -> SmsContext:
    built = build_answering(answering.runtime)
    built.lists.models.refresh()
    return built.sms


def _with_drawn(words: str, drawn: dict[str, str]) -> str:
    for name, value in drawn.items():
        words = words.replace(f"{{{name}}}", value)
    return words


@pytest.mark.parametrize("file", sorted(FOLDER.glob("*.yaml")), ids=lambda file: file.stem)
def test_a_call_goes_as_it_is_written(
    file: Path, answering: Answering, request: pytest.FixtureRequest
) -> None:
    call = read_yaml(file.read_text(encoding="utf-8"))
    with answering.store.transaction() as tx:
        if "language" in call:
            subscribers.set_language(tx, NUMBER, call["language"], NOW)
        if "district" in call:
            subscribers.set_district(tx, NUMBER, call["district"], NOW)
    seen = list(_play(answering, call))
    for step, screen in seen:
        assert screen is None or septets(screen) <= (306 if "text" in step else 160)
    if request.config.getoption("--update"):
        written = [step if screen is None else {**step, "see": screen} for step, screen in seen]
        text = yaml.dump(
            {**call, "steps": written}, Dumper=_Block, sort_keys=False, allow_unicode=True, width=120
        )
        file.write_text(text, encoding="utf-8")
        return
    for step, screen in seen:
        if screen is not None:
            assert screen == step.get("see"), f"after {step.get('type') or step.get('text', 'dial')!r}"


def test_there_is_a_call_for_every_branch_in_both_languages() -> None:
    calls = [read_yaml(file.read_text(encoding="utf-8")) for file in FOLDER.glob("*.yaml")]
    for language in ("id", "en"):
        branches = {
            str(step["type"])
            for call in calls
            if call.get("language", "id") == language
            for before, step in zip(call["steps"], call["steps"][1:], strict=False)
            if "dial" in before and "type" in step
        }
        assert branches >= set("1234567"), language
