"""The daemon as its administrator meets it: a process with a configuration, signals, listeners."""

import asyncio
import json
import os
import signal
import socket
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path

import aiohttp
import pytest

from doubles.recordings import tone
from doubles.web import pages
from ses.audio.conversion import Converter, seconds_of

ROOT = Path(__file__).parents[2]
ROBOT = """
id: echo
title: Echo
language: en
variables: {count: 0}
flows:
  hello:
    on: [hello]
    steps:
      - set: {count: "{{ count + 1 }}"}
      - say: "Hello, {{ count }}."
  weather:
    on: [weather]
    steps:
      - http: {get: "http://127.0.0.1:6190/ses/testapi/weather", save: sky}
        on_error: [{say: "No sky."}, end]
      - say: "It is {{ sky.now }}."
events:
  fallback: [{say: "Sorry?"}]
"""


@dataclass
class Running:
    """A daemon in a child process, told of by the same notifications that systemd gets."""

    folder: Path
    config: dict
    notices: socket.socket
    process: subprocess.Popen | None = None
    api: str = ""
    public: str = ""
    seen: list[str] = field(default_factory=list)

    def write(self) -> Path:
        path = self.folder / "config.json"
        path.write_text(json.dumps(self.config))
        return path

    def start(self, **environment: str) -> None:
        self.end()
        self.process = subprocess.Popen(
            [sys.executable, "-m", "ses", "run", "--config", str(self.write())],
            env={
                **os.environ,
                "NOTIFY_SOCKET": str(self.folder / "notify"),
                "PYTHONPATH": str(ROOT),
                **environment,
            },
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        self.api, _, self.public = (
            self.until("API at ").partition("API at ")[2].strip().partition("; websites at ")
        )

    def until(self, part: str) -> str:
        """Wait for the notification that contains `part`."""
        while True:
            try:
                notice = self.notices.recv(4096).decode()
            except TimeoutError:
                if self.process is not None and self.process.poll() is None:
                    continue  # pytest's own time is the limit
                raise AssertionError(
                    f"it ended before {part!r}; seen: {self.seen}; {self.output()}"
                ) from None
            self.seen.append(notice)
            if part in notice:
                return notice

    def output(self) -> str:
        if self.process is None:
            return ""
        if self.process.poll() is None:
            self.process.kill()
        return self.process.communicate()[0]

    def end(self) -> None:
        """Kill it, if it runs, and let go of its pipe."""
        if self.process is not None:
            self.process.kill()
            self.process.communicate()

    def stop(self) -> int:
        assert self.process is not None
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(20)

    def log(self) -> list[dict]:
        return [json.loads(line) for line in (self.folder / "logs" / "ses.log").read_text().splitlines()]


@pytest.fixture
def daemon(tmp_path):
    folder = tmp_path / "ses"
    (folder / "scenarios" / "echo").mkdir(parents=True)
    (folder / "scenarios" / "echo" / "robot.yaml").write_text(ROBOT)
    (folder / "testapi").mkdir()
    (folder / "testapi" / "weather.reply").write_text('{"now": "sunny"}')
    notices = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
    notices.bind(str(folder / "notify"))
    notices.settimeout(0.2)
    site = {"token": "t", "robot": "echo", "origins": ["http://127.0.0.1:6191"]}
    config = {"port": 0, "widget": {"port": 0}, "connectors": {"web": {"site": site}}}
    running = Running(folder, config, notices)
    yield running
    running.end()
    notices.close()


@pytest.fixture
async def http():
    async with aiohttp.ClientSession() as session:
        yield session


async def ask(http, daemon, text, session="s1", **fields):
    body = {"text": text, "session_id": session, **fields}
    async with http.post(f"{daemon.api}/ses/ask/echo", json=body) as response:
        answer = await response.json()
        assert response.status == 200, answer
        return [reply["text"] for reply in answer["replies"]]


async def test_it_answers_stops_in_order_and_goes_on_where_it_was(daemon, http):
    daemon.start()
    assert await ask(http, daemon, "hello", id="m1") == ["Hello, 1."]
    assert await ask(http, daemon, "hello", id="m1") == ["Hello, 1."], "the same id is the same message"
    assert daemon.stop() == 0
    daemon.until("STOPPING=1")
    daemon.start()
    assert await ask(http, daemon, "hello") == ["Hello, 2."]
    async with http.get(f"{daemon.api}/ses/session/echo/s1") as response:
        session = await response.json()
    assert session["count"] == 2
    assert [turn["request"]["message"] for turn in session["data"]] == ["hello", "hello"]
    async with http.post(f"{daemon.api}/ses/log", json={"robot_id": "echo", "text": "HELLO, 2"}) as response:
        page = await response.json()
    assert [(line["from"], line["text"]) for line in page["items"]] == [("robot", "Hello, 2.")]


async def test_it_loses_nothing_when_it_is_killed(daemon, http):
    daemon.start()
    assert await ask(http, daemon, "hello", id="m1") == ["Hello, 1."]
    daemon.process.kill()
    daemon.process.wait()
    daemon.start()
    assert await ask(http, daemon, "hello", id="m1") == ["Hello, 1."]
    assert await ask(http, daemon, "hello", id="m2") == ["Hello, 2."]


async def test_a_turn_that_runs_is_finished_before_it_stops(daemon, http):
    (daemon.folder / "testapi" / "weather.meta.yaml").write_text("delay: 500ms")
    daemon.start()
    answer = asyncio.create_task(ask(http, daemon, "weather"))
    while "ses_queue_depth{" not in await (await http.get(f"{daemon.api}/metrics")).text():
        await asyncio.sleep(0)  # until the turn has begun
    daemon.process.send_signal(signal.SIGTERM)
    assert await answer == ["It is sunny."]
    assert await asyncio.to_thread(daemon.process.wait, 20) == 0


async def test_an_emulated_service_is_reached_without_a_socket(daemon, http):
    daemon.start()
    assert await ask(http, daemon, "weather") == ["It is sunny."]
    (daemon.folder / "testapi" / "weather.meta.yaml").write_text("status: 503")
    assert "No sky." in await ask(http, daemon, "weather")


async def test_an_edit_of_a_robot_acts_at_once_and_a_bad_one_never(daemon, http):
    daemon.start()
    file = daemon.folder / "scenarios" / "echo" / "robot.yaml"
    file.write_text(ROBOT.replace("Hello,", "Hi,"))
    async with http.post(f"{daemon.api}/ses/reload") as response:
        assert (await response.json())["error"] == 0
    assert await ask(http, daemon, "hello", session="new") == ["Hi, 1."]
    file.write_text(ROBOT.replace("steps:", "stpes:"))
    async with http.post(f"{daemon.api}/ses/reload") as response:
        (echo,) = (await response.json())["robots"]
    assert not echo["changed"]
    assert any("stpes" in finding for finding in echo["findings"]), echo
    assert await ask(http, daemon, "hello", session="newer") == ["Hi, 1."]
    async with http.get(f"{daemon.api}/ready") as response:
        assert response.status == 200
        assert "degraded" in (await response.json())["parts"]["robots"]


async def test_sighup_takes_new_keys_and_refuses_a_bad_configuration(daemon, http):
    daemon.start()
    daemon.config["auth"] = {"keys": {"boss": {"key": "boss-key-0123456789", "scopes": ["admin"]}}}
    daemon.write()
    daemon.process.send_signal(signal.SIGHUP)
    daemon.until("READY=1")
    async with http.get(f"{daemon.api}/ses/robots") as response:
        assert response.status == 403
    headers = {"X-API-Key": "boss-key-0123456789"}
    async with http.get(f"{daemon.api}/ses/robots", headers=headers) as response:
        assert response.status == 200
    daemon.config["auth"] = {"keyz": {}}
    daemon.write()
    daemon.process.send_signal(signal.SIGHUP)
    daemon.until("READY=1")
    async with http.get(f"{daemon.api}/ses/robots", headers=headers) as response:
        assert response.status == 200
    assert daemon.stop() == 0
    problems = [record["problems"] for record in daemon.log() if "problems" in record]
    assert len(problems) == 1
    assert "keyz" in problems[0]
    assert "boss-key" not in (daemon.folder / "logs" / "ses.log").read_text()


async def test_a_reload_adds_and_removes_websites(daemon, http):
    daemon.start()
    del daemon.config["connectors"]["web"]["site"]
    daemon.config["connectors"]["web"]["other"] = {
        "token": "t",
        "robot": "echo",
        "origins": ["https://a.example"],
    }
    daemon.write()
    daemon.process.send_signal(signal.SIGHUP)
    daemon.until("READY=1")
    for name, status in (("site", 404), ("other", 200)):
        async with http.get(f"{daemon.public}/ses/widget/js?{name}") as response:
            assert response.status == status
    assert daemon.stop() == 0


def test_the_watchdog_is_fed(daemon):
    daemon.start(WATCHDOG_USEC="300000")
    daemon.until("WATCHDOG=1")
    daemon.until("WATCHDOG=1")


def test_the_public_listener_serves_nothing_of_the_api(daemon):
    daemon.start()
    import urllib.error
    import urllib.request

    for path in (
        "/ses/robots",
        "/ses/testapi/weather",
        "/testapi/weather",
        "/metrics",
        "/docs",
        "/ready",
        "/openapi.json",
    ):
        with pytest.raises(urllib.error.HTTPError) as caught:
            urllib.request.urlopen(daemon.public + path)
        assert caught.value.code == 404
        assert caught.value.read() == b""
        caught.value.close()
    with urllib.request.urlopen(daemon.public + "/") as page:
        assert b"<script" in page.read()


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"prot": 6190}, "did you mean `port`?"),
        ({"port": "6190"}, "port"),
        ({"host": "0.0.0.0"}, "auth"),
        (
            {
                "connectors": {
                    "web": {"site": {"token": "t", "robot": "ehco", "origins": ["https://a.example"]}}
                }
            },
            "`echo`",
        ),
        ({"storage": {"url": "postgresql://localhost/ses"}}, "PostgreSQL"),
        ({"storage": {"url": "sqlite:////proc/ses.db"}}, "cannot be opened"),
    ],
)
def test_a_bad_configuration_ends_with_2_and_says_why(daemon, change, told):
    daemon.config |= change
    done = subprocess.run(
        [sys.executable, "-m", "ses", "run", "--config", str(daemon.write())],
        capture_output=True,
        text=True,
        timeout=30,
        cwd=ROOT,
    )
    assert done.returncode == 2, done.stderr
    assert told in done.stderr
    assert "Traceback" not in done.stderr


