"""Figures with their budgets: each bench tells its own, the end of the run shows them in one table.

Only processor time and memory fail a bench. What a clock on the wall says depends on who else uses the machine: it is
shown, met or not, and fails nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import NamedTuple

import pytest


class Figure(NamedTuple):
    name: str
    value: float
    budget: float | None
    unit: str
    least: bool
    """The budget is a lower bound."""

    @property
    def verdict(self) -> str:
        if self.budget is None:
            return ""
        met = self.value >= self.budget if self.least else self.value <= self.budget
        return "MET" if met else "NOT MET"

    def __str__(self) -> str:
        bound = "" if self.budget is None else f"{'≥' if self.least else '≤'} {self.budget:,g} {self.unit}"
        digits = 0 if self.value >= 100 else 1 if self.value >= 10 else 2
        return f"{self.name:84} {self.value:>10,.{digits}f} {self.unit:12} {bound:20} {self.verdict}"


FIGURES = pytest.StashKey[list[Figure]]()

Tell = Callable[..., None]


@pytest.fixture
def figure(request: pytest.FixtureRequest) -> Iterator[Tell]:
    """`figure(name, value, budget, unit)` notes a figure; `least` turns the budget into a lower bound, `wall` keeps a
    figure of the clock from failing the bench. A bench whose budget is not met fails when all its figures are told."""
    missed: list[Figure] = []

    def tell(
        name: str,
        value: float,
        budget: float | None = None,
        unit: str = "µs CPU",
        *,
        least: bool = False,
        wall: bool = False,
    ) -> None:
        found = Figure(name, value, budget, unit, least)
        request.config.stash.setdefault(FIGURES, []).append(found)
        print(f"\n{found}")
        if found.verdict == "NOT MET" and not wall:
            missed.append(found)

    yield tell
    if missed:
        pytest.fail("\n".join(map(str, missed)), pytrace=False)


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    figures = config.stash.get(FIGURES, [])
    if figures:
        terminalreporter.section("figures")
        for one in figures:
            terminalreporter.write_line(str(one))
        missed = sum(one.verdict == "NOT MET" for one in figures)
        judged = sum(one.verdict != "" for one in figures)
        terminalreporter.write_line(f"{judged - missed} of {judged} budgets met")


ORDER = """
id: bench
language: ru
session: {burst: 0s}
entities:
  pizza: {values: {margherita: {label: Маргарита, forms: [маргарита]}, pepperoni: {label: Пепперони, forms: [пепперони]}}}
  size: {values: {small: {label: Маленькая, forms: [маленькая]}, large: {label: Большая, forms: [большая]}}}
slots:
  pizza: {type: pizza, ask: Какую пиццу?}
  size: {type: size, ask: {say: Какой размер?, buttons: choices}}
  address: {type: text, ask: Куда везти?}
flows:
  order:
    on: ["* (хочу|заказать) * [пицца] *"]
    needs: [pizza, size, address]
    steps:
      - set: {total: "{{ 590 if size == 'large' else 300 }}"}
      - confirm: "{{ pizza }}, {{ size }}, {{ address }}: {{ total }} ₽. Верно?"
      - say: Готово, везём!
  thanks:
    on: ["* спасибо *"]
    steps: [{say: Приятного аппетита!}]
"""


@pytest.fixture
def order() -> str:
    """A robot that takes an order with three slots, in six messages: `lines`."""
    return ORDER


@pytest.fixture
def lines() -> tuple[str, ...]:
    return ("хочу пиццу", "маргариту", "большую", "Ленина 5", "да", "спасибо")
