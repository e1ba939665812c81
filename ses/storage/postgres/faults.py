"""Whose fault an error of the server or the connection is."""

from __future__ import annotations

import asyncpg

_OF_THE_COMMAND = ("22", "23", "54")
"""Classes of SQLSTATE: bad values, broken constraints, limits of the program exceeded."""
_CONNECTION_GONE = ("08", "57P01", "57P02", "57P03", "57P05")
"""What a server says last on a connection that it ends."""


def of_the_command(error: BaseException) -> bool:
    """Another command would have succeeded."""
    if isinstance(error, asyncpg.PostgresError):
        return str(error.sqlstate).startswith(_OF_THE_COMMAND)
    return not connection_gone(error)


def connection_gone(error: BaseException) -> bool:
    """Nothing more will be heard on this connection: what was asked last may or may not have been done."""
    if isinstance(error, asyncpg.PostgresError):
        return str(error.sqlstate).startswith(_CONNECTION_GONE)
    return isinstance(error, OSError | TimeoutError | asyncpg.InterfaceError | asyncpg.InternalClientError)


def in_words(error: BaseException) -> str:
    """What is wrong, for a log and `/ready`."""
    if isinstance(error, TimeoutError):
        return "the PostgreSQL server does not answer"
    if isinstance(error, asyncpg.PostgresError) and not connection_gone(error):
        return f"PostgreSQL: {error}"
    return f"the connection to PostgreSQL is lost: {str(error) or type(error).__name__}"
