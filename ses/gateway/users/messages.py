"""The texts of the user methods, which clients compare."""

from __future__ import annotations

from collections.abc import Sequence

from ses.ledger.contract import Removed


def disabled_one(removed: Sequence[Removed]) -> str:
    return "\n".join(["Start disabling:", *_lines("Disable", removed)])


def disabled_all(removed: Sequence[Removed]) -> str:
    return "\n".join(["Start disabling: ", *_lines("Disable", removed)])


def deleted_by(what: str, whom: str, number: int) -> str:
    """`what`: `email` or `token`."""
    return f"Start deletion:\n{number} users with {what} {whom} were deleted"


def deleted_all(removed: Sequence[Removed]) -> str:
    return "\n".join(["Start deletion: ", *_lines("Delete", removed)])


def _lines(verb: str, removed: Sequence[Removed]) -> list[str]:
    return [f"{verb} {one.email.partition('@')[0]} {one.email} with token {one.shown}" for one in removed]
