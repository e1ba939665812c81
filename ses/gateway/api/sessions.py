"""`GET /ses/session/…` and `POST /ses/log`: what conversations have been."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any, Protocol

from aiohttp import web

from ses.conversations.views import LogPage, LogRequest
from ses.gateway.api.schemas import LogAnswer, LogBody, SessionAnswer
from ses.gateway.http.envelope import ApiError, success
from ses.gateway.http.operation import Call, Operation


class Records(Protocol):
    async def session(self, robot: str, session_id: str) -> dict[str, Any] | None: ...

    async def log(self, request: LogRequest) -> LogPage:
        """Raises `ValueError` for a cursor that is none of ours."""
        ...


class RecordsApi:
    def __init__(self, records: Records) -> None:
        self._records = records

    def operations(self) -> list[Operation]:
        return [
            Operation(
                method="GET",
                path="/ses/session/{robot_id}/{session_id}",
                summary="A session: its variables and last 50 turns, in the shape integration scripts receive",
                handler=self._session,
                scope="read",
                answer=SessionAnswer,
                failures=(404,),
                tag="records",
                parameters={
                    "robot_id": "the robot",
                    "session_id": "the session, as `/ses/ask` or `welcome` told it",
                },
            ),
            Operation(
                method="POST",
                path="/ses/log",
                summary="The dialogue log by robot, session, period and text, a page at a time",
                handler=self._log,
                scope="read",
                body=LogBody,
                answer=LogAnswer,
                tag="records",
            ),
        ]

    async def _session(self, call: Call) -> web.Response:
        robot, session = call.path_parameter("robot_id"), call.path_parameter("session_id")
        call.caller.check_robot(robot)
        found = await self._records.session(robot, session)
        if found is None:
            raise ApiError(404, "there is no such session, or it has not begun yet")
        return success(found)

    async def _log(self, call: Call) -> web.Response:
        body: LogBody = call.body
        call.caller.check_robot(body.robot_id)
        try:
            page = await self._records.log(
                LogRequest(
                    robot=body.robot_id,
                    session=body.session_id or "",
                    since=_seconds(body.from_),
                    until=_seconds(body.to),
                    text=body.text or "",
                    limit=body.limit,
                    cursor=body.cursor or "",
                )
            )
        except ValueError as error:
            raise ApiError(422, f"cursor: {error}") from error
        return success({"items": page.items, "cursor": page.cursor})


def _seconds(time: str | float | None) -> float:
    """Seconds since 1970; 0 stands for no bound."""
    if isinstance(time, str):
        written = datetime.fromisoformat(time)
        return (written if written.tzinfo else written.replace(tzinfo=UTC)).timestamp()
    return time or 0.0
