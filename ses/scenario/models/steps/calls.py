"""Steps that ask other systems: `http`, and the services `smc`, `see`, `qas`, `sbs`."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from ses.scenario.models.base_model import ScenarioModel
from ses.scenario.models.messages import Args, choice
from ses.scenario.models.scalars import Data, Fraction, Name, Text, Time, WholeNumber
from ses.scenario.models.steps.step import Step


class HttpBody(ScenarioModel):
    """A call of a web address: one of the five methods."""

    called = "`http`"

    get: Annotated[Text | None, Field(description="The address")] = None
    post: Annotated[Text | None, Field(description="The address")] = None
    put: Annotated[Text | None, Field(description="The address")] = None
    patch: Annotated[Text | None, Field(description="The address")] = None
    delete: Annotated[Text | None, Field(description="The address")] = None
    body: Annotated[Data | None, Field(alias="json", description="The body, sent as JSON")] = None
    form: Annotated[Args | None, Field(description="The body, sent as a form")] = None
    headers: Annotated[dict[str, Text] | None, Field(description="Headers")] = None
    timeout: Annotated[Time, Field(description="For the whole exchange; 10s without it")] = 10.0
    retry: Annotated[WholeNumber, Field(description="How often a failed call is tried again")] = 0
    save: Annotated[Name | None, Field(description="Keeps the answer: parsed JSON, or text")] = None

    def methods(self) -> list[tuple[str, Text]]:
        """The methods given, one of them in a right call."""
        given = ((method, getattr(self, method)) for method in ("get", "post", "put", "patch", "delete"))
        return [(method, url) for method, url in given if url is not None]


class HttpStep(Step):
    called = "a step `http`"

    http: Annotated[HttpBody, Field(description="Call a web address")]


class ModelBody(ScenarioModel):
    """A call of the classifier (`smc`) or of the entity finder (`see`)."""

    called = "a service's call"

    model: Annotated[Text, Field(description="The service's model")]
    text: Annotated[Text | None, Field(description="The text; the user's words without it")] = None
    save: Annotated[Name, Field(description="Keeps the answer")]


class SmcStep(Step):
    called = "a step `smc`"

    smc: Annotated[ModelBody, Field(description="Classify a text: saves `class` and `confidence`")]


class SeeStep(Step):
    called = "a step `see`"

    see: Annotated[ModelBody, Field(description="Find entities in a text: saves a list of them")]


class QasBody(ScenarioModel):
    """A question to the FAQ."""

    called = "`qas`"

    text: Annotated[Text | None, Field(description="The question; the user's words without it")] = None
    category: Annotated[Text | None, Field(description="Categories, `a|b`")] = None
    save: Annotated[Name, Field(description="Keeps the answer, none when the FAQ has nothing")]


class QasStep(Step):
    called = "a step `qas`"

    qas: Annotated[QasBody, Field(description="Ask the FAQ")]


class SbsBody(ScenarioModel):
    """A question to the biometry of voices."""

    called = "`sbs`"

    voice: Annotated[
        Text | None, Field(description="The recording, such as `{{ sample }}`; the message's own without it")
    ] = None
    method: Annotated[
        Literal["analyze", "search", "noiselevel"], choice("analyze", "search", "noiselevel"),
        Field(description="Who may it be (`analyze`), whose voice is it (`search`), how noisy is it"),
    ] = "analyze"  # fmt: skip
    dataset: Annotated[Text | None, Field(description="`search`: among which voices")] = None
    threshold: Annotated[Fraction | None, Field(description="`search`: how alike, from 0 to 1")] = None
    text: Annotated[Text | None, Field(description="`search`: what is said in the recording")] = None
    similarity: Annotated[Fraction | None, Field(description="`search`: how alike the texts are")] = None
    save: Annotated[Name, Field(description="Keeps the answer")]


class SbsStep(Step):
    called = "a step `sbs`"

    sbs: Annotated[SbsBody, Field(description="Ask the biometry about a voice")]
