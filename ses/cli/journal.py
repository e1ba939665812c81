"""`ses journal`: what the language model was asked, and what it answered."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Annotated, Any

import typer

from ses.cli.options import ConfigOption, FormatOption, configuration
from ses.errors import SesError
from ses.ledger.histories import JOURNAL


def journal(
    since: Annotated[str, typer.Option(help="From this time on: 2026-11-22, or with an hour; UTC.")] = "",
    until: Annotated[str, typer.Option(help="Before this time.")] = "",
    user: Annotated[str, typer.Option(help="Of this user, or from this address.")] = "",
    status: Annotated[int, typer.Option(help="Answered with this status.")] = 0,
    type: Annotated[str, typer.Option(help="Whose type contains this: chat, embeddings.")] = "",
    id: Annotated[int, typer.Option(help="This request, whole.")] = 0,
    limit: Annotated[int, typer.Option(min=1, max=100_000, help="The newest so many.")] = 50,
    config: ConfigOption = None,
    format: FormatOption = "text",
) -> None:
    """Read the journal of requests to the language model; with --format json whole, a request a line."""
    loaded = configuration(config)
    where = loaded.gateway.journal
    if where is None:
        raise SesError("there is no journal here: configure `gateway.journal`, or LOGS=True with LOGS_DB_…")
    from ses.ledger.database import Database
    from ses.ledger.reading import Wanted, entries

    wanted = Wanted(
        since=_time("--since", since),
        until=_time("--until", until),
        who=user or None,
        status=status or None,
        type=type or None,
        id=id or None,
        limit=limit,
    )

    async def read() -> Sequence[dict[str, Any]]:
        database = Database(where.url, JOURNAL, migrate=False)
        await database.open()
        try:
            return await entries(database, wanted)
        finally:
            await database.close()

    for row in asyncio.run(read()):
        if format == "json":
            print(json.dumps(row, ensure_ascii=False, default=str))
        elif id:
            print("\n".join(f"{name}: {value}" for name, value in row.items()))
        else:
            who = row["username"] or row["user"]
            seconds = (row["response_dt"] - row["request_dt"]).total_seconds()
            print(
                f"{row['id']}  {row['request_dt']:%Y-%m-%d %H:%M:%S}  {row['status_code']}  {seconds:7.3f} s  "
                f"{who}  {row['type']}"
            )


def _time(option: str, text: str) -> datetime | None:
    if not text:
        return None
    try:
        told = datetime.fromisoformat(text)
    except ValueError:
        raise SesError(f"{option}: must be a time like 2026-11-22 or 2026-11-22T09:30") from None
    return told.astimezone(UTC).replace(tzinfo=None) if told.tzinfo else told
