"""What the parts of recognition cost: microseconds of this machine, best of several runs; they have no budgets."""

from __future__ import annotations

import random
import timeit
from collections.abc import Callable
from datetime import UTC, datetime
from functools import partial
from typing import Any

from ses.scenario.expressions.compiled import compile_expression, compile_template
from ses.scenario.program.recognition import Utterance
from ses.scenario.recognising.recogniser import (
    ListEntity,
    ListEntry,
    PatternSource,
    RobotRecogniser,
    build_recogniser,
)
from ses.scenario.values.values import ListValue

COMMON = "хочу можно нужно заказать купить узнать проверить показать пожалуйста сейчас завтра мне ваш новый".split()
SYLLABLES = "ба ве ги до жу за ки лу ме но пе ра су ти фу ха цо че ша ю".split()


def words(count: int, seed: int) -> list[str]:
    """Distinct words of a made-up trade."""
    chance = random.Random(seed)
    made: dict[str, None] = {}
    while len(made) < count:
        made["".join(chance.choices(SYLLABLES, k=3))] = None
    return list(made)


def robot(intents: int) -> RobotRecogniser:
    """A robot of so many intents, five patterns and five examples each, whose words partly repeat."""
    chance = random.Random(1)
    trade = words(max(40, intents * 2), 2)
    patterns, examples = [], {}
    for number in range(intents):
        name = f"intent{number}"
        mine = [trade[number * 2 % len(trade)], trade[(number * 2 + 1) % len(trade)]]
        for _ in range(5):
            common = chance.sample(COMMON, 2)
            patterns.append(
                PatternSource(f"* ({common[0]}|{common[1]}) * [очень] {chance.choice(mine)} *", name)
            )
        examples[name] = [" ".join([*chance.sample(COMMON, 2), chance.choice(mine)]) for _ in range(5)]
    sizes = ListEntity(
        "size", (ListEntry("small", ("маленькая", "мал*")), ListEntry("large", ("большая", "больш*")))
    )
    return build_recogniser(["ru"], patterns, examples, [sizes], {"size": "size"})


def measure(name: str, run: Callable[[], Any], number: int = 2000) -> float:
    cost = min(timeit.repeat(run, number=number, repeat=5)) / number * 1e6
    print(f"{name:58} {cost:8.2f} µs")
    return cost


def test_what_recognition_costs():
    scope = {"n": 5, "size": ListValue("large", "большая"), "prices": {"m": {"large": 590}}, "pizza": "m",
             "#now": datetime(2026, 11, 22, 12, tzinfo=UTC)}  # fmt: skip
    for source in (
        "n",
        "n > 3",
        "prices[pizza][size]",
        "size == 'large' and n > 3",
        "n|plural('пицца','пиццы','пицц')",
    ):
        measure(f"expression  {source}", partial(compile_expression(source).evaluate, scope))
    for text in ("Здравствуйте!", "{{ pizza }}", "{{ pizza }}, {{ size }}: итого {{ n }} ₽"):
        measure(f"template    {text}", partial(compile_template(text, "ru").render, scope))
    for intents in (10, 100, 1000):
        measure_robot(intents)


def measure_robot(intents: int) -> None:
    made = robot(intents)
    trade = words(max(40, intents * 2), 2)
    said = f"здравствуйте, хочу заказать очень {trade[3]} большую"
    measure(f"{intents:5} intents: read", partial(made.read, said))
    phrases = {
        "a pattern matches": said,
        "an example matches": f"{COMMON[1]} {trade[4]} {COMMON[2]} побыстрее",
        "nothing matches": "какая сегодня погода в городе",
    }
    for name, text in phrases.items():
        read = [made.read(text), made.read(text)]

        def turn(read: list[Utterance] = read) -> object:
            read.reverse()  # another utterance each time: the matches of the last one are remembered
            return made.intents(read[0], ())

        print(
            " " * 6,
            text,
            "→",
            [(one.intent, round(one.score, 2), one.by) for one in made.intents(read[0], ())[:2]],
        )
        measure(f"{intents:5} intents: {name}", turn)
    measure(f"{intents:5} intents: list entities", partial(made.entities, made.read(said), ("size",)))