def test_a_taken_port_ends_with_2_and_says_which(daemon):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        daemon.config["port"] = taken.getsockname()[1]
        done = subprocess.run(
            [sys.executable, "-m", "ses", "run", "--config", str(daemon.write())],
            capture_output=True,
            text=True,
            timeout=30,
            cwd=ROOT,
        )
    assert done.returncode == 2, done.stderr
    assert f"cannot listen on 127.0.0.1:{daemon.config['port']}" in done.stderr
    assert "Traceback" not in done.stderr


def visitor_again(page, before):
    """A page that knows its pair and has shown nothing: a reload."""
    page.session, page.key = before.session, before.key
    return page


VOICE = """
voice: {spr: general, answer: when_spoken}
"""


async def test_a_voice_message_on_a_website_is_heard_and_answered_with_one_that_a_browser_plays(daemon, http):
    robot = daemon.folder / "scenarios" / "echo" / "robot.yaml"
    robot.write_text(ROBOT + VOICE)
    testapi = daemon.folder / "testapi"
    (testapi / "spr.reply").write_text('{"text": "hello", "model": "general"}')
    (testapi / "tts.reply").write_bytes(tone(0.3, "wav"))
    (testapi / "tts.meta.yaml").write_text("type: audio/wav")
    emulated = "http://127.0.0.1:6190/ses/testapi"
    daemon.config["servers"] = {name: {"url": f"{emulated}/{name}"} for name in ("spr", "tts")}
    daemon.config["connectors"]["web"]["site"] |= {"microphone": True, "transcription": True}
    daemon.start()
    async with pages(daemon.public, "site", "t", origin="http://127.0.0.1:6191") as page:
        visitor = page()
        await visitor.connect()
        form = aiohttp.FormData({"session": visitor.session, "key": visitor.key}, quote_fields=False)
        form.add_field("file", tone(0.5, "ogg"), filename="voice.ogg")
        async with http.post(
            f"{daemon.public}/ses/upload?site&token=t", data=form, headers={"Origin": "http://127.0.0.1:6191"}
        ) as response:
            upload = (await response.json())["id"]
        await visitor.send(type="message", id="v1", attachments=[{"id": upload, "kind": "voice"}])
        shown = await visitor.until("transcript")
        assert (shown["of"], shown["text"]) == ("v1", "hello")
        answer = await visitor.until("message")
        assert answer["text"] == "Hello, 1."
        (sound,) = answer["attachments"]
        assert (sound["kind"], sound["mime"]) == ("voice", "audio/mpeg")
        async with http.get(daemon.public + sound["url"]) as response:
            played = await response.read()
            assert (response.status, response.headers["Content-Type"]) == (200, "audio/mpeg")
            assert response.headers["Cache-Control"].startswith("private")
        assert seconds_of(await Converter().converted(played, "wav")) > 0.2
        folder, _, _ = sound["url"].rpartition("/")
        async with http.get(f"{daemon.public}{folder}/{'A' * 22}.mp3") as response:
            assert response.status == 404
        async with http.get(f"{daemon.public}{folder}/{upload}") as response:
            assert response.status == 404, "what visitors sent is read with their key only"
        await visitor.say("hello")
        assert "attachments" not in await visitor.until("message")
        again = visitor_again(page(), visitor)
        said = (await again.connect(after=None))["messages"][0]
        assert (said["id"], said["transcript"], said["attachments"][0]["upload"]) == ("v1", "hello", upload)
        assert "text" not in said
    async with http.post(f"{daemon.api}/ses/log", json={"robot_id": "echo", "text": "hello"}) as response:
        said = [line for line in (await response.json())["items"] if line["from"] == "visitor"]
    assert [(line["text"], [one["kind"] for one in line.get("attachments", [])]) for line in said] == [
        ("hello", ["voice"]),
        ("hello", []),
    ]
