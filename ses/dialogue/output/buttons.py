"""Buttons: what a message offers, and what a press or a typed label means later."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from ses.dialogue.state.session import ButtonSet, Offer
from ses.dialogue.state.turn import Turn
from ses.messages import Button
from ses.scenario.program.messages import ButtonSpec
from ses.scenario.values.values import plain
from ses.scenario.words.tokeniser import phrase_key

KEPT = 8
"""Messages whose buttons a session remembers."""


def make_buttons(
    turn: Turn,
    kind: Any,
    specs: Sequence[ButtonSpec],
    more: Sequence[Offer] = (),
    *,
    activity: int = 0,
    question: int = 0,
    slot: str = "",
) -> tuple[Button, ...]:
    """Make the buttons of the next message: the author's, then `more`. They answer the question they stand under."""
    if not specs and not more:
        return ()
    number = turn.message_count + len(turn.drafts) + 1
    offers: list[Offer] = []
    buttons: list[Button] = []
    for spec in specs:
        if spec.condition is not None and not spec.condition.evaluate(turn.scope):
            continue
        label = spec.texts.get(turn.scope.language, spec.text).render(turn.scope)
        if not label:
            continue
        if spec.url is not None:
            buttons.append(Button(label, url=spec.url.render(turn.scope)))
        elif spec.request:
            buttons.append(Button(label, request=spec.request))
        else:
            value = None if spec.value is None else plain(spec.value.evaluate(turn.scope))
            args = {name: plain(arg.evaluate(turn.scope)) for name, arg in spec.args.items()}
            buttons.append(Button(label, id=f"{turn.session.turn}.{number}.{len(offers)}"))
            offers.append(Offer(label, value, spec.flow or "", args))
    for one in more:
        buttons.append(Button(one.label, id=f"{turn.session.turn}.{number}.{len(offers)}"))
        offers.append(one)
    if offers:
        kept = turn.session.button_sets
        kept.append(ButtonSet(turn.session.turn, number, kind, activity, question, slot, offers))
        if len(kept) > KEPT:
            _drop_one(kept)
    return tuple(buttons)


def _drop_one(kept: list[ButtonSet]) -> None:
    """Forget the oldest buttons; those that start flows stay longer."""
    for index, offered in enumerate(kept[:-1]):
        if offered.kind != "say" and not any(one.flow for one in offered.offers):
            del kept[index]
            return
    del kept[0]


def find_pressed(turn: Turn, button: str) -> tuple[ButtonSet, int] | None:
    """The button of an id, none when it is too old or was never offered."""
    for offered in reversed(turn.session.button_sets):
        prefix = f"{offered.turn}.{offered.number}."
        if button.startswith(prefix):
            rest = button[len(prefix) :]
            if rest.isdecimal() and len(rest) < 4 and int(rest) < len(offered.offers):
                return offered, int(rest)
    return None


def find_typed(turn: Turn, key: str) -> tuple[ButtonSet, int] | None:
    """The button of the robot's last message whose label was typed; `key` as `label_key` makes it."""
    session = turn.session
    if not session.labels or not session.button_sets or not key:
        return None
    offered = session.button_sets[-1]
    for index, one in enumerate(offered.offers):
        if label_key(one.label) == key:
            return offered, index
    return None


def label_key(label: str) -> str:
    """What labels are compared by: their words; their signs when they have none."""
    return phrase_key(label) or label.strip()


def withdraw_buttons(turn: Turn, buttons: Sequence[Button]) -> None:
    """Forget the buttons of a message that is not sent after all."""
    ids = {button.id.rpartition(".")[0] for button in buttons if button.id}
    turn.session.button_sets = [o for o in turn.session.button_sets if f"{o.turn}.{o.number}" not in ids]
