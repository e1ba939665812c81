"""What a robot says of voices that nothing recognises."""

from __future__ import annotations

from ses.scenario.compiling.robot import Compiled
from ses.scenario.compiling.voice import reads_voice
from ses.scenario.findings.report import Report


def check_voice(compiled: Compiled, report: Report) -> None:
    """Warn of `message.voice`, the event `unclear` and `answer: when_spoken` in a robot without `voice.spr`."""
    voice = compiled.robot.voice
    if voice is not None and voice.spr is not None:
        return
    remedy = "voice: {spr: …} names the recogniser's model"
    for checked in compiled.pieces.checked:
        if reads_voice(checked):
            offset = max(checked.node.text.find("message"), 0)
            report.warning("no-voice", checked.node.position(offset), "`message.voice` is always empty: nothing recognises voice messages",
                           suggestion=remedy, length=len("message.voice"))  # fmt: skip
    for event, at in compiled.positions.get("events", {}).items():
        if event.partition("@")[0] == "unclear":
            report.warning("no-voice", at, "`unclear` never happens: nothing recognises voice messages",
                           suggestion=remedy, length=len(event))  # fmt: skip
    if voice is not None and voice.answer == "when_spoken":
        report.warning("no-voice", voice.key_at("answer"), "nothing is ever spoken: nothing recognises voice messages",
                       suggestion=remedy, length=len("answer"))  # fmt: skip
