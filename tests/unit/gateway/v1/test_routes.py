"""The routes that are known beforehand are those that are served, and nothing of them is loaded before it is needed."""

import subprocess
import sys

from ses.clock import VirtualClock
from ses.gateway.http.login_rate_limit import LoginRateLimit
from ses.gateway.users.api import UsersApi
from ses.gateway.v1.routes import USERS, V1

from .conftest import running

WAKING = """
import sys
from types import SimpleNamespace
from ses.clock import SystemClock
from ses.config import Config
from ses.daemon.ledger import Ledger
from ses.daemon.llm_gateway import LlmGateway
from ses.gateway.ops.metrics import Metrics
from ses.llm.absent import NoEngine
from ses.redaction import Redactor

clock, config = SystemClock(), Config()
model = LlmGateway(config, NoEngine(), Ledger(config, clock, Metrics(), Redactor()), clock)
routes = model.operations()
assert not {"sqlalchemy", "argon2", "ses.gateway.v1.chat", "ses.gateway.v1.requests", "ses.gateway.users.api", "ses.gateway.chat.api"} & set(sys.modules)
assert [one.in_full().path for one in routes] == [one.path for one in routes]
assert "ses.gateway.v1.chat" in sys.modules
assert {(one.method, one.path) for one in model.operations()} == {(one.method, one.path) for one in routes}
"""


async def test_the_routes_are_those_that_are_served():
    async with running() as v1:
        assert v1.routes == set(V1)
    assert {
        (one.method, one.path) for one in UsersApi(None, LoginRateLimit(VirtualClock(0))).operations()
    } == set(USERS)


def test_a_daemon_without_a_model_does_not_carry_its_api():
    subprocess.run([sys.executable, "-c", WAKING], check=True)
