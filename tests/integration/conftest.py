"""What tests with real servers and processes share."""

from __future__ import annotations

from collections import Counter

import pytest
import pytest_asyncio

from .browser import launched


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """The files that take longest come first: of two workers none is left with a long one when the other has nothing more to do."""
    weights: Counter[object] = Counter()
    for item in items:
        slow, paged = item.get_closest_marker("slow"), item.get_closest_marker("browser")
        weights[item.path] += 15 if slow else 3 if paged else 1  # seconds, more or less
    items.sort(key=lambda item: -weights[item.path])


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def chromium():
    """The browser, one for the session; each person has a context of his own in it. It lives in the session's loop, and so do the
    tests that use it."""
    async with launched() as browser:
        yield browser
