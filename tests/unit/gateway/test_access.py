"""Who may use the API."""

import pytest

WITHOUT_PROXY = ["X-Forwarded-For", "X-Forwarded-Host", "X-Forwarded-Proto", "X-Real-IP", "Forwarded"]
ALL = ["/ses/robots", "/health", "/ready", "/metrics", "/docs", "/"]


class TestWithoutKeys:
    @pytest.mark.parametrize("path", ALL)
    async def test_a_program_on_this_machine_may_do_everything(self, served, path):
        async with served.call("GET", path) as response:
            assert response.status == 200

    @pytest.mark.parametrize("header", WITHOUT_PROXY)
    @pytest.mark.parametrize("path", ALL)
    async def test_nobody_comes_through_a_proxy(self, served, path, header):
        data = await served.json("GET", path, status=403, headers={header: "127.0.0.1"})
        assert header in data["message"]

    @pytest.mark.parametrize(
        "host", ["evil.example", "evil.example:6190", "127.0.0.1.evil.example", "[::2]", "10.0.0.1"]
    )
    @pytest.mark.parametrize("path", ALL)
    async def test_a_foreign_name_for_this_machine_is_refused(self, served, path, host):
        await served.json("GET", path, status=421, headers={"Host": host})

    @pytest.mark.parametrize("host", ["localhost", "LOCALHOST:6190", "127.0.0.1:1", "[::1]:6190"])
    async def test_local_names_are_ours(self, served, host):
        await served.json("GET", "/ses/robots", headers={"Host": host})


class TestKeys:
    @pytest.fixture
    def keys(self, all_keys):
        return all_keys

    @pytest.mark.parametrize(
        "headers",
        [
            {"X-API-Key": "boss-key-0123456789"},
            {"Authorization": "Bearer boss-key-0123456789"},
            {"authorization": "bearer  boss-key-0123456789"},
            {"X-API-Key": "boss-key-0123456789", "X-Forwarded-For": "1.2.3.4", "Host": "api.shop.example"},
        ],
    )
    async def test_a_key_opens_from_anywhere(self, served, headers):
        await served.json("GET", "/ses/robots", headers=headers)

    @pytest.mark.parametrize(
        "headers",
        [
            {},
            {"X-API-Key": ""},
            {"X-API-Key": "boss-key-012345678"},
            {"X-API-Key": "Boss-key-0123456789"},
            {"X-API-Key": "ключ"},
            {"Authorization": "Basic boss-key-0123456789"},
            {"Authorization": "Bearer"},
            {"Authorization": "boss-key-0123456789"},
            {"Cookie": "X-API-Key=boss-key-0123456789"},
        ],
    )
    async def test_without_a_right_key_there_is_no_authority(self, served, headers):
        data = await served.json("GET", "/ses/robots", status=403, headers=headers)
        assert "boss-key" not in data["message"]

    async def test_a_key_in_the_address_does_not_count(self, served):
        await served.json("GET", "/ses/robots?key=boss-key-0123456789", status=403)

    @pytest.mark.parametrize(
        ("key", "method", "path", "status"),
        [
            ("reader", "GET", "/ses/robots", 200),
            ("reader", "POST", "/ses/reload", 403),
            ("reader", "POST", "/ses/ask/pizzeria", 403),
            ("asker", "GET", "/ses/robots", 403),
            ("asker", "GET", "/ses/session/pizzeria/s", 403),
            ("boss", "POST", "/ses/reload", 200),
            ("boss", "GET", "/ses/robots", 200),
        ],
    )
    async def test_each_scope_opens_its_own(self, served, key, method, path, status):
        await served.json(method, path, status=status, headers={"X-API-Key": f"{key}-key-0123456789"})

    async def test_a_key_may_be_bound_to_a_robot(self, served):
        headers = {"X-API-Key": "asker-key-0123456789"}
        await served.json("POST", "/ses/ask/pizzeria", json={"text": "x"}, headers=headers)
        await served.json("POST", "/ses/ask/helpdesk", status=403, json={"text": "x"}, headers=headers)

    @pytest.mark.parametrize("path", ["/health", "/live"])
    async def test_probes_need_no_key(self, served, path):
        async with served.call("GET", path) as response:
            assert (response.status, await response.read()) == (200, b"")

    @pytest.mark.parametrize("path", ["/metrics", "/docs", "/openapi.json", "/"])
    async def test_documentation_and_metrics_need_one_off_this_machine(self, served, path):
        for headers, status in (
            ({}, 200),
            ({"X-Forwarded-For": "1.2.3.4"}, 403),
            ({"Host": "ses.shop.example"}, 403),
            ({"Host": "ses.shop.example", "X-API-Key": "reader-key-0123456789"}, 200),
        ):
            async with served.call("GET", path, headers=headers) as response:
                assert response.status == status

    async def test_a_reload_replaces_the_keys(self, served, all_keys):
        served.access.replace({"reader": all_keys["reader"]})
        await served.json("GET", "/ses/robots", status=403, headers={"X-API-Key": "boss-key-0123456789"})


class TestBrowsers:
    @pytest.mark.parametrize("origin", ["https://evil.example", "null", "http://localhost:1", "file://"])
    async def test_a_foreign_page_may_not_ask(self, served, origin):
        await served.json("GET", "/ses/robots", status=403, headers={"Origin": origin})
        await served.json("POST", "/ses/reload", status=403, headers={"Origin": origin})

    async def test_a_cross_site_request_is_refused_without_an_origin_too(self, served):
        await served.json("GET", "/ses/robots", status=403, headers={"Sec-Fetch-Site": "cross-site"})
        await served.json("GET", "/ses/testapi/x", status=403, headers={"Sec-Fetch-Site": "cross-site"})

    async def test_a_link_of_another_site_may_lead_to_the_documentation(self, served):
        followed = {"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "navigate"}
        async with served.call("GET", "/docs", headers=followed) as response:
            assert response.status == 200
        await served.json("GET", "/ses/robots", status=403, headers=followed)

    async def test_our_own_page_may_ask(self, served):
        headers = {"Origin": served.url, "Sec-Fetch-Site": "same-origin"}
        await served.json("GET", "/ses/robots", headers=headers)

    async def test_no_answer_invites_other_sites(self, served):
        async with served.call(
            "OPTIONS", "/ses/robots", headers={"Origin": "https://evil.example"}
        ) as response:
            assert response.status in {403, 405}
            assert not [name for name in response.headers if name.startswith("Access-Control")]
