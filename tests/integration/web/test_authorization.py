"""Who may open a socket, and what is served to anybody."""

from __future__ import annotations

import gzip
import re

import pytest
from aiohttp import ClientSession, WSServerHandshakeError

from ses.connectors.testing import MemoryReception
from ses.connectors.web.config import Listener

GOOD = "https://shop.example"


async def knock(base: str, query: str, origin: str | None) -> tuple[int, bytes]:
    """The status and body of the answer to an upgrade; 101 when it was let in."""
    headers = {
        "Connection": "Upgrade",
        "Upgrade": "websocket",
        "Sec-WebSocket-Version": "13",
        "Sec-WebSocket-Key": "dGhlIHNhbXBsZSBub25jZQ==",
        "Sec-WebSocket-Protocol": "ses.v1",
    }
    if origin is not None:
        headers["Origin"] = origin
    async with ClientSession() as http, http.get(f"{base}/ses/ws{query}", headers=headers) as answer:
        if answer.status != 101:
            return answer.status, await answer.read()
        answer.close()  # an upgraded connection is not given back by itself
        return 101, b""


@pytest.mark.parametrize(
    "query, origin",
    [
        ("?site&token=wrong", GOOD),
        ("?site&token=", GOOD),
        ("?site", GOOD),
        ("", GOOD),
        ("?other&token=T0ken", GOOD),
        ("?token=T0ken", GOOD),
        ("?site&token=T0ken", None),
        ("?site&token=T0ken", "null"),
        ("?site&token=T0ken", "https://shop.example/"),
        ("?site&token=T0ken", "https://shop.example:443"),
        ("?site&token=T0ken", "http://shop.example"),
        ("?site&token=T0ken", "https://SHOP.example"),
        ("?site&token=T0ken", "https://evil.shop.example"),
        ("?site&token=T0ken", "https://shop.example.evil"),
        ("?site&token=%F0%9F%94%91", GOOD),
    ],
)
async def test_a_stranger_is_refused_before_the_upgrade_without_a_word(daemon, query, origin):
    assert await knock(daemon.base, query, origin) == (403, b"")


async def test_name_token_and_origin_open_the_socket(daemon):
    assert (await knock(daemon.base, "?site&token=T0ken", GOOD))[0] == 101


async def test_a_program_without_origin_is_let_in_only_where_configured(start):
    async with start(MemoryReception(), origin_required=False) as daemon:
        assert (await knock(daemon.base, "?site&token=T0ken", None))[0] == 101
        assert (await knock(daemon.base, "?site&token=T0ken", "https://evil.example"))[0] == 403


async def test_the_subprotocol_is_agreed_and_nothing_is_compressed(daemon):
    page = daemon.page()
    await page.connect()
    assert page._socket.protocol == "ses.v1"
    assert page._socket.compress == 0


async def test_sockets_are_counted_by_the_visitors_own_address(start):
    from ses.connectors.web.config import WebLimits

    async with start(MemoryReception(), limits=WebLimits(sockets=2)) as daemon, ClientSession() as http:
        url = f"{daemon.base}/ses/ws?site&token=T0ken"
        headers = {"X-Forwarded-For": "198.51.100.7"}
        open_ = [await http.ws_connect(url, origin=GOOD, headers=headers) for _ in range(2)]
        with pytest.raises(WSServerHandshakeError) as refused:
            await http.ws_connect(url, origin=GOOD, headers=headers)
        assert refused.value.status == 429
        # Without a forwarded address only the proxy's is known: not counted.
        open_ += [await http.ws_connect(url, origin=GOOD) for _ in range(4)]
        assert all(not socket.closed for socket in open_)
        for socket in open_:
            await socket.close()


async def test_the_widget_weighs_at_most_20_kb_gzipped_and_12_more_with_files_voice_and_messengers(daemon):
    from ses.connectors.web.assets import Asset, Assets
    from ses.connectors.web.routes import WIDGET

    assets = Assets(WIDGET)

    def asset(name: str) -> Asset:
        found = assets.get(name)
        assert found is not None, name
        return found

    # What a page loads at once: the styles, and the modules that `main.js` imports, and theirs.
    first, found = {"styles.css"}, ["main.js"]
    while found:
        name = found.pop()
        first.add(name)
        imported = re.findall(rb'^import [^;]*"\./(\w+\.js)";', asset(name).body, re.MULTILINE)
        found += {module.decode() for module in imported} - first
    assert {"talk.js", "wire.js", "words.js"} < first
    assert first.isdisjoint({"recorder.js", "media.js", "files.js", "parcels.js", "elsewhere.js"})
    weight = sum(len(asset(name).packed) for name in first)
    assert weight + len(assets.entry(daemon.connector.site).packed) <= 20_000
    assert assets.weight - weight <= 12_000


