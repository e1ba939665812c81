"""A reload puts other services behind turns that run."""

import asyncio

from ses.clock import VirtualClock
from ses.daemon.reloadable_services import ReloadableServices
from ses.services.address_rules import AddressRules
from ses.services.answers import HttpReply, HttpRequest
from ses.services.suite import ServiceSuite


class Suite(ServiceSuite):
    """Services that answer when a test says so."""

    def __init__(self, name):
        super().__init__({}, AddressRules(), clock=VirtualClock(0))
        self.name = name
        self.closed = False
        self.answer = asyncio.Event()

    async def http(self, request):
        await self.answer.wait()
        assert not self.closed
        return HttpReply(200, self.name)

    async def close(self):
        self.closed = True


async def test_calls_under_way_end_with_the_services_they_began_with():
    old, new = Suite("old"), Suite("new")
    services = ReloadableServices(old)
    request = HttpRequest(method="get", url="http://a.example")
    running = asyncio.create_task(services.http(request))
    await asyncio.sleep(0)
    await services.replace(new)
    new.answer.set()
    assert (await services.http(request)).body == "new"
    assert not old.closed
    old.answer.set()
    assert (await running).body == "old"
    assert old.closed
    assert not new.closed
    await services.close()
    assert new.closed


async def test_services_without_calls_are_closed_at_once():
    old, new = Suite("old"), Suite("new")
    services = ReloadableServices(old)
    await services.replace(new)
    assert old.closed
    assert not new.closed
