"""What tests with real servers and processes share."""

from __future__ import annotations

import pytest_asyncio

from .browser import launched


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def chromium():
    """The browser, one for the session; each person has a context of his own in it. It lives in the session's loop, and so do the
    tests that use it."""
    async with launched() as browser:
        yield browser
