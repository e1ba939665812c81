"""Conversations as others see them: a reader's history, `/ses/session` in the form that integration scripts receive, and
`/ses/log`."""

from __future__ import annotations

import base64
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any, NamedTuple

import msgspec

from ses.connectors.contract import HistoryEntry
from ses.conversations.codec import decode_inbound, decode_outgoing
from ses.conversations.lifecycle.robots import Robots
from ses.dialogue.state.session import Session
from ses.messages import Inbound, Outgoing
from ses.scenario.program.robot import Program
from ses.storage.contract import Store
from ses.storage.rows import LogLine, LogPosition, LogQuery, SessionRow

REPLAY = 10_000
"""Messages read at once for a reader who was away."""
TURNS = 50
SCANNED = 5000
"""Lines looked at for one page of a search by text; the cursor goes on from there."""


class LogRequest(msgspec.Struct, frozen=True, kw_only=True):
    """What `/ses/log` is asked for. Times in seconds since 1970, `until` exclusive (0: no end)."""

    robot: str
    session: str = ""
    since: float = 0.0
    until: float = 0.0
    text: str = ""
    """Lines that contain it, whatever their case."""
    limit: int = 100
    cursor: str = ""


class LogPage(NamedTuple):
    items: list[dict[str, Any]]
    """`{id, datetime, session_id, from, text, turn, trace}`; `button`, `event` and `attachments` where there are."""
    cursor: str | None
    """None: the end was reached."""


class Views:
    """Reads from the store; shows no private value."""

    def __init__(self, store: Store, robots: Robots) -> None:
        self._store = store
        self._robots = robots

    async def history(self, session: int, *, after: int | None, limit: int) -> Sequence[HistoryEntry]:
        """See `ses.connectors.contract.Reception.history`; of the session in that row."""
        if after is None:
            lines = await self._store.turns(session, last=limit)
            return [_entry(line) for line in lines][-limit:]
        entries: list[HistoryEntry] = []
        while rows := await self._store.sent(session, after=after, limit=REPLAY):
            for sent in rows:
                message = decode_outgoing(sent.body)
                entries.append(HistoryEntry("robot", message.id, sent.at, sent.seq, outgoing=message))
            after = rows[-1].seq
        return entries

    async def session(self, robot: str, session: str) -> dict[str, Any] | None:
        """`{robot, data: [{request, reply}…], …variables}`; none for a session that has not begun."""
        row = await self._store.find_session(robot, session)
        if row is None:
            return None
        lines = await self._store.turns(row.id, last=TURNS)
        data = _turns(lines)
        for line in lines:
            if line.side == 0 and line.turn in data:
                data[line.turn]["request"]["data"] = await self._calls(row.id, line)
        return {**await self._values(robot, row), "robot": robot, "data": list(data.values())}

    async def _calls(self, session: int, line: LogLine) -> list[dict[str, Any]]:
        """`{id, name, model, type, param, reply}` of what was called to answer an inbound."""
        found = await self._store.answer(session, decode_inbound(line.body).id)
        trace = found[2] if found is not None else None
        calls: list[dict[str, Any]] = msgspec.json.decode(trace).get("calls", []) if trace else []
        return calls

    async def _values(self, robot: str, row: SessionRow) -> dict[str, Any]:
        program = self._robots.newest(robot)
        values: dict[str, Any] = {}
        user = f"{row.connector}/{row.session}"
        if program is not None:
            values = {name: variable.default for name, variable in program.variables.items()}
        if row.state is not None:
            state = Session.decode(row.state)
            user = state.user or user
            values |= state.slots | state.variables
        if program is not None and self._robots.keeps_user_values(program):
            values |= await self._store.user_values(robot, user)
        return {name: _public(program, name, value) for name, value in values.items()}

    async def log(self, request: LogRequest) -> LogPage:
        """Raises `ValueError` for a cursor that is none of ours."""
        query = LogQuery(
            robot=request.robot, session=request.session, since=request.since, until=request.until
        )
        position = _position(request.cursor) if request.cursor else None
        wanted = request.text.casefold()
        hide = self._private(request.robot)
        items: list[dict[str, Any]] = []
        scanned = 0
        while True:
            room = request.limit - len(items)
            lines, following = await self._store.log(query, position, 500 if wanted else room)
            for line in lines:
                item = _item(line, hide=hide)
                if wanted and wanted not in item["text"].casefold():
                    continue
                items.append(item)
                if len(items) == request.limit and (line is not lines[-1] or following):
                    return LogPage(items, _cursor(LogPosition(line.at, line.session, line.side, line.number)))
            scanned += len(lines)
            if following is None:
                return LogPage(items, None)
            if scanned >= SCANNED:
                return LogPage(items, _cursor(following))
            position = following

    def _private(self, robot: str) -> bool:
        """What waits for its turn may hold values that only the turn will know to be private."""
        program = self._robots.newest(robot)
        return program is None or any(slot.private for slot in program.slots.values())


