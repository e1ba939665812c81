"""What SES asks of every connector, over the double of MAX: by long polling and by webhook."""

from ses.connectors.contract_tests import ConnectorContract


class TestMax(ConnectorContract):
    """With the fixture `side` of `conftest.py`."""
