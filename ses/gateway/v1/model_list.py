"""`GET /v1/models` and `GET /v1/models/{model}`"""

from __future__ import annotations

from typing import Any
from uuid import uuid4

from aiohttp import web

from ses.gateway.v1.errors import unknown_model
from ses.gateway.v1.handler import V1Call
from ses.gateway.v1.responses import json_response
from ses.gateway.v1.serving import Serving
from ses.llm.contract import ModelInfo


class Models:
    """`began`: when the daemon started, in seconds since 1970."""

    def __init__(self, serving: Serving, began: int) -> None:
        self._serving = serving
        self._began = began

    async def serve(self, call: V1Call) -> web.StreamResponse:
        del call
        return json_response({"object": "list", "data": [self._shown(one) for one in self._serving.models()]})

    async def serve_one(self, call: V1Call) -> web.StreamResponse:
        wanted = call.request.match_info["model"]
        for one in self._serving.models():
            if one.name == wanted:
                return json_response(self._shown(one))
        raise unknown_model(wanted, 404)

    def _shown(self, model: ModelInfo) -> dict[str, Any]:
        return {
            "id": model.name,
            "object": "model",
            "created": self._began,
            "owned_by": "vLLM",
            "root": model.name,  # never a path of this machine
            "parent": None,
            "max_model_len": model.max_model_len,
            "permission": [
                {
                    "id": f"modelperm-{uuid4().hex}",
                    "object": "model_permission",
                    "created": self._began,
                    "allow_create_engine": False,
                    "allow_sampling": True,
                    "allow_logprobs": True,
                    "allow_search_indices": False,
                    "allow_view": True,
                    "allow_fine_tuning": False,
                    "organization": "*",
                    "group": None,
                    "is_blocking": False,
                }
            ],
        }
