"""`POST /ses/ask/{robot}` and `POST /api/v1/chat`: a message in, the turn's replies out."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from hashlib import sha256
from secrets import token_urlsafe
from typing import Any, Protocol

import msgspec
from aiohttp import web

from ses.clock import Clock
from ses.gateway.api.schemas import AskAnswer, AskBody, ChatAnswer, ChatBody
from ses.gateway.http.access import Caller
from ses.gateway.http.envelope import ApiError, success
from ses.gateway.http.operation import Call, Operation
from ses.messages import Attachment, Channel, Inbound, Outgoing
from ses.nearest import nearest

TURN_WAIT = 60.0
"""Seconds an answer is waited for; the turn goes on after that, and the same id asks for its answer."""


class AskReply(Protocol):
    """What a turn answered."""

    @property
    def replies(self) -> Sequence[Outgoing]: ...
    @property
    def trace(self) -> dict[str, Any] | None: ...
    @property
    def repeated(self) -> bool: ...


class Dialogues(Protocol):
    async def ask(self, inbound: Inbound, *, timeout: float) -> AskReply:
        """Raises `Refused`, with code `timeout` when the turn takes longer."""
        ...


class AskApi:
    """Sessions begun here live under the connector `api.{robot}` and cannot touch those of other channels."""

    def __init__(self, dialogues: Dialogues, robots: Callable[[], Collection[str]], clock: Clock) -> None:
        self._dialogues = dialogues
        self._robots = robots
        self._clock = clock

    def operations(self) -> list[Operation]:
        return [
            Operation(
                method="POST",
                path="/ses/ask/{robot_id}",
                summary="Say something to a robot; answers what it replies and what it understood",
                handler=self._ask,
                scope="ask",
                body=AskBody,
                answer=AskAnswer,
                failures=(404, 429, 503, 504),
                parameters={"robot_id": "the robot"},
            ),
            Operation(
                method="POST",
                path="/api/v1/chat",
                summary="Say something to the robot of this key",
                handler=self._chat,
                scope="ask",
                body=ChatBody,
                answer=ChatAnswer,
                failures=(404, 429, 503, 504),
            ),
        ]

    async def _ask(self, call: Call) -> web.Response:
        body: AskBody = call.body
        robot = self._known(call.path_parameter("robot_id"), call.caller)
        message = message_id(call.request, body.id)
        session = body.session_id or _session_for(call.caller, robot, message)
        inbound = Inbound(
            connector=f"api.{robot}",
            session=session,
            id=message or token_urlsafe(16),
            robot=robot,
            channel=body.channel,
            at=self._clock.now(),
            text=body.text if body.text is not None or body.button or body.attachments else "",
            button=body.button,
            attachments=tuple(
                Attachment(kind=a.kind, name=a.name, media=a.media, mime=a.mime, size=a.size, value=a.value)
                for a in body.attachments
            ),
            variables=body.variables,
        )
        reply = await self._dialogues.ask(inbound, timeout=TURN_WAIT)
        return success(
            {
                "robot": robot,
                "session_id": session,
                "id": inbound.id,
                "replies": [shown(message) for message in reply.replies],
                "understood": reply.trace,
                "repeated": reply.repeated,
            }
        )

    async def _chat(self, call: Call) -> web.Response:
        body: ChatBody = call.body
        robot = self._known(body.robot, call.caller) if body.robot else self._only(call.caller)
        message = message_id(call.request, body.id)
        session = body.session_id or _session_for(call.caller, robot, message)
        inbound = self._text(robot, session, message, body.message, "api")
        reply = await self._dialogues.ask(inbound, timeout=TURN_WAIT)
        return success(
            {
                "reply": "\n".join(message.text for message in reply.replies if message.text),
                "messages": [shown(message) for message in reply.replies],
                "session_id": session,
            }
        )

    def _text(self, robot: str, session: str, message: str | None, text: str, channel: Channel) -> Inbound:
        return Inbound(
            connector=f"api.{robot}",
            session=session,
            id=message or token_urlsafe(16),
            robot=robot,
            channel=channel,
            at=self._clock.now(),
            text=text,
        )

    def _known(self, robot: str, caller: Caller) -> str:
        caller.check_robot(robot)
        return known_robot(robot, [one for one in self._robots() if caller.sees(one)])

    def _only(self, caller: Caller) -> str:
        mine = [robot for robot in self._robots() if caller.sees(robot)]
        if len(mine) != 1:
            raise ApiError(
                422, "robot: name one, this key is good for several" if mine else "robot: there is none"
            )
        return mine[0]


def known_robot(robot: str, robots: Collection[str]) -> str:
    """The robot's id. Raises 404 that names the nearest one there is."""
    if robot in robots:
        return robot
    near = nearest(robot, robots)
    raise ApiError(404, f"there is no robot {robot[:60]!r}" + (f"; did you mean {near!r}?" if near else ""))


def shown(message: Outgoing) -> dict[str, Any]:
    """A reply as the API shows it; what is empty is left out."""
    fields: dict[str, Any] = msgspec.to_builtins(message)
    return {
        name: fields[name]
        for name in ("id", "seq", "text", "buttons", "attachments", "format")
        if name in fields
    }


def message_id(request: web.Request, given: str | None) -> str | None:
    """The sender's id of the message, from the body or the header `Idempotency-Key`."""
    header = request.headers.get("Idempotency-Key")
    if header is None:
        return given
    if not 1 <= len(header) <= 64 or not header.isprintable():
        raise ApiError(422, "Idempotency-Key: 1 to 64 printable characters")
    if given is not None and given != header:
        raise ApiError(422, "id: differs from the header Idempotency-Key; send one of them")
    return header


def _session_for(caller: Caller, robot: str, message: str | None) -> str:
    """A new session's id. With an id of the message the same one each time, or a repeat could not be known."""
    if message is None:
        return token_urlsafe(16)
    return sha256(f"{caller.name}\0{robot}\0{message}".encode()).hexdigest()[:32]
