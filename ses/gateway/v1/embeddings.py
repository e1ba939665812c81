"""`POST /v1/embeddings`"""

from __future__ import annotations

import sys
from array import array
from base64 import b64encode
from collections.abc import Sequence

from aiohttp import web

from ses.gateway.v1.bodies import validated
from ses.gateway.v1.engine_request import embedding_request
from ses.gateway.v1.errors import V1Error, of_engine, unknown_model
from ses.gateway.v1.handler import V1Call
from ses.gateway.v1.ranges import check_embedding
from ses.gateway.v1.requests import EmbeddingBody
from ses.gateway.v1.responses import json_response
from ses.gateway.v1.serving import Serving
from ses.llm.errors import ContextTooLong, EngineError

UNKNOWN = 404


class Embeddings:
    def __init__(self, serving: Serving) -> None:
        self._serving = serving

    async def serve(self, call: V1Call) -> web.StreamResponse:
        body = validated(EmbeddingBody, await call.json())
        named = body.model or ""
        self._serving.check_model("embeddings", named, unknown_model(named, UNKNOWN))
        check_embedding(body)
        try:
            answer = await self._serving.engine.embed(embedding_request(body))
        except ContextTooLong as error:
            raise V1Error(400, str(error)) from None
        except EngineError as error:
            raise of_engine(error, unknown=UNKNOWN) from None
        packed = body.encoding_format == "base64"
        fields = {
            "object": "list",
            "data": [
                {"object": "embedding", "index": index, "embedding": _base64(vector) if packed else vector}
                for index, vector in enumerate(answer.vectors)
            ],
            "model": answer.model,
            "usage": {
                "prompt_tokens": answer.usage.prompt_tokens,
                "total_tokens": answer.usage.total_tokens or answer.usage.prompt_tokens,
            },
        }
        return json_response(fields)


def _base64(vector: Sequence[float]) -> str:
    """32-bit numbers, the least significant byte first."""
    packed = array("f", vector)
    if sys.byteorder == "big":
        packed.byteswap()
    return b64encode(packed.tobytes()).decode()
