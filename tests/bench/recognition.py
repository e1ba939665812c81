"""What recognition costs: `python tests/bench/recognition.py`. Microseconds of this machine, best of several runs."""

from __future__ import annotations

import random
import timeit
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

from ses.scenario.expressions import compile_expression, compile_template
from ses.scenario.recogniser import ListEntity, ListEntry, PatternSource, RobotRecogniser, build_recogniser
from ses.scenario.values import ListValue

COMMON = "хочу можно нужно заказать купить узнать проверить показать пожалуйста сейчас завтра мне ваш новый".split()
SYLLABLES = "ба ве ги до жу за ки лу ме но пе ра су ти фу ха цо че ша ю".split()


def words(count: int, seed: int) -> list[str]:
    """Distinct words of a made-up trade."""
    chance = random.Random(seed)  # noqa: S311 (no secret)
    made: dict[str, None] = {}
    while len(made) < count:
        made["".join(chance.choices(SYLLABLES, k=3))] = None
    return list(made)


def robot(intents: int) -> RobotRecogniser:
    """A robot of so many intents, five patterns and five examples each, whose words partly repeat."""
    chance = random.Random(1)  # noqa: S311
    trade = words(max(40, intents * 2), 2)
    patterns, examples = [], {}
    for number in range(intents):
        name = f"intent{number}"
        mine = [trade[number * 2 % len(trade)], trade[(number * 2 + 1) % len(trade)]]
        for _ in range(5):
            common = chance.sample(COMMON, 2)
            patterns.append(PatternSource(f"* ({common[0]}|{common[1]}) * [очень] {chance.choice(mine)} *", name))
        examples[name] = [" ".join(chance.sample(COMMON, 2) + [chance.choice(mine)]) for _ in range(5)]
    sizes = ListEntity("size", (ListEntry("small", ("маленькая", "мал*")), ListEntry("large", ("большая", "больш*"))))
    return build_recogniser(["ru"], patterns, examples, [sizes], {"size": "size"})


def measure(name: str, run: Callable[[], Any], number: int = 2000) -> float:
    cost = min(timeit.repeat(run, number=number, repeat=5)) / number * 1e6
    print(f"{name:58} {cost:8.2f} µs")
    return cost


def main() -> None:
    scope = {"n": 5, "size": ListValue("large", "большая"), "prices": {"m": {"large": 590}}, "pizza": "m",
             "#now": datetime(2026, 11, 22, 12, tzinfo=UTC)}  # fmt: skip
    for source in ("n", "n > 3", "prices[pizza][size]", "size == 'large' and n > 3", "n|plural('пицца','пиццы','пицц')"):
        measure(f"expression  {source}", lambda e=compile_expression(source): e.evaluate(scope))  # type: ignore[misc]
    for text in ("Здравствуйте!", "{{ pizza }}", "{{ pizza }}, {{ size }}: итого {{ n }} ₽"):
        measure(f"template    {text}", lambda t=compile_template(text, "ru"): t.render(scope))  # type: ignore[misc]
    for intents in (10, 100, 1000):
        made = robot(intents)
        trade = words(max(40, intents * 2), 2)
        said = f"здравствуйте, хочу заказать очень {trade[3]} большую"
        typed = f"нужно {trade[4]} сегодня побыстрее"
        measure(f"{intents:5} intents: read", lambda r=made: r.read(said))  # type: ignore[misc]
        for name, text in (("a pattern matches", said), ("examples decide", typed), ("nothing matches", "какая сегодня погода в городе")):
            utterance = made.read(text)

            def turn(r: RobotRecogniser = made, u: Any = utterance) -> Any:
                r._last = None
                return r.intents(u, ())

            print(" " * 6, text, "→", [(one.intent, round(one.score, 2), one.by) for one in turn()[:2]])
            measure(f"{intents:5} intents: {name}", turn)
        both = made.read(said)
        measure(f"{intents:5} intents: list entities", lambda r=made, u=both: r.entities(u, ("size",)))  # type: ignore[misc]


if __name__ == "__main__":
    main()
