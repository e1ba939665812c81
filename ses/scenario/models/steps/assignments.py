"""Steps that give names a value or take it away: `set`, `unset`."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from ses.scenario.models.messages import Args
from ses.scenario.models.scalars import OneOrMany, Reference
from ses.scenario.models.steps.step import Step


class SetStep(Step):
    called = "a step `set`"

    set: Annotated[Args, Field(description="Give values to variables and slots")]


class UnsetStep(Step):
    called = "a step `unset`"

    unset: Annotated[
        list[Reference],
        OneOrMany(),
        Field(description="Forget variables and slots"),
    ]
