"""What all answers of the API have in common."""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, ConfigDict


class ResponseModel(BaseModel):
    model_config = ConfigDict(defer_build=True)


class SuccessModel(ResponseModel):
    error: Literal[0]
    message: str


class Failed(ResponseModel):
    """Any failure."""

    error: Literal[1]
    message: str
