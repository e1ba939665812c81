"""The OpenAPI 3.1 document, made of the same operations and pydantic models that serve requests."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

from pydantic import BaseModel
from pydantic.json_schema import models_json_schema

from ses import __version__
from ses.gateway.http.descriptions import DescribedSchema
from ses.gateway.http.operation import Operation
from ses.gateway.http.schemas import Failed

WHY = {
    400: "The body is not JSON.",
    401: "A wrong token, or none.",
    403: "No authority: no key, a wrong one, a scope or robot it is not for; or a page of another site asks.",
    404: "There is no such thing.",
    409: "There is such a one already, or it cannot be told which is meant; the message says why.",
    410: "The person has blocked the robot.",
    408: "The body did not arrive in time.",
    413: "The body is too large.",
    415: "The body is not sent as JSON.",
    421: "Without keys the API answers only to local names.",
    422: "The body's fields are not as they should be; the message names every place.",
    425: "The person is not written to in these hours; `Retry-After` and the message say until when.",
    429: "Too many messages of this session; `Retry-After` says when to come again.",
    500: "An error inside the daemon, or in an emulation's .meta.yaml.",
    503: "A part of the daemon cannot do its work now.",
    504: "The turn takes longer than a minute; it goes on, and the same `id` asks for its answer.",
}
WHY_OF_OWN = {
    400: "The body is not JSON, or an attribute is not as it should be; the message says which.",
    403: "No authority.",
    422: "A field is not as it should be; `param` names it.",
    429: "Too many at once; come again later.",
    503: "The model or the database does not answer now; `Retry-After` says when to come again.",
}
"""Where a method follows rules of its own."""
ANY = ("GET", "POST", "PUT", "PATCH", "DELETE")
ALWAYS = (403, 421)
WITH_BODY = (400, 408, 413, 415, 422)


def document(operations: Sequence[Operation]) -> dict[str, Any]:
    """The whole document as JSON-able data."""
    operations = [op.in_full() if op.in_full is not None else op for op in operations]
    models: set[type[BaseModel]] = {Failed, *(op.failed for op in operations)}
    models.update(op.body for op in operations if op.body is not None)
    models.update(op.answer for op in operations if op.answer is not None)
    if len(names := [model.__name__ for model in models]) != len(set(names)):
        raise ValueError(f"two models have one name: {sorted(names)}")
    _, schemas = models_json_schema(
        [(model, "validation") for model in sorted(models, key=lambda model: model.__name__)],
        ref_template="#/components/schemas/{model}",
        schema_generator=DescribedSchema,
    )
    paths: dict[str, dict[str, Any]] = {}
    for operation in operations:
        path = paths.setdefault(documented_path(operation.path), {})
        for method in ANY if operation.method == "*" else (operation.method,):
            path[method.lower()] = _described(operation, method)
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "SES",
            "version": __version__,
            "description": "Scripted chat robots. Failures are `{error: 1, message}` with a real status.",
        },
        "paths": paths,
        "components": {
            "schemas": schemas.get("$defs", {}),
            "securitySchemes": {
                "key": {"type": "apiKey", "in": "header", "name": "X-API-Key"},
                "bearer": {"type": "http", "scheme": "bearer"},
            },
        },
    }


def documented_path(path: str) -> str:
    """`/a/{rest:.+}` as OpenAPI writes it."""
    return re.sub(r"\{(\w+):[^}]*\}", r"{\1}", path)


def _described(operation: Operation, method: str) -> dict[str, Any]:
    described: dict[str, Any] = {
        "summary": operation.summary,
        "operationId": f"{method.lower()}{re.sub(r'[^A-Za-z]+', '_', documented_path(operation.path))}",
        "tags": [operation.tag],
        "responses": _responses(operation),
    }
    names = re.findall(r"\{(\w+)(?::[^}]*)?\}", operation.path)
    if names:
        described["parameters"] = [
            {
                "name": name,
                "in": "path",
                "required": True,
                "description": operation.parameters[name],
                "schema": {"type": "string", "minLength": 1},
            }
            for name in names
        ]
    if operation.query:
        described["parameters"] = described.get("parameters", []) + [
            {"name": name, "in": "query", "required": True, "description": text, "schema": {"type": "string"}}
            for name, text in operation.query.items()
        ]
    if operation.body is not None:
        described["requestBody"] = {
            "required": not operation.body_optional,
            "content": {operation.takes: {"schema": _ref(operation.body.__name__)}},
        }
    if operation.own_rules:
        described["security"] = [{}, {"bearer": []}]
    elif operation.scope is not None:
        described["description"] = (
            f"Needs a key with the scope `{operation.scope}` where keys are configured."
        )
        described["security"] = [{}, {"key": []}, {"bearer": []}]
    return described


def _responses(operation: Operation) -> dict[str, Any]:
    good: dict[str, Any] = {"description": "Success."}
    if operation.answer is not None:
        good["content"] = {"application/json": {"schema": _ref(operation.answer.__name__)}}
    elif operation.content:
        good["content"] = {operation.content: {}}
    failures = set(operation.failures)
    if not operation.own_rules:
        failures.update(ALWAYS, WITH_BODY if operation.body is not None else ())
    why = WHY_OF_OWN if operation.own_rules else WHY
    responses: dict[str, Any] = {"default" if operation.content == "*/*" else "200": good}
    for status in sorted(failures):
        responses[str(status)] = {
            "description": why.get(status, WHY[status]),
            "content": {"application/json": {"schema": _ref(operation.failed.__name__)}},
        }
    return responses


def _ref(name: str) -> dict[str, str]:
    return {"$ref": f"#/components/schemas/{name}"}
