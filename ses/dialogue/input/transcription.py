"""Voice messages become text before anything else in their turn, under a checkpoint of its own."""

from __future__ import annotations

from typing import Literal

from ses.dialogue.output.messages import engine_text
from ses.dialogue.output.questions import open_question
from ses.dialogue.output.speech import speak
from ses.dialogue.running.errors import event_flow
from ses.dialogue.state.legs import commit_leg
from ses.dialogue.state.session import VoiceMessage
from ses.dialogue.state.stack import active_flows, push_activity
from ses.dialogue.state.turn import Turn
from ses.errors import StepError
from ses.messages import Attachment, Inbound

TAKES_RECORDINGS = frozenset({"voice", "file"})
"""Types of slots whose question is answered by the recording itself."""
Problem = Literal["long", "unreadable", "failed"]


async def transcribe(turn: Turn) -> None:
    """Transcribe the recordings among the turn's inbounds. The arrival is stored by now; if the process dies while the services
    are called, the next one calls them again, and nothing else has happened."""
    wanted = _recordings(turn)
    if wanted and not turn.transcribing:
        turn.transcribing = True
        if turn.needs_speech:
            await speak(turn)
        await commit_leg(turn)
    for index, recording in wanted:
        voice = await _transcribe_one(turn, recording)
        turn.set_transcript(index, voice)
        if voice.text:
            turn.ports.show_transcript(turn.inbounds[index].id, voice.text)


def recording_of(inbound: Inbound) -> Attachment | None:
    """The recording that a message consists of; a text beside it is what is meant."""
    if (inbound.text or "").strip():
        return None
    return next((one for one in inbound.attachments if one.kind in ("voice", "audio") and one.media), None)


def _recordings(turn: Turn) -> list[tuple[int, Attachment]]:
    if turn.newest.voice.spr is None or turn.ports.voices is None:
        return []
    found = [
        (index, recording)
        for index, inbound in enumerate(turn.inbounds)
        if inbound.attachments and (recording := recording_of(inbound)) is not None
    ]
    if found:
        question = open_question(turn)
        if question is not None and question.slot is not None and question.slot.type in TAKES_RECORDINGS:
            return found[1:]
    return found


async def _transcribe_one(turn: Turn, recording: Attachment) -> VoiceMessage:
    voices, settings = turn.ports.voices, turn.newest.voice
    assert voices is not None
    assert settings.spr is not None
    turn.call_count += 1
    try:
        voice = await turn.await_external(
            "spr",
            voices.transcribe(
                turn.session.conversation, recording, settings, keep=turn.newest.session.expire
            ),
        )
    except StepError as error:
        turn.trace.errors.append({"kind": error.kind, "service": error.service})
        return VoiceMessage(problem=_problem(error))
    voice.text = voice.text.strip()
    turn.trace.call("spr", voice.model, "", {"seconds": round(voice.duration, 1)}, voice.text)
    if not voice.text:
        voice.problem = "silence"
    return voice


def _problem(error: StepError) -> Problem:
    if error.service == "audio":
        if error.kind == "value":
            return "long"
        if error.kind == "malformed":
            return "unreadable"
    return "failed"


def handle_unclear(turn: Turn, voice: VoiceMessage) -> None:
    """Event `unclear`; a robot without one asks to say it again, and its question is repeated."""
    turn.trace.understood("unclear", voice.problem)
    turn.understood = True
    flow = event_flow(turn, "unclear")
    if flow is not None and flow not in active_flows(turn.session):
        push_activity(turn, flow, kind="event", args={"event": {"name": "unclear", "reason": voice.problem}})
        return
    turn.prepend(engine_text(turn, "ses.unclear"), name="ses.unclear")
    turn.repeat_question = True
