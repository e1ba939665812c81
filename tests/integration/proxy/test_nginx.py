"""The nginx that administrators have, word for word but for its certificate, in front of the public listener."""

from __future__ import annotations

import asyncio
import os
import re
import shutil
import subprocess
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from aiohttp import ClientSession, web

from doubles.web import pages
from ses.connectors.testing import MemoryReception, echo
from ses.connectors.web.config import Site, WebLimits
from ses.connectors.web.connector import WebConnector
from ses.connectors.web.routes import WebRoutes

from ..daemon import ROOT, free_port

NGINX = shutil.which("nginx") or shutil.which("nginx", path="/usr/sbin")
ORIGIN = "https://shop.example"

pytestmark = pytest.mark.skipif(NGINX is None, reason="nginx is not here")


def documented() -> str:
    text = (ROOT / "docs/operations.md").read_text(encoding="utf-8")
    (block,) = re.findall(r"```nginx\n(.*?)```", text, re.DOTALL)
    return block


@asynccontextmanager
async def public_listener():
    """The widget's routes over a reception in memory; yields the port and the addresses that came."""
    site = Site(name="site", robot="echo", token="t", origins=frozenset({ORIGIN}))
    connector = WebConnector(site, WebLimits())
    reception = MemoryReception(echo)
    reception.serve(connector)
    await connector.start(reception)
    came: list[str] = []

    @web.middleware
    async def note(request, handler):
        came.append(f"{request.host} {request.headers.get('X-Forwarded-For')}")
        return await handler(request)

    app = web.Application(middlewares=[note])
    app.add_routes(WebRoutes({"site": connector}, lambda _id: None).routes())
    runner = web.AppRunner(app)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    try:
        yield runner.addresses[0][1], came
    finally:
        await connector.stop()
        await runner.cleanup()


@asynccontextmanager
async def nginx(folder: Path, upstream: int):
    """The documented server on a free port, plain instead of TLS; yields its port."""
    port = free_port()
    block = (
        documented().replace("listen 443 ssl;", f"listen 127.0.0.1:{port};").replace(":6191", f":{upstream}")
    )
    block = re.sub(r"\s*ssl_certificate\S* .*;", "", block)
    places = "".join(
        f"{kind}_temp_path {folder}/{kind};" for kind in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
    )
    main = f"daemon off; pid {folder}/pid; error_log stderr; events {{}}\n"
    main += "user root;\n" if os.geteuid() == 0 else ""
    (folder / "nginx.conf").write_text(f"{main}http {{ access_log off; {places}\n{block} }}")
    assert NGINX is not None
    process = subprocess.Popen([NGINX, "-p", folder, "-c", folder / "nginx.conf"], stderr=subprocess.PIPE)
    assert process.stderr is not None
    try:
        for _ in range(500):
            try:
                _, writer = await asyncio.open_connection("127.0.0.1", port)
            except ConnectionRefusedError:
                assert process.poll() is None, process.stderr.read().decode()
                await asyncio.sleep(0.01)
            else:
                writer.close()
                await writer.wait_closed()
                break
        yield port
    finally:
        process.terminate()
        process.wait()
        process.stderr.close()


async def test_the_widget_works_through_the_documented_proxy(tmp_path):
    async with public_listener() as (upstream, came), nginx(tmp_path, upstream) as port:
        base = f"http://127.0.0.1:{port}"
        async with ClientSession() as client:
            script = await client.get(f"{base}/ses/widget/js?site", headers={"Host": "chat.shop.example"})
            assert script.status == 200
            assert script.headers.getall("Access-Control-Allow-Origin") == ["*"], (
                "twice would be refused by browsers"
            )
        async with pages(base, "site", "t", origin=ORIGIN) as page:
            visitor = page()
            await visitor.connect()
            answer = await visitor.ask("through the proxy")
            assert "through the proxy" in answer["text"]
        assert "chat.shop.example 127.0.0.1" in came, "the site's name and the visitor's address come through"
