"""`ses users`: the first administrator, made where nobody can make him over the API."""

from __future__ import annotations

import asyncio
import os
from typing import Annotated, Literal

import typer

from ses.cli.options import ConfigOption, configuration
from ses.clock import SystemClock
from ses.daemon.ledger import users_of
from ses.errors import SesError


def users(
    action: Annotated[Literal["create"], typer.Argument(help="create: a new user.")],
    email: Annotated[str, typer.Argument(help="The user's e-mail address.")],
    privileged: Annotated[bool, typer.Option("--privileged", help="May administer users.")] = False,
    expire: Annotated[int, typer.Option(help="Days that the user is let in.")] = 30,
    config: ConfigOption = None,
) -> None:
    """Make a user of the language model's API and print his token, which is shown only here.

    The password is asked for, or taken from the variable SES_PASSWORD. The running daemon knows the user at once.
    """
    del action
    loaded = configuration(config)
    if "@" not in email or not email.isprintable():
        raise SesError(f"{email} is no e-mail address")
    found = users_of(loaded, SystemClock())
    if found is None:
        raise SesError(
            "there are no users here: configure `gateway.users`, or MTSAI_AUTH=true with AUTH_TYPE=DB"
        )
    password = os.environ.get("SES_PASSWORD") or typer.prompt(
        "Password", hide_input=True, confirmation_prompt=True, err=True
    )

    async def create() -> str:
        database, accounts = found
        await database.open()
        try:
            return (await accounts.create(email, password, days=expire, privileged=privileged))[0]
        finally:
            accounts.close()
            await database.close()

    try:
        print(asyncio.run(create()))
    except ValueError as error:
        raise SesError(f"--expire: {error}") from None
