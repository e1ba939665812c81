"""Records, robots, state, emulated services, documentation."""

import pytest

from ses.gateway.http.openapi import document, documented_path


async def test_a_session_stands_beside_the_envelope(served):
    served.pipeline.sessions["pizzeria", "s1"] = {"robot": "pizzeria", "data": [], "city": "Бердск"}
    answer = await served.json("GET", "/ses/session/pizzeria/s1")
    assert answer == {"error": 0, "message": "success", "robot": "pizzeria", "data": [], "city": "Бердск"}
    await served.json("GET", "/ses/session/pizzeria/other", status=404)


async def test_a_variable_cannot_hide_the_envelope(served):
    served.pipeline.sessions["pizzeria", "s1"] = {
        "robot": "pizzeria",
        "data": [],
        "error": "mine",
        "message": "mine",
    }
    answer = await served.json("GET", "/ses/session/pizzeria/s1")
    assert (answer["error"], answer["message"]) == (0, "success")


@pytest.mark.parametrize(
    ("written", "seconds"),
    [
        ("2026-11-22T00:00:00Z", 1795305600.0),
        ("2026-11-22T07:00:00+07:00", 1795305600.0),
        ("2026-11-22T00:00:00", 1795305600.0),
        (1795305600, 1795305600.0),
        (None, 0.0),
    ],
)
async def test_the_log_is_asked_by_time(served, written, seconds):
    await served.json("POST", "/ses/log", json={"robot_id": "pizzeria", "from": written, "text": "пицц"})
    (request,) = served.pipeline.requests
    assert (request.robot, request.since, request.until, request.text, request.limit) == (
        "pizzeria",
        seconds,
        0.0,
        "пицц",
        100,
    )


@pytest.mark.parametrize(
    ("body", "place"),
    [
        ({}, "robot_id: "),
        ({"robot_id": "pizzeria", "limit": 0}, "limit: "),
        ({"robot_id": "pizzeria", "limit": 100000}, "limit: "),
        ({"robot_id": "pizzeria", "limit": "5"}, "limit: "),
        ({"robot_id": "pizzeria", "from": "yesterday"}, "from"),
        ({"robot_id": "pizzeria", "from": -1}, "from"),
        ({"robot_id": "pizzeria", "from": True}, "from"),
        ({"robot_id": "pizzeria", "cursor": "zzz"}, "cursor: "),
        ({"robot_id": "pizzeria", "until": 5}, "until: unknown field"),
    ],
)
async def test_a_bad_question_to_the_log(served, body, place):
    assert place in (await served.json("POST", "/ses/log", status=422, json=body))["message"]


async def test_robots_are_listed_with_what_is_wrong(served, finding):
    served.robots.problems = {"pizzeria": (finding,)}
    answer = await served.json("GET", "/ses/robots")
    assert [robot["id"] for robot in answer["robots"]] == ["helpdesk", "pizzeria"]
    pizzeria = answer["robots"][1]
    assert pizzeria["problems"] == ["robot.yaml:3:5: unknown key `sya`; did you mean `say`?"]
    assert (pizzeria["flows"], pizzeria["connectors"]) == (1, ["web.site"])


async def test_a_reload_tells_what_changed(served, finding):
    served.robots.problems = {"broken": (finding,)}
    answer = await served.json("POST", "/ses/reload")
    changed = {
        robot["id"]: (robot["changed"], robot["version"], len(robot["findings"]))
        for robot in answer["robots"]
    }
    assert changed == {"broken": (False, None, 1), "helpdesk": (False, "v1", 0), "pizzeria": (True, "v2", 0)}


async def test_readiness_by_part(served):
    assert (await served.json("GET", "/ready"))["parts"] == {"storage": "ok"}
    served.parts["robots"] = "degraded: with errors: pizzeria"
    await served.json("GET", "/ready")
    served.parts["storage"] = "the disk is full"
    answer = await served.json("GET", "/ready", status=503)
    assert answer["message"] == "storage: the disk is full"


async def test_metrics_count_by_template_never_by_what_callers_wrote(served):
    await served.json("GET", "/ses/session/pizzeria/secret-session", status=404)
    async with served.call("GET", "/metrics") as response:
        text = await response.text()
    assert response.headers["Content-Type"].startswith("text/plain; version=0.0.4")
    assert 'ses_http_requests_total{path="/ses/session/{robot_id}/{session_id}",status="404"} 1.0' in text
    assert "secret" not in text
    assert "process_resident_memory_bytes" in text


