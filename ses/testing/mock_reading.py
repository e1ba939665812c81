"""`mock:` of a test, from its models to the mocks that answer."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from ses.scenario.models.scalars import Data, Text
from ses.scenario.reading.nodes import plain_data
from ses.services.answers import Answer, ClassScore, FoundEntity
from ses.testing.file_models import (
    HttpAnswer,
    HttpMock,
    LlmMock,
    LlmReply,
    MockMap,
    MockOutcome,
    QasMock,
    QasReply,
    SbsMock,
    SbsReply,
    SeeMock,
    SeeReply,
    SendMock,
    SmcMock,
    SmcReply,
    SprMock,
    TtsMock,
)
from ses.testing.mocks import INTENTS, Mock, Mocks, Reply


def mocks_of(model: MockMap | None) -> Mocks:
    if model is None:
        return Mocks()
    by_service: dict[str, tuple[Mock, ...]] = {}
    if model.smc is not None:
        by_service["smc"] = tuple(_smc(one) for one in model.smc) or (Mock((Reply([]),)),)
    if model.see is not None:
        by_service["see"] = _see(model.see)
    if model.qas is not None:
        by_service["qas"] = tuple(_qas(one) for one in model.qas) or (Mock((Reply(None),)),)
    if model.http is not None:
        by_service["http"] = tuple(_http(one) for one in model.http)
    if model.llm is not None:
        by_service["llm"] = _llm(model.llm)
    if model.spr is not None:
        by_service["spr"] = tuple(_spr(one) for one in model.spr)
    if model.tts is not None:
        by_service["tts"] = tuple(_tts(one) for one in model.tts) or (Mock((Reply(True),)),)
    if model.sbs is not None:
        by_service["sbs"] = tuple(_sbs(one) for one in model.sbs)
    if model.send is not None:
        by_service["send"] = tuple(Mock((_send(one),), url=_text(one.to)) for one in model.send)
    return Mocks(by_service)


def _reply(model: MockOutcome, value: Any) -> Reply:
    status = 200 if model.status is None else int(model.status)  # type: ignore[call-overload]
    return Reply(value, model.error or "", status, float(model.delay))  # type: ignore[arg-type]


def _text(text: Text | None) -> str | None:
    return None if text is None else str(text)


def _data(data: Data | None) -> Any:
    return None if data is None else plain_data(data.node)


def _smc(mock: SmcMock) -> Mock:
    return Mock(
        tuple(_reply(one, _classes(one)) for one in mock.replies or [mock]),
        _text(mock.text),
        _text(mock.model),
    )


def _classes(model: SmcReply) -> list[ClassScore]:
    return [] if model.cls is None else [ClassScore(str(model.cls), model.confidence)]  # type: ignore[arg-type]


def _see(models: Sequence[SeeMock]) -> tuple[Mock, ...]:
    """A list of entities is one answer; whatever else stands among them is a mock of its own and is asked first."""
    found = [_entity(one.entity, one.text, one.value) for one in models if one.entity is not None]
    mocks = [
        Mock(
            tuple(_reply(one, _entities(one)) for one in mock.replies or [mock]),
            _text(mock.text),
            _text(mock.model),
        )
        for mock in models
        if mock.entity is None
    ]
    return (*mocks, *([Mock((Reply(found),))] if found or not mocks else []))


def _entities(model: SeeReply) -> list[FoundEntity]:
    return [_entity(one.entity, one.text, one.value) for one in model.entities or []]


def _entity(name: Text, text: Text | None, value: Data | None) -> FoundEntity:
    words = str(text or "")
    return FoundEntity(str(name), words, words if value is None else _data(value))


def _qas(mock: QasMock) -> Mock:
    return Mock(tuple(_reply(one, _answer(one)) for one in mock.replies or [mock]), _text(mock.text))


def _answer(model: QasReply) -> Answer | None:
    if model.answer is None:
        return None
    return Answer(str(model.answer), model.confidence, str(model.source or ""))  # type: ignore[arg-type]


def _http(mock: HttpMock) -> Mock:
    answers: Sequence[HttpAnswer] = mock.replies or [mock]
    return Mock(
        tuple(_reply(one, _data(one.reply)) for one in answers),
        url=_text(mock.url),
        method=_text(mock.method),
    )


def _send(mock: SendMock) -> Reply:
    """A status is the refusal that the daemon would give: 404, 409, 410."""
    reply = _reply(mock, None)
    return replace(reply, error="denied") if reply.status >= 400 else reply


def _llm(models: Sequence[LlmMock]) -> tuple[Mock, ...]:
    """Plain answers are given in turn; what is for certain prompts is a mock of its own and is asked first."""

    def plain(mock: LlmMock) -> bool:
        return mock.text is None and mock.replies is None and mock.intent is None

    mocks = [
        Mock(
            tuple(_written(one) for one in mock.replies or [mock]),
            _text(mock.text),
            INTENTS if (mock.replies or [mock])[0].intent is not None else None,
        )
        for mock in models
        if not plain(mock)
    ]
    answers = tuple(_written(one) for one in models if plain(one))
    return (*mocks, *([Mock(answers)] if answers else []))


def _written(model: LlmReply) -> Reply:
    if model.intent is not None:
        return replace(_reply(model, str(model.intent)), confidence=float(model.confidence))  # type: ignore[arg-type]
    if model.call is not None:
        called = _data(model.call)
        name, args = next(iter(called.items())) if isinstance(called, dict) and called else (str(called), {})
        return replace(_reply(model, args or {}), tool=name)
    return _reply(model, "" if model.answer is None else _data(model.answer))


def _spr(mock: SprMock) -> Mock:
    return Mock(
        tuple(_reply(one, str(one.text or "")) for one in mock.replies or [mock]), text=_text(mock.name)
    )


def _tts(mock: TtsMock) -> Mock:
    return Mock(tuple(_reply(one, True) for one in mock.replies or [mock]), text=_text(mock.text))


def _sbs(mock: SbsMock) -> Mock:
    return Mock(tuple(_reply(one, _voice(one)) for one in mock.replies or [mock]))


def _voice(model: SbsReply) -> dict[str, Any]:
    """What it answers, by method."""
    traits = {
        name: {"class": str(told), "confidence": float(model.confidence)}  # type: ignore[arg-type]
        for name in ("age", "gender", "emotion", "multispeaker", "synth")
        if (told := getattr(model, name)) is not None
    }
    return {"analyze": traits, "search": _data(model.found) or [], "noiselevel": _data(model.noise) or 0}
