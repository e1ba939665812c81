"""What holds for every test of the tree."""

import pytest
import structlog
from hypothesis import HealthCheck, settings

# A busy machine is no finding: properties are judged by what they assert, never by the time they take.
settings.register_profile("ses", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("ses")

# The tracebacks that structlog draws by default take a second each.
structlog.configure(
    processors=[
        *structlog.get_config()["processors"][:-1],
        structlog.dev.ConsoleRenderer(colors=False, exception_formatter=structlog.dev.plain_traceback),
    ]
)


@pytest.fixture(autouse=True)
def logging_as_it_was():
    """A test that sets logging up leaves none of it to the next one, whichever that is."""
    before = structlog.get_config()
    yield
    structlog.configure(**before)


@pytest.fixture(scope="session")
def postgres():
    """A PostgreSQL server for the whole session; each test makes itself a database in it."""
    from doubles.postgres import Server

    server = Server("fsync=off")  # a death of the server, unlike that of the machine, loses nothing by it
    try:
        server.start()
        yield server
    finally:
        server.remove()