async def test_the_script_and_its_modules_are_served_across_origins_and_cached(daemon):
    async with ClientSession(auto_decompress=False) as http:
        async with http.get(f"{daemon.base}/ses/widget/js?site") as script:
            source = gzip.decompress(await script.read()).decode()
            assert script.headers["Access-Control-Allow-Origin"] == "*"
            assert script.headers["X-Content-Type-Options"] == "nosniff"
            assert script.content_type == "text/javascript"
        module = source.split('"')[1].removeprefix("./")
        async with http.get(f"{daemon.base}/ses/widget/{module}") as main:
            assert (main.status, main.headers["Cache-Control"]) == (
                200,
                "public, max-age=31536000, immutable",
            )
            etag = main.headers["ETag"]
        async with http.get(f"{daemon.base}/ses/widget/{module}", headers={"If-None-Match": etag}) as again:
            assert (again.status, await again.read()) == (304, b"")
        old = module.replace(module.split("/")[0], "v-0123456789ab")
        async with http.get(f"{daemon.base}/ses/widget/{old}") as earlier:
            assert (earlier.status, earlier.headers["Cache-Control"]) == (200, "no-cache")
        for missing in ("js?nobody", "v-0123456789ab/nothing.js", "v-0123456789ab/types.d.ts"):
            async with http.get(f"{daemon.base}/ses/widget/{missing}") as answer:
                assert answer.status == 404


async def test_where_the_proxy_adds_cors_the_daemon_does_not(start):
    async with start(MemoryReception(), listener=Listener(cors="proxy")) as daemon, ClientSession() as http:
        async with http.get(f"{daemon.base}/ses/widget/js?site") as script:
            assert "Access-Control-Allow-Origin" not in script.headers


async def test_settings_cannot_leave_their_place_in_the_script(start):
    async with (
        start(MemoryReception(), title='</script>"; alert(1) //\u2028') as daemon,
        ClientSession() as http,
    ):
        async with http.get(f"{daemon.base}/ses/widget/js?site") as script:
            line = (await script.text()).splitlines()[1]
    assert line.count("alert") == 1
    assert '\\"; alert' in line
    assert "\u2028" not in line


@pytest.mark.parametrize(
    "name", ["../robot.yaml", "..%2Frobot.yaml", "%2e%2e/robot.yaml", "out.png", "", "a%00b", "x" * 300, "."]
)
async def test_media_never_leaves_the_robots_media_folder(start, tmp_path, name):
    (tmp_path / "media").mkdir()
    (tmp_path / "robot.yaml").write_text("secret")
    (tmp_path / "media" / "out.png").symlink_to(tmp_path / "robot.yaml")
    async with start(MemoryReception(), robot=tmp_path) as daemon, ClientSession() as http:
        async with http.get(f"{daemon.base}/ses/media/site/{name}") as answer:
            assert answer.status == 404


async def test_media_is_shown_but_never_as_a_page(start, tmp_path):
    (tmp_path / "media").mkdir()
    for name in ("a.png", "a.svg", "a.html"):
        (tmp_path / "media" / name).write_text("x")
    async with start(MemoryReception(), robot=tmp_path) as daemon, ClientSession() as http:
        for name, inline in (("a.png", True), ("a.svg", False), ("a.html", False)):
            async with http.get(f"{daemon.base}/ses/media/site/{name}") as answer:
                assert answer.status == 200
                assert ("Content-Disposition" not in answer.headers) is inline
                assert answer.headers["X-Content-Type-Options"] == "nosniff"
                assert answer.headers["Content-Security-Policy"].startswith("sandbox")


async def test_the_demo_page_is_strict_and_names_all_robots(daemon):
    async with ClientSession() as http:
        for path in ("/", "/demo/site"):
            async with http.get(daemon.base + path) as page:
                text = await page.text()
                policy = page.headers["Content-Security-Policy"]
            assert "default-src 'none'" in policy
            assert "unsafe" not in policy
            assert 'src="/ses/widget/js?site"' in text
            assert "<style" not in text
            assert "style=" not in text
            assert "127.0.0.1" in text  # this address is none of the site's origins: the page says so
        async with http.get(f"{daemon.base}/demo/nobody") as missing:
            assert missing.status == 404
