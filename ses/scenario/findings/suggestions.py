"""What to write instead of a name that is not known."""

from __future__ import annotations

from collections.abc import Iterable

from ses.nearest import nearest


def similar(name: str, known: Iterable[str]) -> str:
    """The known name that differs in case only, or the one most like `name`; an empty text when none is close."""
    candidates = sorted(set(known))
    by_case = {one.casefold(): one for one in candidates}
    return by_case.get(name.casefold()) or nearest(name, candidates) or ""


def did_you_mean(name: str, known: Iterable[str]) -> str:
    """`did you mean …?`, or an empty text."""
    best = similar(name, known)
    return f"did you mean `{best}`?" if best else ""


def nearest_or_all(name: str, known: Iterable[str]) -> str:
    """A remedy: the nearest known name, or all of them when none is near and they are few."""
    names = sorted(known)
    if best := nearest(name, names):
        return f"did you mean '{best}'?"
    return f"known are: {', '.join(names)}" if 0 < len(names) <= 30 else ""
