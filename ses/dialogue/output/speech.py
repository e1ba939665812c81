"""Messages that are spoken too: their sound is made before they become durable, once for each."""

from __future__ import annotations

import asyncio

from ses.dialogue.state.turn import Draft, Turn
from ses.errors import StepError
from ses.markdown import TextRenderer

LONGEST = 2000
"""Characters of a text that is spoken; a longer one is only shown."""


async def speak(turn: Turn) -> None:
    """Give the drafts that are to be spoken their voices. Where that fails the text alone has to do; it does too where it
    shows a private value, which a recording would keep.

    It is a read: a turn that dies here runs again from its last leg.
    """
    turn.needs_speech = False
    drafts = [draft for draft in turn.drafts if draft.voice and draft.masked is None]
    voices = turn.ports.voices if drafts else None
    if voices is not None:
        await asyncio.gather(*(_speak(turn, draft) for draft in drafts))


async def _speak(turn: Turn, draft: Draft) -> None:
    text = spoken(draft.text) if draft.format == "markdown" else draft.text
    draft.voice = False
    voices = turn.ports.voices
    brought = any(one.kind == "voice" for one in draft.attachments)
    if brought or not text.strip() or len(text) > LONGEST or voices is None:
        return
    session, program = turn.session, turn.newest
    try:
        recording = await turn.await_external(
            "tts",
            voices.synthesise(session.conversation, text, program.voice.tts, keep=program.session.expire),
        )
    except StepError as error:
        turn.trace.errors.append({"kind": error.kind, "service": error.service or "tts"})
        return
    if recording is not None:
        draft.attachments = (*draft.attachments, recording)


def spoken(text: str) -> str:
    """Markdown as it is read aloud."""
    return _RENDERER.render(text)


class _SpokenRenderer(TextRenderer):
    bullet = indent = ""

    def quote(self, inner: str, depth: int) -> str:
        del depth
        return inner

    def rule(self, written: str) -> str:
        del written
        return ""

    def link(self, inner: str, address: str) -> str:
        return inner or address


_RENDERER = _SpokenRenderer()
