from __future__ import annotations

from pydantic import BaseModel, Field

from ses.gateway.http.descriptions import DescribedSchema


class Sized(BaseModel):
    size: int
    """Bytes."""


class Sent(Sized):
    name: str
    """Of the file,
    without its folder."""
    by: str = Field(alias="from")
    """Who sent it."""
    of: Sized
    """What it was before."""
    mime: str = ""


def described(model):
    schema = model.model_json_schema(schema_generator=DescribedSchema)
    return {name: field.get("description") for name, field in schema["properties"].items()}


def test_a_field_is_described_by_the_docstring_below_it_and_an_inherited_one_by_that_of_its_class():
    assert described(Sent) == {
        "size": "Bytes.",
        "name": "Of the file,\nwithout its folder.",
        "from": "Who sent it.",
        "of": "What it was before.",
        "mime": None,
    }
