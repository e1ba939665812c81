"""Whom a message of another system is for: a session, a person by any of his names, a phone, a chat of a messenger."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping, Sequence
from hashlib import sha256
from typing import Any, NamedTuple

import msgspec

from ses.clock import Clock
from ses.connectors.contract import Addressable, Connector, DeliveryFailed, Refused
from ses.dialogue.state.session import Session
from ses.messages import Conversation
from ses.storage.contract import Store
from ses.storage.rows import SessionRow

_PHONE = re.compile(r"\+[1-9]\d{6,14}")
_FILLING = re.compile(r"[\s().-]")
RETRY = 10.0
"""Seconds after which a messenger that did not answer is asked again."""


class Recipient(msgspec.Struct, frozen=True, kw_only=True):
    """One of `session`, `user`, `phone`, `chat` is given."""

    session: str = ""
    user: str = ""
    """A name of the person: `telegram:123`, `vk:5`."""
    phone: str = ""
    """`+79130000000`"""
    chat: str = ""
    """A user's number in the messenger of `connector`."""
    connector: str = ""
    """`telegram.shop`: only there; or a kind: `telegram`."""


STATUS = {"unknown_addressee": 404, "ambiguous": 409, "gone": 410, "malformed": 422, "quiet": 425}
"""What a scenario reads as `error.status` of a refusal."""


def recipient_of(to: str, connector: str) -> Recipient:
    """A phone, a person or a session, told by its form."""
    if to.startswith("+"):
        return Recipient(phone=to, connector=connector)
    if re.match(r"[a-z]+:", to):
        return Recipient(user=to, connector=connector)
    return Recipient(session=to, connector=connector)


def begun_key_hash(connector: str) -> bytes:
    """Stands where the widget keeps the hash of a key: a messenger's conversation has begun, its variables are set."""
    return sha256(connector.encode()).digest()


class Target(NamedTuple):
    """A conversation that is, or that may be begun."""

    conversation: Conversation
    robot: str
    user: str
    """Who is behind it; empty: nobody but the conversation."""
    variables: Mapping[str, Any]
    """With which it begins."""
    key_hash: bytes | None = None
    touched: float = 0.0
    """When the person was last heard of; 0: never."""

    @property
    def begins(self) -> bool:
        return self.key_hash is not None


class Recipients:
    """Finds conversations. All refusals are `Refused`: `unknown_addressee`, `gone`, `ambiguous`, `malformed`, `busy`."""

    def __init__(self, store: Store, connectors: Mapping[str, Connector], clock: Clock) -> None:
        self._store = store
        self._connectors = connectors
        self._clock = clock

    async def find(self, robots: Collection[str], to: Recipient) -> Target:
        """The conversation with one of these robots."""
        if to.session:
            return await self._session(robots, to)
        if to.chat:
            connector = self._addressable(to.connector)
            if connector.robot not in robots:
                raise Refused("unknown_addressee", f"{to.connector} talks to another robot")
            return await self._chat(connector, to.chat)
        if len(robots) != 1:
            raise Refused("malformed", "robot: name one")
        (robot,) = robots
        return await self._person(robot, await self._of_phone(robot, to) if to.phone else to.user, to)

    # --- by session -----------------------------------------------------------------------------------------------

    async def _session(self, robots: Collection[str], to: Recipient) -> Target:
        for robot in robots:
            row = await self._store.find_session(robot, to.session)
            if row is not None and self._lives(row) and _in(row.connector, to.connector):
                return _target(row)
        raise Refused(
            "unknown_addressee", "there is no such session, it has not begun yet, or it has expired"
        )

    def _lives(self, row: SessionRow) -> bool:
        return row.expires > self._clock.now()

    # --- by person ------------------------------------------------------------------------------------------------

    async def _of_phone(self, robot: str, to: Recipient) -> str:
        phone = _FILLING.sub("", to.phone)
        if not _PHONE.fullmatch(phone):
            raise Refused("malformed", "phone: write it like +79130000000, with the country's code")
        people = await self._store.people_of_phone(robot, phone)
        people = list({(await self._store.names(one))[0]: one for one in people})
        if not people:
            raise Refused("unknown_addressee", "nobody is known by this phone")
        if len(people) > 1:
            raise Refused(
                "ambiguous", f"{len(people)} people gave this phone and none has proved it; name the `user`"
            )
        return people[0]

    async def _person(self, robot: str, user: str, to: Recipient) -> Target:
        """What he used last; else a chat that may be begun by one of his names."""
        rows = await self._store.conversations_of(robot, user)
        rows = [
            row
            for row in rows
            if self._lives(row) and _in(row.connector, to.connector) and _with_one_person(row)
        ]
        for row in rows:
            if not _has_left(row):
                return _target(row)
        if rows:
            raise Refused("gone", "this person has blocked the robot")
        return await self._first_contact(robot, await self._store.names(user), to)

    async def _first_contact(self, robot: str, names: Sequence[str], to: Recipient) -> Target:
        found = [
            (connector, number)
            for kind, _, number in (name.partition(":") for name in names)
            for connector in self._connectors.values()
            if number and isinstance(connector, Addressable) and connector.robot == robot
            if _in(connector.name, kind) and _in(connector.name, to.connector)
        ]
        if not found:
            raise Refused("unknown_addressee", "this person has no conversation with the robot")
        if len(found) > 1:
            kinds = ", ".join(sorted(one.name for one, _ in found))
            raise Refused(
                "ambiguous", f"this person could be written to through {kinds}: name the `connector`"
            )
        return await self._chat(*found[0])

    # --- by chat --------------------------------------------------------------------------------------------------

    def _addressable(self, name: str) -> Addressable:
        connector = self._connectors.get(name)
        if isinstance(connector, Addressable):
            return connector
        known = ", ".join(
            sorted(one.name for one in self._connectors.values() if isinstance(one, Addressable))
        )
        raise Refused("malformed", f"connector: no messenger {name[:60]!r}; there are: {known or 'none'}")

    async def _chat(self, connector: Addressable, chat: str) -> Target:
        row = await self._store.session(connector.name, chat)
        if row is not None and self._lives(row):
            return _target(row)
        try:
            beginning = await connector.begin(chat)
        except DeliveryFailed as error:
            raise Refused(
                "busy", f"{connector.name} does not tell whether it may write: {error}", RETRY
            ) from None
        if beginning is None:
            raise Refused(
                "unknown_addressee",
                f"{connector.name} may not write to {chat[:60]!r}: he has never written to it, or wants no messages",
            )
        conversation = Conversation(connector.name, beginning.session)
        key_hash = begun_key_hash(connector.name)
        return Target(conversation, connector.robot, beginning.user, beginning.variables, key_hash)


def _in(connector: str, wanted: str) -> bool:
    """Whether a connector is the one that is wanted, or of that kind."""
    return not wanted or connector == wanted or connector.partition(".")[0] == wanted


def _with_one_person(row: SessionRow) -> bool:
    """What is for one person does not go to a group."""
    return ":" not in row.session or row.connector.startswith("web.")


def _has_left(row: SessionRow) -> bool:
    return row.state is not None and Session.decode(row.state).left


def _target(row: SessionRow) -> Target:
    if _has_left(row):
        raise Refused("gone", "this person has blocked the robot")
    conversation = Conversation(row.connector, row.session)
    if row.state is None:
        return Target(conversation, row.robot, "", {}, touched=row.touched)
    state = Session.decode(row.state)
    return Target(conversation, row.robot, state.user, {}, touched=state.touched)
