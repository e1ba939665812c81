"""Commands of other systems: a message to be said, an event. Each becomes an inbound like any other, so it is durable before
it is answered, comes in order with what the person says, and is logged."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Collection, Mapping
from hashlib import sha256
from secrets import token_urlsafe
from typing import Any, NamedTuple

import msgspec

from ses.clock import Clock
from ses.connectors.contract import Refused
from ses.conversations.codec import decode_inbound, encode
from ses.conversations.external.quiet_hours import QuietHours
from ses.conversations.external.recipients import Recipient, Recipients, Target
from ses.conversations.lifecycle.robots import Robots
from ses.dialogue.input.dispatch import BUILT_IN_EVENTS
from ses.messages import Inbound, InjectedMessage
from ses.scenario.findings.suggestions import nearest_or_all
from ses.scenario.program.robot import Program
from ses.storage.contract import Store
from ses.storage.rows import CallRow

DATA = 16_384
"""Bytes of an event's fields, as JSON."""

_canonical = msgspec.json.Encoder(order="sorted").encode


class ExternalCommand(msgspec.Struct, frozen=True, kw_only=True):
    """What another system asks for: `say` or `event`."""

    to: Recipient
    robots: tuple[str, ...]
    """With one of which the recipient talks."""
    robot: str = ""
    """The one that was named; empty: `robots` are all that may be meant."""
    say: InjectedMessage | None = None
    event: str = ""
    data: dict[str, Any] = {}
    urgent: bool = False
    """In quiet hours too."""


class CommandResult(NamedTuple):
    """Where the message or the event is."""

    robot: str
    connector: str
    session: str
    id: str
    repeated: bool
    """The same call was answered before."""


class _Plan(msgspec.Struct, frozen=True):
    inbound: bytes
    key_hash: bytes | None = None


class ExternalCommands:
    """Executes commands of other systems, each once."""

    def __init__(
        self,
        store: Store,
        robots: Robots,
        recipients: Recipients,
        quiet: QuietHours,
        accept: Callable[[Inbound, bytes | None], Awaitable[bool]],
        clock: Clock,
    ) -> None:
        self._store = store
        self._robots = robots
        self._recipients = recipients
        self._quiet = quiet
        self._accept = accept
        self._clock = clock

    async def execute(self, command: ExternalCommand, *, caller: str, id_: str | None) -> CommandResult:
        """Durable on return. With an `id_` of the caller's own, a repeat gets the answer it got before, for as long as calls
        are kept. Raises `Refused`, also with code `conflict`: another command came under that id."""
        if id_ is None:
            return await self._finish(await self._plan(command), repeated=False)
        name = f"{caller} {id_}"
        digest = sha256(_canonical(msgspec.structs.replace(command, robots=()))).digest()
        call = await self._store.call(name)
        if call is None:
            plan = msgspec.json.encode(await self._plan(command))
            call = await self._store.keep_call(name, CallRow(digest, plan, None), self._clock.now())
        if call.digest != digest:
            raise Refused("conflict", "another call came under this id before; give each its own")
        result = await self._finish(
            msgspec.json.decode(call.plan, type=_Plan), repeated=call.answer is not None
        )
        if call.answer is None:
            await self._store.answer_call(name, b"{}")
        return result

    async def _finish(self, plan: _Plan, *, repeated: bool) -> CommandResult:
        """One that was noted and cut off is finished: the conversation knows the inbound by its id."""
        inbound = decode_inbound(plan.inbound)
        if not repeated:
            await self._accept(inbound, plan.key_hash)
        return CommandResult(inbound.robot, inbound.connector, inbound.session, inbound.id, repeated)

    async def _plan(self, command: ExternalCommand) -> _Plan:
        if command.say is None:
            self._check_event(command)
        target = await self._recipients.find(command.robots, command.to)
        program = self._robots.newest(target.robot)
        if program is None:
            raise Refused("unknown_robot", f"there is no robot {target.robot!r}")
        if command.say is not None:
            _check_message(program, command.say)
        else:
            if command.event not in program.by_event:
                raise Refused("unknown_event", _no_event(program, command.event))
            if target.begins:
                raise Refused("unknown_addressee", "this person has no conversation with the robot")
        if not command.urgent:
            await self._quiet.check(program, target)
        return _Plan(encode(self._inbound(target, command)), target.key_hash)

    def _check_event(self, command: ExternalCommand) -> None:
        if command.event in BUILT_IN_EVENTS:
            raise Refused(
                "unknown_event", f"`{command.event}` is the engine's own event; robots name their own"
            )
        if len(msgspec.json.encode(command.data)) > DATA:
            raise Refused("malformed", f"data: at most {DATA} bytes of JSON")

    def _inbound(self, target: Target, command: ExternalCommand) -> Inbound:
        connector, session = target.conversation
        return Inbound(
            connector=connector,
            session=session,
            id=f"~out-{token_urlsafe(16)}",
            robot=target.robot,
            channel=connector.partition(".")[0],
            at=self._clock.now(),
            user=target.user,
            variables=dict(target.variables),
            external=True,
            say=command.say,
            event=None if command.say is not None else command.event,
            payload=command.data,
        )


def _no_event(program: Program, event: str) -> str:
    hint = nearest_or_all(event, program.by_event) or "it waits for none"
    return f"no flow of {program.id} waits for the event {event[:60]!r}; {hint}"


def _check_message(program: Program, said: InjectedMessage) -> None:
    """Raises `Refused` for a name that the robot does not have."""
    _check_names("template", [said.key] if said.key else [], [key for key in program.texts if "." not in key])
    _check_names("variables", said.variables, {**program.variables, **program.slots})
    flows = [name for name in program.flows if not name.startswith("#")]
    _check_names("buttons", [one.flow for one in said.buttons if one.flow], flows)
    for one in said.attachments:
        if "://" not in one.media and one.media not in program.media:
            hint = nearest_or_all(one.media, program.media)
            raise Refused("malformed", f"attachments: the robot has no file {one.media[:60]!r}; {hint}")


def _check_names(field: str, given: Collection[str], known: Collection[str] | Mapping[str, Any]) -> None:
    for name in given:
        if name not in known:
            hint = nearest_or_all(name, known)
            raise Refused(
                "malformed", f"{field}: the robot has no {name[:60]!r}" + (f"; {hint}" if hint else "")
            )