def _entry(line: LogLine) -> HistoryEntry:
    if line.side:
        message = decode_outgoing(line.body)
        return HistoryEntry("robot", message.id, line.at, message.seq, outgoing=message)
    inbound = decode_inbound(line.body)
    return HistoryEntry("visitor", inbound.id, line.at, None, inbound=inbound)


def _public(program: Program | None, name: str, value: Any) -> Any:
    """The value that may be shown; a slot of a robot that is not there may be private."""
    if value is None or (program is not None and (slot := program.slots.get(name)) is None):
        return value
    return value if program is not None and slot is not None and not slot.private else f"‹{name}›"


def _turns(lines: Sequence[LogLine]) -> dict[int, dict[str, Any]]:
    """One entry for each turn; of a burst the texts stand in one, line by line."""
    turns: dict[int, dict[str, Any]] = {}
    for line in lines:
        if line.turn is None:
            continue
        entry = turns.get(line.turn)
        if entry is None:
            request = {"datetime": _datetime(line.at), "message": "", "data": []}
            entry = turns[line.turn] = {"request": request, "reply": {"text": []}}
        if line.side:
            entry["reply"]["text"].append(_said(decode_outgoing(line.body)))
        else:
            text = decode_inbound(line.body).text or ""
            entry["request"]["message"] = "\n".join(filter(None, (entry["request"]["message"], text)))
    return turns


def _item(line: LogLine, *, hide: bool) -> dict[str, Any]:
    item: dict[str, Any] = {
        "id": "",
        "datetime": _datetime(line.at),
        "session_id": line.session_id,
        "from": "robot" if line.side else "visitor",
        "text": "",
        "turn": line.turn,
        "trace": None if line.turn is None else f"{line.session_id}/{line.turn}",
    }
    message: Inbound | Outgoing
    if line.side:
        message = decode_outgoing(line.body)
        item["text"] = _said(message)
    else:
        message = decode_inbound(line.body)
        item["text"] = "" if hide and line.turn is None else message.text or ""
        if message.external:
            item["from"] = "system"
        if message.button:
            item["button"] = message.button
        if message.event:
            item["event"] = message.event
    item["id"] = message.id
    if message.attachments:
        item["attachments"] = [{"kind": one.kind, "name": one.name} for one in message.attachments]
    return item


def _said(message: Outgoing) -> str:
    return message.text if message.masked is None else message.masked


def _datetime(at: float) -> str:
    return datetime.fromtimestamp(at, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _cursor(position: LogPosition) -> str:
    return base64.urlsafe_b64encode(msgspec.msgpack.encode(tuple(position))).decode("ascii").rstrip("=")


def _position(cursor: str) -> LogPosition:
    try:
        packed = base64.urlsafe_b64decode(cursor.encode("ascii") + b"=" * (-len(cursor) % 4))
        return LogPosition(*msgspec.msgpack.decode(packed, type=tuple[float, int, int, int]))
    except ValueError:
        raise ValueError("the cursor is none that /ses/log gave") from None
