"""An injected message: what another system lets the robot say. No question is answered by it, and none is put again."""

from __future__ import annotations

from ses.dialogue.output.buttons import make_buttons
from ses.dialogue.output.messages import mask_values, say
from ses.dialogue.state.session import Offer
from ses.dialogue.state.turn import Draft, Turn
from ses.errors import StepError
from ses.messages import Button, InjectedMessage


def inject_message(turn: Turn, said: InjectedMessage) -> None:
    """Say it. A text of the robot that cannot be made is left out, and the trace says why: the person asked nothing, so
    there is nothing to apologise for."""
    turn.trace.understood("say", said.key)
    turn.understood = True
    turn.enter(None)  # the newest robot's text, whatever version the open question is of
    before, turn.scope.local = turn.scope.local, {**turn.scope.local, **said.variables}
    try:
        if said.key:
            _keyed(turn, said)
        else:
            buttons = _buttons(turn, said)
            turn.session.labels = any(button.id for button in buttons)
            masked = said.masked if said.masked is not None else mask_values(turn, said.text)
            turn.drafts.append(
                Draft(said.text, masked, buttons, said.attachments, said.format, turn.with_voice())
            )
    except StepError as error:
        turn.trace.errors.append({"kind": error.kind, "message": str(error)})
        turn.trace.keep = True
    finally:
        turn.scope.local = before
        turn.enter(turn.top)


def _keyed(turn: Turn, said: InjectedMessage) -> None:
    message = turn.newest.texts.get(said.key)
    if message is None:
        raise StepError("value", f"there is no text {said.key!r}")
    buttons = _buttons(turn, said) or make_buttons(turn, "say", message.buttons)
    say(turn, message, said.key, buttons)
    if said.attachments and turn.drafts:
        turn.drafts[-1].attachments += said.attachments


def _buttons(turn: Turn, said: InjectedMessage) -> tuple[Button, ...]:
    pressed = [Offer(one.text, None, one.flow, one.args) for one in said.buttons if not one.url]
    made = iter(make_buttons(turn, "say", (), pressed))
    return tuple(Button(one.text, url=one.url) if one.url else next(made) for one in said.buttons)
