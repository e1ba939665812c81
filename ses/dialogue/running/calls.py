"""Steps that leave the process: `http`, `smc`, `see`, `qas`, `sbs`, `send`. Each call of a turn has its own idempotency key."""

from __future__ import annotations

from hashlib import sha256
from typing import Any

import msgspec

from ses.dialogue.output.messages import render
from ses.dialogue.state.ports import BiometryRequest
from ses.dialogue.state.turn import Turn
from ses.errors import StepError
from ses.messages import Inbound, InjectedMessage
from ses.scenario.program.calls import CallService, Http, Sbs, Send
from ses.scenario.values.values import plain, written
from ses.services.answers import Answer, HttpRequest


async def call_http(turn: Turn, op: Http) -> Any:
    """The answer's JSON body, or its text. Raises `StepError` as the service does."""
    scope = turn.scope
    turn.call_count += 1
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
        key=f"{turn.session.id}/{turn.session.turn}/{turn.call_count}",
    )
    reply = await turn.await_external("http", turn.ports.services.http(request))
    sent = request.form if request.json is msgspec.UNSET else request.json
    turn.trace.call("http", request.method, op.save or op.id, sent, reply.body)
    return reply.body


async def call_service(turn: Turn, op: CallService) -> Any:
    """What `save` gets: smc `{class, confidence, classes}`, see a list of `{entity, text, value}`, qas `{answer,
    confidence, source}` or none when it has no answer."""
    scope = turn.scope
    turn.call_count += 1
    if op.text is not None:
        text = written(op.text.evaluate(scope), scope.language)
    else:
        text = (scope.inbound.text or "") if scope.inbound is not None else ""
    services = turn.ports.services
    if op.service == "smc":
        classes = await turn.await_external("smc", services.classify(op.model, text))
        ranked = sorted(classes, key=lambda one: -one.confidence)
        best = ranked[0] if ranked else None
        reply: Any = {
            "class": best.name if best else None,
            "confidence": best.confidence if best else 0,
            "classes": [{"class": one.name, "confidence": one.confidence} for one in ranked],
        }
    elif op.service == "see":
        found = await turn.await_external("see", services.extract(op.model, text))
        reply = [{"entity": one.entity, "text": one.text, "value": one.value} for one in found]
    else:
        answer = await turn.await_external("qas", services.ask(text, op.category, turn.session.channel))
        reply = None if answer is None else answer_json(answer)
    turn.trace.call(op.service, op.model or op.category, op.save or op.id, text, reply)
    return reply


async def call_biometry(turn: Turn, op: Sbs) -> Any:
    """What `save` gets: see `Voices.examine`. Raises `StepError`, kind value when there is no recording."""
    scope = turn.scope
    turn.call_count += 1
    voices, media = turn.ports.voices, _recording(turn, op)
    if voices is None or not media:
        raise StepError(
            "value", f"{op.at.file}:{op.at.line}: there is no recording to look at", service="sbs"
        )
    question = BiometryRequest(
        op.method,
        dataset=op.dataset.render(scope) if op.dataset is not None else "",
        threshold=op.threshold,
        text=op.text.render(scope) if op.text is not None else "",
        similarity=op.similarity,
    )
    reply = await turn.await_external("sbs", voices.biometry(turn.session.conversation, media, question))
    turn.trace.call("sbs", op.method, op.save or op.id, question.dataset, reply)
    return reply


def _recording(turn: Turn, op: Sbs) -> str:
    """Where the recording lies, as `Attachment.media`."""
    scope = turn.scope
    if op.voice is not None:
        given = op.voice.evaluate(scope)
        return str(given.get("media") or "") if isinstance(given, dict) else str(given or "")
    if scope.voice is not None and scope.voice.media:
        return scope.voice.media
    attached = scope.inbound.attachments if scope.inbound is not None else ()
    return next((one.media for one in attached if one.kind in ("voice", "audio")), "")


async def send_message(turn: Turn, op: Send) -> None:
    """Bring words to another conversation; they are there when this turn's next leg is durable, once."""
    to = op.to.render(turn.scope).strip()
    turn.call_count += 1
    if not to:
        raise StepError("value", f"{op.at.file}:{op.at.line}: `to` is empty", service="send")
    text, masked = render(turn, op.message, op.id)
    there = await turn.await_external("send", turn.ports.address(to, op.connector))
    call = f"{turn.session.connector}/{turn.session.id}/{turn.session.turn}/{turn.call_count}"
    turn.send_inbound(
        Inbound(
            connector=there.connector,
            session=there.session,
            id=f"~send-{sha256(call.encode()).hexdigest()[:32]}",
            robot=turn.session.robot,
            channel=there.connector.partition(".")[0],
            at=turn.at,
            user=there.user,
            variables=dict(there.variables),
            external=True,
            say=InjectedMessage(text=text, masked=masked),
        )
    )
    turn.trace.call("send", op.connector, op.id, to, None)


def answer_json(answer: Answer) -> dict[str, Any]:
    return {"answer": answer.text, "confidence": answer.confidence, "source": answer.source}
