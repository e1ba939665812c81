"""Buttons that no channel shows as they are written: addresses that open nothing, labels cut short, labels twice."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import Any

from pydantic import BaseModel

from ses.scenario.compiling.names import parts_of
from ses.scenario.compiling.robot import Compiled, good
from ses.scenario.findings.report import Report
from ses.scenario.models.messages import Button, Spoken, Wording
from ses.scenario.models.scalars import Text
from ses.scenario.models.steps.questions import ConfirmBody, MenuBody, MenuItem
from ses.scenario.models.steps.saying import SayStep
from ses.scenario.words.tokeniser import phrase_key

LABEL_OF_VK = 40
"""Characters: VK takes no longer label, the rest is cut."""
_SCHEME = re.compile(r"\s*([A-Za-z][A-Za-z0-9+.-]*)\s*:")
_RUNS = frozenset({"javascript", "vbscript", "data", "file", "blob"})
"""Schemes that run or show what stands in the address itself, or what lies on the reader's disk."""


def check_buttons(compiled: Compiled, report: Report) -> None:
    """Addresses are checked by their scheme, labels by what people see: never empty, never twice, never cut."""
    for part in parts_of(compiled.robot):
        if isinstance(part, Button) and part.url is not None:
            _check_address(part.url, report)
        items = _items(part)
        if items:
            _check_twice(items, report)
    _check_shown(compiled, report)
    for label in (*_labels(compiled.robot), *_values_offered(compiled)):
        if len(label) > LABEL_OF_VK and "{{" not in label:
            report.warning("long-label", label.at, f"VK cuts labels at {LABEL_OF_VK} characters, this one has {len(label)}",
                           suggestion="a shorter label", length=len(label))  # fmt: skip


def _check_shown(compiled: Compiled, report: Report) -> None:
    """Buttons written where none are shown: `choices` without a slot, and under words that stand before a question."""
    for part in parts_of(compiled.robot):
        spoken = part.say if isinstance(part, SayStep) else part
        if isinstance(part, SayStep | ConfirmBody | MenuBody) and spoken.buttons == "choices":
            report.warning("no-choices", spoken.key_at("buttons"), "`buttons: choices` are the values of a slot, and none is asked here",
                           suggestion="list the buttons", length=len("buttons"))  # fmt: skip
    for slot in good(compiled.robot.slots).values():
        for key in ("invalid", "help"):
            message = getattr(slot, key)
            for what in ("buttons", "image", "file", "audio"):
                if message is not None and getattr(message, what):
                    report.warning("doubtful", message.key_at(what), f"`{what}` of `{key}` never show: its words stand before the question",
                                   suggestion="give them to `ask`", length=len(what))  # fmt: skip


def _check_address(url: Text, report: Report) -> None:
    begin = str(url).partition("{{")[0]
    scheme = _SCHEME.match(begin)
    if scheme is not None and scheme[1].lower() in ("http", "https"):
        return
    if scheme is None and begin != str(url):
        return  # the address is known only when it is opened
    if scheme is not None and scheme[1].lower() in _RUNS:
        report.error("bad-value", url.at, f"`{scheme[1]}:` is no address that a button may open",
                     suggestion="https://…", length=len(url))  # fmt: skip
        return
    what = (
        f"`{scheme[1]}:` opens in few channels" if scheme is not None else "an address begins with `https://`"
    )
    report.warning("doubtful", url.at, what, suggestion="https://…", length=len(url))


def _items(part: Any) -> Sequence[Button | MenuItem]:
    """The buttons that stand under one message."""
    if not isinstance(part, Spoken):
        return ()
    buttons = part.buttons if isinstance(part.buttons, list) else []
    return [*buttons, *getattr(part, "items", ())]


def _check_twice(items: Sequence[Button | MenuItem], report: Report) -> None:
    """A typed label is one button's: the other can only be pressed, and nobody can tell them apart."""
    first: dict[tuple[str, str], Text] = {}
    for item in items:
        if item.condition is not None:
            continue
        for language, texts in item.text.variants.items():
            label = texts[0]
            key = phrase_key(str(label)) or str(label).strip()
            other = first.setdefault((language, key), label)
            if other is not label and "{{" not in label:
                report.warning("same-label", label.at, f"this label stands twice under the message, first on line {other.at.line}",
                               suggestion="another label, or an `if`", length=len(label))  # fmt: skip


def _labels(model: Any) -> Iterator[Text]:
    """The labels of buttons and menu items that VK may show."""
    if isinstance(model, Button | MenuItem):
        wording: Wording = model.text
        yield from wording.texts()
    if isinstance(model, Spoken) and model.channels:
        if "vk" in model.channels:
            yield from _labels(model.channels["vk"])
            return
        model = [getattr(model, name) for name in type(model).model_fields if name != "channels"]
    if isinstance(model, BaseModel):
        for name in type(model).model_fields:
            yield from _labels(getattr(model, name))
    elif isinstance(model, dict):
        for key, value in model.items():
            if "@" not in key or key.endswith("@vk"):  # an event of another channel
                yield from _labels(value)
    elif isinstance(model, list | tuple):
        for item in model:
            yield from _labels(item)


def _values_offered(compiled: Compiled) -> Iterator[Text]:
    """The labels of values that become buttons."""
    asked = {slot.type for slot in compiled.slots.values() if slot.ask is not None and slot.ask.offer_choices}
    for name, entity in good(compiled.robot.entities).items():
        for entry in (entity.values or {}).values() if name in asked else ():
            if entry.label is not None:
                yield from entry.label.texts()
            else:
                yield from entry.forms[:1]
