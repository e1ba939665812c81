"""What the fields of the API's models are: the docstrings below them."""

from __future__ import annotations

import ast
import inspect
import sys
from functools import cache
from itertools import pairwise
from typing import Any

from pydantic import BaseModel
from pydantic.json_schema import GenerateJsonSchema


class DescribedSchema(GenerateJsonSchema):
    """Reads the docstrings when the schema is asked for. Pydantic's `use_attribute_docstrings` would read the sources of
    all models at every start of the daemon, for 60 ms."""

    def model_schema(self, schema: Any) -> dict[str, Any]:
        described = super().model_schema(schema)
        model: type[BaseModel] = schema["cls"]
        texts = _descriptions(model)
        for name, field in model.model_fields.items():
            if name in texts:
                described["properties"][field.alias or name].setdefault("description", texts[name])
        return described


def _descriptions(model: type[BaseModel]) -> dict[str, str]:
    """By the fields' names, inherited ones among them."""
    found: dict[str, str] = {}
    for one in reversed(model.__mro__):
        if issubclass(one, BaseModel) and one is not BaseModel:
            found |= _written_in(one.__module__).get(one.__qualname__, {})
    return found


@cache
def _written_in(module: str) -> dict[str, dict[str, str]]:
    """Descriptions of the fields of a module's classes, by class and field."""
    tree = ast.parse(inspect.getsource(sys.modules[module]))
    return {node.name: dict(_below_fields(node)) for node in tree.body if isinstance(node, ast.ClassDef)}


def _below_fields(written: ast.ClassDef) -> list[tuple[str, str]]:
    return [
        (line.target.id, inspect.cleandoc(below.value.value))
        for line, below in pairwise(written.body)
        if isinstance(line, ast.AnnAssign) and isinstance(line.target, ast.Name)
        if isinstance(below, ast.Expr)
        and isinstance(below.value, ast.Constant)
        and isinstance(below.value.value, str)
    ]
