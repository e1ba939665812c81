"""Which models the page offers, in which order, and under which names."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

from ses.llm.contract import ModelInfo

Rule = tuple[Literal["+", "-"], str, str]
"""Sign, a model's name or `all`, and what people call it."""


class ModelAllowList:
    """`-all,+a,+b` as rules, applied one after the other. Without rules all models are allowed."""

    def __init__(self, rules: Sequence[Rule] = ()) -> None:
        self._rules = tuple(rules)
        self.display_names = {model: shown for sign, model, shown in rules if sign == "+" and shown != model}
        """Model → what people call it, where that differs."""

    @property
    def named(self) -> list[str]:
        """The models that the rules name, for servers that do not tell theirs."""
        return self.allowed([model for _, model, _ in self._rules if model != "all"])

    def allowed(self, names: Sequence[str]) -> list[str]:
        """Those of `names` that the page may use; the ones that are asked for by name stand in the order of the rules."""
        found = list(names)
        for sign, model, _ in self._rules:
            wanted = list(names) if model == "all" else [model] if model in names else []
            if sign == "-":
                found = [one for one in found if one not in wanted]
            elif model == "all":
                found += [one for one in wanted if one not in found]
            else:
                found = [one for one in found if one != model] + wanted
        return found

    def chat_models(self, models: Sequence[ModelInfo]) -> list[ModelInfo]:
        """Those for conversations, as `Serving` wants them."""
        known = {one.name: one for one in models if one.task == "chat"}
        return [known[name] for name in self.allowed(list(known))]