class TestEmulation:
    async def test_a_reply_is_given_byte_for_byte_for_any_method(self, served, folder):
        raw = b'{"a":\r\n 1} \x00\xff'
        (folder / "crm.reply").write_bytes(raw)
        for method in ("GET", "POST", "PUT", "PATCH", "DELETE", "REPORT"):
            for path in ("/ses/testapi/crm", "/testapi/crm", "/ses/testapi/crm/any/thing?x=1"):
                async with served.call(method, path) as response:
                    assert (response.status, await response.read()) == (200, raw)
                    assert response.headers["Content-Security-Policy"] == "sandbox"
                    assert response.headers["X-Content-Type-Options"] == "nosniff"

    @pytest.mark.parametrize(
        "name", ["nothing", "..%2f..%2fetc%2fpasswd", "%2e%2e", "a%00b", "a.b", "x" * 65]
    )
    async def test_what_there_is_not_names_the_folder(self, served, folder, name):
        answer = await served.json("GET", f"/ses/testapi/{name}", status=404)
        assert str(folder) not in answer["message"]
        if name == "nothing":
            assert "testapi/" in answer["message"]

    async def test_a_mistake_in_the_meta_file_is_told(self, served, folder):
        (folder / "crm.meta.yaml").write_text("statsu: 5")
        answer = await served.json("GET", "/ses/testapi/crm", status=500)
        assert "unknown key `statsu`" in answer["message"]

    @pytest.mark.parametrize("fault", ["reset", "close"])
    async def test_connections_break_as_told(self, served, folder, fault):
        import aiohttp

        (folder / "crm.reply").write_text("x" * 1000)
        (folder / "crm.meta.yaml").write_text(f"fault: {fault}")
        with pytest.raises(aiohttp.ClientError):
            async with served.call("POST", "/ses/testapi/crm") as response:
                await response.read()

    async def test_a_slow_answer_is_whole_at_the_end(self, served, folder):
        (folder / "crm.reply").write_text("0123456789")
        (folder / "crm.meta.yaml").write_text("{fault: slow, delay: 10ms, status: 203}")
        async with served.call("GET", "/ses/testapi/crm") as response:
            assert (response.status, await response.text()) == (203, "0123456789")


class TestDocumentation:
    async def test_every_method_stands_in_the_page_for_developers(self, served):
        from pathlib import Path

        page = (Path(__file__).parents[3] / "docs" / "api.md").read_text("utf-8")
        assert [one.path for one in served.operations if f"{documented_path(one.path)}`" not in page] == []

    async def test_every_route_is_documented(self, served):
        """A route that is added past the operations would be served and not described."""
        paths = document(served.operations)["paths"]
        async with served.call("GET", "/openapi.json") as response:
            assert set((await response.json())["paths"]) == set(paths)
        for operation in served.operations:
            described = paths[documented_path(operation.path)]
            method = "get" if operation.method == "*" else operation.method.lower()
            assert described[method]["summary"]
            assert all(parameter["description"] for parameter in described[method].get("parameters", []))

    async def test_the_application_serves_nothing_else(self, served, folder):
        from ses.gateway.http.access import Access
        from ses.gateway.http.application import api
        from ses.gateway.ops.metrics import Metrics

        app = api(served.operations, Access(None), Metrics())
        routes = {route.resource.canonical for route in app.router.routes() if route.resource is not None}
        assert routes == {documented_path(operation.path) for operation in served.operations}

    async def test_the_page_needs_no_other_host(self, served):
        import re

        for path in ("/docs", "/"):
            async with served.call("GET", path) as response:
                page = await response.text()
                policy = response.headers["Content-Security-Policy"]
            assert "http://" not in page
            assert "https://" not in page
            assert "script-src 'self';" in policy
            assert "frame-ancestors 'self'" in policy
            assert not re.search(r"<script(?![^>]*src=)", page), (
                "an inline script would not run under this policy"
            )
        for asset in re.findall(
            r'(?:src|href)="(docs/[^"]+)"', await (await served.call("GET", "/docs")).text()
        ):
            async with served.call("GET", f"/{asset}") as response:
                assert response.status == 200
                assert len(await response.read()) > 100

    @pytest.mark.parametrize("name", ["index.html", "..%2f__init__.py", "swagger-ui.js"])
    async def test_only_the_page_s_own_files_are_served(self, served, name):
        await served.json("GET", f"/docs/{name}", status=404)
