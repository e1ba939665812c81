"""Did you mean …? The known name that was probably meant by one that nobody knows."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from difflib import get_close_matches

CUTOFF = 0.6
"""How alike two names have to be, from 0 to 1."""


def nearest(name: str, known: Iterable[str], *, fold: Callable[[str], str] | None = None) -> str | None:
    """The known name most like `name`, none when none is close. `fold` gives the form in which names are compared."""
    by_form = {fold(one) if fold else one: one for one in known}
    close = get_close_matches(fold(name) if fold else name, by_form, n=1, cutoff=CUTOFF)
    return by_form[close[0]] if close else None
