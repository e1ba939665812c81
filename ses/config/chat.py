"""`gateway.chat`: the page in which people talk to the language model."""

from __future__ import annotations

from typing import Annotated, Literal, NamedTuple, Self

from pydantic import AfterValidator, Field, model_validator

from ses.config.fields import About, HttpUrl, Secret, Section

SHORT = 12
"""Characters below which a code is easily guessed."""


class Rule(NamedTuple):
    """One word of `models`: `-all`, `+cotype_pro_2` or `+cotype_pro_2=Cotype Pro`."""

    sign: Literal["+", "-"]
    model: str
    """A model's name, or `all`."""
    shown: str
    """What people call it."""


def rules_of(text: str) -> tuple[Rule, ...]:
    """Raises `ValueError`."""
    found = []
    for word in filter(None, (part.strip() for part in text.split(","))):
        sign: Literal["+", "-"] = "-" if word.startswith("-") else "+"
        model, _, shown = (part.strip() for part in word.removeprefix(sign).partition("="))
        if not model:
            raise ValueError("must be like `-all,+cotype_pro_2`: a model's name after each `+` or `-`")
        found.append(Rule(sign, model, shown or model))
    return tuple(found)


def _readable(text: str) -> str:
    rules_of(text)
    return text


class Chat(Section):
    models: Annotated[str, AfterValidator(_readable)] = ""
    """Which models the page offers, in order: `-all,+a,+b`; empty: all there are."""
    default: Annotated[str, Field(min_length=1, max_length=128)] | None = None
    """The model of a new dialogue."""
    code: Secret | None = None
    """Signs in to the page in place of a token; several are separated by commas."""
    url: HttpUrl | None = None
    """The API of a model elsewhere, with or without `/v1`; none: the daemon's own."""
    key: Secret | None = None
    """With it the daemon asks the model for people who signed in by the code."""

    @model_validator(mode="after")
    def _default_is_offered(self) -> Self:
        if self.default is not None and not self._offers(self.default):
            raise About("default", f"`{self.default}` is not among `models` ({self.models})")
        return self

    @model_validator(mode="after")
    def _some_code(self) -> Self:
        if self.code is not None and not self.codes:
            raise About("code", "must not be empty")
        return self

    @property
    def rules(self) -> tuple[Rule, ...]:
        return rules_of(self.models)

    @property
    def codes(self) -> tuple[str, ...]:
        if self.code is None:
            return ()
        return tuple(filter(None, (one.strip() for one in self.code.get_secret_value().split(","))))

    @property
    def warnings(self) -> tuple[str, ...]:
        """What is probably not meant."""
        found = []
        if any(len(one) < SHORT for one in self.codes):
            found.append(f"gateway.chat.code: shorter than {SHORT} characters, so it can be guessed")
        if self.key is not None and self.code is None:
            found.append("gateway.chat.key: has no effect without gateway.chat.code")
        return tuple(found)

    def _offers(self, model: str) -> bool:
        offered = True
        for rule in self.rules:
            if rule.model in ("all", model):
                offered = rule.sign == "+"
        return offered
