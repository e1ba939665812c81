"""The JSON Schema of a robot's files, for editors: completion, hover and red lines while typing."""

from __future__ import annotations

from typing import Any

from pydantic.json_schema import GenerateJsonSchema

from ses.scenario.models.robot import Robot


class _EditorSchema(GenerateJsonSchema):
    """Editors show `title`s instead of descriptions where both stand; the generated ones say nothing."""

    def field_title_should_be_set(self, schema: Any) -> bool:
        return False

    def get_title_from_name(self, name: str) -> str:
        return ""


def robot_schema() -> dict[str, Any]:
    """JSON Schema (2020-12) of one file: any top-level keys of the language."""
    schema = Robot.model_json_schema(by_alias=True, schema_generator=_EditorSchema)
    without_noise: dict[str, Any] = _tidy(schema)
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "A robot of SES",
        **{key: value for key, value in without_noise.items() if key != "title"},
    }


def _tidy(node: Any) -> Any:
    """`X or nothing written` is `X` in a file; an empty title and a null default say nothing."""
    if isinstance(node, list):
        return [_tidy(item) for item in node]
    if not isinstance(node, dict):
        return node
    tidied = {
        key: _tidy(value)
        for key, value in node.items()
        if not (key == "title" and isinstance(value, str)) and not (key == "default" and value is None)
    }
    forms = tidied.get("anyOf")
    if isinstance(forms, list):
        kept = [form for form in forms if form != {"type": "null"}]
        if len(kept) == 1 and isinstance(kept[0], dict):
            del tidied["anyOf"]
            return {**kept[0], **tidied}
        tidied["anyOf"] = kept
    return tidied
