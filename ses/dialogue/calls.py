"""Steps that leave the process: `http`, `smc`, `see`, `qas`. Each call of a turn has its own idempotency key."""

from __future__ import annotations

from typing import Any

import msgspec

from ses.dialogue.turn import Turn
from ses.scenario.expressions.values import plain, written
from ses.scenario.program import CallService, Http
from ses.services.answers import HttpRequest


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
        return {
            "class": best.name if best else None,
            "confidence": best.confidence if best else 0,
            "classes": [{"class": one.name, "confidence": one.confidence} for one in ranked],
        }
    if op.service == "see":
        found = await turn.waiting("see", services.extract(op.model, text))
        return [{"entity": one.entity, "text": one.text, "value": one.value} for one in found]
    answer = await turn.waiting("qas", services.ask(text, op.category, turn.session.channel))
    if answer is None:
        return None
    return {"answer": answer.text, "confidence": answer.confidence, "source": answer.source}
