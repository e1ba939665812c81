"""What the language model gets to read: the robot's words about it, the conversation so far, the question."""

from __future__ import annotations

from typing import Any

from ses.dialogue.output.messages import mask
from ses.dialogue.state.turn import Turn
from ses.errors import StepError
from ses.scenario.program.calls import Llm
from ses.scenario.program.expressions import Template

Messages = list[dict[str, Any]]

CHOOSE = {
    "ru": "Ответь одним из этих вариантов, слово в слово:",
    "en": "Answer with one of these, word for word:",
}
CHOOSE_KEY = {
    "ru": "Выбери подходящий вариант и ответь только его ключом:",
    "en": "Choose what fits and answer with its key alone:",
}
FILL = {
    "ru": "Выпиши из сообщения значения в JSON. Чего в нём нет, то null.",
    "en": "Write the values that the message tells as JSON. What it does not tell is null.",
}
ROUTE = {
    "ru": 'Выбери подходящее действие и ответь JSON вида {"flow": ключ, "args": значения из сообщения}. '
    "Если ничего не подходит, flow равен none. Действия:",
    "en": 'Choose the action that fits and answer with JSON such as {"flow": key, "args": values that the message '
    "tells}. If none fits, flow is none. Actions:",
}


async def build_messages(turn: Turn, op: Llm) -> Messages:
    """`{role, content}`, the oldest first. Private values are ‹slot›, unless the step allows them."""
    system = [_text(turn, op, op.system)] if op.system is not None else []
    system += _choices(turn, op)
    system += _instructions(turn, op)
    prompt = _text(turn, op, op.prompt) if op.prompt is not None else _utterance(turn, op)
    if not prompt.strip():
        raise StepError(
            "value", f"{op.at.file}:{op.at.line}: there is nothing to ask the model", service="llm"
        )
    messages: Messages = []
    if any(system):
        messages.append({"role": "system", "content": "\n\n".join(filter(None, system))})
    if op.history:
        for one in await turn.ports.history(op.history):
            _add(messages, "assistant" if one.sender == "robot" else "user", one.text)
    _add(messages, "user", prompt)
    return messages


def options_of(turn: Turn, op: Llm) -> dict[str, str]:
    """What the decoder may write → what it means: of texts by key, the key is written."""
    return {one.key: one.text.render(turn.scope) if one.text is not None else one.key for one in op.options}


def _choices(turn: Turn, op: Llm) -> list[str]:
    if not op.options:
        return []
    keyed = op.options[0].text is not None
    hint = (CHOOSE_KEY if keyed else CHOOSE).get(turn.scope.language, CHOOSE["en"])
    lines = [
        f"- {one.key}: {_text(turn, op, one.text)}" if one.text is not None else f"- {one.key}"
        for one in op.options
    ]
    return ["\n".join([hint, *lines])]


def _instructions(turn: Turn, op: Llm) -> list[str]:
    language = turn.scope.language
    if op.fill:
        return [FILL.get(language, FILL["en"])]
    if not op.route:
        return []
    flows = turn.scope.program.flows
    lines = []
    for name in op.route:
        flow = flows[name]
        about = flow.tool.about if flow.tool is not None else flow.titles.get(language) or flow.title
        lines.append(f"- {name}: {about}" if about and about != name else f"- {name}")
    return ["\n".join([ROUTE.get(language, ROUTE["en"]), *lines])]


def _add(messages: Messages, role: str, text: str) -> None:
    """Models expect the two sides to take turns: messages of one side in a row become one."""
    if not text:
        return
    if messages and messages[-1]["role"] == role:
        messages[-1]["content"] += f"\n{text}"
    else:
        messages.append({"role": role, "content": text})


def _text(turn: Turn, op: Llm, template: Template) -> str:
    text = template.constant if template.constant is not None else template.render(turn.scope)
    if op.private or template.constant is not None:
        return text
    return _without_spans(turn, mask(turn, template, text) or text)


def _utterance(turn: Turn, op: Llm) -> str:
    inbound = turn.scope.inbound
    text = (inbound.text or "") if inbound is not None else ""
    return text if op.private else _without_spans(turn, text)


def _without_spans(turn: Turn, text: str) -> str:
    """The words of this turn's message that a private slot has used, as ‹slot›."""
    inbound = turn.scope.inbound
    if not turn.private_spans or inbound is None or inbound.text is None:
        return text
    for said in {turn.newest.recogniser.read(inbound.text).raw, turn.text}:
        for start, stop, slot in turn.private_spans:
            piece = said[start:stop].strip()
            if piece:
                text = text.replace(piece, f"‹{slot}›")
    return text
