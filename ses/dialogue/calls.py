"""Steps that leave the process: `http`, `smc`, `see`, `qas`. Each call of a turn has its own idempotency key."""

from __future__ import annotations

from typing import Any

import msgspec

from ses.dialogue.turn import Turn
from ses.scenario.expressions.values import plain, written
from ses.scenario.program import CallService, Http
from ses.services.answers import Answer, HttpRequest


async def http(turn: Turn, op: Http) -> Any:
    """The answer's JSON body, or its text. Raises `StepError` as the service does."""
    scope = turn.scope
    turn.calls += 1
    language = scope.language
    request = HttpRequest(
        method=op.method,
        url=op.url.render(scope),
        json=msgspec.UNSET if op.json is None else plain(op.json.evaluate(scope)),
        form=None
        if op.form is None
        else {name: written(value.evaluate(scope), language) for name, value in op.form.items()},
        headers={name: template.render(scope) for name, template in op.headers.items()},
        timeout=op.timeout,
        retry=op.retry,
        key=f"{turn.session.id}/{turn.session.turn}/{turn.calls}",
    )
    reply = await turn.waiting("http", turn.ports.services.http(request))
    sent = request.form if request.json is msgspec.UNSET else request.json
    turn.trace.call(turn, "http", request.method, op.save or op.id, sent, reply.body)
    return reply.body


async def service(turn: Turn, op: CallService) -> Any:
    """What `save` gets: smc `{class, confidence, classes}`, see a list of `{entity, text, value}`, qas `{answer,
    confidence, source}` or none when it has no answer."""
    scope = turn.scope
    turn.calls += 1
    if op.text is not None:
        text = written(op.text.evaluate(scope), scope.language)
    else:
        text = (scope.inbound.text or "") if scope.inbound is not None else ""
    services = turn.ports.services
    if op.service == "smc":
        classes = await turn.waiting("smc", services.classify(op.model, text))
        ranked = sorted(classes, key=lambda one: -one.confidence)
        best = ranked[0] if ranked else None
        reply: Any = {
            "class": best.name if best else None,
            "confidence": best.confidence if best else 0,
            "classes": [{"class": one.name, "confidence": one.confidence} for one in ranked],
        }
    elif op.service == "see":
        found = await turn.waiting("see", services.extract(op.model, text))
        reply = [{"entity": one.entity, "text": one.text, "value": one.value} for one in found]
    else:
        answer = await turn.waiting("qas", services.ask(text, op.category, turn.session.channel))
        reply = None if answer is None else answer_shown(answer)
    turn.trace.call(turn, op.service, op.model or op.category, op.save or op.id, text, reply)
    return reply


def answer_shown(answer: Answer) -> dict[str, Any]:
    return {"answer": answer.text, "confidence": answer.confidence, "source": answer.source}
