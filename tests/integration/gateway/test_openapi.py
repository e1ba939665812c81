"""The API of a running daemon against its own OpenAPI document: whatever is sent, no 5xx, and answers as described."""

import hypothesis
import pytest
import schemathesis
from schemathesis import GenerationMode
from schemathesis.checks import not_a_server_error
from schemathesis.core.result import Ok
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    negative_data_rejection,
    response_schema_conformance,
    status_code_conformance,
)

CHECKS = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_schema_conformance,
    negative_data_rejection,
]


def takes_anything(operation: dict) -> bool:
    """Whether nothing can be unfitting: no body, and a part of the path is some text whatever it is. Left to find that out,
    hypothesis tries hundreds of inputs and sends none."""
    any_text = {"type": "string", "minLength": 1}
    parameters = operation.get("parameters", ())
    return "requestBody" not in operation and all(
        (one["in"], one["schema"]) == ("path", any_text) for one in parameters
    )


@pytest.mark.slow
@pytest.mark.parametrize(
    "mode", [GenerationMode.POSITIVE, GenerationMode.NEGATIVE], ids=["fitting", "unfitting"]
)
def test_the_api_is_as_its_document_says(daemon, mode):
    schema = schemathesis.openapi.from_url(f"{daemon}/openapi.json")
    tried = 0
    for result in schema.get_all_operations():
        assert isinstance(result, Ok), result
        operation = result.ok()
        if operation.path.startswith(("/v1", "/chat/v1")):
            continue  # this daemon has no model, so they answer 503: tests/unit/gateway/v1 has them with one
        if mode is GenerationMode.NEGATIVE and takes_anything(operation.definition.raw):
            continue

        @hypothesis.given(case=operation.as_strategy(generation_mode=mode))
        @hypothesis.settings(
            max_examples=40,
            deadline=None,
            derandomize=True,
            suppress_health_check=list(hypothesis.HealthCheck),
        )
        def conforms(case):
            parameters = case.path_parameters or {}
            for name, known in (("robot_id", "echo"), ("name", "weather"), ("asset", "start.js")):
                if len(str(parameters.get(name, ""))) % 2:  # every other one reaches something that is there
                    parameters[name] = known
            case.call_and_validate(checks=CHECKS)

        conforms()
        tried += 1
    assert tried >= (50 if mode is GenerationMode.POSITIVE else 14)
