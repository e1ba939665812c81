"""The contract over each connector of SES and its other side, or the faithful double of it."""

from __future__ import annotations

from ses.connectors.contract_tests import ConnectorContract


class TestEveryConnector(ConnectorContract):
    """With the fixture `side` of `conftest.py`."""
