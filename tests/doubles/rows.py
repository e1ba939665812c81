"""Rows and calls for tests of stores."""

from __future__ import annotations

import asyncio
from typing import Any

from ses.errors import SesError
from ses.storage.contract import Store
from ses.storage.rows import Accepted, Arrival, TurnRecord


def arrival(external_id: str = "m1", **given: Any) -> Arrival:
    """An inbound of `web.site`, session `s1`, received at 100.0."""
    known: dict[str, Any] = {
        "connector": "web.site", "session": "s1", "robot": "pizzeria", "body": b"hello", "at": 100.0,
        "expires": 1000.0,
    }  # fmt: skip
    return Arrival(external_id=external_id, **(known | given))


def record(session: int, turn: int, **given: Any) -> TurnRecord:
    """A leg of a turn at 101.0 that says nothing."""
    known: dict[str, Any] = {
        "state": b"state", "seq": 0, "at": 101.0, "expires": 1000.0, "robot": "pizzeria",
    }  # fmt: skip
    return TurnRecord(session=session, turn=turn, **(known | given))


async def accepted(store: Store, one: Arrival) -> Accepted:
    """What became of an arrival."""
    future: asyncio.Future[Accepted | SesError] = asyncio.get_running_loop().create_future()
    store.accept(one, future.set_result)
    result = await future
    if isinstance(result, SesError):
        raise result
    return result


async def begun(store: Store, session: str = "s1", **given: Any) -> tuple[int, int]:
    """A session and its first inbound: their rows."""
    result = await accepted(store, arrival(session=session, **given))
    assert result.session is not None
    return result.session.id, result.row
