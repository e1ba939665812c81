"""Intent classification by a language model: it chooses among the described ones, and its probability is the score."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from math import exp
from typing import NamedTuple

from ses.dialogue.understanding.utterance import UNTYPED, Interpretation
from ses.llm.answers import ChatAnswer
from ses.llm.errors import EngineError
from ses.llm.requests import ChatRequest, Choice
from ses.scenario.program.recognition import Recognised

NONE = "none"
TIMEOUT = 5.0
"""Seconds; a later answer counts as none."""
UNKNOWN_CONFIDENCE = 0.6
"""The confidence in an answer of a model that gives no probabilities."""


class Wording(NamedTuple):
    """How the model is asked. A message and a key to be written, not a conversation: small models answer it better."""

    task: str
    none: str
    message: str
    key: str


WORDINGS = {
    "ru": Wording(
        "Ты сортируешь сообщения. Какой ключ лучше всего подходит?", "что-то другое", "Сообщение", "Ключ"
    ),
    "en": Wording(
        "You sort messages. Which key describes the message best?", "anything else", "Message", "Key"
    ),
}


async def classify_intent(interpretation: Interpretation) -> list[Recognised]:
    """The intent that the model takes an utterance for; none when it fails, which is silent but for the trace."""
    turn, program = interpretation.turn, interpretation.program
    said, model = mask_private(interpretation), turn.ports.model
    names = tuple(one.intent for one in program.llm_intents)
    if not said.strip() or model is None:
        return []
    words = WORDINGS.get(turn.scope.language, WORDINGS["en"])
    described = [f"- {one.intent}: {one.about}" for one in program.llm_intents]
    task = "\n".join([words.task, *described, f"- {NONE}: {words.none}"])
    question = f"{words.message}: {said}\n{words.key}:"
    request = ChatRequest(
        messages=[{"role": "system", "content": task}, {"role": "user", "content": question}],
        response_format=Choice((*names, NONE)),
        temperature=0.0,
        logprobs=True,
        top_logprobs=20,
        priority="conversation",
    )
    try:
        async with asyncio.timeout(TIMEOUT):
            answer = await turn.await_external("llm", model.chat(request))
    except (EngineError, TimeoutError) as error:
        kind = "timeout" if isinstance(error, TimeoutError) else "llm_unavailable"
        turn.trace.errors.append({"kind": kind, "service": "llm"})
        return []
    name = answer.text.strip()
    score = confidence(answer, (*names, NONE))
    turn.trace.call("llm", "", "", said, {"intent": name, "confidence": round(score, 3)})
    return [Recognised(name, score, {}, "llm")] if name in names else []


def confidence(answer: ChatAnswer, options: Sequence[str]) -> float:
    """The probability of the answer among all options: at each token, how much of the probability of those that lead to
    an option belongs to those that lead to this one (it can be written in several ways)."""
    logprobs = answer.choices[0].logprobs if answer.choices else None
    tokens = (logprobs.content if logprobs is not None else None) or ()
    if not tokens:
        return UNKNOWN_CONFIDENCE
    name = (answer.text.strip(),)
    result, text = 1.0, ""
    for token in tokens:
        chances = {one.token: exp(one.logprob) for one in token.top_logprobs} | {
            token.token: exp(token.logprob)
        }
        possible = sum(chance for piece, chance in chances.items() if _leads(text + piece, options))
        its_own = sum(chance for piece, chance in chances.items() if _leads(text + piece, name))
        if possible > 0:
            result *= min(its_own / possible, 1.0)
        text += token.token
    return result


def _leads(text: str, options: Sequence[str]) -> bool:
    text = text.lstrip()
    return not text or any(option.startswith(text) or text.startswith(option) for option in options)


def mask_private(interpretation: Interpretation) -> str:
    """The utterance, with what would be a value of a private slot as ‹slot›."""
    raw = interpretation.utterance.raw
    spans = [
        (one.start, one.end, slot.name)
        for slot in interpretation.program.slots.values()
        if slot.private and slot.type not in UNTYPED
        for one in interpretation.entities([slot.type])
    ]
    last = len(raw)
    for start, end, name in sorted(spans, reverse=True):
        if end <= last:
            raw, last = f"{raw[:start]}‹{name}›{raw[end:]}", start
    return raw
