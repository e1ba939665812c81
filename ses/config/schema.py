"""The keys the models know, by path: for suggestions, and for the documentation's table to be compared with."""

from __future__ import annotations

import types
from collections.abc import Iterator
from typing import Annotated, Any, Union, get_args, get_origin

from pydantic import BaseModel

from ses.config.document import Path


def sections_at(model: type[BaseModel], path: Path) -> list[type[BaseModel]]:
    """The sections that describe the object at a path; several for a union, none where nothing is described."""
    here: list[Any] = [model]
    for step in path:
        here = [inner for outer in here for inner in _inside(outer, step)]
    return [kind for outer in here for kind in _models(outer)]


def keys(model: type[BaseModel]) -> list[str]:
    return list(model.model_fields)


def all_keys(model: type[BaseModel], prefix: Path = ()) -> Iterator[tuple[Path, Any]]:
    """Every key with the type of its value; a name the administrator chooses is `*`."""
    for name, field in model.model_fields.items():
        path = (*prefix, name)
        yield path, field.annotation
        yield from _below(field.annotation, path)


def _below(annotation: Any, path: Path) -> Iterator[tuple[Path, Any]]:
    for kind in _alternatives(annotation):
        if isinstance(kind, type) and issubclass(kind, BaseModel):
            yield from all_keys(kind, path)
        elif get_origin(kind) is dict:
            yield from _below(get_args(kind)[1], (*path, "*"))
        elif get_origin(kind) is tuple:
            yield from _below(get_args(kind)[0], path)


def _inside(annotation: Any, step: str | int) -> Iterator[Any]:
    for kind in _alternatives(annotation):
        if isinstance(kind, type) and issubclass(kind, BaseModel):
            if isinstance(step, str) and step in kind.model_fields:
                yield kind.model_fields[step].annotation
        elif get_origin(kind) is dict:
            yield get_args(kind)[1]
        elif get_origin(kind) is tuple:
            yield get_args(kind)[0]


def _models(annotation: Any) -> Iterator[type[BaseModel]]:
    for kind in _alternatives(annotation):
        if isinstance(kind, type) and issubclass(kind, BaseModel):
            yield kind


def _alternatives(annotation: Any) -> Iterator[Any]:
    """The members of a union, with what decorates them taken off."""
    if get_origin(annotation) is Annotated:
        yield from _alternatives(get_args(annotation)[0])
    elif get_origin(annotation) in (Union, types.UnionType):
        for member in get_args(annotation):
            yield from _alternatives(member)
    else:
        yield annotation
