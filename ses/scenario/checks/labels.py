"""Labels of buttons that lead nowhere: whoever presses one is told that the robot did not understand."""

from __future__ import annotations

from collections.abc import Iterator

from ses.scenario.checks.graph import within_flow
from ses.scenario.compiling.names import parts_of
from ses.scenario.compiling.robot import Compiled, good
from ses.scenario.findings.report import Report
from ses.scenario.models.messages import Button
from ses.scenario.models.scalars import Text
from ses.scenario.models.steps.saying import SayStep
from ses.scenario.program.calls import Llm
from ses.scenario.program.operations import Ask, CallFlow, Confirm, GotoFlow, Menu, Say
from ses.scenario.program.recognition import Recogniser
from ses.scenario.recognising.builtin import SAID

_ASKS = (Ask, Confirm, Menu, CallFlow, GotoFlow, Llm)
"""After these a label may answer a question, here or in another flow."""
_ALONE = ("#start", "#fallback", "#error")
"""Steps of events after which no question comes again."""


def check_labels(compiled: Compiled, recogniser: Recogniser, report: Report) -> None:
    """Report labels under a `say` that no flow listens to, where nothing else could understand them."""
    if _may_understand_anything(compiled):
        return
    listened = _listened(compiled)
    names = [*good(compiled.robot.entities), *SAID]
    for label in _labels(compiled):
        if _key_of(compiled, label) in listened:
            continue
        utterance = recogniser.read(str(label))
        found = recogniser.entities(utterance, names)
        if not found and not recogniser.intents(utterance, found):
            report.warning("dead-label", label.at, f"nothing listens to the label `{label}`",
                           suggestion=f'on: [{{button: "{label}"}}], or give the button a `flow`', length=len(label))  # fmt: skip


def _key_of(compiled: Compiled, label: str) -> str:
    """What labels are compared by."""
    return compiled.recogniser.button_key(str(label))


def _listened(compiled: Compiled) -> set[str]:
    return {_key_of(compiled, trigger.button) for trigger in compiled.triggers if trigger.button}


def _may_understand_anything(compiled: Compiled) -> bool:
    """Whether a service, a model or the robot's own `fallback` may make something of any words."""
    if compiled.robot.qas is not None:
        return True
    if any(model.smc is not None or model.llm is not None for model in good(compiled.robot.intents).values()):
        return True
    ladder = {name for names in compiled.fallback.values() for name in names}
    return any(
        op.leaves or isinstance(op, _ASKS) or "message" in op.reads
        for name in ladder & compiled.flows.keys()
        for op in compiled.flows[name].ops
    ) or any("message.text" in checked.node.text for checked in compiled.pieces.checked)


def _labels(compiled: Compiled) -> Iterator[Text]:
    """Labels that do nothing by themselves, under messages that no question follows."""
    last = {
        op.at: _rests(compiled, name, number)
        for name, flow in compiled.flows.items()
        for number, op in enumerate(flow.ops)
        if isinstance(op, Say)
    }
    for part in parts_of(compiled.robot):
        if isinstance(part, SayStep) and isinstance(part.say.buttons, list) and last.get(part.key_at("say")):
            for button in part.say.buttons:
                if _does_nothing(button):
                    yield from (text for text in button.text.texts() if "{{" not in text)


def _does_nothing(button: Button) -> bool:
    return all(one is None for one in (button.value, button.flow, button.url, button.request))


def _rests(compiled: Compiled, name: str, number: int) -> bool:
    """Whether the flow ends after an operation without a question, and nobody called it who may ask."""
    called = {target for _, target, _ in compiled.calls}
    if name in called or (name.startswith("#") and not name.startswith(_ALONE)):
        return False
    flow = compiled.flows[name]
    seen: set[int] = set()
    waiting = list(within_flow(flow, number))
    while waiting:
        index = waiting.pop()
        if index not in seen:
            seen.add(index)
            if isinstance(flow.ops[index], _ASKS):
                return False
            waiting += within_flow(flow, index)
    return True
