"""The methods of `/v1`, as the application and the documentation know them."""

from __future__ import annotations

from aiohttp import web

from ses.gateway.http.operation import Call, Operation
from ses.gateway.v1.chat import ChatCompletions
from ses.gateway.v1.completions import Completions
from ses.gateway.v1.embeddings import Embeddings
from ses.gateway.v1.errors import FlatError
from ses.gateway.v1.handler import Serve, V1Handler
from ses.gateway.v1.model_list import Models
from ses.gateway.v1.requests import ChatCompletionBody, CompletionBody, EmbeddingBody
from ses.gateway.v1.serving import Serving

POSTED = (400, 401, 404, 408, 413, 415, 429, 500, 503)


class V1Api:
    def __init__(self, serving: Serving, handler: V1Handler, *, began: int) -> None:
        """`began`: when the daemon started, in seconds since 1970."""
        self._handler = handler
        self._chat = ChatCompletions(serving)
        self._completions = Completions(serving)
        self._embeddings = Embeddings(serving)
        self._models = Models(serving, began)

    def operations(self) -> list[Operation]:
        return [
            operation_of(
                self._handler,
                "POST",
                "/v1/chat/completions",
                "Go on with a conversation; with `stream` as server-sent events",
                self._chat.serve,
                body=ChatCompletionBody,
            ),
            operation_of(
                self._handler,
                "POST",
                "/v1/completions",
                "Go on with a text; with `stream` as server-sent events",
                self._completions.serve,
                body=CompletionBody,
            ),
            operation_of(
                self._handler,
                "POST",
                "/v1/embeddings",
                "Turn texts into vectors",
                self._embeddings.serve,
                body=EmbeddingBody,
            ),
            operation_of(self._handler, "GET", "/v1/models", "The models there are", self._models.serve),
            operation_of(
                self._handler,
                "GET",
                "/v1/models/{model:.+}",
                "One of them",
                self._models.serve_one,
                parameters={"model": "its id"},
            ),
        ]


def operation_of(
    handler: V1Handler, method: str, path: str, summary: str, serve: Serve, **more: object
) -> Operation:
    """A method of `/v1`, as `handler` serves it."""

    async def handle(call: Call) -> web.StreamResponse:
        return await handler.handle(call.request, serve)

    return Operation(
        method=method,
        path=path,
        summary=summary,
        handler=handle,
        scope=None,
        own_rules=True,
        failed=FlatError,
        failures=POSTED if method == "POST" else (401, 404, 500, 503),
        tag="model",
        **more,  # type: ignore[arg-type]
    )
