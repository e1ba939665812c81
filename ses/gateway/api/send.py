"""`POST /ses/send` and `POST /ses/event`: what other systems bring into conversations."""

from __future__ import annotations

from collections.abc import Callable, Collection
from typing import Protocol

from aiohttp import web

from ses.conversations.external.commands import CommandResult, ExternalCommand
from ses.conversations.external.recipients import Recipient
from ses.gateway.api.ask import known_robot, message_id
from ses.gateway.api.schemas import BroughtAnswer, ButtonBody, EventBody, SendBody, To
from ses.gateway.http.access import Caller
from ses.gateway.http.envelope import ApiError, success
from ses.gateway.http.operation import Call, Operation
from ses.messages import Attachment, InjectedButton, InjectedMessage


class ExternalCommands(Protocol):
    async def execute(self, command: ExternalCommand, *, caller: str, id_: str | None) -> CommandResult:
        """Raises `Refused`."""
        ...


class SendApi:
    """Both are durable before they are answered, and done once for each `id`."""

    def __init__(self, conversations: ExternalCommands, robots: Callable[[], Collection[str]]) -> None:
        self._conversations = conversations
        self._robots = robots

    def operations(self) -> list[Operation]:
        return [
            Operation(
                method="POST",
                path="/ses/send",
                summary="Let a robot say something in a conversation, or to a person in a messenger",
                handler=self._send,
                scope="send",
                body=SendBody,
                answer=BroughtAnswer,
                failures=(404, 409, 410, 425, 503),
            ),
            Operation(
                method="POST",
                path="/ses/event",
                summary="Tell a conversation that something happened, for which its robot waits",
                handler=self._event,
                scope="send",
                body=EventBody,
                answer=BroughtAnswer,
                failures=(404, 409, 410, 425, 503),
            ),
        ]

    async def _send(self, call: Call) -> web.Response:
        body: SendBody = call.body
        said = InjectedMessage(
            text=body.text or "",
            key=body.template or "",
            variables=body.variables,
            buttons=tuple(_button(one) for one in body.buttons),
            attachments=tuple(
                Attachment(one.kind, name=one.name or one.media.rpartition("/")[2], media=one.media)
                for one in body.attachments
            ),
            format=body.format,
        )
        command = ExternalCommand(
            to=_recipient(body.to),
            robots=self._meant(call.caller, body.robot),
            robot=body.robot or "",
            say=said,
        )
        return await self._execute(call, command, body.id, "send")

    async def _event(self, call: Call) -> web.Response:
        body: EventBody = call.body
        command = ExternalCommand(
            to=_recipient(body),
            robots=self._meant(call.caller, body.robot),
            robot=body.robot or "",
            event=body.event,
            data=body.data,
            urgent=body.urgent,
        )
        return await self._execute(call, command, body.id, "event")

    async def _execute(
        self, call: Call, command: ExternalCommand, given: str | None, what: str
    ) -> web.Response:
        id_ = message_id(call.request, given)
        result = await self._conversations.execute(command, caller=f"{what} {call.caller.name}", id_=id_)
        return success(
            {
                "robot": result.robot,
                "connector": result.connector,
                "session_id": result.session,
                "id": result.id,
                "repeated": result.repeated,
            }
        )

    def _meant(self, caller: Caller, robot: str | None) -> tuple[str, ...]:
        """The robots that the conversation may be with."""
        mine = sorted(one for one in self._robots() if caller.sees(one))
        if robot is not None:
            caller.check_robot(robot)
            return (known_robot(robot, mine),)
        if not mine:
            raise ApiError(404, "there is no robot")
        return tuple(mine)


def _recipient(to: To) -> Recipient:
    return Recipient(
        session=to.session or "",
        user=to.user or "",
        phone=to.phone or "",
        chat=str(to.chat) if to.chat is not None else "",
        connector=to.connector or "",
    )


def _button(body: str | ButtonBody) -> InjectedButton:
    if isinstance(body, str):
        return InjectedButton(body)
    return InjectedButton(body.text, body.flow or "", body.args, body.url or "")
